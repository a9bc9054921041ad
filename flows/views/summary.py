"""What a person reads when a command ends. Every number comes from a manifest, so a second run says the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.run.execute import Execution
from flows.stages import MAIN_JOB, STAGES
from flows.views.headlines import headlines
from tasks.report.figures import numbers


def results(executions: Sequence[Execution]) -> RenderableType:
    """The main job on one page, or all numbers of one stage; where the data lies; what to look at next."""
    last = STAGES[executions[-1].stage]
    hint = f"Rows: proctor show {last.shows or last.main}    Everything that is stored: proctor status"
    whole = tuple(each.stage for each in executions) == MAIN_JOB
    body = job_summary(executions) if whole else Group(*map(_stage, executions))
    return Group(body, Text(""), Text(hint, "dim"))


def job_summary(executions: Sequence[Execution]) -> RenderableType:
    """The main job on one page: quality, cost, time and places."""
    manifests = {dataset: each for execution in executions for dataset, each in execution.manifests.items()}
    seconds = " · ".join(f"{STAGES[each.stage].name} {_seconds(each):,.0f} s" for each in executions)
    return Group(lines([*headlines(manifests), ("time", seconds)]), Text(""), _places(executions))


def lines(told: Sequence[tuple[str, str]]) -> Table:
    """Names and what is said of them, below one another."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in told:
        table.add_row(name, text)
    return table


def _places(executions: Sequence[Execution]) -> RenderableType:
    """Where the datasets lie, the root told once."""
    addresses = {name: address for each in executions for name, address in each.addresses.items()}
    roots = {address.rpartition(f"/{name}/v")[0] for name, address in addresses.items()}
    root = f"{roots.pop()}/" if len(roots) == 1 else ""
    lines = Text(
        "\n".join(f"  {address.removeprefix(root)}" for address in addresses.values()), no_wrap=True, overflow="fold"
    )
    return Group(Text.assemble(("Datasets", "bold"), f" in {root}"), lines)


def _seconds(execution: Execution) -> float:
    return sum(manifest.seconds for manifest in execution.manifests.values())


def _stage(execution: Execution) -> RenderableType:
    what = "complete already" if execution.skipped else "committed"
    table = Table(box=None, show_header=False, pad_edge=False)
    for dataset, manifest in execution.manifests.items():
        if dataset == STAGES[execution.stage].main:
            for row in numbers(manifest):
                table.add_row(f"  {row['number']}", _shown(row["value"]))
        else:
            table.add_row(f"  {dataset}", f"{manifest.rows:,} rows")
    title = Text.assemble((execution.stage, "bold"), f" {execution.partition}: {what}")
    return Group(title, table, _places([execution]))


def _shown(value: Any) -> str:
    match value:
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        case _:
            return str(value)
