"""Rows for people: chosen by SQL with DuckDB, shown as a table or, where texts are long, as one card a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.views.selection import Selection, committed, dead_rows
from flows.views.sql import DEAD, ask, queried
from storage.store import Location, Store

CUT = 600
"""Characters of a text that a card shows."""
NARROW = 60
"""A table is chosen where its cells are not longer."""


def show_rows(
    store: Store,
    dataset: str,
    selection: Selection,
    columns: str | None,
    where: str | None,
    limit: int,
    *,
    full: bool = False,
    as_json: bool = False,
) -> None:
    """Prints the first rows that fit. `columns` and `where` are SQL of DuckDB over the dataset's columns."""
    everything = columns is not None or where is not None
    table, about = (
        dead_rows(store, selection) if dataset == DEAD else _rows(store, dataset, selection, everything, limit)
    )
    table = table.slice(0, limit) if not everything else _selected(table, columns, where, limit)
    if as_json:
        _print_json(table)
        return
    console = Console()
    console.print(about, style="dim", markup=False, highlight=False, soft_wrap=True)
    console.print(shown(table, full))


def show_answer(
    store: Store, query: str, selection: Selection, limit: int, *, full: bool = False, as_json: bool = False
) -> None:
    """Prints the first rows of a query over the datasets; as JSON all of them."""
    table = queried(store, query, selection)
    if as_json:
        _print_json(table)
        return
    console = Console()
    console.print(shown(table.slice(0, limit), full))
    if table.num_rows > limit:
        console.print(f"… {table.num_rows - limit:,} more rows; --limit shows more", style="dim", highlight=False)


def _print_json(table: pa.Table) -> None:
    for row in table.to_pylist():
        print(json.dumps(row, ensure_ascii=False, default=str))


def shown(table: pa.Table, full: bool = False) -> RenderableType:
    """A table where all cells are short, else cards."""
    rows = table.to_pylist()
    short = all(len(_text(value)) <= NARROW for row in rows for value in row.values())
    if short and len(table.schema.names) <= 8:
        return _table(table.schema.names, rows)
    return Group(*(_card(number, row, full) for number, row in enumerate(rows, 1)))


def _rows(store: Store, dataset: str, selection: Selection, everything: bool, limit: int) -> tuple[pa.Table, str]:
    found = committed(store, dataset, selection)
    about = "\n".join(f"{dataset} {manifest.partition}: {manifest.rows:,} rows" for _, manifest in found)
    locations = [location for location, _ in found]
    if not everything:
        return _first(locations, limit), about
    return pa.concat_tables([each.read() for each in locations]), about


def _first(locations: Sequence[Location], limit: int) -> pa.Table:
    """Without reading what is not shown."""
    schema = locations[0].dataset.schema
    batches: list[pa.RecordBatch] = []
    for location in locations:
        for batch in location.batches(batch_rows=max(limit, 1)):
            batches.append(batch)
            if sum(each.num_rows for each in batches) >= limit:
                return pa.Table.from_batches(batches, schema).slice(0, limit)
    return pa.Table.from_batches(batches, schema)


def _selected(rows: pa.Table, columns: str | None, where: str | None, limit: int) -> pa.Table:
    query = f"SELECT {columns or '*'} FROM rows {f'WHERE {where}' if where else ''} LIMIT {int(limit)}"
    return ask(query, {"rows": rows})


def _table(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        numeric = bool(rows) and all(isinstance(row[name], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(Text(_text(row[name])) for name in names))
    return table


def _card(number: int, row: dict[str, Any], full: bool) -> Table:
    card = Table(box=None, show_header=False, pad_edge=False, title=f"row {number}", title_justify="left")
    card.add_column(style="bold", no_wrap=True)
    card.add_column(overflow="fold")
    for name, value in row.items():
        card.add_row(name, Text(_text(value) if full else cut(_text(value))))
    card.add_row("", "")
    return card


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.4g}"
        case list() if value and all(isinstance(each, str) for each in value):
            return "\n".join(f"[{place}] {printable(each.strip())}" for place, each in enumerate(value))
        case list():
            return ", ".join(_text(each) for each in value)
        case _:
            return printable(str(value).rstrip("\n"))


def cut(text: str) -> str:
    return text if len(text) <= CUT else f"{text[:CUT]}… ({len(text):,} characters; --full shows all)"


def printable(text: str) -> str:
    """With signs in the place of control characters, so that a model's text cannot give orders to the terminal."""
    return text.translate(_SIGNS)


_SIGNS = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}
