"""Which partitions of a range of days are to be made, why, and what that is estimated to cost.

`plan` and `apply` share this planner, so a dry run tells what will happen. States come from storage, measured against
the parameters that are wanted now; whether a run exists in Prefect's database is not asked. Both ends of a range are in
it.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, get_args

from pydantic import BaseModel

from evals.gates import Check, Gate
from flows.orders.gates import checks_of
from flows.orders.order import Order, order
from flows.run.addresses import Unclear, Wanted
from flows.run.execute import describe
from flows.run.work import InputsMissing, Work
from storage.manifest import Manifest
from storage.partition import Partition
from storage.status import State
from tasks.engines.engine import Resources

Reprocess = Literal["missing", "failed", "stale", "all"]
"""What is made again; each takes in those before it."""

Action = Literal["run", "skip", "wait", "blocked"]

RECENT = 5
"""Commits that an estimate is the median of."""


@dataclass(frozen=True)
class Cost:
    """What earlier commits of the same stages with the same model took."""

    tokens: int
    seconds: float


@dataclass(frozen=True)
class Line:
    """One partition, and what is to become of it."""

    partition: Partition
    action: Action
    state: State
    """The worst of its stages."""
    reasons: tuple[str, ...]
    attempts: str
    """Names what storage has seen of it: another text once anything was attempted."""
    cost: Cost | None = None
    """None: nothing like it was ever committed, or nothing is to run."""
    refused: bool = False
    """What is committed there does not pass the gates."""


@dataclass(frozen=True)
class Plan:
    name: str
    """A stage, the pipeline, or a night."""
    lines: tuple[Line, ...]

    @property
    def owed(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.action == "run")

    @property
    def left(self) -> tuple[Line, ...]:
        """Where a backfill has not done what it was to do."""
        return tuple(line for line in self.lines if line.state != "complete" or line.refused)


@dataclass(frozen=True)
class Days:
    """First and last day, both included. Raises ValueError where the last lies before the first."""

    first: datetime.date
    last: datetime.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Unclear(f"the range ends on {self.last}, before it begins on {self.first}")

    def __iter__(self) -> Iterator[datetime.date]:
        return (self.first + datetime.timedelta(n) for n in range((self.last - self.first).days + 1))


@dataclass(frozen=True)
class Backfill:
    """What was asked for."""

    name: str
    params: BaseModel
    days: Days
    wanted: Wanted
    """Its date is not looked at."""
    root: str
    resources: Resources = Resources()
    max_dead_rate: float = 0.05
    reprocess: Reprocess = "failed"
    newest_first: bool = False
    gates: tuple[Gate, ...] = ()

    def plan(self) -> Plan:
        """A line for each day, in the order in which they are to run."""
        lines = [self._line(day) for day in self.days]
        return Plan(self.name, tuple(reversed(lines) if self.newest_first else lines))

    def order(self, day: datetime.date) -> Order:
        """Raises Unclear or InputsMissing where the partition of that day cannot be told."""
        wanted = Wanted(day, self.wanted.source, self.wanted.model, self.wanted.run)
        return order(self.name, self.params, wanted, self.resources, self.root, self.max_dead_rate)

    def _line(self, day: datetime.date) -> Line:
        try:
            what = self.order(day)
            what.works[0].inputs()
        except InputsMissing as error:
            unknown = Partition(
                date=day, source=self.wanted.source or "unknown", model=self.wanted.model, run=self.wanted.run
            )
            return Line(unknown, "blocked", "missing", (str(error).splitlines()[0],), "")
        states = [work.status() for work in what.works]
        worst = min((each.state for each in states), key=_WORST_FIRST.index)
        reasons = tuple(
            f"{work.stage.name}: {', '.join(each.reasons) or each.state}"
            for work, each in zip(what.works, states, strict=True)
            if each.reasons or each.state not in ("complete", worst)
        )
        action = _action(worst, self.reprocess)
        owed = [
            work
            for work, each in zip(what.works, states, strict=True)
            if each.state != "complete" or self.reprocess == "all"
        ]
        cost = _estimate(owed) if action == "run" else None
        failed = self._failed_checks(what.works)
        reasons += tuple(f"gate {check}" for check in failed)
        return Line(what.partition, action, worst, reasons, _attempts(what.works), cost, bool(failed))

    def _failed_checks(self, works: Sequence[Work]) -> list[Check]:
        """Of the gates on what is committed and is what is wanted now."""
        made = [describe(work, there, skipped=True) for work in works if self.gates and (there := work.committed())]
        return [check for each in made for check in checks_of(each, self.gates) if not check.passed]


_WORST_FIRST: tuple[State, ...] = ("running", "failed", "missing", "stale", "complete")


def _action(state: State, reprocess: Reprocess) -> Action:
    if state == "running":
        return "wait"
    least: Reprocess = "all" if state == "complete" else state
    kinds = get_args(Reprocess)
    return "run" if kinds.index(least) <= kinds.index(reprocess) else "skip"


def _attempts(works: Sequence[Work]) -> str:
    """The newest attempt at each dataset, and nothing where there is none."""
    newest = [work.location(dataset).attempts()[-1:] for work in works for dataset in work.stage.writes]
    return "+".join(record.id for records in newest for record in records)


def _estimate(works: Sequence[Work]) -> Cost | None:
    """The sum over the stages that would run; None where one of them was never committed with this model."""
    costs = [_usual(work) for work in works]
    known = [cost for cost in costs if cost]
    if len(known) < len(costs):
        return None
    return Cost(sum(cost.tokens for cost in known), sum(cost.seconds for cost in known))


def _usual(work: Work) -> Cost | None:
    """By the newest of the commits that are most like it: with the very parameters, and by the same run."""
    main, mine = work.stage.main, work.params.fingerprint()
    where = work.location(main).partition
    found: defaultdict[tuple[bool, bool], list[Manifest]] = defaultdict(list)
    for each in work.store.partitions(main):
        if each.model == where.model and (manifest := work.store.at(main, each).manifest()):
            found[manifest.fingerprint == mine, each.run == where.run].append(manifest)
    if not found:
        return None
    newest = sorted(found[max(found)], key=lambda each: each.committed_at)[-RECENT:]
    return Cost(round(median(each.tokens for each in newest)), median(each.seconds for each in newest))
