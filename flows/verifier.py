"""The flow of the `verifier` stage: process and outcome verifiers out of committed training data."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.verifier.params import VerifierParams


@flow(name="verifier", flow_run_name="verifier {partition}", persist_result=False)
def verifier(
    partition: Partition,
    params: VerifierParams = VerifierParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Train verifiers on the `prm` and `orm` rows, and judge them on problems that they were not trained on.

    Goes on from the last checkpoint; nothing is done where the partition is complete.
    """
    return run_partition("verifier", params, partition, resources, root, max_dead_rate)
