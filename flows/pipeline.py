"""The main job as one flow: problems, traces, step labels and training data, each stage a subflow."""

from contextlib import AbstractContextManager, nullcontext

from prefect import flow

from flows.addresses import with_model
from flows.execute import MAX_DEAD_RATE, Execution
from flows.labels import labels as label
from flows.partition_run import add_tags
from flows.prm import prm as export
from flows.problems import problems as make_problems
from flows.stages import STAGES
from flows.traces import traces as sample
from flows.work import Work
from storage.partition import Partition
from storage.store import Store
from tasks.engine import Resources
from tasks.params import LabelsParams, PRMParams, ProblemsParams, TracesParams
from tasks.pool import keep_engines


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
    made = make_problems(partition, problems, resources, root, max_dead_rate)
    with _one_load(Work(STAGES["labels"], partition, labels, Store(root)), traces, resources):
        return [
            made,
            sample(partition, traces, resources, root, max_dead_rate),
            label(partition, labels, resources, root, max_dead_rate),
            export(partition, prm, resources, root, max_dead_rate),
        ]


def _one_load(labels: Work, traces: TracesParams, resources: Resources) -> AbstractContextManager[None]:
    """Keeps the model loaded from one stage to the next, where there is one to load."""
    if traces.engine.kind == "http" or labels.committed():
        return nullcontext()
    return keep_engines(resources.ray_address)
