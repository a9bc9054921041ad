"""What a person sees while stages run: a bar a stage and readable errors; everything else goes to a log file.

Prefect, Ray and vLLM print from several processes and from C++, so their output is taken at the file
descriptors: while `quiet` is on, descriptors 1 and 2 point to the log, and the console writes to a
duplicate of the old standard output.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text

from flows.run.events import logs_folder


def log_path(root: str, name: str) -> Path:
    """The file that takes what everybody prints while one command runs."""
    return logs_folder(root) / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{name}.log"


@contextlib.contextmanager
def quiet(log: Path) -> Iterator[Console]:
    """Sends what any code of this process and its children prints to `log`; yields a console for the
    person."""
    sys.stdout.flush()
    sys.stderr.flush()
    if not _is_descriptor(sys.stdout, 1):  # a test's capture: there is nothing to take over
        yield Console(file=sys.stdout)
        return
    with (
        log.open("ab") as sink,
        os.fdopen(os.dup(1), "w", encoding="utf-8") as out,
        _restored(1),
        _restored(2),
    ):
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        yield Console(file=out)


@contextlib.contextmanager
def loud() -> Iterator[Console]:
    """Leaves everything in the terminal."""
    yield Console()


def show_error(console: Console, title: str, message: str, hints: Sequence[str] = ()) -> None:
    """One readable block: what went wrong, where, and what to do."""
    body = Text(message)
    for hint in filter(None, hints):
        body.append(f"\n\n{hint}", style="dim")
    console.print(Panel(body, title=title, title_align="left", border_style="red"))


class TimeLeft(ProgressColumn):
    """How long a bar will still run at the speed that it had lately; how long it ran, once that is known."""

    max_refresh = 1.0

    def render(self, task: Task) -> Text:
        left = None if task.finished or task.stop_time else task.time_remaining
        seconds = task.elapsed or 0 if left is None else left
        return Text(f"{timedelta(seconds=int(seconds))}{'' if left is None else ' left'}", "cyan")


class Bars:
    """A watcher (flows/run/progress.py) that draws a bar for each stage; use as a context manager.

    `marks` stand beside the numbers of the stages, in their order, and tell those of one name apart.
    """

    def __init__(self, console: Console, stages: Sequence[str], marks: Sequence[str] = ()) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=12),  # with the numbers, a line stays within 80 columns
            MofNCompleteColumn(),
            TimeLeft(),
            TextColumn("[dim]{task.fields[note]}[/] {task.fields[mark]}"),
            console=console,
            refresh_per_second=4,
        )
        self._bars: dict[str, TaskID] = {}
        self._later: dict[str, list[TaskID]] = {stage: [] for stage in stages}
        """Of a stage that runs more than once."""
        for stage, mark in zip_longest(stages, marks, fillvalue=""):
            self._later[stage].append(self._add(stage, "waits", mark))

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def announce(self, text: str) -> None:
        """Words beside the bar that comes next."""
        waiting = [bar for bar in self._progress.tasks if not bar.started]
        if waiting:
            self._progress.update(waiting[0].id, note=text)

    def started(self, stage: str) -> None:
        if self._later.get(stage):
            self._bars[stage] = self._later[stage].pop(0)
        self._progress.start_task(self._bar(stage))
        self._progress.update(self._bar(stage), note="starts")

    def advanced(self, stage: str, done: int, total: int, numbers: Mapping[str, float]) -> None:
        self._progress.update(self._bar(stage), completed=done, total=total, note=describe(numbers))

    def finished(self, stage: str, outcome: str) -> None:
        bar = self._progress.tasks[self._bar(stage)]
        if outcome == "failed":
            self._progress.update(bar.id, note="[red]failed")
        else:
            total = bar.total or 1
            note = bar.fields["note"] if outcome == "committed" else outcome
            self._progress.update(bar.id, total=total, completed=total, note=note)
            self.announce("starts")  # engines start between two stages: the next one does not merely wait
        self._progress.stop_task(bar.id)

    def _bar(self, stage: str) -> TaskID:
        """The one under way, or the next, or a new one."""
        if stage not in self._bars and self._later.get(stage):
            return self._later[stage][0]
        if stage not in self._bars:
            self._bars[stage] = self._add(stage)
        return self._bars[stage]

    def _add(self, stage: str, note: str = "", mark: str = "") -> TaskID:
        return self._progress.add_task(stage, total=None, start=False, note=note, mark=mark)


def describe(numbers: Mapping[str, float]) -> str:
    """`{"tokens": 5312.0, "rollouts": 800}` as `5,312 tokens · 800 rollouts`."""
    return " · ".join(f"{value:,.0f} {name.replace('_', ' ')}" for name, value in numbers.items())


@contextlib.contextmanager
def _restored(descriptor: int) -> Iterator[None]:
    saved = os.dup(descriptor)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.dup2(saved, descriptor)
        os.close(saved)


def _is_descriptor(stream: TextIO, number: int) -> bool:
    try:
        return stream.fileno() == number
    except (OSError, ValueError, AttributeError):
        return False
