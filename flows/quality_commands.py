"""Commands about how good labels are: their code, and their help."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from flows.failures import failures_shown
from flows.options import Json


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
        from flows.first_errors import report, shown

        found = report(file, [column, *([against] if against else [])], predictions, by)
        if as_json:
            typer.echo(json.dumps(found.as_json()))
        else:
            Console().print(shown(found))


COMMANDS = (processbench,)
