"""Engines in Ray actors, behind one Engine that outlives any of them.

Calls go to the actor of their affinity, a bounded number of requests at a time; the rest wait in the driver.
When an actor dies, the pool starts another in its place and asks again for what the dead one owed: a request
may be generated twice, but is answered once, and as its id and seed are its own it does not matter by whom.
Restarts are the pool's and not Ray's, because then a call knows which actor it was put to, none is put to an
actor that is not there yet, and the reason of a death can be told. Actors are never detached: they end with
the pool, and with the driver's death.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from tasks.actor import EngineActor, Hello
from tasks.engine import (
    Abilities,
    Completion,
    Engine,
    EngineDied,
    EngineParams,
    Identity,
    Message,
    Request,
    Resources,
)
from tasks.runtime import ray_session

CHUNK = 64
"""Requests in one remote call. Fewer would cost calls, more would hold back finished ones."""
FAREWELL = 10.0
"""Seconds that an actor has to end by itself before it is killed."""


@asynccontextmanager
async def open_engine(params: EngineParams, resources: Resources | None = None) -> AsyncIterator[Engine]:
    """The engine of these parameters, ready to be asked, for as long as the block runs.

    Raises what keeps it from being ready: FileNotFoundError for an unknown model, ConnectionError or
    PermissionError for a server that does not answer or does not let us in, ValueError for resources that the
    cluster lacks.
    """
    resources = resources or Resources()
    if params.kind == "http":
        from tasks.http_engine import HttpEngine

        http = HttpEngine(params, resources)
        try:
            await http.connect()
            yield http
        finally:
            await http.close()
        return
    with ray_session(resources.ray_address):
        pool = ActorPool(params, resources)
        try:
            await pool.start()
            yield pool
        finally:
            await pool.close()


class ActorPool:
    """`resources.actors` engines that answer as one. Use it through `open_engine`."""

    identity: Identity
    abilities: Abilities

    def __init__(self, params: EngineParams, resources: Resources) -> None:
        self._params, self._resources = params, resources
        self._slots = [Slot(self, number, resources.window) for number in range(resources.actors)]
        self.restarts = 0
        """Actors that died and were replaced."""
        self.resubmitted = 0
        """Requests that were asked again because their actor died."""

    async def start(self) -> None:
        """Loads the models; raises the error of the first actor that cannot."""
        _check_resources(self._resources)
        hellos = await asyncio.gather(*(slot.start() for slot in self._slots))
        first, *others = hellos
        if differing := [other.identity for other in others if other.identity != first.identity]:
            raise ValueError(f"actors hold different models: {first.identity} and {differing[0]}")
        self.identity, self.abilities = first.identity, first.abilities

    @property
    def pids(self) -> list[int]:
        """Processes of the actors that are ready."""
        return [slot.pid for slot in self._slots if slot.pid is not None]

    async def render(self, messages: Sequence[Message], continue_text: str = "") -> str:
        return str(await self._ask("render", (list(messages), continue_text), 0, None))

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        size = min(CHUNK, self._resources.window)
        chunks = [requests[start : start + size] for start in range(0, len(requests), size)]
        answers = await asyncio.gather(*(self._ask("generate", (chunk,), len(chunk), affinity) for chunk in chunks))
        return [completion for answer in answers for completion in answer]

    async def close(self) -> None:
        await asyncio.gather(*(slot.close() for slot in self._slots))

    async def _ask(self, method: str, arguments: tuple[Any, ...], size: int, affinity: str | None) -> Any:
        """Puts one call to an actor, and to another one for as long as the asked one dies of it."""
        while True:
            slot = self._route(affinity)
            try:
                async with slot.window.of(size):
                    return await slot.ask(method, arguments)
            except Lost:
                self.resubmitted += size

    def _route(self, affinity: str | None) -> Slot:
        """The actor of an affinity; another one while that is being replaced or cannot be any more."""
        ready = [slot for slot in self._slots if slot.ready]
        able = ready or [slot for slot in self._slots if slot.restartable]
        if not able:
            raise EngineDied(f"all {len(self._slots)} actors have died; the last: {self._slots[0].reason}")
        if affinity is not None:
            own = self._slots[zlib.crc32(affinity.encode()) % len(self._slots)]
            if own in able:
                return own
        return min(able, key=lambda slot: slot.window.taken)


class Lost(Exception):
    """The asked actor has died; another one must be asked."""


class Slot:
    """The place of one actor, and of those that follow it."""

    def __init__(self, pool: ActorPool, number: int, window: int) -> None:
        self._pool, self._number = pool, number
        self._actor: Any = None
        self._lives = 1 + pool._resources.restarts
        self._lock = asyncio.Lock()
        self.window = Window(window)
        self.pid: int | None = None
        self.reason = "it was never started"

    @property
    def ready(self) -> bool:
        return self.pid is not None

    @property
    def restartable(self) -> bool:
        return self._lives > 0

    async def start(self) -> Hello:
        import ray

        self._lives -= 1
        resources = self._pool._resources
        gpus = _gpus(resources)
        self._actor = _create(resources, gpus)
        try:
            hello: Hello = await self._actor.load.remote(self._pool._params, resources, gpus)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayActorError as error:
            raise EngineDied(f"an actor died while it loaded its model: {_last_line(error)}") from error
        self.pid = hello.pid
        return hello

    async def ask(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """The actor's answer. Raises Lost once the actor is replaced, or cannot be, if it died of it."""
        import ray

        if not self.ready:
            await self._replace(self._actor)
        actor = self._actor
        try:
            reference = getattr(actor, method).remote(*arguments)
            try:
                return await reference
            except asyncio.CancelledError:
                ray.cancel(reference)
                raise
        except (ray.exceptions.RayActorError, EngineDied) as error:
            self.reason = _last_line(error)
            await self._replace(actor)
            raise Lost from error

    async def close(self) -> None:
        import ray

        if self._actor is None:
            return
        if self.ready:
            with suppress(Exception):
                await asyncio.wait_for(self._actor.close.remote(), FAREWELL)
        with suppress(Exception):
            ray.kill(self._actor)
        self.pid = None

    async def _replace(self, dead: Any) -> None:
        """Starts a new actor in the place of a dead one, once, however many calls have noticed the death."""
        import ray

        if self._actor is dead:
            self.pid = None
        async with self._lock:
            if self._actor is not dead or not self.restartable:
                return
            with suppress(Exception):
                ray.kill(dead)
            self._pool.restarts += 1
            try:
                await self.start()
            except Exception as error:
                self.reason = f"its successor did not start: {error}"


