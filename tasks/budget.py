"""A token budget that is kept: room is reserved before a request starts, and what it did not use is given back.

Guarantees: what was spent never exceeds the limit, however many requests are in flight. When the rest of the budget
fits no request any more, whoever asks is told so at once; nobody waits for room that will not come.
"""

import asyncio


def charge(tokens: int, text: str, most: int) -> int:
    """Tokens of the budget that a completion takes. A server that does not tell them is charged the `most` there may
    be."""
    return tokens or (most if text else 0)


class Budget:
    """At most `limit` tokens, of which `spent` are gone already; None is no limit. Belongs to one event loop."""

    def __init__(self, limit: int | None, spent: int = 0) -> None:
        self._limit, self.spent, self._held = limit, spent, 0
        self._changed = asyncio.Condition()

    async def reserve(self, each: int, count: int) -> int:
        """How many of `count` requests, of at most `each` tokens, may start; `settle` has to follow for those.

        Waits while requests in flight may still give room back.
        """
        if self._limit is None:
            return count
        async with self._changed:
            await self._changed.wait_for(lambda: self._room() >= each * count or not self._held)
            granted = min(count, max(0, self._room()) // each)
            self._held += granted * each
            return granted

    async def settle(self, reserved: int, spent: int) -> None:
        """Gives `reserved` tokens back, of which `spent` were used."""
        async with self._changed:
            self._held -= reserved if self._limit is not None else 0
            self.spent += spent
            self._changed.notify_all()

    def _room(self) -> int:
        return (self._limit or 0) - self.spent - self._held
