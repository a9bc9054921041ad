"""The flow of the `trees` stage: trees of prefixes, searched for first errors."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.params import TreesParams


@flow(name="trees", flow_run_name="trees {partition}", persist_result=False)
def trees(
    partition: Partition,
    params: TreesParams = TreesParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Search trees of prefixes for the first errors of solutions, as OmegaPRM does.

    Nothing is done where the partition is complete; a killed run goes on where it was.
    """
    return run_partition("trees", params, partition, resources, root, max_dead_rate)
