"""Many ids in little memory: 8 bytes each, a hash in the place of the text.

Not guaranteed: that different ids differ here. Among a million some two have one hash with a chance of 3 in 10^8;
whoever must not err looks at the ids themselves, of which `repeated` leaves few. Hashes are of this process alone.
"""

from __future__ import annotations

from array import array
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Column: TypeAlias = pa.Array | pa.ChunkedArray


class Ids:
    """Ids in the order they were added."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._by_hash: tuple[Ints, Ints] | None = None

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, ids: Column) -> None:
        self._by_hash = None
        self._hashes.extend(map(hash, ids.to_pylist()))

    def places(self, ids: Column) -> Ints:
        """For each of `ids` how many were added before it came the first time; -1 where it never did."""
        order, hashes = self._sorted()
        asked = np.fromiter(map(hash, ids.to_pylist()), np.int64, len(ids))
        if not len(hashes):
            return np.full(len(asked), -1)
        found = np.minimum(np.searchsorted(hashes, asked), len(hashes) - 1)
        return np.where(hashes[found] == asked, order[found], -1)

    def distinct(self) -> int:
        """How many different hashes there are."""
        hashes = np.array(self._hashes, dtype=np.int64)
        hashes.sort()
        return len(hashes) - int(np.count_nonzero(hashes[1:] == hashes[:-1]))

    def repeated(self, ids: Column) -> list[str]:
        """Those of `ids` whose hash was added more than once."""
        _, hashes = self._sorted()
        twice = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
        return [each for each in ids.to_pylist() if hash(each) in twice]

    def _sorted(self) -> tuple[Ints, Ints]:
        """(places, hashes) by hash; the same hash in the order of adding."""
        if self._by_hash is None:
            hashes = np.array(self._hashes, dtype=np.int64)
            order = np.argsort(hashes, kind="stable")
            self._by_hash = order, hashes[order]
        return self._by_hash
