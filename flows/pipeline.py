"""The main job as one flow: problems, traces, step labels and training data, each stage a subflow."""

from prefect import flow

from flows.addresses import with_model
from flows.execute import MAX_DEAD_RATE, Execution
from flows.labels import labels as label
from flows.partition_run import add_tags
from flows.prm import prm as export
from flows.problems import problems as make_problems
from flows.stages import STAGES
from flows.traces import traces as sample
from storage.partition import Partition
from storage.store import Store
from tasks.engine import Resources
from tasks.params import LabelsParams, PRMParams, ProblemsParams, TracesParams


@flow(name="pipeline", flow_run_name="pipeline {partition}", persist_result=False)
def pipeline(
    partition: Partition,
    problems: ProblemsParams = ProblemsParams(),
    traces: TracesParams = TracesParams(),
    labels: LabelsParams = LabelsParams(),
    prm: PRMParams = PRMParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> list[Execution]:
    """Problems, then reasoning traces, then step labels, then training data for reward models.

    Stages that are complete are passed over, so that a run that was stopped goes on where it was.
    """
    partition = with_model(STAGES["traces"], traces, partition, Store(root))
    add_tags(["stage:pipeline", *str(partition).split("/")])
    return [
        make_problems(partition, problems, resources, root, max_dead_rate),
        sample(partition, traces, resources, root, max_dead_rate),
        label(partition, labels, resources, root, max_dead_rate),
        export(partition, prm, resources, root, max_dead_rate),
    ]
