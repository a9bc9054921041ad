"""What `labels` shows of its rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.store import Store
from tasks.labels_report import section
from tasks.params import LabelsParams
from tasks.report.section import Picture, Section, Table
from tests.tasks.jobs import commit
from tests.tasks.sections import by_first_cell
from tests.tasks.test_prm import PARTITION, label


def told(root: Path, rows: Sequence[dict[str, Any]]) -> Section:
    place = Store(root).at("labels", PARTITION)
    commit(place, rows, LabelsParams())
    return section(place)


def steps(name: str, problem: str, hard: Sequence[int | None], truth: Sequence[int | None]) -> list[dict[str, Any]]:
    return [
        label(name, step, "a", mark, successes=mark or 0, failures=4 if mark == 0 else 0)
        | {"problem_id": problem, "truth": true, "stop_rule": "first_success" if mark else "exhausted"}
        for step, (mark, true) in enumerate(zip(hard, truth, strict=True))
    ]


def test_where_steps_go_wrong_is_told_by_place_with_the_truth_beside_it(tmp_path: Path) -> None:
    rows = [*steps("t1", "p1", [1, 0], [0, 0]), *steps("t2", "p2", [1, 1], [1, 1])]
    shown = told(tmp_path, rows)
    assert by_first_cell(shown, "Where steps go wrong") == {1: (2, 2, 0, 0, 0.0, 0, 1), 2: (2, 1, 1, 0, 0.5, 1, 0)}
    [picture] = [block for block in shown.blocks if isinstance(block, Picture)]
    assert picture.alt == "step 1: 2 good, 0 bad, 0 open; step 2: 1 good, 1 bad, 0 open."


def test_each_class_is_held_against_the_truth_with_problems_as_clusters(tmp_path: Path) -> None:
    rows = [*steps("t1", "p1", [1, 1, 1, 1], [1, 1, 1, 0]), *steps("t2", "p2", [1, 0], [1, 0])]
    found = by_first_cell(told(tmp_path, rows), "Labels against the known truth of their steps")
    assert found["good"][:4] == (5, 4, 1, 0.875), "0.75 of one problem and 1 of the other"
    assert found["bad"][:4] == (1, 1, 0, 1.0)
    low, high = found["good"][4:]
    assert 0 <= low < 0.875 < high <= 1


def test_without_a_truth_nothing_is_said_of_it(tmp_path: Path) -> None:
    shown = told(tmp_path, steps("t1", "p1", [1, None], [None, None]))
    titles = [block.title for block in shown.blocks if isinstance(block, Table)]
    assert titles == ["Where steps go wrong", "Why a step got no more rollouts"]
    assert by_first_cell(shown, "Where steps go wrong") == {1: (1, 1, 0, 0, 0.0, 0), 2: (1, 0, 0, 1, None, 0)}


def test_what_a_label_took_is_told_by_its_stop_rule(tmp_path: Path) -> None:
    found = by_first_cell(told(tmp_path, steps("t1", "p1", [1, 1, 0], [None] * 3)), "Why a step got no more rollouts")
    assert found == {"first_success": (2, 2, 0, 1.0), "exhausted": (1, 0, 1, 4.0)}


def test_a_partition_without_labels_has_a_section_too(tmp_path: Path) -> None:
    assert by_first_cell(told(tmp_path, []), "Where steps go wrong") == {}
