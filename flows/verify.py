"""The flow of the `verify` stage: scores of committed traces."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.verifier.params import VerifyParams


@flow(name="verify", flow_run_name="verify {partition}", persist_result=False)
def verify(
    partition: Partition,
    params: VerifyParams = VerifyParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Score each trace with the committed verifiers; nothing is done where the partition is complete."""
    return run_partition("verify", params, partition, resources, root, max_dead_rate)
