"""The status grid: every partition that storage knows, with the state of each stage and the reasons."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.run.work import input_location, status
from flows.stages import MAIN_JOB, STAGES
from storage.partition import Partition
from storage.status import State, Status
from storage.store import Store
from tasks.report.section import Section
from tasks.report.section import Table as Rows

STYLES: dict[State, str] = {
    "complete": "green",
    "stale": "yellow",
    "running": "cyan",
    "failed": "bold red",
    "missing": "dim",
}
OF_MAIN = "of main"
MOST_WIDE = 1_000
"""Columns; more than a table of all stages takes."""
SIGNS = {"complete": "✓", "stale": "~", "running": "▸", "failed": "✗", "missing": "·", OF_MAIN: "="}


@dataclass(frozen=True)
class Line:
    """One partition and the state of every stage there."""

    partition: Partition
    states: dict[str, Status]
    shared: frozenset[str] = frozenset()
    """Stages that this run lacks because it reads what run=main has."""


def grid(store: Store, fits: Callable[[Partition], bool]) -> list[Line]:
    """The partitions that fit, newest day first. One without a model stands for problems that no model has seen."""
    partitions = {each for stage in STAGES.values() for each in store.partitions(stage.main)}
    with_models = {each.without_model() for each in partitions if each.model}
    lines = sorted(partitions - with_models, key=str)
    lines.sort(key=lambda each: each.date, reverse=True)
    return [
        Line(each, {stage.name: status(store, stage, each) for stage in STAGES.values()}, _shared(store, each))
        for each in lines
        if fits(each)
    ]


def for_terminal(lines: Sequence[Line], console: Console) -> RenderableType:
    """The states as words; where those do not fit into the console, as signs under names that run downwards."""
    shown = _columns(lines)
    words = _table(lines, {name: name for name in shown}, _word)
    wide = console.options.update(width=MOST_WIDE)
    if console.measure(words, options=wide).maximum <= console.width:
        return words
    signs = _table(lines, {name: "\n".join(name) for name in shown}, lambda line, name: SIGNS[_word(line, name)])
    return Group(signs, Text("\n" + "   ".join(f"{sign} {word}" for word, sign in SIGNS.items()), "dim"))


def _table(lines: Sequence[Line], stages: Mapping[str, str], said: Callable[[Line, str], str]) -> Table:
    """`stages`: of each its heading."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("date", "source", "model", "run"):
        table.add_column(name, overflow="fold", no_wrap=name == "date", vertical="bottom")
    for heading in stages.values():
        table.add_column(heading, no_wrap=True)
    for line in lines:
        states = (Text(said(line, name), STYLES[line.states[name].state]) for name in stages)
        table.add_row(*map(Text, _address(line)), *states)
    return table


def as_section(lines: Sequence[Line]) -> Section:
    """For the UI."""
    shown = _columns(lines)
    states = tuple((str(line.partition), *(_word(line, name) for name in shown)) for line in lines)
    why = tuple(
        (name, str(line.partition), each.state, reason)
        for line in lines
        for name, each in line.states.items()
        for reason in each.reasons
    )
    blocks = [Rows("The state of each stage", ("partition", *shown), states)]
    blocks += [Rows("Why", ("stage", "partition", "state", "reason"), why)] if why else []
    return Section("Partitions", tuple(blocks))


def reasons(lines: Sequence[Line]) -> list[str]:
    """Why what is not complete is not: a line a reason."""
    return [
        f"{stage} {line.partition}: {reason}"
        for line in lines
        for stage, each in line.states.items()
        for reason in each.reasons
    ]


def as_json_lines(lines: Sequence[Line]) -> list[str]:
    """For programs: a line a partition and stage."""
    return [
        json.dumps({"partition": str(line.partition), "stage": stage, "state": each.state, "reasons": each.reasons})
        for line in lines
        for stage, each in line.states.items()
    ]


def _shared(store: Store, partition: Partition) -> frozenset[str]:
    """Stages whose main dataset a later stage of this run would read from run=main."""
    runs = {name: input_location(store, stage.main, partition).partition.run for name, stage in STAGES.items()}
    return frozenset(name for name, run in runs.items() if run != partition.run)


def _columns(lines: Sequence[Line]) -> list[str]:
    """Each stage of the main job, and each other one that was ever asked for."""
    return [name for name in STAGES if name in MAIN_JOB or any(line.states[name].state != "missing" for line in lines)]


def _address(line: Line) -> list[str]:
    where = line.partition
    return [str(part or "-") for part in (where.date, where.source, where.model, where.run)]


def _word(line: Line, stage: str) -> str:
    state = line.states[stage].state
    return OF_MAIN if state == "missing" and stage in line.shared else state
