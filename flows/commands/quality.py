"""Commands about how good labels are: their code, and their help."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.failures import failures_shown
from flows.commands.options import AnyDate, AnyModel, AnyRoot, AnyRun, AnySource, Json, MaxDeadRate
from storage.store import Store


def processbench(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="JSONL or Parquet, or a folder or URL, in ProcessBench's format.")],
    column: Annotated[str, typer.Option(help="The column of the predictions.")] = "prediction",
    against: Annotated[str | None, typer.Option(help="A second column to compare the first one with.")] = None,
    predictions: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the columns are, by `id`. Left out: in FILE itself.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Scores for each of its values too.")] = None,
    as_json: Json = False,
) -> None:
    """Score predicted first errors as ProcessBench does: the harmonic mean of two accuracies.

    A prediction is the index of the first wrong step (-1: none, null: unknown), or the list of a solution's step labels
    (1, 0, null). Unknown is not right, and is counted apart.

    [dim]proctor processbench gsm8k.jsonl --predictions mine.jsonl --column hard --against judge --by generator[/]
    """
    with failures_shown(context):
        from flows.commands.first_errors import report, shown

        found = report(file, [column, *([against] if against else [])], predictions, by)
        if as_json:
            typer.echo(json.dumps(found.as_json()))
        else:
            Console().print(shown(found))


def audit(
    context: typer.Context,
    sheet: Annotated[str, typer.Argument(help="The CSV of the audit; drawn where it is not there yet.")] = "audit.csv",
    size: Annotated[int, typer.Option(min=1, help="Steps to draw: half of them labelled good, half bad.")] = 100,
    seed: Annotated[int, typer.Option(help="Another one draws other steps.")] = 0,
    only_sheet: Annotated[
        bool, typer.Option("--only-sheet", help="Ask nothing: the sheet is filled in elsewhere.")
    ] = False,
    root: AnyRoot = "data",
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    run: AnyRun = None,
) -> None:
    """Judge labelled steps blind, in the terminal or in a sheet, and so measure the labels.

    A sample of the labels that were committed last among those that fit, the classes in equal number and the labels
    hidden. Every answer is saved: Ctrl-C keeps them, and the same command goes on. [bold]proctor run audit[/] reads the
    sheet and tells how often the labels are right.

    [dim]proctor audit --size 60[/]

    [dim]proctor audit mine.csv --only-sheet[/]   [dim]proctor run audit --set sheet=mine.csv[/]
    """
    with failures_shown(context):
        from flows.commands.audit_terminal import ask, prepare, told
        from flows.views.selection import Selection

        console = Console()
        chosen = Selection(date.date() if date else None, source, model, run)
        rows = prepare(sheet, Store(root), chosen, size, seed)
        try:
            if not only_sheet:
                ask(sheet, rows, console)
        finally:
            console.print(f"\n{told(sheet, rows)}", markup=False, soft_wrap=True)


def regrade(
    context: typer.Context,
    commit: Annotated[bool, typer.Option("--apply", help="Commit the result.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Rows to show of each dataset.")] = 10,
    root: AnyRoot = "data",
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    run: AnyRun = None,
    max_dead_rate: MaxDeadRate = 0.05,
    as_json: Json = False,
) -> None:
    """See what today's checker and gold answers change in traces, labels and trees; nothing is generated.

    Takes the partition that was committed last among those that fit, and its kept rollouts. Storage stays as it is
    without --apply, and where labels would need rollouts that were not kept: [bold]proctor run[/] makes those.

    [dim]proctor regrade --limit 20[/]   [dim]proctor regrade --apply[/]
    """
    with failures_shown(context):
        from flows.commands.regrade import apply, as_json_lines, look, works
        from flows.commands.regrade_terminal import ending, shown
        from flows.views.selection import Selection

        console = Console()
        todo = works(Store(root), Selection(date.date() if date else None, source, model, run))
        seen = look(todo)
        if as_json:
            for line in as_json_lines(seen, limit):
                typer.echo(line)
        else:
            console.print(shown(seen, limit), soft_wrap=True)
        committed = apply(todo, seen, max_dead_rate) if commit else None
        if not as_json:
            console.print(ending(seen, committed), markup=False, highlight=False, soft_wrap=True)
