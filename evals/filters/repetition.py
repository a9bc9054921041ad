"""Repetition: how much of a text was said before in it.

Three numbers, since loops differ: a line again and again, a phrase again and again inside one line, and what is
neither but compresses too well. The first two follow the repetition rules of Gopher (arXiv 2112.11446, table A1:
duplicate lines above 0.30 are removed), with the share of repeated n-grams in place of its shares of characters;
the third is the ratio that Whisper's decoder watches (arXiv 2212.04356, section 4.5), by zlib.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from evals.filters.words import ngram_ids, word_ids, words

NGRAM = 8
"""Words of a phrase. Equations of one form share shorter ones: "so there are ... in all"."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """Each 0 where nothing is repeated, `compression` 1 or a little less."""

    lines: float
    """Share of the lines that are equal to an earlier one; blank lines do not count."""
    ngrams: float
    """Share of the n-grams of `NGRAM` words that occurred before."""
    compression: float
    """Bytes of the text over bytes of its zlib stream; prose has about 2."""


def repetition(text: str) -> Repetition:
    lines = [line for raw in text.splitlines() if (line := " ".join(raw.split()))]
    grams = ngram_ids(word_ids(words(text)), NGRAM)
    raw = text.encode("utf-8", "surrogatepass")
    return Repetition(
        lines=_repeated(len(lines), len(set(lines))),
        ngrams=_repeated(len(grams), len(np.unique(grams))),
        compression=len(raw) / len(zlib.compress(raw)) if raw else 0.0,
    )


def _repeated(all_of_them: int, distinct: int) -> float:
    return 1 - distinct / all_of_them if all_of_them else 0.0
