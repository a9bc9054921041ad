"""Columns on disk for one run: appended batch by batch, then mapped into memory.

For data that is read several times and is larger than memory should hold. Every column is one anonymous temporary
file in a folder of a local disk, so nothing is left behind, not even by kill -9. Nothing is synced: a spill is no
dataset, and does not outlive its process. The pages of a mapped column are the operating system's to drop.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from storage.scratch import room_for

Column = npt.NDArray[Any]


class Spill:
    """Columns of one length. `layout` gives each column's type, such as {"pair": "int32"}."""

    def __init__(self, layout: Mapping[str, npt.DTypeLike], folder: str | Path | None = None):
        self._types = {name: np.dtype(kind) for name, kind in layout.items()}
        if unfit := [name for name, kind in self._types.items() if kind.hasobject]:
            raise TypeError(f"columns {unfit} hold Python objects; a spill holds numbers of fixed size")
        self._folder = folder
        self._files: dict[str, IO[bytes]] = {}
        self._mapped: dict[str, Column] | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        self._files = {name: tempfile.TemporaryFile(dir=self._folder, buffering=0) for name in self._types}  # noqa: SIM115
        return self

    def __exit__(self, *_: object) -> None:
        """Gives the disk space back; columns that are still held keep theirs until they are dropped."""
        self._mapped = None
        for file in self._files.values():
            file.close()

    @property
    def row_bytes(self) -> int:
        return sum(kind.itemsize for kind in self._types.values())

    def append(self, columns: Mapping[str, Column]) -> None:
        """Adds rows. Raises ValueError for other columns than the layout's, unequal lengths, and values that another
        type than the layout's would be needed for; then adds none. Raises StorageFull."""
        if self._mapped is not None:
            raise ValueError("the spill was mapped already: append everything before")
        if set(columns) != set(self._types):
            raise ValueError(f"the spill has columns {sorted(self._types)}, the batch {sorted(columns)}")
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of a batch have one length, not {lengths}")
        for name, column in columns.items():
            if not np.can_cast(column.dtype, self._types[name], casting="same_kind"):
                raise ValueError(f"column {name!r} holds {self._types[name]}, the batch {column.dtype}")
        with room_for(f"a spill that holds {self.rows:,} rows of {self.row_bytes} bytes", self._folder):
            for name, column in columns.items():
                _write(self._files[name], np.ascontiguousarray(column, dtype=self._types[name]))
        self.rows += next(iter(lengths.values()), 0)

    def columns(self) -> dict[str, Column]:
        """All rows, mapped and read-only. Ends the appending."""
        if self._mapped is None:
            self._mapped = {name: self._map(name) for name in self._types}
        return self._mapped

    def _map(self, name: str) -> Column:
        if not self.rows:  # an empty file cannot be mapped
            return np.empty(0, dtype=self._types[name])
        return np.memmap(self._files[name], dtype=self._types[name], mode="r", shape=(self.rows,))


def _write(file: IO[bytes], column: Column) -> None:
    """All of it: one call of the operating system takes 2 GiB at most."""
    left = column.data.cast("B") if column.size else memoryview(b"")
    while left:
        left = left[file.write(left) :]
