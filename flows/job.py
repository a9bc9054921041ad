"""Any stages at any partitions, one after the other, with models loaded once where they follow one another."""

from typing import Any

from prefect import flow
from pydantic import BaseModel, ConfigDict

from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import run_partition
from flows.stages import STAGES
from storage.partition import Partition
from tasks.engines.engine import Resources
from tasks.engines.pool import keep_engines


class Step(BaseModel):
    """One stage at one partition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    partition: Partition
    params: dict[str, Any]


@flow(name="job", flow_run_name="job {steps[0].partition}", persist_result=False)
def job(
    steps: list[Step],
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
) -> list[Execution]:
    """Run these steps in their order. Those that are complete are passed over."""
    done = []
    with keep_engines(resources.ray_address):
        for step in steps:
            params = STAGES[step.stage].params.model_validate(step.params)
            done.append(run_partition(step.stage, params, step.partition, resources, root, max_dead_rate))
    return done
