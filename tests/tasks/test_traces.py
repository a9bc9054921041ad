import asyncio
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.engines.engine import Completion, EngineDied, Request, Resources, Sampling
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.params import TracesParams
from tasks.traces import sample
from tests.tasks.jobs import FAKE, at, commit, problem_rows, schema_of, traces_job

PARAMS = TracesParams(engine=FAKE, chat="off", samples=4)


def answer(request: Request) -> str:
    """Two steps; the answer is right for even seeds."""
    return f"Step 1: 2 + 3 = 5\nStep 2: 5 + 3 = 8\n#### {8 + request.seed % 2}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    commit(at(tmp_path, "problems"), [row | {"answer": "8"} for row in problem_rows(5)], PARAMS)
    return tmp_path


async def sampled(root: Path, engine: FakeEngine, params: TracesParams = PARAMS, window: int = 256):
    job = replace(traces_job(root, params), resources=Resources(window=window))
    async with Grader() as grader:
        return (await sample(job, engine, grader)).in_memory()


async def test_each_problem_gets_its_samples_in_order_split_into_steps_and_graded(root):
    table = (await sampled(root, FakeEngine(answer))).tables["traces"]
    assert table.schema == schema_of("traces")
    order = at(root, "problems").read()["problem_id"].to_pylist()
    assert table["problem_id"].to_pylist() == [problem for problem in order for _ in range(4)]
    assert table["sample"].to_pylist() == [0, 1, 2, 3] * 5
    for row in table.to_pylist():
        assert row["steps"] == ["Step 1: 2 + 3 = 5\n", row["text"].removeprefix("Step 1: 2 + 3 = 5\n")]
        assert row["verdict"] == ("correct" if row["seed"] % 2 == 0 else "wrong")


async def test_raising_the_number_of_samples_keeps_those_that_there_are(root):
    first = await sampled(root, FakeEngine(answer))
    more = await sampled(root, FakeEngine(answer), PARAMS.model_copy(update={"samples": 6}))
    assert more.summary["generated"] == 5 * 2
    assert set(first.tables["traces"]["trace_id"].to_pylist()) < set(more.tables["traces"]["trace_id"].to_pylist())


async def test_another_way_to_split_generates_nothing(root):
    await sampled(root, FakeEngine(answer))
    again = await sampled(root, FakeEngine(answer), PARAMS.model_copy(update={"splitter": "blank_line"}))
    assert again.summary["generated"] == 0
    assert set(again.tables["traces"]["splitter"].to_pylist()) == {"blank_line"}
    assert {len(steps) for steps in again.tables["traces"]["steps"].to_pylist()} == {1}


async def test_another_seed_gives_other_traces(root):
    first = await sampled(root, FakeEngine(answer))
    other = await sampled(root, FakeEngine(answer), PARAMS.model_copy(update={"seed": 1}))
    ids = [set(outcome.tables["traces"]["trace_id"].to_pylist()) for outcome in (first, other)]
    assert not ids[0] & ids[1]


async def test_a_question_beyond_the_context_is_a_dead_letter_for_each_sample(root):
    questions = at(root, "problems").read(["question"])["question"].to_pylist()
    context = sorted(len(question.split()) for question in questions)[2] + 6
    outcome = await sampled(root, FakeEngine(answer, context=context))
    assert outcome.tables["traces"].num_rows + len(outcome.dead) == 5 * 4
    assert outcome.dead
    assert outcome.tables["traces"].num_rows
    assert {letter.stage for letter in outcome.dead} == {"traces"}
    assert all("context" in letter.message and "sample" in letter.place for letter in outcome.dead)


async def test_a_truncated_trace_is_unknown_and_never_wrong(root):
    short = PARAMS.model_copy(update={"sampling": Sampling(max_tokens=8)})
    outcome = await sampled(root, FakeEngine(answer), short)
    assert set(outcome.tables["traces"]["verdict"].to_pylist()) == {"unknown"}
    assert outcome.counts["unknown"] == 20
    assert "pass@1" not in outcome.summary
    assert outcome.summary["bounds"] == {"pass@1": [0, 1], "pass@4": [0, 1]}


async def test_the_summary_counts_votes_and_successes(root):
    outcome = await sampled(root, FakeEngine(answer))
    summary = outcome.summary
    verdicts = outcome.tables["traces"]["verdict"].to_pylist()
    assert summary["correct"] == verdicts.count("correct")
    assert summary["pass@1"] == pytest.approx(verdicts.count("correct") / 20)
    assert summary["pass@1"] <= summary["pass@4"] <= 1


async def test_a_chat_template_is_used_where_there_is_one(root):
    chat = PARAMS.model_copy(update={"chat": "auto"})
    row = (await sampled(root, FakeEngine(answer), chat)).tables["traces"].to_pylist()[0]
    assert row["prompt"].startswith("<user>Question: ")
    assert row["prompt"].endswith("<assistant>")


class Counting(FakeEngine):
    """Counts the requests that are with it at a time."""

    now = most = 0

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        self.now += len(requests)
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= len(requests)
        return await super().generate(requests, affinity=affinity)


async def test_the_window_is_filled_however_few_samples_a_problem_has(tmp_path):
    params = PARAMS.model_copy(update={"samples": 1})
    commit(at(tmp_path, "problems"), problem_rows(60), params)
    job = replace(traces_job(tmp_path, params), resources=Resources(window=32))
    engine = Counting(answer)
    async with Grader() as grader:
        await sample(job, engine, grader)
    assert 32 <= engine.most <= 33


class Late(FakeEngine):
    """Answers after a while that is drawn anew each time; dies when it has answered so many."""

    def __init__(self, dies_at: int | None = None) -> None:
        super().__init__(answer)
        self.answered, self._dies_at = 0, dies_at

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        await asyncio.sleep(random.random() / 50)
        if self._dies_at is not None and self.answered >= self._dies_at:
            raise EngineDied("as the test wants it")
        self.answered += len(requests)
        return await super().generate(requests, affinity=affinity)


async def test_rows_are_the_same_whatever_came_late_or_was_kept_by_a_run_that_died(root, tmp_path_factory):
    params = PARAMS.model_copy(update={"samples": 40})
    undisturbed = Path(shutil.copytree(root, tmp_path_factory.mktemp("undisturbed") / "data"))
    with pytest.raises(EngineDied):
        await sampled(root, Late(dies_at=90), params, window=16)
    again = Late()
    resumed, whole = await sampled(root, again, params), await sampled(undisturbed, FakeEngine(answer), params)
    assert 0 < again.answered == resumed.summary["generated"] < whole.summary["generated"] == 200
    assert resumed.tables["traces"] == whole.tables["traces"]
    assert resumed.summary | {"generated": 200} == whole.summary
