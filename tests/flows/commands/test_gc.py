"""`proctor gc`: lists, and removes on request."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from storage.partition import Partition
from storage.store import Store
from tests.storage.samples import committed


@pytest.fixture
def gc(tmp_path: Path) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["gc", *arguments, "--root", str(tmp_path / "data")])

    return run


@pytest.fixture
def filled(store: Store, partition: Partition) -> list[str]:
    """Folders of two commits in each of two runs."""
    folders = []
    for run in ("main", "hot"):
        place = store.at("orm", partition.model_copy(update={"model": "m", "run": run}))
        folders += [store.files.address(f"{place.folder}/attempts/{committed(place, n).attempt}") for n in (1, 2)]
    return folders


def test_it_lists_and_removes_nothing_unless_told(gc: Callable[..., Result], filled: list[str]) -> None:
    told = gc("--keep", "1").output
    assert "2 folders" in told
    assert "--apply removes them" in told
    assert all(Path(each).is_dir() for each in filled)


def test_it_removes_what_it_listed(gc: Callable[..., Result], filled: list[str]) -> None:
    listed = [json.loads(line) for line in gc("--keep", "1", "--json").output.splitlines()]
    removed = [json.loads(line) for line in gc("--keep", "1", "--json", "--apply").output.splitlines()]
    assert [each["path"] for each in listed] == [each["path"] for each in removed]
    assert sorted(each["path"] for each in removed) == sorted([filled[0], filled[2]])
    assert [Path(each).is_dir() for each in filled] == [False, True, False, True]
    assert "0 folders, 0 bytes" in gc("--keep", "1").output


def test_it_keeps_to_the_partitions_that_were_asked_for(gc: Callable[..., Result], filled: list[str]) -> None:
    gc("--keep", "1", "--apply", "--run", "hot")
    assert [Path(each).is_dir() for each in filled] == [True, True, False, True]


def test_what_cannot_be_read_is_left_alone_and_named(gc: Callable[..., Result], filled: list[str]) -> None:
    Path(filled[0], "attempt.json").write_text("{")
    told = gc("--keep", "1", "--apply").output
    assert "left alone" in told
    assert filled[0] in told
    assert [Path(each).is_dir() for each in filled] == [True, True, False, True]


def test_what_cannot_be_removed_is_named_and_keeps_nobody_from_sweeping_the_others(
    gc: Callable[..., Result], filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink, attempt = os.unlink, Path(filled[0]).name

    def refused(path: str, *, dir_fd: int | None = None) -> None:
        if path == "part-00000.parquet" and dir_fd and Path(os.readlink(f"/proc/self/fd/{dir_fd}")).name == attempt:
            raise PermissionError(1, "Operation not permitted", path)
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refused)
    told = gc("--keep", "1", "--apply").output
    assert "left alone: [Errno 1] Operation not permitted" in told
    assert f"{filled[0]}/part-00000.parquet" in told.replace("\n", "")
    assert "1 folders" in told
    assert [Path(each).is_dir() for each in filled] == [True, True, False, True]
