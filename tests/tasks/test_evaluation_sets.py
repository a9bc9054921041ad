"""Other evaluation sets through the stages: loaded by `datasets`, sampled, graded by their kind, told by reasoning."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evals.golds import Gold
from evals.prompts import user_text
from storage.partition import Partition
from tasks.engines.engine import Request, Resources
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.labels import label
from tasks.params import LabelsParams, ProblemsParams, TracesParams
from tasks.problems import run
from tasks.records import HUB
from tasks.traces import sample
from tests.evals.test_evaluation_sets import ARC, HOTPOT, LOGIQA, PLUS
from tests.tasks.jobs import FAKE, PARTITION, at, commit, labels_job, quiet, traces_job

SETS: dict[str, dict[str, Any]] = {"gsm_plus": PLUS, "arc": ARC, "logiqa": LOGIQA, "hotpotqa": HOTPOT}
GSM8K = {"question": "Ducks lay 16 eggs. How many in 2 days?", "answer": "16*2=32\n#### 32"}
MATH = {"problem": "Compute $x + x$.", "solution": r"It is $\boxed{2x}$.", "level": "Level 1", "type": "Algebra"}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a set as a hub has it, and has the stage read it through `datasets`."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))

    def through_datasets(form: str, *records: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
        folder = tmp_path / form
        folder.mkdir()
        pq.write_table(pa.Table.from_pylist(list(records)), folder / "test.parquet")
        asked = ProblemsParams(source="hub", name=str(folder), format=form, split="test", **params)
        where = Partition(date=PARTITION.date, source=form)
        outcome = run(Job(asked, Resources(), where, {}, {}, quiet))
        assert not outcome.dead
        rows: list[dict[str, Any]] = outcome.tables["problems"].to_pylist()
        return rows

    return through_datasets


@pytest.mark.parametrize(
    ("form", "record", "answer", "kind", "reasoning"),
    [
        ("gsm8k", GSM8K, "32", "number", "deductive"),
        ("gsm_plus", PLUS, "64", "number", "deductive"),
        ("math", MATH, "2x", "math", "deductive"),
        ("arc", ARC, "B", "choice", "commonsense"),
        ("logiqa", LOGIQA, "C", "choice", "deductive"),
        ("hotpotqa", HOTPOT, "Springfield", "text", "multi_hop"),
    ],
)
def test_each_set_comes_through_datasets_with_its_kind_of_answer(load, form, record, answer, kind, reasoning):
    [row] = load(form, record)
    assert (row["answer"], row["answer_kind"], row["reasoning"]) == (answer, kind, reasoning)


def test_short_names_stand_for_the_sets_on_the_hub():
    formats = {name: source.format for name, source in HUB.items()}
    assert (
        formats.items()
        >= {
            "gsm_plus": "gsm_plus",
            "arc_challenge": "arc",
            "arc_easy": "arc",
            "logiqa": "logiqa",
            "hotpotqa": "hotpotqa",
        }.items()
    )


def answering(request: Request) -> str:
    """Right at ducks and gravity; nearly right about the city; without a choice at logic."""
    said = {
        "Ducks": "So 64.\n\n#### 64",
        "apple": "It falls.\n\nMass pulls.\n\nAnswer: (B)",
        "Tall": "Answer: in Springfield",
    }
    return next((text for word, text in said.items() if word in request.prompt), "Answer: A or C")


async def graded(root: Path, samples: int = 2) -> Outcome:
    params = TracesParams(engine=FAKE, prompt="choice", chat="off", samples=samples)
    async with Grader(1, 1.0) as grader:
        return (await sample(traces_job(root, params), FakeEngine(answering), grader)).in_memory()


async def test_each_is_graded_by_its_kind_and_told_by_reasoning(load, tmp_path):
    rows = [row for form, record in SETS.items() for row in load(form, record)]
    commit(at(tmp_path, "problems"), rows, ProblemsParams())
    outcome = await graded(tmp_path)
    said = [(row["verdict"], row["reason"], row["extracted"]) for row in outcome.tables["traces"].to_pylist()[::2]]
    assert said == [
        ("correct", "exact", "64"),
        ("correct", "exact", "B"),
        ("unknown", "ambiguous", "A or C"),
        ("wrong", "exact", "in Springfield"),
    ]
    told = outcome.summary["by_reasoning"]
    assert told.keys() == {"commonsense", "deductive", "multi_hop"}
    assert (told["deductive"]["correct"], told["deductive"]["unknown"]) == (2, 2)
    assert told["commonsense"]["pass@1"] == told["commonsense"]["majority@2"] == 1
    assert told["multi_hop"]["pass@1"] == 0
    assert told["multi_hop"]["f1"] == pytest.approx(2 / 3)
    assert outcome.summary["f1"] == pytest.approx(2 / 3), "only of texts"


async def test_kept_traces_are_graded_again_by_their_kind(load, tmp_path):
    [row] = load("arc", ARC)
    commit(at(tmp_path, "problems"), [row], ProblemsParams())
    assert (await graded(tmp_path)).summary["correct"] == 2
    commit(at(tmp_path, "problems"), [row | {"answer": "C"}], ProblemsParams())
    again = await graded(tmp_path)
    assert (again.summary["wrong"], again.summary["generated"]) == (2, 0)
    assert again.summary["reasoning"] == "commonsense"


async def test_rollouts_of_a_choice_are_graded_as_choices(load, tmp_path):
    commit(at(tmp_path, "problems"), load("arc", ARC), ProblemsParams())
    written = TracesParams(engine=FAKE, prompt="choice", chat="off")
    commit(at(tmp_path, "traces"), (await graded(tmp_path)).tables["traces"], written)
    async with Grader(1, 1.0) as grader:
        job = labels_job(tmp_path, LabelsParams(policy="fixed", k=2))
        outcome = (await label(job, FakeEngine(answering), grader)).in_memory()
    assert set(outcome.tables["rollouts"]["extracted"].to_pylist()) == {"B"}
    assert outcome.tables["labels"]["hard"].to_pylist() == [1] * 4


async def test_a_text_alone_is_graded_as_a_number_or_a_formula():
    async with Grader(1, 5.0) as grader:
        for gold in ("18", Gold("18"), Gold("18", "number")):
            assert (await grader.grade("#### 18", gold)).verdict == "correct"


def test_the_styles_for_choices_and_texts_ask_for_the_form_that_the_strict_reader_reads():
    for style in ("choice", "short_answer"):
        assert "\nAnswer: X\n" in user_text("Which?", style)
