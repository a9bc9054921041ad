"""The command that shows what is stored, and in what state, and its help."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from flows.commands.failures import failures_shown
from flows.commands.options import AnyDate, AnyModel, AnyRoot, AnyRun, AnySource, Json
from storage.store import Store


def status(
    context: typer.Context,
    root: AnyRoot = "data",
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    run: AnyRun = None,
    files: Annotated[
        str | None, typer.Option(metavar="DATASET", help="Print the data files of a dataset instead, one a line.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show every partition and the state of each stage there, with the reasons.

    complete, stale (something that it was made from changed: what, is named), running (by whom), failed (why), missing.
    """
    with failures_shown(context):
        from flows.views.grid import as_json_lines, for_terminal, grid, reasons
        from flows.views.selection import Selection, committed_files

        console, store = Console(), Store(root)
        chosen = Selection(date.date() if date else None, source, model, run)
        if files is not None:
            for file in committed_files(store, files, chosen):
                typer.echo(file)
            return
        lines = grid(store, chosen.fits)
        if as_json:
            typer.echo("\n".join(as_json_lines(lines)))
        elif lines:
            console.print(for_terminal(lines, console))
            console.print("\n".join(reasons(lines)), style="dim", markup=False, highlight=False, soft_wrap=True)
        else:
            console.print(f"Nothing is stored in {root} yet. Try: proctor demo", markup=False)
