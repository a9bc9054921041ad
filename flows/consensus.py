"""The flow of the `consensus` stage: on which traces of a partition rollouts and judge agree."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.params import ConsensusParams


@flow(name="consensus", flow_run_name="consensus {partition}", persist_result=False)
def consensus(
    partition: Partition,
    params: ConsensusParams = ConsensusParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Tell on which traces rollouts and judge agree about the first error, and why not on the others.

    Nothing is done where the partition is complete.
    """
    return run_partition("consensus", params, partition, resources, root, max_dead_rate)
