"""A language model as verifier by prompt, played by the stage on models that say what they are told to."""

import re
from pathlib import Path

import pytest

from evals.judge import written_verdicts
from evals.strategies.settings import Beam, BestOf, Weighted
from tasks.engines.engine import Request
from tasks.engines.fake_engine import FakeEngine, add_up
from tasks.job import Outcome
from tasks.strategies.params import VerifierRef
from tests.tasks.jobs import FAKE, at
from tests.tasks.strategies.games import Counting, check_that_a_killed_run_goes_on, played, store

ASKED = BestOf(by=("prompted",), aggregate="min")
OTHER = BestOf(by=("judge",), aggregate="min")


def sums_hold(step: str) -> bool:
    return all(int(a) + int(b) == int(c) for a, b, c in re.findall(r"(\d+) \+ (\d+) = (\d+)", step))


def steps_of(request: Request) -> list[str]:
    return re.findall(r"<step_\d+>\n(.*?)\n</step_\d+>", request.prompt, re.DOTALL)


def judging(request: Request) -> str:
    """Says of each step whether its sums hold."""
    return written_verdicts(["good" if sums_hold(step) else "bad" for step in steps_of(request)])


def both(request: Request) -> str:
    """Writes as the traces were written, and judges where it is asked to."""
    return judging(request) if "<verdicts>" in request.prompt else add_up(request)


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    return await store(tmp_path)


def rows(outcome: Outcome) -> list[dict]:
    return outcome.tables["strategies"].to_pylist()


def replies(outcome: Outcome) -> list[dict]:
    return [row for row in outcome.tables["strategy_samples"].to_pylist() if "<verdicts>" in row["prompt"]]


async def test_the_sample_whose_steps_it_calls_good_is_chosen(root):
    outcome = await played(root, Counting(judging), strategies=(ASKED,), ns=(4,))
    assert [(row["verdict"], row["score"]) for row in rows(outcome)] == [("correct", 1.0)] * 6
    assert outcome.tables["strategy_scores"].num_rows == 0


async def test_it_is_charged_for_its_replies_beside_the_samples(root):
    outcome = await played(root, Counting(judging), strategies=(ASKED, Weighted(by=("prompted",))), ns=(4,))
    written = dict.fromkeys((row["problem_id"] for row in rows(outcome)), 0)
    for row in at(root, "traces").read().to_pylist():
        written[row["problem_id"]] += row["tokens"]
    for row in replies(outcome):
        written[row["problem_id"]] += row["tokens"]
    assert all(row["tokens"] == written[row["problem_id"]] for row in rows(outcome))
    assert outcome.tokens == sum(row["tokens"] for row in replies(outcome)), "and the replies are paid for once"


async def test_a_probability_is_the_share_of_replies_that_call_the_step_good(root):
    def wavering(request: Request) -> str:
        return written_verdicts([("good", "bad")[request.seed % 2]] * len(steps_of(request)))

    of_nine = {"prompted": VerifierRef(kind="prompted", replies=9)}
    outcome = await played(root, Counting(wavering), strategies=(ASKED,), ns=(1,), verifiers=of_nine)
    for row in rows(outcome):
        good = [each["seed"] % 2 == 0 for each in replies(outcome) if each["problem_id"] == row["problem_id"]]
        assert len(good) == 9
        assert row["score"] == pytest.approx(sum(good) / 9)
    assert len({row["score"] for row in rows(outcome)}) > 1


async def test_what_it_does_not_say_is_unknown_and_counted_and_never_bad(root):
    def half(request: Request) -> str:
        return judging(request) if request.seed % 2 else "I would rather not say."

    outcome = await played(root, Counting(half), strategies=(ASKED,), ns=(1,))
    assert {row["score"] for row in rows(outcome)} == {1.0, None}
    (point,) = outcome.summary["strategies"][ASKED.title]
    unread = sum(row["score"] is None for row in rows(outcome))
    assert point["counts"] == {"judge_replies": 6, "judge_replies_unreadable": unread}


async def test_another_model_may_judge_than_the_one_that_writes(root):
    writer, judge = Counting("arithmetic"), Counting(judging)
    verifiers = {"judge": VerifierRef(kind="prompted", engine=FAKE.model_copy(update={"model": "judge"}))}
    outcome = await played(root, writer, judge=judge, strategies=(OTHER,), ns=(6,), verifiers=verifiers)
    assert [row["verdict"] for row in rows(outcome)] == ["correct"] * 6
    assert all("<verdicts>" not in request.prompt for request in writer.asked)
    assert all("<verdicts>" in request.prompt for request in judge.asked)
    assert len(writer.asked) == 2 * 6, "four of the six are traces"


async def test_a_search_may_be_guided_by_it(root):
    outcome = await played(root, Counting(both), strategies=(Beam(by=("prompted",), aggregate="min"),), ns=(4,))
    assert [row["verdict"] for row in rows(outcome)] == ["correct"] * 6


async def test_a_killed_run_asks_for_the_rest_alone_and_comes_to_the_same_rows(root, tmp_path):
    other = await store(tmp_path / "other")
    await check_that_a_killed_run_goes_on(root, other, both, strategies=(ASKED, Beam(by=("prompted",), width=2)))


async def test_its_replies_are_within_the_budget(root):
    outcome = await played(root, Counting(judging), strategies=(ASKED,), ns=(4,), budget=2048 + 30)
    assert 0 < outcome.tokens <= 2048 + 30
    assert {row["verdict"] for row in rows(outcome) if row["reason"] == "budget"} == {"unknown"}


async def test_a_solution_that_is_too_long_for_the_judge_has_no_score_and_harms_no_other(root, tmp_path):
    asked = {"strategies": (OTHER,), "ns": (1,), "verifiers": {"judge": VerifierRef(kind="prompted", engine=FAKE)}}
    unbounded = await played(await store(tmp_path / "other"), judge=FakeEngine(judging), **asked)
    longest = max(row["prompt_tokens"] for row in replies(unbounded))
    outcome = await played(root, judge=FakeEngine(judging, context=longest), **asked)
    assert outcome.dead == ()
    assert None in {row["score"] for row in rows(outcome)}
    assert 0 < len(replies(outcome)) < 6
