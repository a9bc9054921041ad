"""A bound on what is in flight: who asks first is served first, and asks for as much room as it needs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Window:
    """Room for `size` things. It belongs to the event loop that first waits for it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, count: int) -> AsyncIterator[None]:
        """Holds room for `count`, at most the window's size, while the block runs."""
        if count > self.size:
            raise ValueError(f"{count} do not fit into a window of {self.size}")
        if self._waiting or self.taken + count > self.size:
            await self._turn(count)
        else:
            self.taken += count
        try:
            yield
        finally:
            self._give_back(count)

    async def _turn(self, count: int) -> None:
        """Returns once the room is taken for us."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(count)
            elif (count, turn) in self._waiting:  # else whoever gave room back in the same moment has passed us over
                self._waiting.remove((count, turn))
                self._serve()  # those behind us may need less
            raise

    def _give_back(self, count: int) -> None:
        self.taken -= count
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self.taken + self._waiting[0][0] <= self.size:
            count, turn = self._waiting.popleft()
            if not turn.done():
                self.taken += count
                turn.set_result(None)
