"""Traces as people read them: the question, the steps with what is known of each, the verdict and the gold answer.

A step is marked by colour and by sign: green and + for good, red and - for bad, dim and ? where nobody knows. What is
known comes from rollouts (`labels`, `prm`) or from people (`traces`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.run.work import input_location
from flows.views.rows import cut, printable
from flows.views.selection import Selection, committed
from flows.views.sql import ask
from storage.scan import scanned
from storage.store import Location, Store

Row = dict[str, Any]
_MARKS = {1: ("+", "green"), 0: ("-", "red"), None: ("?", "dim")}


@dataclass(frozen=True)
class Step:
    text: str
    label: int | None
    """1 good, 0 bad, None unknown."""
    counts: tuple[int, ...] = ()
    """Rollouts from here that ended right, wrong, without a verdict; none where nobody counted."""
    truth: int | None = None
    """Known from people, or from how the problem was made."""


@dataclass(frozen=True)
class Read:
    """What is shown of one trace; None is what storage does not tell."""

    trace_id: str
    question: str | None
    steps: tuple[Step, ...]
    verdict: str
    answer: str | None
    gold: str | None


def show_traces(
    store: Store, dataset: str, selection: Selection, where: str | None, limit: int, full: bool = False
) -> None:
    """Prints the first traces that have a row for which the SQL condition `where` holds."""
    console, left = Console(), limit
    for location, manifest in committed(store, dataset, selection):
        about = f"{dataset} {manifest.partition}: {manifest.rows:,} rows"
        console.print(about, style="dim", markup=False, highlight=False, soft_wrap=True)
        for each in read(store, location, where, left):
            console.print(shown(each, full))
            left -= 1
        if not left:
            return


def read(store: Store, location: Location, where: str | None, limit: int) -> Iterator[Read]:
    """The first traces of a dataset of READ_AS_TRACES, in the order of its rows. Raises BadSelection."""
    name = location.dataset.name
    with scanned([location]) as rows:
        fit = ask(f"SELECT trace_id FROM {name} {f'WHERE {where}' if where else ''}", {name: rows})
        chosen = fit["trace_id"].unique().slice(0, limit)
        found = rows.to_table(filter=pc.field("trace_id").isin(chosen)).to_pylist()
    traces = _known(store, "traces", "trace_id", location, chosen, ("extracted", "verdict"))
    asked = pa.array({row["problem_id"] for row in found}, pa.utf8())
    problems = _known(store, "problems", "problem_id", location, asked, ("question", "answer"))
    for trace_id in chosen.to_pylist():
        own = [row for row in found if row["trace_id"] == trace_id]
        trace, problem = traces.get(trace_id, {}), problems.get(own[0]["problem_id"], {})
        yield Read(
            trace_id,
            problem.get("question"),
            READ_AS_TRACES[name](own),
            trace.get("verdict") or own[0].get("trace_verdict") or own[0].get("verdict") or "unknown",
            trace.get("extracted"),
            problem.get("answer"),
        )


def shown(what: Read, full: bool = False) -> RenderableType:
    short: Callable[[str], str] = (lambda text: text) if full else cut
    question = short(printable((what.question or "its problem is not stored").strip()))
    verdict = Text(f"{what.verdict}: ", {"correct": "bold green", "wrong": "bold red"}.get(what.verdict, "bold"))
    verdict.append(f"answered {_said(what.answer, 'nothing')}, gold {_said(what.gold, 'not stored')}", "default")
    return Group(
        Text(f"\ntrace {printable(what.trace_id)}", "bold"),
        Text(question),
        "",
        _steps(what.steps, short),
        "",
        verdict,
        "",
    )


def _steps(steps: Sequence[Step], short: Callable[[str], str]) -> Table:
    unknown = any(sum(step.counts[2:]) for step in steps)
    counted = 3 if unknown else 2 if any(step.counts for step in steps) else 0
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("step", justify="right")
    for name in ("right", "wrong", "unknown")[:counted]:
        table.add_column(name, justify="right")
    true = any(step.truth is not None for step in steps)
    if true:
        table.add_column("truth", justify="center")
    table.add_column("", overflow="fold")
    for number, step in enumerate(steps):
        sign, style = _MARKS[step.label]
        truth = [_MARKS[step.truth][0]] if true else []
        text = Text(short(printable(step.text.strip("\n"))))
        table.add_row(sign, str(number), *map(str, step.counts[:counted]), *truth, text, style=style)
    return table


def _said(answer: str | None, else_: str) -> str:
    return else_ if answer is None else printable(answer)


def _of_labels(rows: Sequence[Row]) -> tuple[Step, ...]:
    return tuple(
        Step(row["text"], row["hard"], (row["successes"], row["failures"], row["unknowns"]), row["truth"])
        for row in sorted(rows, key=lambda each: int(each["step"]))
    )


def _of_traces(rows: Sequence[Row]) -> tuple[Step, ...]:
    (row,) = rows
    truths = row["truths"] or [None] * len(row["steps"])
    return tuple(Step(text, truth) for text, truth in zip(row["steps"], truths, strict=True))


def _of_prm(rows: Sequence[Row]) -> tuple[Step, ...]:
    (row,) = rows
    columns = (row["completions"], row["labels"], row["successes"], row["failures"])
    return tuple(Step(text, int(label), tuple(counts)) for text, label, *counts in zip(*columns, strict=True))


READ_AS_TRACES: dict[str, Callable[[Sequence[Row]], tuple[Step, ...]]] = {
    "traces": _of_traces,
    "labels": _of_labels,
    "prm": _of_prm,
}
"""Datasets that tell of the steps of traces, and how the steps come out of the rows of one."""


def _known(
    store: Store, dataset: str, key: str, seen_from: Location, wanted: pa.Array, columns: Sequence[str]
) -> dict[str, Row]:
    """Rows of an input by id, as far as they are stored."""
    location = input_location(store, dataset, seen_from.partition)
    if location.manifest() is None:
        return {}
    with scanned([location]) as rows:
        found = rows.to_table(columns=[key, *columns], filter=pc.field(key).isin(wanted)).to_pylist()
    return {row[key]: row for row in found}
