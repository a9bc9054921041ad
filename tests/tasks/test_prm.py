import datetime

import datasets
import pytest

from storage.manifest import Expected
from storage.partition import Partition
from storage.schemas import DATASETS
from storage.store import Store
from tasks.engines.engine import Resources
from tasks.job import Job
from tasks.params import PRMParams
from tasks.prm import run
from tests.evals.word_tokenizer import word_tokenizer

PARTITION = Partition(date=datetime.date(2026, 11, 22), source="mine", model="tiny")

PROBLEM = {
    "problem_id": "p1",
    "source": "mine",
    "question": "How many eggs?",
    "answer": "5",
    "answer_kind": "number",
    "choices": [],
    "reasoning": "",
    "solution": "",
    "split": "test",
    "pattern": "",
    "held_out": False,
    "steps": 2,
    "graph": "",
    "place": "mine.jsonl:1",
}


def trace(name, *steps, verdict="correct", problem="p1"):
    return {
        "trace_id": name,
        "problem_id": problem,
        "sample": 0,
        "prompt": "Question: How many eggs?\nAnswer:\n",
        "text": "".join(steps),
        "steps": list(steps),
        "truths": None,
        "splitter": "newline",
        "tokens": 9,
        "prompt_tokens": 9,
        "finish_reason": "stop",
        "mean_logprob": None,
        "extracted": "5",
        "verdict": verdict,
        "reason": "exact",
        "model": "tiny",
        "model_digest": "d",
        "seed": 1,
        "checker": "1",
    }


def label(name, step, text, hard, successes=0, failures=0):
    known = successes + failures
    return {
        "label_id": f"{name}-{step}-{text}",
        "trace_id": name,
        "problem_id": "p1",
        "step": step,
        "steps": 2,
        "text": text,
        "kinds": [],
        "prefix_id": "x",
        "successes": successes,
        "failures": failures,
        "unknowns": 0,
        "stop_rule": "fixed",
        "hard": hard,
        "soft": successes / known if known else None,
        "truth": None,
        "trace_verdict": "correct",
        "model": "tiny",
        "completer": "tiny",
    }


TRACES = [trace("a", "2 + 3 = 5\n", "#### 5"), trace("b", "2 + 3 = 6\n", "#### 6", verdict="wrong")]
LABELS = [
    label("a", 0, "2 + 3 = 5\n", 1, 7, 1),
    label("a", 1, "#### 5", 1, 1, 0),
    label("b", 0, "2 + 3 = 6\n", 0, 0, 8),
    label("b", 1, "#### 6", 0, 0, 1),
]


def committed(store, dataset, rows):
    location = store.at(dataset, PARTITION)
    expected = Expected(
        stage="test", stage_version=1, params={}, fingerprint="f", schema_version=DATASETS[dataset].version
    )
    with location.lease("test") as lease, location.attempt(expected) as attempt:
        attempt.write(rows)
        attempt.commit(lease=lease)
    return location


@pytest.fixture
def export(tmp_path):
    """Runs the stage on rows that were committed to a store."""

    def on(traces=TRACES, labels=LABELS, problems=(PROBLEM,), **params):
        store = Store(tmp_path)
        rows = {"problems": list(problems), "traces": list(traces), "labels": list(labels)}
        inputs = {dataset: committed(store, dataset, rows[dataset]) for dataset in rows}
        job = Job(PRMParams(**params), Resources(), PARTITION, inputs, outputs={}, progress=lambda *_, **__: None)
        return run(job)

    return on


def test_labels_are_joined_to_the_steps_of_their_traces(export):
    rows = export(labels=reversed(LABELS)).tables["prm"].to_pylist()
    assert [row["trace_id"] for row in rows] == ["a", "b"]
    assert rows[0]["prompt"] == "How many eggs?\n"
    assert rows[0]["completions"] == ["2 + 3 = 5", "#### 5"]
    assert [row["labels"] for row in rows] == [[True, True], [False, False]]
    assert rows[0]["soft_labels"] == [0.875, 1.0]
    assert rows[1]["tagged_labels"] == "How many eggs?\n2 + 3 = 6 -\n#### 6 -"


