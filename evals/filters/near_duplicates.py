"""Exact and near duplicates: of texts that say nearly the same, the first is kept.

Two texts are near duplicates where the Jaccard similarity of their sets of word n-grams ("shingles") reaches a
threshold. Pairs that could be are found by MinHash (Broder 1997) and banding (Leskovec, Rajaraman, Ullman, "Mining of
Massive Datasets", section 3.4), and each is then compared exactly: nothing is called a duplicate that is none. What
may happen is that one is missed: a pair of similarity s meets in a band with the chance 1 - (1 - s^rows)^bands.
`banding` takes the most rows, and so the fewest comparisons, with which a pair right at the threshold is missed less
than once in a thousand times; a pair above it is missed more seldom.

Guarantees: deterministic; each duplicate names an earlier text that is kept itself; texts of different groups are
never compared. Equal texts (up to case, punctuation and white space) are always found.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evals.filters.words import Ids, ngram_ids, word_ids, words

SHINGLE = 3
"""Words of a shingle. Solutions are short: with 5, one changed number costs a tenth of a 50-word text's shingles."""
HASHES = 128
MISS = 0.001


@dataclass(frozen=True, slots=True)
class Banding:
    """A signature cut into `bands` of `rows` hashes; texts that agree in a whole band are compared."""

    bands: int
    rows: int

    def chance(self, similarity: float) -> float:
        """Of a pair to be compared."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


def banding(threshold: float, hashes: int = HASHES, miss: float = MISS) -> Banding:
    """The banding with the most rows that misses a pair at the threshold with at most the chance `miss`."""
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold}: a Jaccard similarity above 0 and up to 1 is wanted")
    choices = [Banding(hashes // rows, rows) for rows in range(hashes, 0, -1)]
    return next((each for each in choices if each.chance(threshold) >= 1 - miss), choices[-1])


def near_duplicates(
    texts: Sequence[str], groups: Sequence[Hashable], threshold: float, hashes: int = HASHES, miss: float = MISS
) -> list[int | None]:
    """For each text the place of the earliest kept text of its group that it duplicates, or None: it is kept."""
    spelled = [words(text) for text in texts]
    sets = [shingles(word_ids(each)) for each in spelled]
    bands = band_keys(signatures(sets, hashes), banding(threshold, hashes, miss))
    same: dict[Hashable, int] = {}
    buckets: defaultdict[Hashable, list[int]] = defaultdict(list)
    found: list[int | None] = []
    for place, group in enumerate(groups):
        exact = (group, tuple(spelled[place]))
        keys = [(group, band, key) for band, key in enumerate(bands[place].tolist())]
        original = same.get(exact)
        if original is None:
            original = _first_alike(place, sets, {each for key in keys for each in buckets[key]}, threshold)
        found.append(original)
        if original is None:
            same[exact] = place
            for key in keys:
                buckets[key].append(place)
    return found


def shingles(ids: Ids, size: int = SHINGLE) -> Ids:
    """The set of a text's shingles, sorted; a shorter text is one shingle, a text without words has none."""
    return np.unique(ngram_ids(ids, min(size, len(ids)))) if len(ids) else np.empty(0, np.uint64)


def jaccard(one: Ids, other: Ids) -> float:
    """|A ∩ B| / |A ∪ B| of two sets as `shingles` gives them; 1 for two empty ones."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - shared
    return shared / union if union else 1.0


def signatures(sets: Sequence[Ids], hashes: int = HASHES) -> npt.NDArray[np.uint64]:
    """MinHash signatures, shape (texts, hashes). The share of equal places estimates the Jaccard similarity.

    Each hash is x -> a·x + b modulo 2^64 with an odd a, a permutation of all ids; its minimum is decided by the
    high bits, which depend on every bit of x.
    """
    signed = np.full((len(sets), hashes), np.iinfo(np.uint64).max, dtype=np.uint64)
    filled = [place for place, each in enumerate(sets) if len(each)]
    if not filled:
        return signed
    everything = np.concatenate([sets[place] for place in filled])
    starts = np.cumsum([0, *(len(sets[place]) for place in filled[:-1])])
    random = np.random.default_rng(20_240_229)  # fixed: signatures are the same in every run
    factors, offsets = random.integers(0, 2**64, size=(2, hashes), dtype=np.uint64)
    for number, (factor, offset) in enumerate(zip(factors | np.uint64(1), offsets, strict=True)):
        signed[filled, number] = np.minimum.reduceat(everything * factor + offset, starts)
    return signed


def band_keys(signed: npt.NDArray[np.uint64], cut: Banding) -> npt.NDArray[np.uint64]:
    """One key for each band of each signature, shape (texts, bands)."""
    used = signed[:, : cut.bands * cut.rows].reshape(len(signed), cut.bands, cut.rows)
    keys = np.zeros(used.shape[:2], dtype=np.uint64)
    for row in range(cut.rows):
        keys = keys * np.uint64(0xD1342543DE82EF95) + used[:, :, row]
    return keys


def _first_alike(place: int, sets: Sequence[Ids], others: set[int], threshold: float) -> int | None:
    return next((other for other in sorted(others) if jaccard(sets[place], sets[other]) >= threshold), None)
