"""The command that draws trees."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import INPUTS_MISSING
from storage.partition import Partition
from storage.store import Store
from tasks.params import TreesParams
from tests.tasks.jobs import commit
from tests.tasks.test_prm import PROBLEM
from tests.tasks.trees.test_paths import NODES


@pytest.fixture
def draw(store: Store, partition: Partition, tmp_path: Path) -> Callable[..., Result]:
    """Runs the command on a store with one tree."""
    commit(store.at("trees", partition.model_copy(update={"model": "m"})), NODES, TreesParams())
    commit(store.at("problems", partition), [PROBLEM], TreesParams())
    return lambda *arguments: CliRunner().invoke(app, ["draw", *arguments, "--root", str(tmp_path / "data")])


def test_a_tree_becomes_a_file_with_its_question(draw: Callable[..., Result], tmp_path: Path) -> None:
    told = draw("p1", "--out", str(tmp_path / "tree.svg"))
    assert told.exit_code == 0, told.output
    assert "problem p1, 5 nodes" in told.output
    drawn = (tmp_path / "tree.svg").read_text(encoding="utf-8")
    assert "How many eggs?" in drawn
    assert "3 of 4 right" in drawn


def test_mermaid_text_is_printed_on_request(draw: Callable[..., Result]) -> None:
    assert draw("--out", "-").output.startswith("flowchart LR\n")


def test_a_problem_without_a_tree_is_named(draw: Callable[..., Result]) -> None:
    told = draw("p7")
    assert told.exit_code == INPUTS_MISSING
    assert "p7" in told.output + told.stderr
