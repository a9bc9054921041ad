"""`proctor plan`: what a run will be able to see and what it will cost, before it is paid for."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.failures import failures_shown
from flows.commands.options import AnyDate, AnyModel, AnyRoot, AnyRun, AnySource, Json
from storage.store import Store

plan_app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True, help="Say what a run will see, and its cost.")


@plan_app.callback()
def plan() -> None:
    """Say what a run will be able to see and what it will cost, before it is paid for."""


@plan_app.command()
def robustness(
    context: typer.Context,
    problems: Annotated[
        int | None, typer.Option(min=2, help="Left out: the fewest that have variants of a kind, or 500.")
    ] = None,
    variants: Annotated[int, typer.Option(min=1, help="Of each problem and kind.")] = 4,
    samples: Annotated[int, typer.Option(min=1, help="Answers to each variant.")] = 1,
    originals: Annotated[
        int | None, typer.Option(min=1, help="Answers to each original. Left out: as many as a kind's variants get.")
    ] = None,
    kinds: Annotated[
        int | None, typer.Option(min=1, help="Tests that Holm corrects. Left out: those that have variants, or 8.")
    ] = None,
    effect: Annotated[
        float | None, typer.Option(min=0.0001, max=1, help="A change to find, 0.03 say: how many problems it takes.")
    ] = None,
    accuracy: Annotated[
        float | None, typer.Option(min=0.01, max=0.99, help="Expected of the originals. Left out: as storage knows it.")
    ] = None,
    power: Annotated[float, typer.Option(min=0.5, max=0.999, help="How probably the change is found.")] = 0.8,
    level: Annotated[float, typer.Option(min=0.0001, max=0.49, help="Of the tests.")] = 0.05,
    root: AnyRoot = "data",
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    run: AnyRun = None,
    as_json: Json = False,
) -> None:
    """Tell the smallest change of the accuracy that a robustness run finds, and its cost; nothing is run.

    Accuracy, tokens and speed are those of the newest trials or traces that fit.

    [dim]proctor plan robustness --effect 0.03[/]   [dim]proctor plan robustness --accuracy 0.85 --variants 8[/]
    """
    with failures_shown(context):
        from evals.robustness.power import Test
        from evals.robustness.worlds import Design
        from flows.commands.robustness_plan import known, shown
        from flows.commands.robustness_plan import plan as made
        from flows.views.selection import Selection

        chosen = Selection(date.date() if date else None, source, model, run)
        told = known(Store(root), chosen, accuracy)
        varied = {kind: count for kind, count in (told.problems or {}).items() if kind != "identity"}
        design = Design(
            problems or max(2, min(varied.values(), default=500)),
            variants,
            samples,
            originals or variants * samples,
        )
        found = made(told, design, Test(level, power, kinds or len(varied) or 8), effect)
        if as_json:
            typer.echo(json.dumps(found.as_json()))
        else:
            Console().print(shown(found))
