"""Files in a folder of this machine, or of a network disk with POSIX rename and flock.

A write goes to a temporary name in the same folder, is synced, renamed, and its folder is synced. A kill
leaves at most a temporary file (`.NAME.*.tmp`), which no reader looks at. A swap holds an flock while it
compares and renames; the empty `.NAME.lock` files stay, because removing a lock file would let two processes
lock two different ones.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from storage.files import FULL, Conflict, OutsideRoot, StorageFull, Stored, inside, version_of

LOCK_SECONDS = 30.0


class LocalFiles:
    def __init__(self, root: Path):
        self.root = root.expanduser().absolute()

    def open(self, path: str) -> BinaryIO:
        return open(self._at(path), "rb")

    def load(self, path: str) -> Stored | None:
        try:
            data = self._at(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Stored(data, version_of(data))

    def write(self, path: str, data: bytes) -> None:
        target = self._own(path)
        with _explained(target, len(data)):
            _make_folder(target.parent)
            _write_and_rename(target, data)

    def swap(self, path: str, data: bytes, old: str | None) -> str:
        target = self._own(path)
        with _explained(target, len(data)):
            _make_folder(target.parent)
            with _locked(target.with_name(f".{target.name}.lock")):
                found = self.load(path)
                if (found.version if found else None) != old:
                    raise Conflict(f"{target} was changed by another writer")
                _write_and_rename(target, data)
        return version_of(data)

    def names(self, folder: str) -> list[str]:
        try:
            return os.listdir(self._at(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def size(self, path: str) -> int:
        target = self._at(path)
        files = [target] if target.is_file() else [each for each in target.rglob("*") if each.is_file()]
        return sum(each.stat().st_size for each in files)

    def remove(self, path: str) -> None:
        target = self._own(path)
        if target.is_dir() and not target.is_symlink():
            _remove_tree(target)
        else:
            target.unlink(missing_ok=True)

    def address(self, path: str) -> str:
        return str(self._at(path))

    def _at(self, path: str) -> Path:
        return self.root / inside(self.root, path)

    def _own(self, path: str) -> Path:
        """Where it may be written. A link that is put there in the same moment is not seen."""
        target = self._at(path)
        folder = target.parent.resolve()
        if not folder.is_relative_to(self.root.resolve()):
            raise OutsideRoot(
                f"{target.parent} leads to {folder}, out of {self.root}; nothing is written behind such a link: let "
                "the root itself be a link, or mount the other disk there"
            )
        return target


def _write_and_rename(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    """Like mkdir -p, but a folder that was made is still there after a power cut."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _remove_tree(folder: Path) -> None:
    """All of it that can be removed; then raises the first reason why something could not."""
    failures: list[OSError] = []

    def told(_: object, path: str, info: Any) -> None:
        info[1].filename = path  # else it is a name without its folder
        failures.append(info[1])

    shutil.rmtree(folder, onerror=told)
    for failure in failures:
        if not isinstance(failure, FileNotFoundError):  # somebody else removed it
            raise failure


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """An flock that gives up: it is held for milliseconds, unless its holder is a stopped process."""
    give_up = time.monotonic() + LOCK_SECONDS
    with open(path, "ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise TimeoutError(f"{path} stayed locked for {LOCK_SECONDS:g} s: is its holder stopped?") from None
                time.sleep(0.01)
        yield  # closing the file unlocks it


@contextlib.contextmanager
def _explained(target: Path, size: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageFull(error.errno, _advice(target, size)) from error


def _advice(target: Path, size: int) -> str:
    folder = next(parent for parent in target.parents if parent.is_dir())
    return (
        f"no space to write {target} ({size:,} bytes): {shutil.disk_usage(folder).free:,} bytes are free. "
        "Make room (old attempts, other data) or move the store, then run again: what was committed is "
        "intact, what was flushed to the ledger is kept"
    )
