"""The flow of the `prm` stage: training data for process and outcome reward models."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.params import PRMParams


@flow(name="prm", flow_run_name="prm {partition}", persist_result=False)
def prm(
    partition: Partition,
    params: PRMParams = PRMParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Export process- and outcome-reward training data from traces and labels.

    Nothing is done where the partition is complete; a killed run goes on where it was.
    """
    return run_partition("prm", params, partition, resources, root, max_dead_rate)
