"""The command that shows rows, and its help."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands.failures import failures_shown
from flows.commands.options import AnyDate, AnyModel, AnyRoot, AnyRun, AnySource, Json
from storage.schemas import DATASETS
from storage.store import Store


def show(
    context: typer.Context,
    dataset: Annotated[
        str | None, typer.Argument(help=f"{', '.join(DATASETS)}, or dead: rows that failed, of all stages.")
    ] = None,
    root: AnyRoot = "data",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Rows, or traces, to show; left out: 3, of --sql 100.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="SQL: columns or expressions, as in 'problem_id, len(steps) AS n'.")
    ] = None,
    where: Annotated[str | None, typer.Option(help="SQL: a condition, as in \"verdict = 'wrong'\".")] = None,
    sql: Annotated[
        str | None, typer.Option(metavar="QUERY", help="SQL over all datasets that fit, instead of one dataset.")
    ] = None,
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    run: AnyRun = None,
    everything: Annotated[bool, typer.Option("--all", help="All partitions that fit, not the newest alone.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Long texts as a whole.")] = False,
    as_rows: Annotated[bool, typer.Option("--table", help="Every column of traces and labels, a row each.")] = False,
    as_json: Json = False,
) -> None:
    """Show rows of a dataset, from the partition that was committed last among those that fit.

    Traces, labels and prm are shown as traces: question, steps with what is known of each, verdict.
    With --columns, --table or --json they are rows like all others.

    [dim]proctor show labels --where "hard = 0" --limit 5[/]

    [dim]proctor show labels --columns "hard, truth, count(*) AS n" --where "true GROUP BY ALL"[/]

    [dim]proctor show --sql "SELECT date, avg(hard) FROM labels JOIN traces USING (trace_id, date) GROUP BY ALL"[/]

    [dim]proctor show dead --all[/]
    """
    with failures_shown(context):
        from flows.run.addresses import Unclear
        from flows.views.labelled_traces import READ_AS_TRACES, show_traces
        from flows.views.rows import show_answer, show_rows
        from flows.views.selection import Selection

        store = Store(root)
        chosen = Selection(date.date() if date else None, source, model, run, everything)
        if (dataset is None) == (sql is None):
            raise Unclear("give either a dataset or --sql; a query names its datasets itself")
        if sql is not None:
            show_answer(store, sql, chosen, limit or 100, full=full, as_json=as_json)
        elif dataset in READ_AS_TRACES and not (as_rows or as_json or columns):
            show_traces(store, dataset, chosen, where, limit or 3, full)
        elif dataset is not None:
            show_rows(store, dataset, chosen, columns, where, limit or 3, full=full, as_json=as_json)
