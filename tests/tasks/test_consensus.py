from pathlib import Path

import pytest

from tasks.consensus import run
from tasks.engines.engine import Resources
from tasks.job import Job, Outcome
from tasks.params import ConsensusParams
from tests.tasks.jobs import PARTITION, at, commit, problem_rows, quiet, schema_of, trace_row
from tests.tasks.test_prm import label

STEPS = ["2 + 3 = 5\n", "5 + 3 = 8\n", "#### 8"]


def judgement(trace: str, step: int, text: str, verdict: str) -> dict:
    return {
        "judgement_id": f"{trace}-{step}-{text}",
        "trace_id": trace,
        "problem_id": "p1",
        "step": step,
        "steps": 3,
        "text": text,
        "verdict": verdict,
        "score": None,
        "good": 0,
        "bad": 0,
        "unknown": 1,
        "reason": "",
        "rationale": "",
        "prompt_id": "",
        "tokens": 0,
        "judge": "somebody",
        "judge_digest": "d",
    }


@pytest.fixture
def consensus(tmp_path: Path):
    """Runs the stage on one trace of three steps: its labels, its verdicts, and, where known, its truths."""

    def on(hard: str, said: str, truth: str = "", texts: list[str] = STEPS, steps: list[str] = STEPS) -> Outcome:
        value = {"1": 1, "0": 0, "?": None}
        trace = trace_row(problem_rows(1)[0], steps, "wrong")
        name = trace["trace_id"]
        labels = [label(name, i, texts[i], value[hard[i]]) for i in range(len(hard))]
        labels = [row | {"truth": value[t]} for row, t in zip(labels, truth or "?" * len(hard), strict=True)]
        verdict = {"g": "good", "b": "bad", "u": "unknown"}
        judged = [judgement(name, i, texts[i], verdict[said[i]]) for i in range(len(said))]
        tables = {"traces": [trace], "labels": labels, "judgements": judged}
        for dataset, rows in tables.items():
            commit(at(tmp_path, dataset), rows, ConsensusParams())
        inputs = {dataset: at(tmp_path, dataset) for dataset in tables}
        return run(Job(ConsensusParams(), Resources(), PARTITION, inputs, {}, quiet))

    return on


def test_a_trace_on_which_both_agree_is_kept_with_both_opinions(consensus):
    outcome = consensus("100", "gbu", truth="100")
    assert outcome.tables["consensus"].schema == schema_of("consensus")
    [row] = outcome.tables["consensus"].to_pylist()
    assert (row["kept"], row["reason"], row["judge"]) == (True, "agree", "somebody")
    assert (row["first_error_rollouts"], row["first_error_judge"], row["first_error_truth"]) == (1, 1, 1)
    assert outcome.summary["after"]["precision"] == 1


@pytest.mark.parametrize(
    ("hard", "said", "reason"),
    [
        ("100", "ggb", "disagree"),
        ("1?0", "ggb", "rollouts_open"),
        ("10", "gbb", "agree"),
        ("1", "gbb", "rollouts_open"),
        ("", "gbb", "rollouts_open"),
        ("100", "", "judge_unknown"),
        ("100", "gub", "judge_unknown"),
        ("011", "bbb", "contradiction"),
    ],
)
def test_a_step_without_label_or_judgement_is_open(consensus, hard, said, reason):
    outcome = consensus(hard, said)
    assert outcome.tables["consensus"]["reason"].to_pylist() == [reason]
    assert outcome.summary["reasons"][reason] == 1
    assert outcome.counts == {"unknown": int(reason in ("rollouts_open", "judge_unknown"))}


def test_opinions_on_other_steps_than_the_trace_has_are_a_dead_letter(consensus):
    other = ["something else\n", *STEPS[1:]]
    for outcome, kind in (
        (consensus("100", "", texts=other), "labels_unfit"),
        (consensus("", "gbb", texts=other), "judgements_unfit"),
        (consensus("100", "", steps=STEPS[:1]), "labels_unfit"),
    ):
        assert [letter.kind for letter in outcome.dead] == [kind]
        assert outcome.tables["consensus"].num_rows == 0


def test_an_empty_trace_is_a_dead_letter_and_no_agreement(consensus):
    outcome = consensus("", "", steps=[])
    assert [letter.kind for letter in outcome.dead] == ["no_steps"]
    assert outcome.summary["kept"] == 0
