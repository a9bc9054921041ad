"""Contamination: evaluation questions that a training text holds, whole or in part.

A text is compared with every evaluation question in two ways. Exact: the whole question is the same, up to case,
punctuation and white space. Overlap: a run of 13 words occurs in both, the rule of GPT-3 (arXiv 2005.14165, appendix C,
where n is 8 to 13) and of most reports since. `share` says how much of the question's n-grams was found: any is too
much by default; questions made from one template share runs of words without being the same, and need a threshold.

Guarantees: an edit leaves a question found as long as 13 unchanged words in a row remain. Not found: paraphrases,
translations, and questions of fewer than 13 words that are not exactly the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evals.filters.words import Ids, ngram_ids, word_ids, words

NGRAM = 13


@dataclass(frozen=True, slots=True)
class Hit:
    """An evaluation question that was found in a text."""

    name: str
    share: float
    """Of the question's n-grams, those in the text; 1 where the whole question is the same."""


class EvaluationQuestions:
    """An index of evaluation questions. Memory: 12 bytes for each n-gram."""

    def __init__(self, questions: Iterable[tuple[str, str]], n: int = NGRAM) -> None:
        """`questions`: (name, text); of two equal texts the first gives the name."""
        self._n = n
        self._names: list[str] = []
        self._whole: dict[tuple[str, ...], int] = {}
        grams: list[Ids] = []
        for name, text in questions:
            spelled = words(text)
            if not spelled or self._whole.setdefault(tuple(spelled), len(self._names)) < len(self._names):
                continue
            self._names.append(name)
            grams.append(np.unique(ngram_ids(word_ids(spelled), n)))
        self._sizes = np.array([len(each) for each in grams], dtype=np.int64)
        every = np.concatenate([np.empty(0, np.uint64), *grams])
        order = np.argsort(every, kind="stable")
        self._grams: Ids = every[order]
        self._owners: npt.NDArray[np.int32] = np.repeat(np.arange(len(grams), dtype=np.int32), self._sizes)[order]

    def __len__(self) -> int:
        return len(self._names)

    def find(self, text: str) -> Hit | None:
        """The question of which the most was found in the text; None where there is none."""
        spelled = words(text)
        if (same := self._whole.get(tuple(spelled))) is not None:
            return Hit(self._names[same], 1.0)
        grams = np.unique(ngram_ids(word_ids(spelled), self._n))
        first, last = (np.searchsorted(self._grams, grams, side) for side in ("left", "right"))
        met = np.flatnonzero(last > first)
        if not len(met):
            return None
        owners = np.concatenate([self._owners[first[place] : last[place]] for place in met])
        found, counts = np.unique(owners, return_counts=True)
        shares = counts / self._sizes[found]
        best = int(np.argmax(shares))
        return Hit(self._names[found[best]], float(shares[best]))
