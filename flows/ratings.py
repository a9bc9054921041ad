"""The flow of the `ratings` stage: leaderboards with and without style."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.arena.params import RatingsParams
from tasks.engines.engine import Resources


@flow(name="ratings", flow_run_name="ratings {partition}", persist_result=False)
def ratings(
    partition: Partition,
    params: RatingsParams = RatingsParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Rate models from battles: overall, by category and by language, with style held equal.

    Nothing is done where the partition is complete.
    """
    return run_partition("ratings", params, partition, resources, root, max_dead_rate)
