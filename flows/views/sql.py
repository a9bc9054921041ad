"""SQL of DuckDB over the rows that manifests name.

A query sees the tables that it is given, and nothing else: files, network, extensions and settings are closed to it.
What it makes lives in memory and ends with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from flows.views.selection import Selection, committed, dead_rows
from storage.schemas import DATASETS
from storage.store import Missing, Store

if TYPE_CHECKING:
    import pyarrow.dataset as pads

DEAD = "dead"


class BadSelection(ValueError):
    """A selection that DuckDB does not take."""


def ask(query: str, tables: Mapping[str, pa.Table | pads.Dataset]) -> pa.Table:
    """What the query says of the tables, by name. Raises BadSelection, which names their columns."""
    import duckdb

    with duckdb.connect(config={"enable_external_access": False}) as connection:
        for name, rows in tables.items():
            connection.register(name, rows)
        connection.execute("SET lock_configuration = true")
        try:
            answer = connection.sql(query)
            if answer is None:
                raise BadSelection(f"the query gives no rows: {query}")
            return answer.to_arrow_table()
        except duckdb.Error as error:
            columns = "\n".join(f"columns of {name}: {', '.join(each.schema.names)}" for name, each in tables.items())
            raise BadSelection(f"{error}\n\nin: {query}\n{columns}".rstrip()) from None


def queried(store: Store, query: str, selection: Selection) -> pa.Table:
    """A query over the datasets, each as a table of its name with all committed partitions that fit.

    Beside their columns they have `date` and `partition`; `dead` are the dead letters. Raises BadSelection.
    """
    from storage.scan import scanned  # it brings pandas along, which nobody who reads help should wait for

    every = replace(selection, everything=True)
    with ExitStack() as opened:
        tables: dict[str, pa.Table | pads.Dataset] = {}
        absent = []
        for name in filter(lambda each: re.search(rf"\b{each}\b", query, re.IGNORECASE), (*DATASETS, DEAD)):
            try:
                if name == DEAD:
                    tables[name] = dead_rows(store, every)[0]
                else:
                    locations = [location for location, _ in committed(store, name, every)]
                    tables[name] = opened.enter_context(scanned(locations))
            except Missing:  # the word may mean a column
                absent.append(name)
        try:
            return ask(query, tables)
        except BadSelection as error:
            raise BadSelection(f"{error}\n{_what_there_is(list(tables), absent, selection)}") from None


def _what_there_is(named: list[str], absent: list[str], selection: Selection) -> str:
    if absent:
        return f"no {', no '.join(absent)} are committed for {selection}; see what there is: proctor status"
    if named:
        return ""
    return f"tables are named after the datasets: {', '.join(DATASETS)}, {DEAD}"
