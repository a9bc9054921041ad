"""The command that writes the report of a partition, and its help."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.failures import failures_shown
from flows.commands.options import AnyDate, AnyModel, AnyRoot, AnyRun, AnySource


def report(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    root: AnyRoot = "data",
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    run: AnyRun = None,
    baseline: Annotated[
        datetime.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="A day to compare with, beside the night before."
        ),
    ] = None,
) -> None:
    """Write one HTML page about a partition: every stage's numbers, tables and pictures, cost and lineage.

    The partition in which something was committed last, among those that fit. The page needs no network.

    [dim]proctor report --date 2026-11-22 --out report.html[/]
    """
    with failures_shown(context):
        from flows.views.report import report as made
        from flows.views.selection import Selection
        from storage.store import Store

        partition, page = made(
            Store(root),
            Selection(date.date() if date else None, source, model, run),
            baseline.date() if baseline else None,
        )
        out.write_text(page, encoding="utf-8")
        typer.echo(f"{out}: {partition}")
