"""The command that makes room, and its help."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.failures import failures_shown
from flows.commands.options import AnyDate, AnyModel, AnyRoot, AnyRun, AnySource, Json
from storage.store import Store


def gc(
    context: typer.Context,
    keep: Annotated[int, typer.Option(min=1, help="Commits of each partition that stay, the current one counted.")] = 2,
    apply: Annotated[bool, typer.Option("--apply", help="Remove it; without, it is only listed.")] = False,
    root: AnyRoot = "data",
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    run: AnyRun = None,
    as_json: Json = False,
) -> None:
    """List, and with --apply remove, replaced and failed attempts and old ledgers, with their bytes.

    What a manifest names stays, and so does everything where a run is at work, the newest attempt, and the newest dead
    letters and kept rows until --keep commits came after them.

    [dim]proctor gc[/]   [dim]proctor gc --keep 1 --date 2026-11-22 --apply[/]
    """
    with failures_shown(context):
        from flows.commands.collection import as_json as as_objects
        from flows.commands.collection import shown, sweep
        from flows.views.selection import Selection

        swept = sweep(Store(root), Selection(date.date() if date else None, source, model, run), keep, apply)
        if as_json:
            for each in as_objects(swept):
                typer.echo(json.dumps(each))
        else:
            Console().print(shown(swept))
