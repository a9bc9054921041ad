"""Texts as words that do not depend on case, width, punctuation or white space, and their n-grams as 64-bit ids.

A text is NFKC-normalised and case-folded; its words are runs of letters and digits, and single characters where
a script writes no spaces (Han, kana, Hangul). So "1,000" is two words, and "Ｘ＝½" is "x", "1", "2".

An id is 64 bits of BLAKE2b for a word and a polynomial in them, modulo 2^64, for an n-gram: the same on every
machine. Two different n-grams share an id with a chance of about 2^-64.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint64]

_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_BASE = np.uint64(0x9E3779B97F4A7C15)  # any odd number: its powers stay invertible modulo 2^64


def words(text: str) -> list[str]:
    """The words of a text, normalised, in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def word_ids(of: Sequence[str]) -> Ids:
    """The ids of words, in their order."""
    return np.fromiter(map(_word_id, of), dtype=np.uint64, count=len(of))


def ngram_ids(ids: Ids, n: int) -> Ids:
    """The ids of all runs of `n` words, in order; empty where there are fewer words."""
    count = max(len(ids) - n + 1, 0)
    grams = np.zeros(count, dtype=np.uint64)
    for place in range(n):
        grams = grams * _BASE + ids[place : place + count]
    return grams


@lru_cache(maxsize=1 << 18)
def _word_id(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
