"""The command that compares two versions of a dataset, and its help."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from flows.commands.failures import failures_shown
from flows.commands.options import AnyDate, AnyModel, AnyRoot, AnySource, Json
from storage.store import Store


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="The old version; see above.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The new version.")],
    key: Annotated[
        str | None,
        typer.Option(help="Columns that name a row, with commas between. Left out: those of the dataset."),
    ] = None,
    ignore: Annotated[str | None, typer.Option(help="Columns not to compare, with commas between.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows of each kind to show.")] = 3,
    root: AnyRoot = "data",
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    as_json: Json = False,
) -> None:
    """Compare two versions of a dataset row by row: added, removed, changed, and in which columns.

    A version is DATASET (as it is now), DATASET:RUN, DATASET@previous (what it replaced), DATASET@ATTEMPT,
    DATASET/date=.../run=..., or a Parquet file or a folder of them.

    [dim]proctor diff sft@previous sft[/]

    [dim]proctor diff labels:main labels:fixed16 --ignore stop_rule[/]

    [dim]proctor diff old.parquet new.parquet --key id[/]
    """
    with failures_shown(context):
        from flows.views.diff import as_json_lines, compare, shown
        from flows.views.selection import Selection
        from flows.views.versions import version_named

        chosen = Selection(date.date() if date else None, source, model)
        sides = [version_named(text, Store(root), chosen) for text in (a, b)]
        found = compare(sides[0], sides[1], _listed(key), _listed(ignore), limit)
        if as_json:
            typer.echo("\n".join(as_json_lines(found)))
        else:
            Console().print(shown(found))


def _listed(names: str | None) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()] if names else []
