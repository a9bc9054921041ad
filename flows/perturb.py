"""The flow of the `perturb` stage: variants of problems, each with a certificate."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.robustness.params import PerturbParams


@flow(name="perturb", flow_run_name="perturb {partition}", persist_result=False)
def perturb(
    partition: Partition,
    params: PerturbParams = PerturbParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Perturb problems: other numbers, names, order, a distractor; each variant with a certificate of its gold answer.

    Nothing is generated but rewordings, and those only where a `rewriter` is named.
    """
    return run_partition("perturb", params, partition, resources, root, max_dead_rate)
