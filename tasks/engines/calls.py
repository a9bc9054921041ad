"""Calls that wait in an event loop for what a thread works out.

A thread may not touch a future of asyncio. It hands over all the calls that are complete in one hop, as each hop wakes
the loop and makes the two contend for the interpreter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence

from tasks.engines.engine import Completion, EngineDied, Request


class Call:
    """A `generate` that waits for its completions. It belongs to the event loop in which it was made."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.prompts: list[list[int]] = []
        """Token ids, a list for each request."""
        self.completions: list[Completion | None] = [None] * len(requests)
        self.owed: set[int] = set()
        """Places in `completions` that are still to be filled."""
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[list[Completion]] = self.loop.create_future()

    def answer(self) -> list[Completion]:
        """The completions, once none is owed."""
        return [completion for completion in self.completions if completion is not None]


def wake(calls: Iterable[Call]) -> None:
    """Answers, from any thread, those of the calls that are complete."""
    _hand_over([call for call in calls if not call.owed], _resolve)


def reject(calls: Iterable[Call], reason: str) -> None:
    """Lets the calls raise EngineDied, from any thread."""

    def fail(calls: Iterable[Call]) -> None:
        for call in calls:
            if not call.done.done():
                call.done.set_exception(EngineDied(reason))

    _hand_over(calls, fail)


def _resolve(calls: Iterable[Call]) -> None:
    for call in calls:
        if not call.done.done():
            call.done.set_result(call.answer())


def _hand_over(calls: Iterable[Call], function: Callable[[list[Call]], None]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Call]] = {}
    for call in calls:
        by_loop.setdefault(call.loop, []).append(call)
    for loop, together in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            loop.call_soon_threadsafe(function, together)
