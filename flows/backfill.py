"""The flow that makes partitions of the past: one after the other, with one load of the model.

It is launched by `proctor backfill apply`, and moves no schedule: it is a deployment of its own. A partition that
fails, or that a gate stops, does not keep those after it from being made; the run then ends as failed, and names them.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from prefect import flow, get_run_logger

from evals.gates import Gate
from flows.orders.gates import refuse_strangers
from flows.orders.order import NIGHTLY, by_stage, parameters, works_at
from flows.orders.parameters import check
from flows.pipeline import held
from flows.run.execute import MAX_DEAD_RATE
from flows.run.partition_run import add_tags, run_partition
from flows.views.coverage import coverage_shown
from flows.views.night_report import leave_night_report
from storage.partition import Partition
from storage.store import Store
from tasks.engines.engine import Resources
from tasks.engines.pool import keep_engines


class SomeFailed(Exception):
    """Partitions of a backfill were not made; the message names each with its reason."""


@flow(name="backfill", flow_run_name="backfill {name} {partitions[0]}", persist_result=False)
def backfill(
    name: str,
    partitions: list[Partition],
    params: dict[str, Any] | None = None,
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
    again: bool = False,
    gates: tuple[Gate, ...] = (),
) -> None:
    """Make a stage, the pipeline or a night at each partition. What is complete is passed over, unless `again`.

    A partition that does not pass the `gates` counts as failed; its later stages are not made. A night that is made
    leaves its report, as it would have on its day.
    """
    wanted = check(parameters(name), params or {})
    refuse_strangers(gates, list(by_stage(name, wanted)))
    failed = {}
    days = [partition.date for partition in partitions]
    with coverage_shown(root, min(days), max(days)), _engines(len(partitions), resources):
        for partition in partitions:
            add_tags(str(partition).split("/"))
            try:
                works = works_at(name, wanted, partition, Store(root))
                for work in works:
                    shared = (resources, root, max_dead_rate, again)
                    made = run_partition(work.stage.name, work.params, work.partition, *shared)
                    held(made, gates if work.partition.run == partition.run else ())
                if name == NIGHTLY:
                    leave_night_report(works[0].partition, root, baseline=None)
            except Exception as error:  # its record is in storage; the others do not depend on it
                get_run_logger().exception("%s was not made", partition)
                failed[partition] = error
    if failed:
        lines = [f"{partition}: {type(error).__name__}: {error}" for partition, error in failed.items()]
        raise SomeFailed(f"{len(failed)} of {len(partitions)} were not made:\n" + "\n".join(lines))


def _engines(partitions: int, resources: Resources) -> AbstractContextManager[None]:
    return keep_engines(resources.ray_address) if partitions > 1 else nullcontext()
