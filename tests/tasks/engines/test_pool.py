import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tasks.engines.engine import (
    Completion,
    Engine,
    EngineDied,
    EngineParams,
    Faults,
    Message,
    Request,
    Resources,
    Sampling,
)
from tasks.engines.fake_engine import FakeEngine
from tasks.engines.journal import read_journal
from tasks.engines.pool import ActorPool, keep_engines, open_engine

pytestmark = pytest.mark.usefixtures("ray")

WORDS = EngineParams(kind="fake", model="words")


def wave(name: str, size: int = 4) -> list[Request]:
    return [Request(f"{name}-{place}", f"prompt of {name}", place, Sampling()) for place in range(size)]


async def ask_waves(engine: Engine, count: int, size: int = 4) -> list[Completion]:
    calls = (engine.generate(wave(f"w{number}", size), affinity=f"w{number}") for number in range(count))
    return [completion for answer in await asyncio.gather(*calls) for completion in answer]


def alive(pid: int) -> bool:
    """Whether the process still runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def all_end(pids: list[int], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(map(alive, pids))


async def test_a_pool_answers_as_one_engine_would(tmp_path: Path) -> None:
    journal = str(tmp_path / "journal")
    async with open_engine(WORDS, Resources(actors=2, journal=journal)) as pool:
        completions = await ask_waves(pool, 20)
        long = await pool.generate(wave("long", 150))
        assert await pool.render([Message(role="user", content="2+2?")], "It") == "<user>2+2?</user>\n<assistant>It"
        assert pool.identity == FakeEngine("words").identity
    assert completions == await ask_waves(FakeEngine("words"), 20)
    assert [completion.id for completion in long] == [f"long-{place}" for place in range(150)]
    actors = {name: pid for name, pid in read_journal(journal) if not name.startswith("long")}
    assert len(set(actors.values())) == 2
    for number in range(20):
        assert len({actors[f"w{number}-{place}"] for place in range(4)}) == 1, "affinity leads to one actor"


@pytest.mark.faults
async def test_actors_that_die_are_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    resources = Resources(
        actors=2, window=32, journal=str(tmp_path / "journal"), faults=Faults(die_at=(20, 60), delay=0.005)
    )
    async with open_engine(WORDS, resources) as pool:
        assert isinstance(pool, ActorPool)
        completions = await ask_waves(pool, 40)
        assert pool.restarts == 2
        assert pool.resubmitted > 0
    assert completions == await ask_waves(FakeEngine("words"), 40)
    generated = Counter(name for name, _ in read_journal(tmp_path / "journal"))
    assert len(generated) == 160
    assert max(generated.values()) <= 3


@pytest.mark.faults
async def test_without_restarts_the_living_take_over_from_the_dead(tmp_path: Path) -> None:
    resources = Resources(
        actors=2, restarts=0, journal=str(tmp_path / "journal"), faults=Faults(die_at=(20,), delay=0.002)
    )
    async with open_engine(WORDS, resources) as pool:
        assert await ask_waves(pool, 30) == await ask_waves(FakeEngine("words"), 30)
        assert isinstance(pool, ActorPool)
        assert len(pool.pids) == 1


@pytest.mark.faults
async def test_when_all_are_dead_and_no_restarts_are_left_the_call_fails(tmp_path: Path) -> None:
    resources = Resources(restarts=1, journal=str(tmp_path / "journal"), faults=Faults(die_at=(3, 6)))
    async with open_engine(WORDS, resources) as pool:
        with pytest.raises(EngineDied, match="no restarts are left"):
            await ask_waves(pool, 10)


@pytest.mark.faults
async def test_a_request_that_no_engine_survives_is_given_up_and_the_others_are_answered() -> None:
    resources = Resources(window=32, faults=Faults(kill="prompt of w3$", delay=0.002))
    async with open_engine(WORDS, resources) as pool:
        assert isinstance(pool, ActorPool)
        calls = [wave(f"w{number}") for number in range(8)]
        mixed = [*calls[2][:2], calls[3][0], *calls[4][:1]]
        answers = await asyncio.gather(*(pool.generate(call) for call in (*calls[:3], mixed, *calls[4:])))
        assert pool.forgiven == 2, "its call alone, and it alone"
    whole = [completion for answer in answers for completion in answer]
    [killer] = [completion for completion in whole if completion.finish_reason == "error"]
    assert killer.id == "w3-0"
    assert (killer.error or "").startswith("engine_died: no actor survives this request, even alone: ")
    expected = [*calls[0], *calls[1], *calls[2], *mixed, *calls[4], *calls[5], *calls[6], *calls[7]]
    alone = await FakeEngine("words").generate([request for request in expected if request.id != "w3-0"])
    assert [completion for completion in whole if completion.id != "w3-0"] == alone


@pytest.mark.faults
async def test_a_machine_on_which_every_request_kills_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.engines.pool.FORGIVEN", 2)
    async with open_engine(WORDS, Resources(faults=Faults(kill="prompt"))) as pool:
        with pytest.raises(EngineDied, match="no restarts are left"):
            await ask_waves(pool, 3)


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        (EngineParams(kind="fake", model="nonsense"), ValueError, "no script 'nonsense'"),
        (EngineParams(kind="vllm", model="/no/such/model"), FileNotFoundError, "embedded models"),
    ],
)
async def test_what_keeps_a_model_from_loading_is_told_plainly(
    params: EngineParams, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match) as caught:
        async with open_engine(params):
            pass
    assert "ray::" not in str(caught.value)


async def test_gpus_that_the_cluster_lacks_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="2 actors want 8 GPUs and the cluster has 0"):
        async with open_engine(WORDS, Resources(actors=2, gpus_per_actor=4)):
            pass


async def test_closing_a_pool_ends_its_processes() -> None:
    async with open_engine(WORDS, Resources(actors=2)) as pool:
        assert isinstance(pool, ActorPool)
        pids = pool.pids
        assert all(map(alive, pids))
    assert all_end(pids)


async def test_kept_engines_serve_the_next_pool_of_their_kind_and_make_room_for_another() -> None:
    async def pids(params: EngineParams) -> list[int]:
        async with open_engine(params, Resources()) as pool:
            assert isinstance(pool, ActorPool)
            assert await ask_waves(pool, 2) == await ask_waves(FakeEngine(params.model), 2)
            return pool.pids

    with keep_engines():
        first = await pids(WORDS)
        assert await pids(WORDS) == first
        other = await pids(EngineParams(kind="fake", model="echo"))
        assert all_end(first)
        assert all(map(alive, other))
    assert all_end(other)


async def test_of_two_pools_of_one_kind_that_were_open_at_once_one_is_kept() -> None:
    """A model that writes and judges, say."""
    with keep_engines():
        async with open_engine(WORDS) as first, open_engine(WORDS) as second:
            assert isinstance(first, ActorPool)
            assert isinstance(second, ActorPool)
            pids = first.pids, second.pids
        assert all_end(pids[0])
        assert all(map(alive, pids[1])), "the one that was closed first"


@pytest.mark.faults
def test_actors_do_not_outlive_a_driver_that_is_killed(tmp_path: Path) -> None:
    script = """
