"""The filters together: thresholds in, one verdict with its reasons and all measures for each text out.

Guarantees: every text gets all its measures, whatever is decided; a text that no filter rejects has no reason.
Filtering is a pure function of stored rows: other thresholds generate nothing. Duplicates are looked for among
the texts that pass the other filters, so that none goes because of a text that goes itself.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from evals.filters.contamination import NGRAM, EvaluationQuestions, Hit
from evals.filters.mixing import foreign_share
from evals.filters.near_duplicates import near_duplicates
from evals.filters.repetition import repetition

REASONS = (
    "unfinished",
    "over_length",
    "language_mixing",
    "repetition",
    "contaminated",
    "unlabelled",
    "bad_step",
    "duplicate",
)
"""Why a text is rejected, one word a filter, in the order in which they are told."""


class Filters(BaseModel):
    """Thresholds. A filter whose threshold is null is off; its measures are kept all the same."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    finished: bool = True
    """Reject texts that were cut off by their token limit, or state no answer."""
    max_length: int | None = Field(default=None, ge=1)
    """Tokens of prompt and completion together, of the recipe's `tokenizer`."""
    max_foreign: float | None = Field(default=0.0, ge=0, le=1)
    """Share of letters in a script that the question is not written in (Latin and Greek aside)."""
    max_repeated_lines: float | None = Field(default=0.3, ge=0, le=1)
    """Share of lines that repeat an earlier one."""
    max_repeated_ngrams: float | None = Field(default=0.3, ge=0, le=1)
    """Share of 8-word phrases that repeat an earlier one."""
    max_compression: float | None = Field(default=5.0, ge=1)
    """Bytes over zlib bytes; prose has about 2."""
    duplicates: float | None = Field(default=0.9, gt=0, le=1)
    """Jaccard similarity of 3-word shingles from which two solutions of one question count as one."""
    contamination: float | None = Field(default=0.0, ge=0, lt=1)
    """Share of an evaluation question's n-grams that may be found in a question or solution; 0: none."""
    ngram: int = Field(default=NGRAM, ge=1)
    """Words of such an n-gram."""
    evaluation_splits: tuple[str, ...] = ("test", "validation", "held_out")
    """Problems of these splits, in any other partition of the store, are evaluation questions."""
    bad_steps: bool = False
    """Reject right solutions with a step that is labelled 0, or without labels. Reads `labels`."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is screened: a solution, or a row of a general set. None: not known, and not judged by."""

    question: str
    text: str
    group: Hashable
    """Texts of different groups are no duplicates of each other."""
    finished: bool = True
    length: int | None = None
    right: bool = False
    """Only of right solutions is it asked that no step be bad."""
    labelled: bool | None = None
    first_bad_step: int | None = None


@dataclass(frozen=True, slots=True)
class Screened:
    """The measures of one text, and why it was rejected: nothing where it passed."""

    foreign: float
    repeated_lines: float
    repeated_ngrams: float
    compression: float
    contamination: float
    contaminated_by: str | None
    reasons: tuple[str, ...]
    duplicate_of: int | None = None
    """Place of the text that it repeats."""


def screen(texts: Sequence[Text], filters: Filters, evaluation: EvaluationQuestions) -> list[Screened]:
    """One result for each text, in order."""
    find = lru_cache(maxsize=1 << 16)(evaluation.find)  # the solutions of a problem share its question
    measured = [_measured(text, filters, find) for text in texts]
    if filters.duplicates is None:
        return measured
    passing = [place for place, each in enumerate(measured) if not each.reasons]
    originals = near_duplicates(
        [texts[place].text for place in passing], [texts[place].group for place in passing], filters.duplicates
    )
    for place, original in zip(passing, originals, strict=True):
        if original is not None:
            measured[place] = replace(measured[place], reasons=("duplicate",), duplicate_of=passing[original])
    return measured


def _measured(text: Text, filters: Filters, find: Callable[[str], Hit | None]) -> Screened:
    said = repetition(text.text)
    hits = [hit for hit in (find(text.question), find(text.text)) if hit]
    hit = max(hits, key=lambda each: each.share, default=None)
    foreign = foreign_share(text.question, text.text)
    repeated = (
        (said.lines, filters.max_repeated_lines),
        (said.ngrams, filters.max_repeated_ngrams),
        (said.compression, filters.max_compression),
    )
    asks_for_labels = filters.bad_steps and text.right
    rejects = {
        "unfinished": filters.finished and not text.finished,
        "over_length": _above(text.length, filters.max_length),
        "language_mixing": _above(foreign, filters.max_foreign),
        "repetition": any(_above(value, most) for value, most in repeated),
        "contaminated": hit is not None and _above(hit.share, filters.contamination),
        "unlabelled": asks_for_labels and not text.labelled,
        "bad_step": asks_for_labels and text.first_bad_step is not None,
    }
    return Screened(
        foreign=foreign,
        repeated_lines=said.lines,
        repeated_ngrams=said.ngrams,
        compression=said.compression,
        contamination=hit.share if hit else 0.0,
        contaminated_by=hit.name if hit else None,
        reasons=tuple(reason for reason, rejected in rejects.items() if rejected),
    )


def _above(value: float | None, most: float | None) -> bool:
    return value is not None and most is not None and value > most
