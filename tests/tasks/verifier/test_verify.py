"""The `verify` stage: a verifier's view of committed traces."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.verifier.aggregation import aggregate, combined
from evals.verifier.cut_offs import predicted_first_error
from tasks.engines.engine import Resources
from tasks.job import Job, Outcome
from tasks.judge import by_program
from tasks.params import JudgeParams
from tasks.verifier.params import VerifyParams
from tasks.verifier.train import run as train
from tasks.verifier.verify import run
from tests.tasks.jobs import FAKE, TracesParams, at, commit, judge_job, problem_rows, quiet, solution, trace_row
from tests.tasks.verifier.data import QUICK, committed, labelled, one_thread, verifier_job

PROBLEMS = 40
PARAMS = QUICK.model_copy(update={"epochs": 1, "batch_tokens": 1024, "rate": 3e-3})


@pytest.fixture(scope="module", autouse=True)
def sums_in_one_order() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("verify")
    committed(place, *labelled(PROBLEMS), PROBLEMS)
    trained = train(verifier_job(place, PARAMS))
    for dataset, table in trained.tables.items():
        commit(at(place, dataset), table, PARAMS)
    return place


def verify(root: Path, **params: Any) -> Outcome:
    asked = VerifyParams(**params)
    inputs = {name: at(root, name).pinned() for name in ("problems", "traces", *asked.also_reads())}
    outputs = {"verifications": at(root, "verifications")}
    return run(Job(asked, Resources(), at(root, "traces").partition, inputs, outputs, quiet))


@pytest.fixture(scope="module")
def scored(root: Path) -> Outcome:
    return verify(root)


def rows_of(outcome: Outcome) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = outcome.tables["verifications"].to_pylist()
    return rows


def test_each_trace_has_a_row_and_each_step_a_probability(root: Path, scored: Outcome) -> None:
    rows = rows_of(scored)
    assert [row["trace_id"] for row in rows] == at(root, "traces").read()["trace_id"].to_pylist()
    assert all(len(row["probabilities"]) == row["steps"] for row in rows)
    assert not scored.dead


def test_scores_are_those_of_the_steps(scored: Outcome) -> None:
    for row in rows_of(scored):
        assert row["product"] == pytest.approx(aggregate(row["probabilities"], "product"))
        assert row["combined"] == pytest.approx(combined(row["last"], row["outcome"]))


def test_it_tells_which_problems_were_trained_on_and_sums_up_the_others(scored: Outcome) -> None:
    traces = scored.summary["traces"]
    assert set(traces) == {"train", "choosing", "held_out"}
    assert scored.summary["judged"] == traces["held_out"]
    assert scored.summary["runners"] == {"process": "transformers", "outcome": "transformers"}
    assert scored.summary["auroc_truth"] > 0.6
    assert {"last", "min", "product", "mean", "outcome", "combined"} <= set(scored.summary["best_of_n"])


def test_a_cut_off_of_ones_own_moves_the_first_errors(root: Path) -> None:
    for row in rows_of(verify(root, cut_off=0.9)):
        assert row["first_error"] == predicted_first_error(row["probabilities"], 0.9)


def test_scoring_reads_what_training_read(root: Path, scored: Outcome) -> None:
    """To the last bit but the rounding of another batch: other tokens would give other probabilities altogether."""
    told = {
        (row["trace_id"], row["step"]): row["probability"]
        for row in at(root, "verifier_predictions").read().to_pylist()
        if row["kind"] == "process"
    }
    found = {
        (row["trace_id"], step): probability
        for row in rows_of(scored)
        for step, probability in enumerate(row["probabilities"])
    }
    assert told
    assert {key: found[key] for key in told} == pytest.approx(told, abs=1e-4)


def test_what_cannot_be_scored_is_a_dead_letter(root: Path, tmp_path: Path) -> None:
    count = 3
    traces, labels = labelled(count)
    traces[0] |= {"steps": [], "text": ""}
    traces[1] |= {"steps": ["1 + 1 = 2\n"] * 300}
    traces[2] |= {"problem_id": "gone"}
    committed(tmp_path, traces, labels, count)
    commit(at(tmp_path, "verifiers"), at(root, "verifiers").read(), TracesParams(engine=FAKE))
    outcome = verify(tmp_path)
    assert sorted(letter.kind for letter in outcome.dead) == ["no_problem", "no_steps", "too_long"]
    assert len(rows_of(outcome)) == len(traces) - 3
    assert set(outcome.summary["traces"]) <= {"train", "choosing", "held_out"}


class TestJudged:
    """An untrained judge in the place of the process verifier."""

    @pytest.fixture
    def judged(self, tmp_path: Path) -> tuple[Path, list[dict[str, Any]]]:
        """Six problems, every second one solved with an error in its second step; and judgements of the steps."""
        params = JudgeParams(kind="program")
        problems = problem_rows(6)
        traces = [
            trace_row(problem, solution(problem, wrong=1 if place % 2 else None), ("correct", "wrong")[place % 2])
            for place, problem in enumerate(problems)
        ]
        commit(at(tmp_path, "problems"), problems, params)
        commit(at(tmp_path, "traces"), traces, params)
        return tmp_path, by_program(judge_job(tmp_path, params)).tables["judgements"].to_pylist()

    def test_a_steps_probability_is_the_share_of_replies_that_call_it_good(self, judged: Any) -> None:
        root, judgements = judged
        commit(at(root, "judgements"), judgements, VerifyParams())
        outcome = verify(root, process="judged")
        for place, row in enumerate(rows_of(outcome)):
            assert row["probabilities"][:2] == ([1.0, 0.0] if place % 2 else [1.0, 1.0])
            assert row["min"] == min(row["probabilities"])
            assert (row["first_error"], row["outcome"], row["split"]) == (1 if place % 2 else -1, None, "unseen")
        assert outcome.summary["first_error_f1"] == 1
        assert outcome.dead == ()

    def test_a_step_of_which_it_says_nothing_is_unknown_and_so_is_the_solution(self, judged: Any) -> None:
        root, judgements = judged
        first = judgements[0]["trace_id"]
        open_step = [
            row | {"score": None} if (row["trace_id"], row["step"]) == (first, 1) else row for row in judgements
        ]
        commit(at(root, "judgements"), open_step, VerifyParams())
        outcome = verify(root, process="judged")
        row = rows_of(outcome)[0]
        assert row["probabilities"][:2] == [1.0, None]
        assert [row[name] for name in ("last", "min", "product", "mean", "first_error")] == [None] * 5
        assert outcome.summary["unknown_solutions"] == 1
        assert outcome.summary["first_error_f1"] < 1, "unknown is not right"

    def test_a_trace_that_was_not_judged_is_a_dead_letter(self, judged: Any) -> None:
        root, judgements = judged
        commit(at(root, "judgements"), judgements[1:], VerifyParams())
        outcome = verify(root, process="judged")
        assert [(letter.id, letter.kind) for letter in outcome.dead] == [(judgements[0]["trace_id"], "not_judged")]
        assert len(rows_of(outcome)) == 5
