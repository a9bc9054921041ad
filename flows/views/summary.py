"""What a person reads when a command ends. Every number comes from a manifest, so a second run says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.run.execute import Execution
from flows.stages import MAIN_JOB, STAGES
from storage.manifest import Manifest
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
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in job_lines(manifests):
        table.add_row(name, text)
    seconds = [f"{STAGES[each.stage].name} {_seconds(each):,.0f} s" for each in executions]
    table.add_row("time", " · ".join(seconds))
    return Group(table, Text(""), _places(executions))


def job_lines(manifests: Mapping[str, Manifest]) -> list[tuple[str, str]]:
    """(name, text) of each line of the summary; parts that a manifest does not tell are left out."""
    problems, traces, labels = (manifests[name] for name in ("problems", "traces", "labels"))
    return [
        ("problems", f"{problems.rows:,}"),
        ("traces", f"{traces.rows:,}, {_tokens(traces):,} tokens{_dead(traces)}"),
        ("accuracy", _shares(traces.summary)),
        ("labels", _classes(labels)),
        *_agreement(labels.summary),
        ("rollouts", _rollouts(manifests["rollouts"], labels.summary)),
        ("training", f"{manifests['prm'].rows:,} PRM rows, {manifests['orm'].rows:,} ORM rows"),
    ]


def _places(executions: Sequence[Execution]) -> RenderableType:
    """Where the datasets lie, the root told once."""
    addresses = {name: address for each in executions for name, address in each.addresses.items()}
    roots = {address.rpartition(f"/{name}/v")[0] for name, address in addresses.items()}
    root = f"{roots.pop()}/" if len(roots) == 1 else ""
    lines = Text(
        "\n".join(f"  {address.removeprefix(root)}" for address in addresses.values()), no_wrap=True, overflow="fold"
    )
    return Group(Text.assemble(("Datasets", "bold"), f" in {root}"), lines)


def _tokens(traces: Manifest) -> int:
    """Of all traces, those that earlier attempts paid for included."""
    return int(traces.summary.get("trace_tokens", traces.tokens))


def _shares(summary: Mapping[str, Any]) -> str:
    """`pass@1 72.0 % · pass@4 85.0 % · majority@4 78.0 %`."""
    named = {name: value for name, value in summary.items() if "@" in name}
    return " · ".join(f"{name} {value:.1%}" for name, value in named.items())


def _classes(labels: Manifest) -> str:
    classes = [f"{labels.summary[name]:,} {name}" for name in ("good", "bad", "open") if name in labels.summary]
    return f"{labels.rows:,} steps: {', '.join(classes)}{_dead(labels)}"


def _agreement(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "label_accuracy" not in summary:
        return []
    text = f"{summary['label_accuracy']:.1%} of labels equal the known truth of their step"
    if "first_error_accuracy" in summary:
        text += f"; {summary['first_error_accuracy']:.1%} of traces have their first error in its place"
    return [("agreement", text)]


def _rollouts(rollouts: Manifest, summary: Mapping[str, Any]) -> str:
    tokens = summary.get("rollout_tokens")
    each = summary.get("rollouts_per_trace")
    parts = [f"{rollouts.rows:,}"]
    parts += [f"{tokens:,} tokens"] if tokens is not None else []
    parts += [f"{each:.1f} a trace"] if each is not None else []
    return ", ".join(parts)


def _dead(manifest: Manifest) -> str:
    return f"; {manifest.counts['dead']:,} dead letters" if manifest.counts.get("dead") else ""


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
