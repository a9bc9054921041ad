"""The flow of the `judge` stage: a second opinion on the steps of a partition's traces."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.params import JudgeParams


@flow(name="judge", flow_run_name="judge {partition}", persist_result=False)
def judge(
    partition: Partition,
    params: JudgeParams,
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Ask a language model, or the problem's own computation, for a second opinion on each step.

    Nothing is done where the partition is complete; a killed run goes on where it was. The judge has to be named.
    """
    return run_partition("judge", params, partition, resources, root, max_dead_rate)
