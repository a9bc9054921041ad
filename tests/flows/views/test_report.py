"""The command that writes a page about a partition."""

from pathlib import Path

from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import INPUTS_MISSING
from storage.partition import Partition
from storage.store import Store
from tasks.params import TreesParams
from tests.tasks.jobs import commit
from tests.tasks.test_prm import PROBLEM
from tests.tasks.trees.test_paths import NODES


def test_a_page_shows_what_is_committed_and_pictures_of_it(store: Store, partition: Partition, tmp_path: Path) -> None:
    with_model = partition.model_copy(update={"model": "m"})
    commit(store.at("problems", partition), [PROBLEM], TreesParams())
    commit(store.at("tree_rollouts", with_model), [], TreesParams())
    commit(store.at("trees", with_model), NODES, TreesParams())
    out = tmp_path / "report.html"
    told = CliRunner().invoke(app, ["report", "--root", str(tmp_path / "data"), "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert "model=m" in told.output
    page = out.read_text(encoding="utf-8")
    for text in (
        "<h2",
        "Overview",
        "What was found",
        "Lineage",
        "problems",
        "Problem p1",
        "data:image/svg+xml;base64,",
        "All numbers of trees",
    ):
        assert text in page, text
    assert "All numbers of labels" not in page, "a stage that never ran"


def test_a_partition_without_anything_is_named(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["report", "--root", str(tmp_path / "data"), "--source", "nowhere"])
    assert told.exit_code == INPUTS_MISSING
    assert "source=nowhere" in told.output + told.stderr
