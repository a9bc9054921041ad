"""How a model's changes stand beside those of other models on the same variants: in words, and as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from evals.robustness.answers import IDENTITY
from tasks.report.section import Block, Prose, Table
from tasks.robustness.found import Found

Row = Mapping[str, Any]


def other_models(found: Found, level: float) -> Iterator[Block]:
    """Nothing where no model was compared with. `level`: of the tests."""
    rows = found.of("difference_in_changes")
    if rows:
        yield Prose(_told(rows, level))
        yield _table(found, rows, level)


def _told(rows: list[Row], level: float) -> str:
    """One sentence a model."""
    sentences = []
    for other in dict.fromkeys(row["against"] for row in rows):
        groups: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row["against"] == other and row["kind"] != IDENTITY and row["estimate"] is not None:
                groups[_word(row, level)].append(f"{row['kind']} ({100 * row['estimate']:+.1f})")
        told = "; ".join(f"{word} under {', '.join(kinds)}" for word, kinds in groups.items())
        sentences.append(f"Against {other}, this model {told or 'has no kind to compare'}.")
    return " ".join(sentences)


def _word(row: Row, level: float) -> str:
    """By Holm's p, and by that of the one test for the control, which is in no family."""
    p = row["p"] if row["p_adjusted"] is None else row["p_adjusted"]
    if p is None or p > level:
        return "may fall as far"
    return "falls further" if row["estimate"] < 0 else "falls less far"


def _table(found: Found, rows: list[Row], level: float) -> Table:
    columns = (
        *("other model", "kind", "problems", "our change", "its change", "difference", "interval", "p (Holm)"),
        "this model",
    )
    shown = tuple(
        (
            row["against"],
            row["kind"],
            row["problems"],
            found.points(row["kind"], "change"),
            *(found.points(row["kind"], name, row["against"]) for name in ("change_of_other", "difference_in_changes")),
            found.interval(row["kind"], "difference_in_changes", row["against"]),
            found.p(row["kind"], "difference_in_changes", against=row["against"]),
            _word(row, level),
        )
        for row in rows
    )
    note = (
        "Points, within each problem; below 0, this model falls further. A model that solves fewer originals has fewer "
        "to lose."
    )
    return Table("Beside other models", columns, shown, note)
