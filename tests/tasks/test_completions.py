"""Kept rows under today's checker and gold answers."""

import asyncio

from storage.rows import table_of
from storage.schemas import DATASETS
from tasks import completions
from tasks.completions import paid_for, regrade
from tasks.grading import Grader
from tests.tasks.jobs import problem_rows, trace_row

PROBLEM = problem_rows(1)[0]


async def regraded(row: dict, golds: dict[str, str]) -> list[dict]:
    async with Grader() as grader:
        return (await regrade(table_of(DATASETS["traces"], [row]), golds, grader)).to_pylist()


async def test_a_kept_row_is_judged_by_the_gold_answer_of_today():
    row = trace_row(PROBLEM, ["#### 8"], "correct")
    for gold, verdict in (("8", "correct"), ("9", "wrong"), ("", "unknown")):
        [now] = await regraded(row, {PROBLEM["problem_id"]: gold})
        assert (now["verdict"], now["extracted"]) == (verdict, "8")


async def test_a_verdict_that_a_file_brought_along_stays_whatever_the_checker_would_say():
    row = trace_row(PROBLEM, ["#### 8"], "correct") | {"reason": "annotated", "extracted": "eight", "checker": "0"}
    [now] = await regraded(row, {PROBLEM["problem_id"]: "9"})
    assert (now["verdict"], now["reason"], now["extracted"]) == ("correct", "annotated", "eight")
    assert now["checker"] != "0", "it is current under any checker"


async def test_rows_of_a_problem_that_is_gone_are_left_out():
    assert await regraded(trace_row(PROBLEM, ["#### 8"], "correct"), {}) == []


async def test_what_is_paid_for_comes_to_its_end_though_nobody_waits_and_no_more_after_a_while(monkeypatch):
    monkeypatch.setattr(completions, "GRACE", 0.1)
    ended = []

    async def work(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        ended.append(name)

    both = [asyncio.create_task(paid_for(work("soon", 0.01))), asyncio.create_task(paid_for(work("never", 60)))]
    await asyncio.sleep(0)
    for each in both:
        each.cancel()
    ends = await asyncio.wait_for(asyncio.gather(*both, return_exceptions=True), 5)
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 2
    assert ended == ["soon"]
