"""A driver to be killed: `python -m tests.e2e.tree_driver ROOT PARAMS_JSON JOURNAL` searches trees to their commit, the
engine in its own process, so that one kill ends both."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from flows.run.execute import Execution, Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.store import Store
from tasks.engines.engine import Faults, Resources
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import TreesParams
from tasks.trees.stage import grow
from tests.tasks.jobs import PARTITION

PACE = 0.0005
"""Seconds a rollout: slow enough to be killed on the way."""


def run(job: Job[TreesParams]) -> Outcome:
    async def search() -> Outcome:
        engine = FakeEngine("tests.tasks.walker:walk", journal=job.resources.journal, faults=Faults(delay=PACE))
        async with Grader() as grader:
            return await grow(job, engine, grader)

    return asyncio.run(search())


def work(root: Path, params: TreesParams) -> Work:
    return Work(replace(STAGES["trees"], run="tests.e2e.tree_driver:run"), PARTITION, params, Store(root))


def to_commit(root: Path, params: TreesParams, journal: Path) -> Execution:
    return execute(work(root, params), Runner(Resources(journal=str(journal)), owner="tree driver"))


if __name__ == "__main__":
    to_commit(Path(sys.argv[1]), TreesParams.model_validate_json(sys.argv[2]), Path(sys.argv[3]))
