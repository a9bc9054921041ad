import pytest

from storage.files import Conflict, open_files


def test_what_was_written_is_read(root: str) -> None:
    files = open_files(root)
    files.write("a/b/c.json", b"one")
    stored = files.load("a/b/c.json")
    assert stored is not None
    assert stored.data == b"one"
    with files.open("a/b/c.json") as file:
        assert file.read() == b"one"
    assert (files.names("a"), files.names("a/b")) == (["b"], ["c.json"])


def test_what_is_absent_is_said_to_be(root: str) -> None:
    files = open_files(root)
    assert files.load("a/b") is None
    assert files.names("a") == []
    files.remove("a/b")
    with pytest.raises(FileNotFoundError):
        files.open("a/b")


def test_a_swap_needs_the_version_that_its_caller_saw(root: str) -> None:
    files = open_files(root)
    first = files.swap("a/lease", b"1", None)
    second = files.swap("a/lease", b"2", first)
    for old in (None, first):
        with pytest.raises(Conflict):
            files.swap("a/lease", b"3", old)
    stored = files.load("a/lease")
    assert stored == (b"2", second)


def test_an_absent_file_is_no_version_at_all(root: str) -> None:
    files = open_files(root)
    version = files.swap("a", b"1", None)
    files.remove("a")
    with pytest.raises(Conflict):
        files.swap("a", b"2", version)


def test_a_folder_is_removed_with_all_in_it(root: str) -> None:
    files = open_files(root)
    files.write("a/b/c", b"1")
    files.write("a/d", b"1")
    files.remove("a/b")
    assert files.names("a") == ["d"]


def test_a_local_folder_takes_no_options(tmp_path: object) -> None:
    with pytest.raises(TypeError, match="endpoint_url"):
        open_files(str(tmp_path), endpoint_url="http://localhost")
