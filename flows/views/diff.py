"""Two versions of a dataset, compared row by row: what was added, removed or changed, and in which columns.

Rows are matched by their key, which has to be unique and never null on both sides. Values are compared exactly: NaN
equals NaN, null equals null, lists and structs by their elements. Columns that only one side has are named and not
compared. DuckDB joins, and beyond `MEMORY` uses the disk; rows are read a few at a time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import duckdb

    from flows.views.versions import Version

MEMORY = "1GB"
WIDTH = 60
"""Characters of a value that are shown, from where the two begin to differ."""


class Incomparable(ValueError):
    """Two versions that cannot be compared by this key; the message says why and what would do."""


@dataclass(frozen=True)
class Difference:
    """B measured against A."""

    a: str
    b: str
    key: tuple[str, ...]
    rows: tuple[int, int]
    added: int
    """Rows that only B has."""
    removed: int
    """Rows that only A has."""
    changed: int
    columns: Mapping[str, int]
    """Column -> rows in which it changed; those that never did are left out."""
    only_in_a: tuple[str, ...]
    """Columns, not compared."""
    only_in_b: tuple[str, ...]
    examples: tuple[Mapping[str, Any], ...]
    """The first rows of each kind in the order of their keys: `change`, `key`, and for changed ones `columns`, each
    with its old and new value."""

    @property
    def same(self) -> int:
        return self.rows[0] - self.removed - self.changed


def compare(a: Version, b: Version, key: Sequence[str] = (), ignore: Sequence[str] = (), limit: int = 3) -> Difference:
    """`key`: columns that name a row; left out, what the datasets say. Raises Incomparable."""
    import duckdb

    names = tuple(key) or a.key or b.key
    shared = _shared(a, b, names, ignore)
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": folder}) as connection,
    ):
        for name, side in (("a", a), ("b", b)):
            reader = pa.RecordBatchReader.from_batches(side.schema, side.batches())
            connection.register("reader", reader)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM reader")
            _check_key(connection, name, side, names)
        return _difference(connection, a, b, names, shared, limit)


def shown(found: Difference) -> RenderableType:
    """For people."""
    head = Table(box=None, show_header=False, pad_edge=False)
    for name, value in (
        ("A", f"{found.a}: {found.rows[0]:,} rows"),
        ("B", f"{found.b}: {found.rows[1]:,} rows"),
        ("key", ", ".join(found.key)),
        ("rows", f"{found.same:,} same, {found.changed:,} changed, {found.added:,} added, {found.removed:,} removed"),
    ):
        head.add_row(Text(name, "bold"), Text(value))
    if found.columns:
        head.add_row(Text("changed", "bold"), Text(", ".join(f"{name} {n:,}" for name, n in found.columns.items())))
    for side, names in (("A", found.only_in_a), ("B", found.only_in_b)):
        if names:
            head.add_row(Text(f"only in {side}", "bold"), Text(f"{', '.join(names)} (columns, not compared)"))
    return Group(head, *(_example(each) for each in found.examples))


def as_json_lines(found: Difference) -> Iterator[str]:
    """For programs: the counts, then a line for each example."""
    counts = {
        "a": found.a,
        "b": found.b,
        "key": found.key,
        "rows": found.rows,
        "same": found.same,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "columns": found.columns,
        "only_in_a": found.only_in_a,
        "only_in_b": found.only_in_b,
    }
    for each in (counts, *found.examples):
        yield json.dumps(each, ensure_ascii=False, default=str)


def _shared(a: Version, b: Version, key: Sequence[str], ignore: Sequence[str]) -> list[str]:
    """The columns to compare."""
    if not key:
        raise Incomparable(f"which columns name a row? Give --key; there are {', '.join(a.schema.names)}")
    for side in (a, b):
        if missing := [name for name in key if name not in side.schema.names]:
            raise Incomparable(
                f"{side.name} has no column {', '.join(missing)} for the key; it has {side.schema.names}"
            )
    if unknown := [name for name in ignore if name not in {*a.schema.names, *b.schema.names}]:
        raise Incomparable(f"neither side has a column {', '.join(unknown)} to ignore")
    shared = [name for name in a.schema.names if name in b.schema.names and name not in ignore]
    types = [(name, a.schema.field(name).type, b.schema.field(name).type) for name in dict.fromkeys((*key, *shared))]
    if differing := [f"{name} is {old} in A and {new} in B" for name, old, new in types if old != new]:
        raise Incomparable(f"columns of different types: {'; '.join(differing)}. Leave them out with --ignore")
    return [name for name in shared if name not in key]


def _check_key(connection: duckdb.DuckDBPyConnection, table: str, side: Version, key: Sequence[str]) -> None:
    columns = ", ".join(map(_quoted, key))
    null = " OR ".join(f"{_quoted(name)} IS NULL" for name in key)
    nulls = _number(connection, f"SELECT count(*) FROM {table} WHERE {null}")
    if nulls:
        raise Incomparable(f"{side.name}: {nulls:,} rows have no {', '.join(key)}; a key is never null")
    twice = connection.execute(
        f"SELECT {columns} FROM {table} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 3"
    ).fetchall()
    if twice:
        examples = "; ".join(", ".join(map(str, each)) for each in twice)
        raise Incomparable(
            f"{side.name}: several rows have the same {', '.join(key)}, e.g. {examples}. Give another --key"
        )


def _difference(
    connection: duckdb.DuckDBPyConnection, a: Version, b: Version, key: tuple[str, ...], shared: list[str], limit: int
) -> Difference:
    using = ", ".join(map(_quoted, key))
    flags = ", ".join(
        f"a.{_quoted(name)} IS DISTINCT FROM b.{_quoted(name)} AS proctor_c{i}" for i, name in enumerate(shared)
    )
    connection.execute(
        f"CREATE TABLE matched AS SELECT {using}{', ' if flags else ''}{flags} FROM a JOIN b USING ({using})"
    )
    any_flag = " OR ".join(f"proctor_c{i}" for i in range(len(shared))) or "false"
    changed = _number(connection, f"SELECT count(*) FROM matched WHERE {any_flag}")
    counts = {
        name: _number(connection, f"SELECT count(*) FROM matched WHERE proctor_c{i}") for i, name in enumerate(shared)
    }
    added, removed = (
        _number(connection, f"SELECT count(*) FROM {one} ANTI JOIN {other} USING ({using})")
        for one, other in (("b", "a"), ("a", "b"))
    )
    examples = [
        *_changed_rows(connection, key, shared, any_flag, limit),
        *_lone_rows(connection, "added", "b", "a", key, limit),
        *_lone_rows(connection, "removed", "a", "b", key, limit),
    ]
    return Difference(
        a=a.name,
        b=b.name,
        key=key,
        rows=(_number(connection, "SELECT count(*) FROM a"), _number(connection, "SELECT count(*) FROM b")),
        added=added,
        removed=removed,
        changed=changed,
        columns={name: count for name, count in counts.items() if count},
        only_in_a=tuple(name for name in a.schema.names if name not in b.schema.names),
        only_in_b=tuple(name for name in b.schema.names if name not in a.schema.names),
        examples=tuple(examples),
    )


def _changed_rows(
    connection: duckdb.DuckDBPyConnection, key: Sequence[str], shared: Sequence[str], any_flag: str, limit: int
) -> list[dict[str, Any]]:
    using = ", ".join(map(_quoted, key))
    values = "".join(
        f", a.{_quoted(name)} AS proctor_a{i}, b.{_quoted(name)} AS proctor_b{i}" for i, name in enumerate(shared)
    )
    flags = "".join(f", proctor_c{i}" for i in range(len(shared)))
    first = f"(SELECT * FROM matched WHERE {any_flag} ORDER BY {using} LIMIT {limit})"
    query = f"SELECT {using}{flags}{values} FROM {first} JOIN a USING ({using}) JOIN b USING ({using}) ORDER BY {using}"
    return [
        {
            "change": "changed",
            "key": {name: row[name] for name in key},
            "columns": {
                name: [row[f"proctor_a{i}"], row[f"proctor_b{i}"]]
                for i, name in enumerate(shared)
                if row[f"proctor_c{i}"]
            },
        }
        for row in connection.sql(query).to_arrow_table().to_pylist()
    ]


def _lone_rows(
    connection: duckdb.DuckDBPyConnection, change: str, one: str, other: str, key: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    using = ", ".join(map(_quoted, key))
    query = f"SELECT {using} FROM {one} ANTI JOIN {other} USING ({using}) ORDER BY {using} LIMIT {limit}"
    return [{"change": change, "key": row} for row in connection.sql(query).to_arrow_table().to_pylist()]


def _example(row: Mapping[str, Any]) -> RenderableType:
    key = ", ".join(f"{name}={value}" for name, value in row["key"].items())
    lines = [Text(f"\n{row['change']} {key}", "bold")]
    for name, (old, new) in row.get("columns", {}).items():
        before, after = _differing(_spelled(old), _spelled(new))
        lines += [Text(f"  {name}"), Text(f"    - {before}", "red"), Text(f"    + {after}", "green")]
    return Group(*lines)


def _differing(old: str, new: str) -> tuple[str, str]:
    """Both texts from a little before they begin to differ."""
    alike = next((place for place, (x, y) in enumerate(zip(old, new, strict=False)) if x != y), min(len(old), len(new)))
    start = max(0, alike - WIDTH // 3)
    return _cut(old, start), _cut(new, start)


def _cut(text: str, start: int) -> str:
    end = start + WIDTH
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _spelled(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    [(number,)] = connection.execute(query).fetchall()
    return int(number)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
