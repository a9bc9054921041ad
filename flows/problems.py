"""The flow of the `problems` stage: problems, generated or read, with their gold answers."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.params import ProblemsParams


@flow(name="problems", flow_run_name="problems {partition}", persist_result=False)
def problems(
    partition: Partition,
    params: ProblemsParams = ProblemsParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Generate problems, or read them from files or a hub, with their gold answers.

    Nothing is done where the partition is complete; a killed run goes on where it was.
    """
    return run_partition("problems", params, partition, resources, root, max_dead_rate)
