"""What `traces` shows of its rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from storage.store import Store
from tasks.params import TracesParams
from tasks.report.section import Picture, Section
from tasks.traces_report import section
from tests.tasks.jobs import commit
from tests.tasks.sections import by_first_cell
from tests.tasks.test_prm import PARTITION, trace

LETTERS = {"c": "correct", "w": "wrong", "u": "unknown"}


def told(root: Path, verdicts: Mapping[str, str], **more: Any) -> Section:
    """`{"p1": "ccw"}`: problem p1 has two right samples and a wrong one."""
    rows = [
        trace(f"{problem}-{sample}", "a", verdict=LETTERS[letter], problem=problem) | more
        for problem, letters in verdicts.items()
        for sample, letter in enumerate(letters)
    ]
    place = Store(root).at("traces", PARTITION)
    commit(place, rows, TracesParams())
    return section(place)


def test_more_samples_are_told_up_to_those_that_every_problem_has(tmp_path: Path) -> None:
    shown = told(tmp_path, {"p1": "cwwww", "p2": "www"})
    passed = by_first_cell(shown, "Chance that one of k samples is right")
    assert {k: value for k, (value, *_) in passed.items()} == pytest.approx({1: 0.1, 2: 0.2, 3: 0.3})
    [picture] = [block for block in shown.blocks if isinstance(block, Picture)]
    assert picture.alt == "pass@1 0.100; pass@2 0.200; pass@3 0.300."


def test_bounds_are_shown_where_a_verdict_is_unknown(tmp_path: Path) -> None:
    passed = by_first_cell(told(tmp_path / "u", {"p1": "cu", "p2": "cw"}), "Chance that one of k samples is right")
    assert passed[1] == (0.75, 0.5, 0.75, 2)
    assert by_first_cell(told(tmp_path / "k", {"p1": "cw"}), "Chance that one of k samples is right")[1] == (0.5, 1)


def test_problems_are_told_by_how_often_they_are_solved(tmp_path: Path) -> None:
    verdicts = {"a": "ww", "b": "wwc", "c": "cw", "d": "ccu", "e": "uu"}
    found = by_first_cell(told(tmp_path, verdicts), "Problems by how often the model solves them")
    assert {name: problems for name, (problems, _) in found.items()} == {
        "none": 1,
        "fewer than half": 1,
        "half or more": 1,
        "all": 1,
        "not known": 1,
    }


def test_lengths_and_cut_off_traces_are_told_by_verdict(tmp_path: Path) -> None:
    found = by_first_cell(told(tmp_path, {"p1": "cuu"}, finish_reason="length", tokens=7), "How long the traces are")
    assert found == {"correct": (1, 7, 7, 7, 1), "unknown": (2, 7, 7, 7, 2)}


def test_no_traces_make_a_section_too(tmp_path: Path) -> None:
    assert by_first_cell(told(tmp_path, {}), "How long the traces are") == {}
