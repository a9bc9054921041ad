"""The flow of the `strategies` stage: test-time strategies on a partition's problems."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.strategies.params import StrategiesParams


@flow(name="strategies", flow_run_name="strategies {partition}", persist_result=False)
def strategies(
    partition: Partition,
    params: StrategiesParams = StrategiesParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Play test-time strategies, each with its token cost.

    Nothing is done where the partition is complete; a killed run goes on where it was.
    """
    return run_partition("strategies", params, partition, resources, root, max_dead_rate)
