"""The traces, labels and trees stages on a FakeEngine in this process, committed as any other run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.run.execute import Execution, Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.engines.engine import Faults, Request
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.labels import label
from tasks.params import LabelsParams, Params, ProblemsParams, TracesParams, TreesParams
from tasks.traces import sample
from tasks.trees.stage import grow
from tests.tasks.jobs import FAKE, PARTITION, at, commit

TRACES = TracesParams(engine=FAKE, samples=4)
REFUSED = "never answered"
"""The engine refuses a prompt with these words, be they in the question or in a step."""
STRANGE = "a strange thing"
"""A question with these words is answered with a step that the engine refuses to go on from."""


def answer(request: Request) -> str:
    """Two steps; the answer is 8 for even seeds, else 9."""
    first = REFUSED if STRANGE in request.prompt else "2 + 3 = 5"
    return f"Step 1: {first}\nStep 2: 5 + 3 = 8\n#### {8 + request.seed % 2}"


def sample_traces(job: Job[TracesParams]) -> Outcome:
    return asyncio.run(_graded(lambda engine, grader: sample(job, engine, grader)))


def label_steps(job: Job[LabelsParams]) -> Outcome:
    return asyncio.run(_graded(lambda engine, grader: label(job, engine, grader)))


def grow_trees(job: Job[TreesParams]) -> Outcome:
    return asyncio.run(_graded(lambda engine, grader: grow(job, engine, grader)))


async def _graded(stage: Callable[[FakeEngine, Grader], Awaitable[Outcome]]) -> Outcome:
    async with Grader() as grader:
        return await stage(FakeEngine(answer, faults=Faults(fail=REFUSED)), grader)


CODE: dict[type[Params], tuple[str, str]] = {
    TracesParams: ("traces", "tests.flows.fake_stages:sample_traces"),
    LabelsParams: ("labels", "tests.flows.fake_stages:label_steps"),
    TreesParams: ("trees", "tests.flows.fake_stages:grow_trees"),
}


def made(root: Path, params: Params, where: Partition = PARTITION) -> Execution:
    """Runs the stage of these parameters."""
    name, code = CODE[type(params)]
    stage = replace(STAGES[name], run=code)
    return execute(Work(stage, where, params, Store(root)), Runner(max_dead_rate=1))


def put_problems(root: Path, rows: Sequence[dict[str, Any]]) -> None:
    commit(at(root, "problems"), rows, ProblemsParams())
