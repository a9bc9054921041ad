"""The flow of the `trials` stage: a model's answers to problems and their variants."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.robustness.params import TrialsParams


@flow(name="trials", flow_run_name="trials {partition}", persist_result=False)
def trials(
    partition: Partition,
    params: TrialsParams = TrialsParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Let a model answer the problems and their variants.

    Answers that were kept are not asked for again, and nothing is done where the partition is complete.
    """
    return run_partition("trials", params, partition, resources, root, max_dead_rate)
