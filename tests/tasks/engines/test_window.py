import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.engines.window import Window


@given(st.integers(1, 8).flatmap(lambda size: st.tuples(st.just(size), st.lists(st.integers(0, size), max_size=30))))
async def test_never_more_is_in_flight_than_fits_and_all_have_their_turn(case: tuple[int, list[int]]) -> None:
    size, counts = case
    window, most, order = Window(size), 0, []

    async def hold(place: int, count: int) -> None:
        nonlocal most
        async with window.of(count):
            most = max(most, window.taken)
            order.append(place)
            await asyncio.sleep(0)

    await asyncio.gather(*(hold(place, count) for place, count in enumerate(counts)))
    assert order == sorted(order)
    assert most <= size
    assert window.taken == 0


async def test_who_is_cancelled_while_waiting_holds_up_nobody() -> None:
    window = Window(2)

    async def hold(count: int) -> None:
        async with window.of(count):
            await asyncio.sleep(0.01)

    async with window.of(1):
        big, small = asyncio.create_task(hold(2)), asyncio.create_task(hold(1))
        await asyncio.sleep(0)
        big.cancel()
        await asyncio.wait_for(small, 1)
    assert window.taken == 0


async def test_holders_and_waiters_that_are_cancelled_in_one_moment_are_cancelled_and_nothing_else() -> None:
    """As Ctrl-C does it: the room that the first gives back passes over those who wait no more."""
    window = Window(1)

    async def hold() -> None:
        async with window.of(1):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(hold()) for _ in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 3
    assert window.taken == 0
    async with asyncio.timeout(1), window.of(1):
        pass


async def test_what_can_never_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="3 do not fit into a window of 2"):
        async with Window(2).of(3):
            pass
