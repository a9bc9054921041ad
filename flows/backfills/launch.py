"""Puts a plan's partitions to Prefect as runs of the `backfill` deployment, and waits for storage to have them.

A partition that a run of the same parameters waits for, or is at work on, is not launched again. Beside that, a run's
idempotency key names the partitions, the parameters and the newest attempt that storage knows: of two that apply the
same plan at once one launches, and a partition that failed since has another key. How many runs are
active at a time is the concurrency limit of the work queue `backfill`, which is Prefect's to keep.
"""

from __future__ import annotations

import datetime
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from evals.identity import fingerprint
from flows.backfills.plan import Backfill, Line, Plan
from flows.run.events import Events
from storage.partition import Partition

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas import FlowRun

DEPLOYMENT = "backfill/backfill"
QUEUE = "backfill"
POLL_SECONDS = 5.0
PAGE = 200
"""Runs that the server tells at a time, which is what it allows."""
_FINAL = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}


class NotDeployed(Exception):
    """Prefect's server does not know the deployment; the message says how to make it."""


@dataclass(frozen=True)
class Launched:
    """A run that was put to Prefect, now or by an earlier apply."""

    run_id: UUID
    name: str
    lines: tuple[Line, ...]
    new: bool


def launch(what: Backfill, plan: Plan, batch: int = 1, max_active: int | None = None) -> list[Launched]:
    """The runs that make the plan's partitions: those under way, then a new one for each `batch` of the others.

    Raises NotDeployed, and what Prefect's client raises.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound:
            raise NotDeployed(
                f"Prefect's server has no deployment {DEPLOYMENT}. `proctor up` makes all of them, and starts a "
                "worker; with a server and a worker of your own: prefect deploy --all"
            ) from None
        if max_active is not None:
            queue = client.read_work_queue_by_name(QUEUE, work_pool_name=deployment.work_pool_name)
            client.update_work_queue(queue.id, concurrency_limit=max_active)
        there = list(_under_way(client, deployment.id, what, plan))
        covered = {line.partition for run in there for line in run.lines}
        owed = [line for line in plan.owed if line.partition not in covered]
        begin, mine = datetime.datetime.now(datetime.UTC), f"backfill:{uuid4().hex[:8]}"
        return there + [
            _launch(client, deployment.id, what, lines, begin + datetime.timedelta(milliseconds=place), mine)
            for place, lines in enumerate(_batches(owed, batch))
        ]


def watch(runs: Sequence[Launched], told: Callable[[int, int, str], None]) -> None:
    """Returns when no run is under way; `told(ended, all, states)` hears of it now and then."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        while True:
            states = [client.read_flow_run(run.run_id).state for run in runs]
            ended = sum(state is None or state.is_final() for state in states)
            names = Counter(state.type.value.lower() for state in states if state)
            said = ", ".join(f"{number} {name}" for name, number in sorted(names.items()))
            told(ended, len(runs), said + (_held_up(client) if names["scheduled"] else ""))
            if ended == len(runs):
                return
            time.sleep(POLL_SECONDS)


def _held_up(client: SyncPrefectClient) -> str:
    """Why what is scheduled does not start, where the work queue says so."""
    pool = client.read_deployment_by_name(DEPLOYMENT).work_pool_name
    queue = client.read_work_queue_by_name(QUEUE, work_pool_name=pool)
    if queue.is_paused:
        return f"; the work queue {QUEUE} is paused: prefect work-queue resume {QUEUE} --pool {pool}"
    if queue.status and queue.status.value == "NOT_READY":
        return f"; no worker asks for them: prefect worker start --pool {pool} --work-queue {QUEUE}"
    return ""


def _under_way(client: SyncPrefectClient, deployment: UUID, what: Backfill, plan: Plan) -> Iterator[Launched]:
    """Runs of an earlier apply with the same parameters that have not ended, and the plan's lines that they make.

    One that is said to run counts while storage shows it at work: its machine may be gone.
    """
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    wanted, lines = _parameters(what), {str(line.partition): line for line in plan.lines}
    unended = FlowRunFilter.model_validate({"state": {"type": {"not_any_": sorted(_FINAL)}}})
    here = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
    for page in count():
        runs = client.read_flow_runs(
            flow_run_filter=unended,
            deployment_filter=here,
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=PAGE,
            offset=page * PAGE,
        )
        for run in runs:
            names = [str(Partition.model_validate(each)) for each in run.parameters.get("partitions", ())]
            made = tuple(lines[name] for name in names if name in lines and lines[name].action in ("run", "wait"))
            alive = run.state_type != "RUNNING" or any(line.action == "wait" for line in made)
            if made and alive and all(run.parameters.get(name) == value for name, value in wanted.items()):
                yield Launched(run.id, run.name, made, new=False)
        if len(runs) < PAGE:
            return


def _parameters(what: Backfill) -> dict[str, Any]:
    """Those of the flow `backfill`, but for the partitions."""
    return {
        "name": what.name,
        "params": what.params.model_dump(mode="json"),
        "resources": what.resources.model_dump(mode="json"),
        "root": what.root,
        "max_dead_rate": what.max_dead_rate,
        "again": what.reprocess == "all",
        "gates": [gate.model_dump(mode="json") for gate in what.gates],
    }


def _launch(
    client: SyncPrefectClient,
    deployment: UUID,
    what: Backfill,
    lines: tuple[Line, ...],
    at: datetime.datetime,
    mine: str,
) -> Launched:
    """The run of these lines: one that is under way or waits, else a new one, which has the tag `mine`."""
    from prefect.states import Scheduled

    partitions = [line.partition.model_dump(mode="json") for line in lines]
    parameters = {**_parameters(what), "partitions": partitions}
    for key in _keys(parameters, lines):
        run = client.create_flow_run_from_deployment(
            deployment,
            parameters=parameters,
            state=Scheduled(scheduled_time=at),
            name=_name(what.name, lines),
            tags=["backfill", mine, f"stage:{what.name}"],
            idempotency_key=key,
            work_queue_name=QUEUE,
        )
        if not _ended(run):
            launched = Launched(run.id, run.name, lines, new=mine in run.tags)
            _tell(what, launched)
            return launched
    raise AssertionError("there is always another key")


def _tell(what: Backfill, launched: Launched) -> None:
    for line in launched.lines if launched.new else ():
        events = Events(what.root, what.name, str(line.partition), str(launched.run_id))
        events.tell("backfill_launched", flow_run=launched.name, state=line.state, reasons=line.reasons)


def _keys(parameters: dict[str, Any], lines: Iterable[Line]) -> Iterator[str]:
    """The first is that of the attempts in storage; the next are for runs that ended before they attempted anything."""
    seen = fingerprint({"parameters": parameters, "attempts": [line.attempts for line in lines]})
    return (f"backfill/{seen}/{number}" for number in count())


def _ended(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_final()


def _name(name: str, lines: Sequence[Line]) -> str:
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"backfill {name} {lines[0].partition}{more}"


def _batches(lines: Sequence[Line], size: int) -> Iterator[tuple[Line, ...]]:
    return (tuple(lines[place : place + size]) for place in range(0, len(lines), size))
