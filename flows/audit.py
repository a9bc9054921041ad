"""The flow of the `audit` stage: what a person said of a partition's labels."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.params import AuditParams


@flow(name="audit", flow_run_name="audit {partition}", persist_result=False)
def audit(
    partition: Partition,
    params: AuditParams = AuditParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Read the sheet of an audit, and tell how often the labels are right.

    Nothing is done where the partition is complete and the sheet is as it was.
    """
    return run_partition("audit", params, partition, resources, root, max_dead_rate)
