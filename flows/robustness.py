"""The flow of the `robustness` stage: what perturbations did to a model."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.robustness.effects_params import RobustnessParams


@flow(name="robustness", flow_run_name="robustness {partition}", persist_result=False)
def robustness(
    partition: Partition,
    params: RobustnessParams = RobustnessParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Measure what perturbations did to a model, from its committed trials.

    Nothing is generated, and nothing is done where the partition is complete.
    """
    return run_partition("robustness", params, partition, resources, root, max_dead_rate)