def test_parameters_reach_the_rows(export):
    outcome = export(through_first_error=True, tag="<end>")
    assert outcome.tables["prm"]["tagged"].to_pylist()[1] == "How many eggs?\n2 + 3 = 6 <end>\n"
    assert outcome.summary["steps_after_error"] == 1


def test_traces_without_labels_still_give_outcomes_and_are_counted(export):
    outcome = export(labels=LABELS[:2])
    assert outcome.tables["prm"].num_rows == 1
    assert outcome.tables["orm"]["label"].to_pylist() == [True, False]
    assert outcome.summary["traces_without_label"] == 1
    assert outcome.dead == ()


def test_rows_of_traces_with_an_unknown_verdict_are_counted_as_unknown(export):
    outcome = export(traces=[TRACES[0] | {"verdict": "unknown"}, TRACES[1]], labels=[LABELS[0], *LABELS[2:]])
    assert outcome.counts == {"unknown": 1}
    assert outcome.tables["prm"]["verdict"].to_pylist() == ["unknown", "wrong"]
    assert outcome.tables["orm"]["trace_id"].to_pylist() == ["b"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"problems": [PROBLEM | {"problem_id": "p2"}]}, "no_problem"),
        ({"traces": [trace("a", "other\n", "#### 5")]}, "labels_unfit"),
        ({"traces": [trace("a", "2 + 3 = 5\n")]}, "labels_unfit"),
        ({"traces": [trace("b", "2 + 3 = 6\n", "#### 6")]}, "no_trace"),
        ({"labels": [LABELS[0], LABELS[0] | {"label_id": "again"}]}, "labels_unfit"),
    ],
)
def test_a_trace_that_does_not_fit_its_labels_or_problem_is_a_dead_letter(export, change, kind):
    outcome = export(**({"traces": TRACES[:1], "labels": LABELS[:2]} | change))
    assert outcome.tables["prm"].num_rows == 0
    [letter] = outcome.dead
    assert (letter.kind, letter.id) == (kind, "a")


def test_every_trace_is_a_row_a_count_or_a_dead_letter(export):
    traces = [*TRACES, trace("c", "x\n"), trace("d", "x\n", problem="none"), trace("e")]
    outcome = export(traces=traces)
    counted = outcome.summary["rows"] + outcome.summary["traces_without_label"] + len(outcome.dead)
    assert counted == len(traces)


def test_committed_rows_open_in_datasets(export, tmp_path):
    outcome = export()
    store = Store(tmp_path / "out")
    for name, table in outcome.tables.items():
        files = committed(store, name, table).files()
        data = datasets.Dataset.from_parquet(files, cache_dir=str(tmp_path / "cache"))
        assert data.to_list() == table.to_pylist()


class TestCuts:
    """`word_tokenizer` gives `How many eggs?\n` 7 tokens, `2 + 3 = 5\n` 10 and `#### 5\n` 4."""

    @pytest.fixture
    def tokenizer(self, tmp_path):
        folder = tmp_path / "model"
        word_tokenizer().save_pretrained(folder)
        # For other types, such as qwen2, transformers loads a tokenizer of its own, not the saved one.
        (folder / "config.json").write_text('{"model_type": "bert"}')
        return str(folder)

    def test_a_row_that_just_fits_is_whole(self, export, tokenizer):
        summary = export(max_length=21, tokenizer=tokenizer).summary
        assert (summary["longest_row_tokens"], summary["rows_cut"], summary["steps_cut"]) == (21, 0, 0)

    def test_rows_that_the_trainer_would_cut_are_counted_and_stay_whole(self, export, tokenizer):
        cut = export(max_length=20, tokenizer=tokenizer)
        assert (cut.summary["rows_cut"], cut.summary["steps_cut"], cut.summary["rows_emptied"]) == (2, 2, 0)
        assert cut.tables["prm"].equals(export().tables["prm"])

    def test_a_token_that_opens_texts_is_counted(self, export, tokenizer):
        word_tokenizer(bos="<s>").save_pretrained(tokenizer)
        assert export(max_length=21, tokenizer=tokenizer).summary["rows_cut"] == 2

    def test_nothing_is_counted_without_a_length(self, export):
        assert "rows_cut" not in export().summary

    def test_a_tokenizer_that_is_not_there_is_named(self, export):
        with pytest.raises(FileNotFoundError, match="no_such_folder"):
            export(max_length=10, tokenizer="./no_such_folder")