class Window:
    """At most so many requests in flight; those that ask first are served first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.taken = 0

    @asynccontextmanager
    async def of(self, count: int) -> AsyncIterator[None]:
        """Holds room for `count` requests, which may be at most the window's size."""
        if self._waiting or self.taken + count > self._size:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((count, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._give_back(count)
                raise
        else:
            self.taken += count
        try:
            yield
        finally:
            self._give_back(count)

    def _give_back(self, count: int) -> None:
        self.taken -= count
        while self._waiting and (self._waiting[0][1].done() or self.taken + self._waiting[0][0] <= self._size):
            wanted, turn = self._waiting.popleft()
            if not turn.done():
                self.taken += wanted
                turn.set_result(None)


def _create(resources: Resources, gpus: float) -> Any:
    import ray

    actor_class = ray.remote(EngineActor).options(
        num_cpus=0 if not gpus else 1,
        num_gpus=gpus,
        max_restarts=0,
        max_task_retries=0,
        max_concurrency=2 * resources.window + 16,
        scheduling_strategy="SPREAD",
    )
    return actor_class.remote()


def _gpus(resources: Resources) -> float:
    """GPUs of one actor: as asked, else one a tensor-parallel rank where the cluster has any."""
    import ray

    if resources.gpus_per_actor is not None:
        return resources.gpus_per_actor
    return float(resources.tensor_parallel) if ray.cluster_resources().get("GPU", 0) else 0.0


def _check_resources(resources: Resources) -> None:
    """Raises ValueError where actors would wait for ever for GPUs that the cluster does not have."""
    import ray

    wanted, there = resources.actors * _gpus(resources), ray.cluster_resources().get("GPU", 0)
    if wanted > there:
        raise ValueError(
            f"{resources.actors} actors want {wanted:g} GPUs and the cluster has {there:g}: ask for fewer actors"
        )


def _last_line(error: BaseException) -> str:
    """The reason in an error to which Ray has added traces of its own."""
    return str(error).strip().splitlines()[-1]
