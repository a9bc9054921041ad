"""What a stage has to say about its rows, before anybody knows how it will be shown.

Data alone: `tasks/report/markdown.py` makes an artifact of the Prefect UI of it, `tasks/report/html.py` a page. Nothing
in it is markup, so that a problem with `<script>` in it stays a problem.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace

Cell = str | int | float | bool | None
LONG = 60
"""Letters beyond which a cell is a text to be read, and no word."""


class Number(float):
    """A number with a text of its own: it sorts as the number, and is read as the text."""

    text: str

    def __new__(cls, value: float, text: str) -> Number:
        made = super().__new__(cls, value)
        made.text = text
        return made


def p_value(p: float | None) -> Cell:
    """Three decimals; what lies below is said to: nobody's conclusion hangs on 1e-35."""
    return None if p is None else Number(p, "< 0.001" if p < 0.001 else f"{p:.3f}")


def interval(low: float | None, high: float | None, digits: int = 1) -> Cell:
    """Both ends with their signs, sorted by the lower one."""
    return None if low is None or high is None else Number(low, f"{low:+.{digits}f} … {high:+.{digits}f}")


@dataclass(frozen=True)
class Prose:
    """One paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows under columns. Raises ValueError where a row is shorter or longer than the columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    """Said below it in small letters."""
    folded: bool = False
    """On a page it opens when it is asked to: many rows that few people want."""

    def __post_init__(self) -> None:
        for place, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.title!r}, row {place}: {len(row)} cells under {len(self.columns)} columns"
                )

    def numeric(self, column: int) -> bool:
        """Whether the column holds numbers, and nothing but them."""
        cells = {type(row[column]) for row in self.rows} - {type(None)}
        return bool(cells) and cells <= {int, float, Number}

    def without_empty_columns(self) -> Table:
        """Columns in which some row has something."""
        places = [place for place in range(len(self.columns)) if any(row[place] is not None for row in self.rows)]
        columns = tuple(self.columns[place] for place in places)
        return replace(self, columns=columns, rows=tuple(tuple(row[place] for place in places) for row in self.rows))

    @property
    def looks(self) -> tuple[str, ...]:
        """Of each column: `number`, `text` where somebody has to read its cells, or nothing."""
        return tuple(self._look(place) for place in range(len(self.columns)))

    def _look(self, column: int) -> str:
        if self.numeric(column):
            return "number"
        return "text" if any(isinstance(cell := row[column], str) and len(cell) > LONG for row in self.rows) else ""


@dataclass(frozen=True)
class Picture:
    """A drawing; `alt` says in words what it shows."""

    title: str
    svg: str
    alt: str

    @property
    def uri(self) -> str:
        """The drawing as the source of an `img`, in which no script of it can run."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg.encode()).decode()}"


Block = Prose | Table | Picture


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


def shown(cell: Cell) -> str:
    """A value as people read it: thousands apart, four digits of a fraction (two of a tiny one), nothing for None."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case Number():
            return cell.text
        case int():
            return f"{cell:,}"
        case float() if 0 < abs(cell) < 1e-4:
            return f"{cell:.1e}"
        case float():
            return f"{cell:,.4g}" if abs(cell) < 10_000 else f"{cell:,.0f}"
        case _:
            return cell
