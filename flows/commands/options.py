"""The options that several commands share, with their help."""

import datetime
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tasks.engines.engine import Resources

_PARTITION = "Partition"
_PARAMETERS = "Parameters: what changes the rows"
_RESOURCES = "Resources: what does not change the rows"

Date = Annotated[
    datetime.datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Day of the partition. Left out: today where problems are made, else the latest day that has the inputs.",
        rich_help_panel=_PARTITION,
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        help="Where the problems come from, as part of the address. Left out: what the problems' parameters name, "
        "or the only one there is.",
        rich_help_panel=_PARTITION,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        help="The model that writes the traces: an embedded one (tiny_reasoner), a local folder, a hub name. "
        "Left out: tiny_reasoner for traces, else the only one that has the inputs.",
        rich_help_panel=_PARTITION,
    ),
]
Run = Annotated[
    str,
    typer.Option(
        help="Name of an experiment: other parameters under another name replace nothing. What a run lacks of its "
        "inputs it reads from `main`.",
        rich_help_panel=_PARTITION,
    ),
]
Root = Annotated[
    str,
    typer.Option(help="Folder or URL (s3://...) of the datasets.", envvar="PROCTOR_ROOT", rich_help_panel=_PARTITION),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="One parameter; may be repeated. The value is JSON or text: --set sampling.temperature=0.7",
        rich_help_panel=_PARAMETERS,
    ),
]
File = Annotated[
    Path | None,
    typer.Option("--params", help="A JSON or YAML file with parameters; --set wins.", rich_help_panel=_PARAMETERS),
]
Actors = Annotated[int | None, typer.Option(help="Engines that run side by side.", rich_help_panel=_RESOURCES)]
RayAddress = Annotated[
    str | None,
    typer.Option(
        help="A Ray cluster that runs; left out: RAY_ADDRESS, else one is started.", rich_help_panel=_RESOURCES
    ),
]
ResourceSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--resource",
        metavar="FIELD=VALUE",
        help=f"Any other resource; may be repeated. There are: {', '.join(Resources.model_fields)}.",
        rich_help_panel=_RESOURCES,
    ),
]
MaxDeadRate = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Share of rows that may fail before the partition does.", rich_help_panel=_RESOURCES
    ),
]
Gates = Annotated[
    list[str] | None,
    typer.Option(
        "--gate",
        metavar="DATASET.NUMBER<=LIMIT",
        help="A number that has to be at most (<=) or at least (>=) this, or what comes after its stage is not made: "
        "--gate 'labels.unknown_rate<=0.1'. May be repeated.",
        rich_help_panel=_RESOURCES,
    ),
]
AnyModel = Annotated[str | None, typer.Option(help="Only this model.")]
AnySource = Annotated[str | None, typer.Option(help="Only this source.")]
AnyDate = Annotated[
    datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Only this day.")
]
AnyRun = Annotated[str | None, typer.Option(help="Only this run.")]
AnyRoot = Annotated[str, typer.Option(help="Folder or URL (s3://...) of the datasets.", envvar="PROCTOR_ROOT")]
Alert = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="PROCTOR_ALERT",
        help="Where a run that fails, crashes or is stopped by a gate is told of: a URL that takes JSON, a block of "
        "Prefect (slack-webhook/NAME), or `none`. Left out: as it was; at first nobody is told.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


def with_options_of(group: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """For commands that share options: Typer is shown the fields of `group`, a dataclass, where the command has one
    parameter of that type."""
    options = inspect.signature(group, eval_str=True).parameters

    def expanded(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters.values()
        [asked] = [each.name for each in own if each.annotation is group]

        @functools.wraps(command)
        def called(**values: Any) -> None:
            command(**{asked: group(**{name: values.pop(name) for name in options})}, **values)

        shown = [each for one in own for each in (options.values() if one.name == asked else [one])]
        signature = inspect.Signature([each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in shown])
        called.__signature__ = signature  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in shown}
        return called

    return expanded
