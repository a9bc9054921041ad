"""The one door to filesystems: a local folder, or an fsspec URL (s3://..., memory://...).

Guaranteed by every `Files`:
- `write` leaves the whole file or nothing under its name, and what it returned from survives a crash.
- No path leads out of the root: one with `..`, one from the filesystem's root and one with a NUL raise OutsideRoot.
  On a local disk nothing is written or removed behind a link that leads out of it; what is behind one can be read.
- `swap` replaces a file only if it still is the version its caller saw, and `None` means "only if absent"; of
  two racing swaps one raises Conflict. A store that cannot promise this raises UnsafeStore.

Not guaranteed: anything about files that others change behind its back, and the order of `names`.

Paths are relative to the root, with forward slashes.
"""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol


class Conflict(Exception):
    """The file is not the version that was to be replaced."""


class UnsafeStore(Exception):
    """The store has no compare-and-replace that works, so that two writers could not be told apart."""


class OutsideRoot(ValueError):
    """A path that leads out of the store; nothing was opened."""


FULL = {errno.ENOSPC, errno.EDQUOT}
"""What the system says where a disk, or one's share of it, is full."""


class StorageFull(OSError):
    """No space left where a file was to be written; nothing of it was left behind."""


class Stored(NamedTuple):
    data: bytes
    version: str


class Files(Protocol):
    def open(self, path: str) -> BinaryIO:
        """A file that can seek. Raises FileNotFoundError."""

    def load(self, path: str) -> Stored | None:
        """Content and version, of one moment; None where there is no such file."""

    def write(self, path: str, data: bytes) -> None:
        """Makes or replaces a file as a whole, durably."""

    def swap(self, path: str, data: bytes, old: str | None) -> str:
        """Replaces version `old` (None: an absent file) and returns the new version; raises Conflict."""

    def names(self, folder: str) -> list[str]:
        """Files and folders right in a folder; empty where there is none."""

    def size(self, path: str) -> int:
        """Bytes of a file, or of all files below a folder; 0 where there is nothing."""

    def remove(self, path: str) -> None:
        """Removes a file or a folder with all in it; an absent one is fine. Raises OSError where something stays."""

    def address(self, path: str) -> str:
        """What other programs open it by: an absolute path or a URL."""


def inside(root: str | Path, path: str) -> str:
    """The same path. Raises OutsideRoot where its text leads out of the root."""
    if path.startswith("/") or "\0" in path or ".." in path.split("/"):
        raise OutsideRoot(f"{path!r} leads out of {root}; give a path below it, without `..` and NUL")
    return path


def open_files(root: str | Path, **options: Any) -> Files:
    """The files under `root`; `options` (endpoint_url=..., key=...) go to fsspec, not to a local folder."""
    from storage.local import LocalFiles

    text = str(root)
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    if "://" not in text:
        if options:
            raise TypeError(f"{text} is a local folder, which takes no options: {sorted(options)}")
        return LocalFiles(Path(text))
    from storage.objects import ObjectFiles

    return ObjectFiles(text, options)


def version_of(data: bytes) -> str:
    """A version for stores that number none themselves."""
    return hashlib.sha256(data).hexdigest()
