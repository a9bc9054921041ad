import asyncio
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.schemas import DATASETS
from tasks.engines.engine import Resources
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.imported_traces import inputs_of
from tasks.job import Job
from tasks.labels import label
from tasks.params import ImportParams, LabelsParams, ProblemsParams, TracesParams
from tasks.problems import run as make_problems
from tasks.traces import run as make_traces
from tests.tasks.annotated_files import prm800k, processbench, write
from tests.tasks.jobs import FAKE, PARTITION, at, commit, labels_job, quiet, traces_job

RIGHT = ["2 + 3 is asked for.", "2 + 3 = 5", r"So \boxed{5}."]
WRONG = ["2 + 3 is asked for.", "2 + 3 = 6", r"So \boxed{6}."]
BENCH = [
    processbench(3, WRONG, 1, correct=False),
    processbench(3, RIGHT, -1, correct=True),
    processbench(4, ["2 + 4 = 6", r"\boxed{6}"], -1, correct=True),
    processbench(5, ["2 + 5 = 8", r"\boxed{8}"], 0, correct=False),
]


def imported(root: Path, form: str, path: Path, problems: dict | None = None, **more):
    """What the two stages make of a file: problems first, then traces."""
    asked = ProblemsParams(source="file", format=form, path=str(path), **(problems or {}))
    made = make_problems(Job(asked, Resources(), PARTITION.without_model(), {}, {}, quiet))
    commit(at(root, "problems"), made.tables["problems"], asked)
    params = TracesParams(engine=FAKE, chat="off", imported=ImportParams(format=form, path=str(path), **more))
    return made, make_traces(traces_job(root, params)), params


def rows(outcome, *columns):
    table = outcome.tables["traces"]
    assert table.schema == DATASETS["traces"].schema
    return table.to_pylist() if not columns else [tuple(row[name] for name in columns) for row in table.to_pylist()]


def test_processbench_gives_problems_once_with_the_answer_of_a_right_solution(tmp_path):
    made, _, _ = imported(tmp_path, "processbench", write(tmp_path / "bench.jsonl", BENCH))
    table = made.tables["problems"]
    assert dict(zip(table["question"].to_pylist(), table["answer"].to_pylist(), strict=True)) == {
        "What is 2 + 3?": "5",
        "What is 2 + 4?": "6",
        "What is 2 + 5?": "",
    }
    assert (made.summary["repeated"], made.summary["without_gold"], made.counts["records"]) == (1, 1, 4)


def test_processbench_traces_carry_its_steps_its_verdicts_and_its_view_of_each_step(tmp_path):
    _, traces, _ = imported(tmp_path, "processbench", write(tmp_path / "bench.jsonl", BENCH))
    assert rows(traces, "sample", "truths", "verdict", "reason", "model") == [
        (0, [1, 0, None], "wrong", "annotated", "a-model"),
        (1, [1, 1, 1], "correct", "annotated", "a-model"),
        (0, [1, 1], "correct", "annotated", "a-model"),
        (0, [0, None], "wrong", "annotated", "a-model"),
    ]
    for row, record in zip(rows(traces), BENCH, strict=True):
        assert "".join(row["steps"]) == row["text"] == "\n\n".join(record["steps"])
    assert traces.summary["annotated_steps"] == 2 + 3 + 2 + 1
    assert traces.counts == {"unknown": 0, "records": 4}


def test_parquet_reads_as_json_does(tmp_path):
    pq.write_table(pa.Table.from_pylist(BENCH), tmp_path / "bench.parquet")
    _, json_lines, _ = imported(tmp_path, "processbench", write(tmp_path / "bench.jsonl", BENCH))
    _, parquet, _ = imported(tmp_path, "processbench", tmp_path / "bench.parquet")
    assert rows(parquet) == rows(json_lines)


def test_a_data_set_on_disk_is_read_through_datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "hub").mkdir()
    write(tmp_path / "hub" / "gsm8k.jsonl", BENCH)
    path = write(tmp_path / "bench.jsonl", BENCH)
    _, from_file, params = imported(tmp_path, "processbench", path)
    hub = ImportParams(source="hub", format="processbench", name=str(tmp_path / "hub"), split="train")
    from_hub = make_traces(traces_job(tmp_path, params.model_copy(update={"imported": hub})))
    assert rows(from_hub) == rows(from_file)


def test_bad_records_are_dead_letters_with_line_and_reason_and_the_rest_stands(tmp_path):
    bad = [BENCH[1], "{half", processbench(9, ["a"], 4, correct=False), BENCH[0]]
    made, traces, _ = imported(tmp_path, "processbench", write(tmp_path / "bench.jsonl", bad))
    told = [("not_json", "bench.jsonl:2"), ("bad_label", "bench.jsonl:3")]
    for outcome in (made, traces):
        assert [(letter.kind, letter.place) for letter in outcome.dead] == told
    assert {letter.stage for letter in traces.dead} == {"traces"}
    assert json.loads(traces.dead[1].payload)["label"] == 4
    assert len(rows(traces)) == 2


