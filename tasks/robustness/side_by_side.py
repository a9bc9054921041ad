"""Flipped questions: the original and a variant beside each other, with one answer of the model to each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasks.report.lineage import SHORT
from tasks.report.section import Block, Prose, Table

Row = Mapping[str, Any]
SHOWN = 12
"""Of a report, as many as possible of different kinds; the dataset `flips` has them all."""


def side_by_side(flips: Sequence[Row]) -> Iterator[Block]:
    """A table a question."""
    chosen = _chosen(flips)
    there = sum(row["trial_id"] is not None for row in flips)
    yield Prose(
        f"Questions that flipped, {len(chosen)} of {there:,}: those that changed most, of each kind in turn. All of "
        "them: proctor show flips."
    )
    yield from (_table(row) for row in chosen)


def _table(row: Row) -> Table:
    moved = f"{row['direction']} by {100 * abs(row['change'] or 0):.0f} points"
    rows = (
        ("right", _right(row, "original_"), _right(row, "")),
        ("question", row["original_question"], row["question"]),
        ("gold", row["original_answer"], row["answer"]),
        ("an answer", row["original_text"], row["text"]),
    )
    return Table(f"{row['kind']}: {moved}, problem {row['problem_id'][:SHORT]}", ("", "original", "variant"), rows)


def _right(row: Row, side: str) -> str:
    right, wrong, unknown = (row[side + name] for name in ("right", "wrong", "unknown"))
    return f"{right} of {right + wrong + unknown}" + (f", {unknown} unknown" if unknown else "")


def _chosen(flips: Sequence[Row]) -> list[Row]:
    """Those that fell most, kind by kind in turn, then those that rose; without identity, whose flips are chance."""
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(flips, key=lambda row: (row["change"] or 0, row["problem_id"])):
        if row["trial_id"] is not None and row["original_trial_id"] is not None and row["kind"] != "identity":
            by_kind[row["kind"]].append(row)
    turns = [(place, kind, row) for kind, rows in by_kind.items() for place, row in enumerate(rows)]
    return [row for _, _, row in sorted(turns, key=lambda turn: turn[:2])[:SHOWN]]
