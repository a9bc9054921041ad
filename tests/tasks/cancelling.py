"""A run that is cancelled while its engine says nothing."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from tasks import completions
from tasks.engines.engine import Completion, Request
from tasks.engines.fake_engine import FakeEngine


class Mute(FakeEngine):
    """Remembers what it was asked, and never answers."""

    asked: tuple[Request, ...] = ()

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        self.asked += tuple(requests)
        await asyncio.Event().wait()
        raise AssertionError("nobody answers")


async def ends_at_once(engine: Mute, work: Coroutine[Any, Any, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled, it waits for no answer and asks for nothing more."""
    monkeypatch.setattr(completions, "GRACE", 0.1)
    run = asyncio.create_task(work)
    while not engine.asked:
        await asyncio.sleep(0)
    run.cancel()
    ended, _ = await asyncio.wait([run], timeout=5)
    run.cancel()
    assert ended == {run}
    asked = len(engine.asked)
    await asyncio.sleep(0.05)
    assert len(engine.asked) == asked
