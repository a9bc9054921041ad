"""No path leads out of a store, whatever parameters, rows or links say."""

import datetime
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from storage.files import Files, OutsideRoot, open_files
from storage.partition import Partition
from storage.store import Store
from tests.storage.samples import DAY, committed, location

OUT = ["..", "../x", "a/../../x", "a/b/..", "/etc/passwd", "a\0b", "/", "../" * 40 + "etc/passwd"]
DOORS: dict[str, Callable[[Files, str], object]] = {
    "open": lambda files, path: files.open(path),
    "load": lambda files, path: files.load(path),
    "write": lambda files, path: files.write(path, b"x"),
    "swap": lambda files, path: files.swap(path, b"x", None),
    "names": lambda files, path: files.names(path),
    "size": lambda files, path: files.size(path),
    "remove": lambda files, path: files.remove(path),
    "address": lambda files, path: files.address(path),
}
WRITING = {"write", "swap", "remove"}

PIECES = st.sampled_from(["..", ".", "a", "%2e%2e", "..%2f", "\\", "~", "\0", "", " ", "a" * 300, "\u2025", "C:"])
PARTS = st.lists(PIECES, max_size=6).flatmap(lambda parts: st.sampled_from(["/".join(parts), "".join(parts)]))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("path", OUT)
def test_a_path_that_leads_out_is_refused_at_every_door(door: str, path: str, root: str) -> None:
    with pytest.raises(OutsideRoot, match="give a path below it") as caught:
        DOORS[door](open_files(root), path)
    assert repr(path) in str(caught.value)


@given(PARTS | st.text(max_size=130))
def test_a_name_makes_a_folder_of_its_own_below_the_root_or_is_refused(name: str) -> None:
    for part in ("source", "model", "run"):
        try:
            partition = Partition(**({"date": datetime.date(2026, 1, 2), "source": "a"} | {part: name}))
        except ValidationError:
            continue
        folder = Store("/store/of/all").at("traces", partition).folder
        assert os.path.normpath(folder) == folder
        assert folder.startswith("traces/v")
        assert max(map(len, folder.split("/"))) <= 255


@pytest.mark.parametrize("door", WRITING)
def test_nothing_is_written_or_removed_behind_a_link_that_leads_out(door: str, tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "file").write_text("theirs")
    (root / "link").symlink_to(outside)
    with pytest.raises(OutsideRoot, match=r"root/link leads to .*outside, out of .*let the root itself be a link"):
        DOORS[door](open_files(root), "link/file")
    assert [path.read_text() for path in outside.iterdir()] == ["theirs"]


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "file").touch()
    (root / "link").symlink_to(outside)
    open_files(root).remove("link")
    assert (list(root.iterdir()), len(list(outside.iterdir()))) == ([], 1)


def test_a_partition_behind_a_link_is_read_and_not_committed_to(tmp_path: Path) -> None:
    committed(location(tmp_path / "shared"))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "orm").symlink_to(tmp_path / "shared" / "orm")
    place = location(tmp_path / "own")
    assert place.read(verify=True).num_rows == 3
    with pytest.raises(OutsideRoot, match="out of"):
        committed(place, 5)
    assert location(tmp_path / "shared").read().num_rows == 3


def test_the_root_itself_may_be_a_link_and_links_within_it_are_fine(tmp_path: Path) -> None:
    (tmp_path / "disk" / "orm").mkdir(parents=True)
    (tmp_path / "root").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "alias").symlink_to(tmp_path / "disk" / "orm")
    assert committed(location(tmp_path / "root")).rows == 3
    open_files(tmp_path / "root").write("alias/file", b"x")
    assert (tmp_path / "disk" / "orm" / "file").read_bytes() == b"x"


def test_a_copied_partition_with_a_bad_name_is_stopped_at_the_door(tmp_path: Path) -> None:
    """`model_copy` checks nothing; the door does."""
    bad = DAY.model_copy(update={"run": "../../../../../etc"})
    with pytest.raises(OutsideRoot):
        Store(tmp_path).at("traces", bad).manifest()
