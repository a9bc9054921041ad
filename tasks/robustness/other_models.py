"""How a model's changes stand beside those of other models on the same variants: in words, and as tables.

Told twice, in points and as the share of the solved originals that is lost (PDR): a model that solves little has few
points to lose, and may lose all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.robustness.answers import IDENTITY
from tasks.report.section import Block, Prose, Table
from tasks.robustness.found import Found

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """A measure of both models and of their difference."""

    title: str
    own: str
    other: str
    difference: str
    worse: int
    """The sign of a difference that says that this model loses more."""
    note: str


POINTS = Comparison(
    *("Beside other models, in points", "change", "change_of_other", "difference_in_changes", -1),
    "Within each problem; below 0, this model falls further. A model that solves fewer originals has fewer to lose.",
)
SHARES = Comparison(
    *("Beside other models, as shares of what they solve", "pdr", "pdr_of_other", "difference_in_pdr", 1),
    "PDR, the percentage of the accuracy on the originals that is lost; above 0, this model loses more of its own.",
)


def other_models(found: Found, level: float) -> Iterator[Block]:
    """Nothing where no model was compared with. `level`: of the tests."""
    models = list(dict.fromkeys(row["against"] for row in found.of(POINTS.difference)))
    if models:
        yield Prose(" ".join(_told(found, model, level) for model in models))
        yield _table(found, POINTS, level)
        yield _table(found, SHARES, level)


def _told(found: Found, model: str, level: float) -> str:
    points, shares = (
        _groups([row for row in found.of(each.difference) if row["against"] == model], each, level)
        for each in (POINTS, SHARES)
    )
    return f"Against {model}, in points: {points}. As a share of what each solves: {shares}."


def _groups(rows: Sequence[Row], of: Comparison, level: float) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["kind"] != IDENTITY and row["estimate"] is not None:
            groups[_word(row, of, level)].append(f"{row['kind']} ({100 * row['estimate']:+.1f})")
    return "; ".join(f"{word}: {', '.join(kinds)}" for word, kinds in groups.items()) or "nothing to compare"


def _word(row: Row, of: Comparison, level: float) -> str:
    """By Holm's p, and by that of the one test for the control, which is in no family."""
    p = row["p"] if row["p_adjusted"] is None else row["p_adjusted"]
    if p is None or p > level:
        return "open"
    return "loses more" if row["estimate"] * of.worse > 0 else "loses less"


def _table(found: Found, of: Comparison, level: float) -> Table:
    columns = ("beside", "this model's", "the other's", "difference", "interval", "p (Holm)", "this model")
    rows = tuple(
        (
            f"{row['against']}: {row['kind']}",
            found.points(row["kind"], of.own),
            found.points(row["kind"], of.other, row["against"]),
            found.points(row["kind"], of.difference, row["against"]),
            found.interval(row["kind"], of.difference, row["against"]),
            found.p(row["kind"], of.difference, against=row["against"]),
            _word(row, of, level),
        )
        for row in found.of(of.difference)
    )
    return Table(of.title, columns, rows, of.note)
