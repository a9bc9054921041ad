"""The flow of the `battles` stage: who met whom, who won, how the answers are written."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.arena.params import BattlesParams
from tasks.engines.engine import Resources


@flow(name="battles", flow_run_name="battles {partition}", persist_result=False)
def battles(
    partition: Partition,
    params: BattlesParams,
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Let contestants answer the same problems and judge who won, or read battles that there are already.

    Nothing is done where the partition is complete.
    """
    return run_partition("battles", params, partition, resources, root, max_dead_rate)
