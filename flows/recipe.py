"""The flow of the `recipe` stage: training sets with the reasons of every row."""

from prefect import flow

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.recipe.params import RecipeParams


@flow(name="recipe", flow_run_name="recipe {partition}", persist_result=False)
def recipe(
    partition: Partition,
    params: RecipeParams = RecipeParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> Execution:
    """Make training sets of traces: demonstrations, preference pairs, records for reinforcement learning.

    Nothing is generated, and nothing is done where the partition is complete.
    """
    return run_partition("recipe", params, partition, resources, root, max_dead_rate)
