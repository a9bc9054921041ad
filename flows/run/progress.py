"""How far a stage is, told to whoever watches: bars in the terminal, an artifact in the Prefect UI, tests.

A stage knows only the `Progress` callback of its job. Watchers are found through a context variable, since
a flow's parameters are JSON and cannot carry a callback: who calls a flow in its own process wraps the call
in `watching(...)`. Watchers must be quick: they are called from the loop that drives the engines.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Watcher(Protocol):
    """Is told of each stage that runs: once that it starts, often how far it is, once that it ended."""

    def started(self, stage: str) -> None: ...

    def advanced(self, stage: str, done: int, total: int, numbers: Mapping[str, float]) -> None: ...

    def finished(self, stage: str, outcome: str) -> None:
        """`outcome` is "committed", "complete" (there was nothing to do) or "failed"."""
        ...


_watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Tells `watcher` of the stages that run inside this block, beside those that watch already."""
    token = _watchers.set((*_watchers.get(), watcher))
    try:
        yield
    finally:
        _watchers.reset(token)


class Report:
    """The `Progress` of one stage: passes on what the stage says to the watchers of this context."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._watchers = _watchers.get()

    def started(self) -> None:
        for watcher in self._watchers:
            watcher.started(self._stage)

    def __call__(self, done: int, total: int, **numbers: float) -> None:
        for watcher in self._watchers:
            watcher.advanced(self._stage, done, total, numbers)

    def finished(self, outcome: str) -> None:
        for watcher in self._watchers:
            watcher.finished(self._stage, outcome)
