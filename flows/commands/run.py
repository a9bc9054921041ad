"""`proctor run`: one stage, or the main job, on one partition; a command for each, whose help has its parameters."""

from __future__ import annotations

import json

import typer
from rich.console import Console

from flows.commands.failures import failures_shown
from flows.commands.options import (
    Actors,
    Date,
    File,
    Gates,
    MaxDeadRate,
    Model,
    RayAddress,
    ResourceSettings,
    Root,
    Run,
    Settings,
    Source,
)
from flows.orders.order import PIPELINE, given, order, parameters
from flows.orders.parameters import build, field_rows
from flows.run.addresses import Wanted
from flows.stages import MAIN_JOB, PIPELINE_EXAMPLES, STAGES
from storage.partition import slug
from tasks.engines.engine import Resources

app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True)


def run_stage(
    context: typer.Context,
    date: Date = None,
    source: Source = None,
    model: Model = None,
    run: Run = "main",
    root: Root = "data",
    settings: Settings = None,
    params: File = None,
    actors: Actors = None,
    ray_address: RayAddress = None,
    resource: ResourceSettings = None,
    max_dead_rate: MaxDeadRate = 0.05,
    gate: Gates = None,
) -> None:
    name = str(context.info_name)
    with failures_shown(context):
        from flows.commands.launch import finished, launch
        from flows.orders.gates import checks_of, gated, stop_at
        from flows.views.summary import results

        wanted = Wanted(date.date() if date else None, source, model and slug(model), run)
        shorthands = {"actors": actors, "ray_address": ray_address}
        short = [f"{key}={json.dumps(value)}" for key, value in shorthands.items() if value is not None]
        resources = build(Resources, settings=[*short, *(resource or [])])
        what = order(name, given(name, params, settings or [], model), wanted, resources, root, max_dead_rate)
        what = gated(what, gate or [])
        done = finished(what.works)
        for each in done or ():
            stop_at(each, checks_of(each, what.gates))
        if done is None:
            what.works[0].inputs()
            stages = [work.stage.name for work in what.works]
            done = launch(name, what.arguments(), stages, what.root, bool(context.obj))
        Console().print(results(done))


def _fields_help(name: str) -> str:
    """The parameters of a stage with their defaults and meanings, for the end of its help."""
    rows = field_rows(parameters(name))
    lines = [
        f"[bold]{row.path}[/] [dim]{_escaped(f'{row.kind} = {row.default}')}[/] {_escaped(row.doc)}" for row in rows
    ]
    examples = STAGES[name].examples if name in STAGES else PIPELINE_EXAMPLES
    shown = ["Examples:", *(f"[dim]{_escaped(example)}[/]" for example in examples)] if examples else []
    return "\n\n".join(["Fields for --set and --params:", *lines, *shown])


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


for _name in (*STAGES, PIPELINE):
    _title = STAGES[_name].title if _name in STAGES else f"Run {', '.join(MAIN_JOB[:-1])} and {MAIN_JOB[-1]} in order."
    app.command(_name, help=_title, epilog=_fields_help(_name))(run_stage)
