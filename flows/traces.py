"""The flow of the `traces` stage: reasoning traces for the problems of a partition, graded."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.params import TracesParams


@flow(name="traces", flow_run_name="traces {partition}", persist_result=False)
def traces(
    partition: Partition,
    params: TracesParams = TracesParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Sample reasoning traces for each problem, split them into steps and grade their answers.

    Nothing is done where the partition is complete; a killed run goes on where it was.
    """
    return run_partition("traces", params, partition, resources, root, max_dead_rate)
