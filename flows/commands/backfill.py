"""`proctor backfill`: what a range of days lacks, and the runs that make it."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.backfills.plan import Backfill, Days, Line, Plan, Reprocess
from flows.commands.failures import FAILED, failures_shown
from flows.commands.options import (
    File,
    Gates,
    Json,
    MaxDeadRate,
    Model,
    ResourceSettings,
    Root,
    Run,
    Settings,
    Source,
    with_options_of,
)
from flows.orders.gates import parsed
from flows.orders.order import JOBS, absolute_root, by_stage, given
from flows.orders.parameters import build
from flows.run.addresses import Unclear, Wanted
from flows.stages import STAGES
from storage.partition import slug
from tasks.engines.engine import Resources

app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help=f"A stage, {' or '.join(JOBS)}.")]
From = Annotated[datetime.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
To = Annotated[datetime.datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; it is in the range.")]
What = Annotated[
    Reprocess,
    typer.Option(help="What is made again; each takes in those before it. What was paid for is kept in any case."),
]
NewestFirst = Annotated[bool, typer.Option("--newest-first", help="The last day first.")]


@dataclass(frozen=True)
class Asked:
    """What both commands take."""

    name: Name
    first: From
    last: To
    reprocess: What = "failed"
    newest_first: NewestFirst = False
    source: Source = None
    model: Model = None
    run: Run = "main"
    root: Root = "data"
    settings: Settings = None
    params: File = None
    resource: ResourceSettings = None
    max_dead_rate: MaxDeadRate = 0.05
    gate: Gates = None

    def backfill(self) -> Backfill:
        """Raises Unclear or ParameterError."""
        if self.name not in (*STAGES, *JOBS):
            raise Unclear(f"{self.name!r} is none of {', '.join((*STAGES, *JOBS))}")
        params = given(self.name, self.params, self.settings or [], self.model)
        return Backfill(
            name=self.name,
            params=params,
            days=Days(self.first.date(), self.last.date()),
            wanted=Wanted(None, self.source, self.model and slug(self.model), self.run),
            root=absolute_root(self.root),
            resources=build(Resources, settings=self.resource or []),
            max_dead_rate=self.max_dead_rate,
            reprocess=self.reprocess,
            newest_first=self.newest_first,
            gates=parsed(self.gate or [], list(by_stage(self.name, params))),
        )


@app.command()
@with_options_of(Asked)
def plan(context: typer.Context, asked: Asked, as_json: Json = False) -> None:
    """Show what a backfill would do, a line for each day: the reason, and what earlier runs let one expect to pay.

    [dim]proctor backfill plan nightly --from 2026-11-16 --to 2026-11-22[/]
    """
    with failures_shown(context):
        _show(asked.backfill().plan(), as_json)


@app.command()
@with_options_of(Asked)
def apply(
    context: typer.Context,
    asked: Asked,
    batch: Annotated[int, typer.Option(min=1, help="Partitions a run; they share one load of the model.")] = 1,
    max_active: Annotated[
        int | None, typer.Option(min=1, help="Runs at a time. Left out: what the work queue `backfill` says.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Stay until no run is under way, then read storage once more.")] = True,
) -> None:
    """Launch what `plan` shows, as runs of the deployment `backfill` on Prefect's server.

    Applied again, it launches nothing that waits or is under way. It has succeeded when storage has every partition,
    and none that a gate refuses.
    """
    with failures_shown(context):
        from flows.backfills.launch import launch, watch

        what = asked.backfill()
        console, planned = Console(), what.plan()
        _show(planned, as_json=False)
        runs = launch(what, planned, batch, max_active)
        new = sum(each.new for each in runs)
        console.print(f"Runs: {new} launched, {len(runs) - new} were there already.")
        if not wait:
            return
        with console.status("") as status:
            watch(runs, lambda ended, every, states: status.update(f"{ended} of {every} runs ended: {states}"))
        left = what.plan().left
        for line in left:
            console.print(f"{line.partition}: {line.state}: {'; '.join(line.reasons)}", markup=False)
        if left:
            raise typer.Exit(FAILED)
        console.print(f"All {len(planned.lines)} partitions are complete.")


def _show(plan: Plan, as_json: bool) -> None:
    if as_json:
        typer.echo("\n".join(json.dumps(_told(line)) for line in plan.lines))
        return
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("date", "source", "model", "run", "action", "reason", "tokens", "seconds"):
        right, whole = column in ("tokens", "seconds"), column in ("date", "action", "tokens", "seconds")
        table.add_column(column, overflow="fold", justify="right" if right else "left", no_wrap=whole)
    for line in plan.lines:
        where = line.partition
        cost = (f"~{line.cost.tokens:,}", f"~{line.cost.seconds:,.0f}") if line.cost else ("", "")
        cells = [str(part or "-") for part in (where.date, where.source, where.model, where.run)]
        table.add_row(*cells, line.action, escape("; ".join(line.reasons) or line.state), *cost)
    console = Console()
    console.print(table)
    console.print(f"{len(plan.owed)} of {len(plan.lines)} partitions to run{_total(plan)}.")


def _told(line: Line) -> dict[str, Any]:
    estimate = {"tokens": line.cost.tokens, "seconds": line.cost.seconds} if line.cost else None
    told = {"partition": str(line.partition), "action": line.action, "state": line.state}
    return {**told, "reasons": line.reasons, "estimate": estimate}


def _total(plan: Plan) -> str:
    known = [line.cost for line in plan.owed if line.cost]
    tokens, seconds = sum(cost.tokens for cost in known), sum(cost.seconds for cost in known)
    unknown = len(plan.owed) - len(known)
    parts = [f"about {tokens:,} tokens and {seconds:,.0f} s"] if known else []
    parts += [f"{unknown} without an earlier run to estimate by"] if unknown else []
    return f": {'; '.join(parts)}" if parts else ""