def test_a_trace_without_its_problem_is_a_dead_letter(tmp_path):
    path = write(tmp_path / "bench.jsonl", BENCH)
    _, traces, _ = imported(tmp_path, "processbench", path, problems={"limit": 2})
    assert [(letter.kind, letter.place) for letter in traces.dead] == [
        ("no_problem", "bench.jsonl:3"),
        ("no_problem", "bench.jsonl:4"),
    ]


def test_prm800k_is_graded_where_it_does_not_say_itself(tmp_path):
    wrong = {"pre_generated_steps": ["Two and three.", "It is 6.\n\n# Answer\n\n6"], "pre_generated_answer": "6"}
    records = [
        prm800k(3, [1, 0, 1]),
        {**prm800k(3, [], "found_error", **wrong), "generation": 2},
        prm800k(4, [1, -1], "give_up"),
    ]
    made, traces, _ = imported(tmp_path, "prm800k", write(tmp_path / "phase.jsonl", records))
    assert made.tables["problems"]["answer"].to_pylist() == ["5", "6"]
    assert rows(traces, "truths", "verdict", "reason", "extracted", "finish_reason") == [
        ([1, 1, 1], "correct", "annotated", None, "stop"),
        ([None, None], "wrong", "exact", "6", "stop"),
        ([1, 0], "unknown", "truncated", None, "length"),
    ]


def test_a_solution_that_was_labelled_twice_is_one_trace_and_the_contradiction_is_counted(tmp_path):
    records = [prm800k(3, [1, 1]), prm800k(3, [1, 1]), prm800k(3, [1, -1])]
    _, traces, _ = imported(tmp_path, "prm800k", write(tmp_path / "phase.jsonl", records))
    assert rows(traces, "truths") == [([1, 1],)]
    assert (traces.summary["repeated"], traces.summary["contradicted"]) == (2, 1)
    assert traces.counts["records"] == 3


def test_ones_own_traces_are_graded_against_the_problem_and_keep_their_steps(tmp_path):
    records = [
        {"q": "What is 2 + 3?", "gold": "5", "parts": ["2 + 3 = 5\n", "#### 5"], "view": [1, 1]},
        {"q": "What  is 2 + 3?", "gold": "5", "parts": ["2 + 3 = 6\n", "#### 6"], "view": None},
    ]
    columns = {"question": "q", "steps": "parts", "truths": "view"}
    _, traces, _ = imported(
        tmp_path,
        "columns",
        write(tmp_path / "mine.jsonl", records),
        problems={"columns": {"question": "q", "answer": "gold"}, "repeats": "skip"},
        columns=columns,
    )
    assert rows(traces, "steps", "truths", "verdict", "reason") == [
        (["2 + 3 = 5\n", "#### 5"], [1, 1], "correct", "exact"),
        (["2 + 3 = 6\n", "#### 6"], None, "wrong", "exact"),
    ]


def test_monte_carlo_labels_are_scored_against_the_people(tmp_path):
    """The completer always finds 5: so every prefix of 2 + 3 is good, and the wrong solution's first error is put at
    its answer, one step too late."""
    _, traces, params = imported(tmp_path, "processbench", write(tmp_path / "bench.jsonl", BENCH))
    commit(at(tmp_path, "traces"), traces.tables["traces"], params)

    async def labelled():
        async with Grader() as grader:
            asked = labels_job(tmp_path, LabelsParams(policy="fixed", k=2))
            return (await label(asked, FakeEngine(lambda request: r"So \boxed{5}."), grader)).in_memory()

    outcome = asyncio.run(labelled())
    labels = outcome.tables["labels"].to_pylist()
    assert [row["truth"] for row in labels] == [1, 0, None, 1, 1, 1, 1, 1, 0, None]
    assert [row["hard"] for row in labels] == [1, 1, 0, 1, 1, 1, 0, 1, None, 0]
    scores = outcome.summary["first_errors"]
    assert (scores["erroneous"], scores["correct"], scores["unknown"]) == (2, 2, 1)
    assert (scores["accuracy_erroneous"], scores["accuracy_correct"]) == (0.0, 0.5)
    assert outcome.summary["first_error_f1"] == 0.0


def test_a_changed_file_makes_the_traces_stale(tmp_path):
    path = write(tmp_path / "bench.jsonl", BENCH)
    params = TracesParams(imported=ImportParams(format="processbench", path=str(path)))
    before = inputs_of(params)
    write(path, BENCH[:2])
    assert list(before) == ["bench.jsonl"]
    assert inputs_of(params) != before
    assert inputs_of(TracesParams()) == {}


def test_an_import_has_to_say_from_where_and_which_columns():
    with pytest.raises(ValueError, match="source='file' needs `path`"):
        ImportParams()
    with pytest.raises(ValueError, match=r"\['answers'\] are no fields of a trace; there are question"):
        ImportParams(path="x.jsonl", columns={"answers": "a"})
