"""One night beside those before it."""

import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.run.addresses import Unclear
from flows.views.nights import night_over_night
from storage.partition import Partition
from storage.store import Store
from tasks.params import LabelsParams
from tasks.report.section import Picture, Prose, Table
from tests.tasks.jobs import commit
from tests.tasks.test_prm import label, trace

DAYS = [datetime.date(2026, 11, day) for day in (20, 21, 22)]


def on(day: datetime.date, **other: str) -> Partition:
    return Partition(date=day, source="mine", model="tiny").model_copy(update=other)


def night(store: Store, where: Partition, right: int, wrong: int, unknown: int = 0, first: int = 0) -> None:
    """A trace and a label a problem."""
    verdicts = ["correct"] * right + ["wrong"] * wrong + ["unknown"] * unknown
    named = [(f"p{first + place}", verdict) for place, verdict in enumerate(verdicts)]
    hard = {"correct": 1, "wrong": 0, "unknown": None}
    commit(store.at("traces", where), [trace(f"t{p}", "a", verdict=v, problem=p) for p, v in named], LabelsParams())
    rows = [label(f"t{p}", 0, "a", hard[v]) | {"problem_id": p} for p, v in named]
    commit(store.at("labels", where), rows, LabelsParams())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    night(made, on(DAYS[0]), 9, 1, first=100)
    night(made, on(DAYS[1]), 2, 6, unknown=2, first=200)
    night(made, on(DAYS[2]), 6, 2, first=300)
    night(made, on(DAYS[1], run="hot"), 1, 0)
    night(made, on(DAYS[1], model="other"), 1, 0)
    return made


def test_a_night_is_compared_with_the_one_before_of_the_same_address(store: Store) -> None:
    told = night_over_night(store, on(DAYS[2]))
    assert told
    table, picture, *_ = told.blocks
    assert isinstance(table, Table)
    assert [row[:5] for row in table.rows] == [
        ("2026-11-21", "correct answers", 0.25, 0.75, 0.5),
        ("2026-11-21", "good steps", 0.25, 0.75, 0.5),
    ]
    assert [row[-3:] for row in table.rows] == [(8, 8, "unpaired")] * 2
    low, high = table.rows[0][5], table.rows[0][6]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < 0.5 < high
    assert isinstance(picture, Picture)
    assert "2026-11-20 0.900, 2026-11-21 0.250, 2026-11-22 0.750" in picture.alt


def test_the_same_problems_are_compared_within_each(store: Store) -> None:
    night(store, on(datetime.date(2026, 11, 23)), 7, 1, first=300)
    told = night_over_night(store, on(datetime.date(2026, 11, 23)))
    assert told
    assert isinstance(told.blocks[0], Table)
    assert told.blocks[0].rows[0][-1] == "within problems"


def test_a_baseline_is_compared_too(store: Store) -> None:
    told = night_over_night(store, on(DAYS[2]), DAYS[0])
    assert told
    assert isinstance(told.blocks[0], Table)
    assert [row[0] for row in told.blocks[0].rows] == ["2026-11-21"] * 2 + ["2026-11-20 (baseline)"] * 2


def test_a_baseline_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(Unclear, match="date=2026-01-01"):
        night_over_night(store, on(DAYS[2]), datetime.date(2026, 1, 1))


def test_a_first_night_says_that_it_is_one(store: Store) -> None:
    told = night_over_night(store, on(DAYS[0]))
    assert told
    assert isinstance(told.blocks[0], Prose)


def test_without_labels_there_is_nothing_to_compare(store: Store) -> None:
    assert night_over_night(store, on(datetime.date(2026, 12, 1))) is None


def test_the_report_shows_it(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    arguments = [
        "report",
        "--root",
        str(tmp_path),
        "--out",
        str(out),
        "--date",
        "2026-11-22",
        "--baseline",
        "2026-11-20",
    ]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    page = out.read_text(encoding="utf-8")
    assert "Night over night" in page
    assert "2026-11-20 (baseline)" in page
