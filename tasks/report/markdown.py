"""A section as Markdown, for an artifact of the Prefect UI.

Its pictures are named in words: the UI's new version shows none inside Markdown, so they are artifacts of their own.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from tasks.report.section import Block, Cell, Picture, Prose, Section, Table, shown

LARGEST = 50
"""Rows of a table; an artifact is a page to look at, the dataset has them all."""
WIDEST = 7
"""Columns of a table: the UI lets a wider one run under what stands beside it [Prefect 3.7.7, 1280 pixels]."""


def markdown(section: Section) -> str:
    """The section's title is left to whoever shows it."""
    return "\n\n".join(line for block in section.blocks for line in _block(block))


def _block(block: Block) -> Iterator[str]:
    match block:
        case Prose(text):
            yield plain(text)
        case Picture(title, _, alt):
            yield f"**{plain(title)}** (a picture). {plain(alt)}"
        case Table():
            yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    yield f"**{plain(table.title)}**"
    for part in _narrow(replace(table, rows=table.rows[:LARGEST])):
        lines = [
            _line(part.columns),
            "|" + "|".join("---:" if part.numeric(place) else "---" for place in range(len(part.columns))) + "|",
        ]
        yield "\n".join([*lines, *map(_line, part.rows)])
    left_out = len(table.rows) - LARGEST
    if left_out > 0:
        yield f"… and {left_out:,} more rows."
    if table.note:
        yield f"*{plain(table.note)}*"


def _narrow(table: Table) -> Iterator[Table]:
    """A wide table turned, where it has few rows, or in pieces that all have its first column."""
    columns, rows = table.columns, table.rows
    if len(columns) <= WIDEST:
        yield table
    elif len(rows) < WIDEST:
        turned = tuple((name, *(row[place] for row in rows)) for place, name in enumerate(columns) if place)
        yield Table(table.title, (columns[0], *(shown(row[0]) for row in rows)), turned)
    else:
        for first in range(1, len(columns), WIDEST - 1):
            piece = slice(first, first + WIDEST - 1)
            yield Table(table.title, (columns[0], *columns[piece]), tuple((row[0], *row[piece]) for row in rows))


def _line(cells: tuple[Cell, ...]) -> str:
    return "| " + " | ".join(plain(shown(cell)).replace("\n", " ") for cell in cells) + " |"


def plain(text: str) -> str:
    """Letters that Markdown or HTML would read are escaped."""
    return re.sub(r"([\\`*_{}\[\]<>|#$~])", r"\\\1", text).replace(r"\<", "&lt;").replace(r"\>", "&gt;")


def label(text: str) -> str:
    """As Mermaid takes it inside quotes: it reads quotes, angles, hashes and backticks there, and a line ends it."""
    return "".join(f"#{ord(letter)};" if letter in '"<>#`&;' or letter < " " else letter for letter in text)
