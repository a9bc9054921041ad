"""A store with problems and traces of a FakeEngine, and the stage on an engine that remembers what it was asked."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tasks.engines.engine import Engine, EngineDied, Request, Resources
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import TracesParams
from tasks.strategies.params import StrategiesParams
from tasks.strategies.scores import Verifier
from tasks.strategies.stage import play_all
from tasks.traces import sample
from tests.tasks.jobs import FAKE, PARTITION, at, commit, problem_rows, quiet, traces_job

TRACES = TracesParams(engine=FAKE, samples=4)


class Counting(FakeEngine):
    """Remembers what it was asked, and breaks when it has answered so many."""

    def __init__(self, script="arithmetic", breaks_at: int | None = None, **kwargs) -> None:
        super().__init__(script, **kwargs)
        self.asked: list[Request] = []
        self.answered: list[Request] = []
        """Without those that were given up before their answer."""
        self._breaks_at = breaks_at

    async def generate(self, requests, *, affinity=None):
        if self._breaks_at is not None and len(self.asked) + len(requests) > self._breaks_at:
            raise EngineDied("as the test wants it")
        self.asked += requests
        came = await super().generate(requests, affinity=affinity)
        self.answered += requests
        return came


class ChecksSums:
    """A verifier that adds up: 0.9 while every sum of the steps so far holds, 0.1 behind one that does not."""

    def __init__(self) -> None:
        self.calls: list[Sequence[tuple[str, Sequence[str]]]] = []

    def score(self, items):
        self.calls.append(items)
        return [self._of(steps) for _, steps in items]

    def _of(self, steps: Sequence[str]) -> list[float]:
        said, good = [], True
        for step in steps:
            good = good and all(int(a) + int(b) == int(c) for a, b, c in re.findall(r"(\d+) \+ (\d+) = (\d+)", step))
            said.append(0.9 if good else 0.1)
        return said

    @property
    def scored(self) -> int:
        return sum(map(len, self.calls))


async def store(root: Path, count: int = 6, params: TracesParams = TRACES) -> Path:
    """Problems whose answer is the sum of their numbers, and traces of them."""
    rows = problem_rows(count)
    for row in rows:
        row["answer"] = str(sum(map(int, re.findall(r"\d+", row["question"]))))
    commit(at(root, "problems"), rows, params)
    async with Grader(1) as grader:
        traces = (await sample(traces_job(root, params), FakeEngine("arithmetic"), grader)).in_memory()
    commit(at(root, "traces"), traces.tables["traces"], params)
    return root


def strategies_job(root: Path, params: StrategiesParams) -> Job[StrategiesParams]:
    inputs = {name: at(root, name) for name in ("problems", "traces")}
    outputs = {name: at(root, name) for name in ("strategy_samples", "strategy_scores", "strategies")}
    return Job(params, Resources(), PARTITION, inputs, outputs, quiet)


async def played(
    root: Path, engine: Engine | None = None, scorer: ChecksSums | None = None, judge: Engine | None = None, **params
) -> Outcome:
    """The stage's outcome; without an engine, one that must not be asked for. `judge`: of the verifier `judge`."""
    job = strategies_job(root, StrategiesParams(**params))

    async def opened() -> Engine:
        assert engine is not None, "an engine was opened"
        return engine

    async def judging() -> Engine:
        assert judge is not None, "a judge was opened"
        return judge

    async with Grader(1) as grader:
        found = {"process": Verifier(scorer, "checks sums")} if scorer else {}
        return await play_all(job, opened, grader, found, {"judge": judging})


async def check_that_a_killed_run_goes_on(root: Path, other: Path, model, **params) -> None:
    """A run that breaks half way and the one after it are answered what an undisturbed run is, and come to its rows.
    `other`: a store with the same problems and traces."""
    whole = Counting(model)
    wanted = await played(other, whole, ns=(4,), **params)
    broken, rest = Counting(model, breaks_at=len(whole.asked) // 2), Counting(model)
    with pytest.raises(EngineDied):
        await played(root, broken, ns=(4,), **params)
    outcome = await played(root, rest, ns=(4,), **params)
    assert broken.answered
    assert len(broken.answered) + len(rest.asked) == len(whole.asked)
    for name, table in wanted.tables.items():
        assert outcome.tables[name].equals(table), name
