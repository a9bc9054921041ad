from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from evals.audit_sheet import SheetRow
from evals.identity import row_id
from storage.schemas import DATASETS
from tasks.audit import drawn, inputs_of, run, save
from tasks.engines.engine import Resources
from tasks.job import Job
from tasks.params import AuditParams, TracesParams
from tasks.records import SourceError
from tests.tasks.jobs import FAKE, PARTITION, at, commit, problem_rows, quiet, trace_row
from tests.tasks.test_prm import label

TRACES = TracesParams(engine=FAKE, chat="off")
STEPS = ["Step 1: 2 + 3 = 5\n", "Step 2: 5 + 3 = 9\n", "#### 9"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten traces of ten problems, three steps each: the first labelled good, the second bad, the last open."""
    problems = problem_rows(10)
    traces = [trace_row(problem, STEPS, "wrong") for problem in problems]
    labels = [
        label(trace["trace_id"], step, STEPS[step], hard)
        | {"problem_id": trace["problem_id"], "label_id": row_id("label", trace["trace_id"], step)}
        for trace in traces
        for step, hard in enumerate((1, 0, None))
    ]
    for dataset, rows in (("problems", problems), ("traces", traces), ("labels", labels)):
        commit(at(tmp_path, dataset), rows, TRACES)
    return tmp_path


def inputs(root):
    return {name: at(root, name) for name in ("problems", "traces", "labels")}


def audited(root: Path, rows: list[SheetRow], **params):
    save(str(root / "audit.csv"), rows)
    asked = AuditParams(sheet=str(root / "audit.csv"), **params)
    outcome = run(Job(asked, Resources(), PARTITION, {"labels": at(root, "labels")}, {}, quiet))
    assert outcome.tables["audits"].schema == DATASETS["audits"].schema
    return outcome


def test_a_sheet_shows_question_and_steps_and_hides_the_label(root):
    rows = drawn(inputs(root), 8, seed=0)
    questions = {row["question"] for row in at(root, "problems").read().to_pylist()}
    assert Counter(row.step for row in rows) == {STEPS[0]: 4, STEPS[1]: 4}
    assert {row.question for row in rows} <= questions
    assert {(row.step, row.steps_before) for row in rows} == {(STEPS[0], ""), (STEPS[1], STEPS[0])}
    assert all(not row.answer and not row.note for row in rows)
    assert [row.number for row in rows] == list(range(1, 9))
    assert rows == drawn(inputs(root), 8, seed=0)


def test_labels_whose_trace_is_gone_are_not_drawn(root):
    commit(at(root, "traces"), at(root, "traces").read().slice(5), TRACES)
    assert len(drawn(inputs(root), 20, seed=0)) == 10


def test_the_persons_view_gives_precision_and_agreement_with_intervals(root):
    """They agree that the first steps are good, and find three of four second steps bad."""
    answers = iter(["bad", "good", "bad", "bad"])
    rows = [row.answered("good" if row.step == STEPS[0] else next(answers), "") for row in drawn(inputs(root), 8, 0)]
    outcome = audited(root, rows)
    good, bad = outcome.summary["good"], outcome.summary["bad"]
    assert (good["labels"], good["audited"], good["precision"]) == (10, 4, 1.0)
    assert (bad["labels"], bad["audited"], bad["precision"]) == (10, 4, 0.75)
    assert outcome.summary["agreement"] == pytest.approx(0.5 * 1 + 0.5 * 0.75)
    low, high = outcome.summary["interval"]
    assert low < outcome.summary["agreement"] < high
    assert Counter(row["agrees"] for row in outcome.tables["audits"].to_pylist()) == {True: 7, False: 1}


def test_rows_say_what_was_said_and_where(root):
    first, second, third = drawn(inputs(root), 3, seed=0)
    rows = audited(root, [first.answered("unsure", "hard to say"), second, third.answered("bad", "")])
    said = rows.tables["audits"].to_pylist()
    told = {name: said[0][name] for name in ("label_id", "human", "agrees", "note")}
    assert told == {"label_id": first.label_id, "human": None, "agrees": None, "note": "hard to say"}
    assert said[0]["place"].startswith("audit.csv:")
    assert rows.summary["blank"] == 1
    assert rows.counts == {"unknown": 1}


def test_a_wrong_word_and_a_label_that_is_not_there_are_dead_letters_with_their_line(root):
    first, second, third = (replace(row, question="q", steps_before="", step="s") for row in drawn(inputs(root), 3, 0))
    rows = [first.answered("good", ""), second.answered("perhaps", ""), replace(third, label_id="gone", answer="bad")]
    outcome = audited(root, rows)
    assert [(letter.kind, letter.place, letter.stage) for letter in outcome.dead] == [
        ("unknown_word", "audit.csv:3", "audit"),
        ("no_label", "audit.csv:4", "audit"),
    ]
    assert outcome.tables["audits"].num_rows == 1


def test_a_label_that_is_open_by_now_is_kept_and_counts_for_no_class(root):
    (row,) = drawn(inputs(root), 1, seed=0)
    labels = [each | {"hard": None} for each in at(root, "labels").read().to_pylist()]
    commit(at(root, "labels"), labels, TRACES)
    outcome = audited(root, [row.answered("good", "")])
    (said,) = outcome.tables["audits"].to_pylist()
    assert (said["hard"], said["human"], said["agrees"]) == (None, 1, None)
    assert outcome.summary["good"] == {"labels": 0, "audited": 0, "unsure": 0}


def test_more_answers_make_the_audit_stale(root):
    rows = drawn(inputs(root), 4, seed=0)
    path = str(root / "audit.csv")
    save(path, rows)
    before = inputs_of(AuditParams(sheet=path))
    save(path, [rows[0].answered("good", ""), *rows[1:]])
    assert list(before) == ["audit.csv"]
    assert inputs_of(AuditParams(sheet=path)) != before


def test_without_a_sheet_the_way_to_one_is_told(root):
    with pytest.raises(SourceError, match=r"draw it: proctor audit none\.csv"):
        inputs_of(AuditParams(sheet="none.csv"))
    (root / "bad.csv").write_bytes(b"label_id,answer\ncaf\xe9,good\n")
    with pytest.raises(SourceError, match="byte 0xe9 at byte 20 is not UTF-8"):
        run(
            Job(
                AuditParams(sheet=str(root / "bad.csv")),
                Resources(),
                PARTITION,
                {"labels": at(root, "labels")},
                {},
                quiet,
            )
        )
