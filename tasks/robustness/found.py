"""Rows of `effects` by kind and measure, as cells of a table: points with their sign, shares in percent, p-values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.section import Cell, Number, interval, p_value

Row = Mapping[str, Any]


class Found:
    """What a cell asks for and no row has is None. `against` names another model."""

    def __init__(self, rows: Sequence[Row]):
        self.rows = rows
        self.kinds = [row["kind"] for row in rows if row["measure"] == "change"]
        self._by_name = {(row["kind"], row["measure"], row["against"]): row for row in rows}

    def of(self, measure: str) -> list[Row]:
        return [row for row in self.rows if row["measure"] == measure]

    def cell(self, kind: str, measure: str, column: str = "estimate", against: str | None = None) -> Cell:
        """A number of a row as it is; None where there is none."""
        value: Cell = self._by_name.get((kind, measure, against), {}).get(column)
        return value

    def number(self, kind: str, measure: str, digits: int, column: str = "estimate") -> Cell:
        """Of so many decimals."""
        value = self.cell(kind, measure, column)
        return None if value is None else Number(float(value), f"{float(value):.{digits}f}")

    def share(self, kind: str, measure: str) -> Cell:
        """In percent."""
        value = self.cell(kind, measure)
        return None if value is None else Number(100 * float(value), f"{100 * float(value):.1f}")

    def points(self, kind: str, measure: str, against: str | None = None) -> Cell:
        """With its sign."""
        value = self.cell(kind, measure, against=against)
        return None if value is None else Number(100 * float(value), f"{100 * float(value):+.1f}")

    def interval(self, kind: str, measure: str, against: str | None = None) -> Cell:
        """In points."""
        low, high = (self.cell(kind, measure, end, against) for end in ("low", "high"))
        return None if low is None or high is None else interval(100 * float(low), 100 * float(high))

    def p(self, kind: str, measure: str, column: str = "p_adjusted", against: str | None = None) -> Cell:
        value = self.cell(kind, measure, column, against)
        return p_value(None if value is None else float(value))
