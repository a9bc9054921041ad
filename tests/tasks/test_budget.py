import asyncio
import random

import pytest

from tasks.budget import Budget


@pytest.mark.parametrize("seed", range(20))
async def test_what_is_spent_never_exceeds_the_limit_and_nobody_waits_for_ever(seed):
    draw = random.Random(seed)
    each, count = draw.randint(1, 10), draw.randint(1, 3)
    limit = draw.randint(0, 60)
    budget = Budget(limit, spent=draw.randint(0, 10))
    before = budget.spent

    async def one() -> int:
        granted = await budget.reserve(each, count)
        for _ in range(draw.randint(0, 3)):
            await asyncio.sleep(0)
        spent = sum(draw.randint(0, each) for _ in range(granted))
        await budget.settle(granted * each, spent)
        assert budget.spent <= max(limit, before)
        return granted

    async with asyncio.timeout(10):
        granted = await asyncio.gather(*(one() for _ in range(30)))
    assert limit - budget.spent < each or sum(granted) == 30 * count, "room for another request was left unused"


async def test_a_request_waits_for_what_others_may_give_back():
    budget = Budget(10)
    assert await budget.reserve(8, 1) == 1
    waiting = asyncio.create_task(budget.reserve(8, 1))
    await asyncio.sleep(0)
    assert not waiting.done()
    await budget.settle(8, 2)
    assert await waiting == 1


async def test_what_fits_is_granted_when_nobody_gives_back_more():
    assert await Budget(10).reserve(4, 3) == 2


async def test_without_a_limit_everything_is_granted():
    assert await Budget(None, spent=10**9).reserve(1000, 1000) == 1000