import asyncio
from tasks.engines.engine import EngineParams
from tasks.engines.pool import open_engine

async def main():
    async with open_engine(EngineParams(kind="fake", model="words")) as pool:
        print(*pool.pids, flush=True)
        await asyncio.sleep(300)

asyncio.run(main())
"""
    driver = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    pids = [int(pid) for pid in driver.stdout.readline().split()]
    assert pids
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert all_end(pids)


@pytest.mark.engine
@pytest.mark.faults
async def test_a_real_model_whose_process_is_killed_loses_no_request(model: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    resources = Resources(journal=str(journal), cache_gib=0.5, max_num_seqs=16, window=64)
    requests = [
        Request(f"r{place}", "2 + 2 = ", place, Sampling(max_tokens=16, temperature=1.0)) for place in range(200)
    ]
    async with open_engine(EngineParams(model=model), resources) as pool:
        assert isinstance(pool, ActorPool)
        answer = asyncio.create_task(pool.generate(requests))
        while len(read_journal(journal)) < 40:
            await asyncio.sleep(0.02)
        os.kill(pool.pids[0], signal.SIGKILL)
        completions = await answer
        assert pool.restarts == 1
    assert [completion.id for completion in completions] == [request.id for request in requests]
    assert {completion.finish_reason for completion in completions} <= {"stop", "length"}
    assert len({pid for _, pid in read_journal(journal)}) == 2
