"""The flow of the `labels` stage: Monte Carlo labels for the steps of a partition's traces."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.params import LabelsParams


@flow(name="labels", flow_run_name="labels {partition}", persist_result=False)
def labels(
    partition: Partition,
    params: LabelsParams = LabelsParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Label each step of each trace with Monte Carlo rollouts.

    Nothing is done where the partition is complete; a killed run goes on where it was.
    """
    return run_partition("labels", params, partition, resources, root, max_dead_rate)
