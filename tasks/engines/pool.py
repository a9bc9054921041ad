"""Engines in Ray actors, behind one Engine that outlives any of them.

Calls go to the actor of their affinity, a bounded number of requests at a time; the rest wait in the driver. When an
actor dies, the pool starts another in its place and asks again for what the dead one owed: a request may be generated
twice, but is answered once, and as its id and seed are its own it does not matter by whom. Restarts are the pool's and
not Ray's, because then a call knows which actor it was put to, none is put to an actor that is not there yet, and the
reason of a death can be told. Actors are never detached: they end with the pool, and with the driver's death.

A call that met the deaths of SUSPECT actors is asked again with nothing beside it, and if one dies then too, request by
request: the request of which an actor dies by itself gets an error completion, and the others their answers.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, cast

from tasks.engines.actor import EngineActor, Hello
from tasks.engines.engine import (
    Abilities,
    Completion,
    Engine,
    EngineDied,
    EngineParams,
    Identity,
    Message,
    Request,
    Resources,
    failed,
)
from tasks.engines.runtime import ray_session
from tasks.engines.window import Window

CHUNK = 64
"""Requests in one remote call. Fewer would cost calls, more would hold back finished ones."""
SUSPECT = 2
"""Deaths of actors that a call may meet before it is asked alone: one or the other may be anybody's fault."""
FORGIVEN = 16
"""Deaths by calls that were asked alone which cost no restart; beyond them the machine is taken to be broken."""
FAREWELL = 10.0
"""Seconds that an actor has to end by itself before it is killed."""

logger = logging.getLogger(__name__)
_kept: dict[tuple[EngineParams, Resources], list[Any]] = {}
"""Actors that wait for the next pool of their kind."""
_keepers = 0


@asynccontextmanager
async def open_engine(params: EngineParams, resources: Resources | None = None) -> AsyncIterator[Engine]:
    """The engine of these parameters, ready to be asked, for as long as the block runs.

    Raises what keeps it from being ready: FileNotFoundError for an unknown model, ConnectionError or PermissionError
    for a server that does not answer or does not let us in, ValueError for resources that the cluster lacks.
    """
    resources = resources or Resources()
    if params.kind == "http":
        from tasks.engines.http_engine import HttpEngine

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


@contextmanager
def keep_engines(address: str | None = None) -> Iterator[None]:
    """While this block runs, loaded models outlive their pool, for the next one with equal parameters and resources.

    For stages that follow one another with the same model: it is loaded once. A pool of another kind first ends those
    that are kept, so that nobody holds memory or GPUs for nothing.
    """
    global _keepers
    with ray_session(address):
        _keepers += 1
        try:
            yield
        finally:
            _keepers -= 1
            if not _keepers:
                _end_kept()


class ActorPool:
    """`resources.actors` engines that answer as one. Use it through `open_engine`."""

    identity: Identity
    abilities: Abilities

    def __init__(self, params: EngineParams, resources: Resources) -> None:
        self.params, self.resources = params, resources
        self._slots = [Slot(self) for _ in range(resources.actors)]
        self.restarts = 0
        """Actors that died and were replaced."""
        self.resubmitted = 0
        """Requests that were asked again because their actor died."""
        self.forgiven = 0
        """Deaths that cost no restart."""

    async def start(self) -> None:
        """Loads the models; raises the error of the first actor that cannot."""
        require_gpus(self.resources)
        kept = _kept.pop((self.params, self.resources), [])
        _end_kept()
        actors = kept + [None] * (len(self._slots) - len(kept))
        hellos = await asyncio.gather(*(slot.start(actor) for slot, actor in zip(self._slots, actors, strict=True)))
        first, *others = hellos
        if differing := [other.identity for other in others if other.identity != first.identity]:
            raise ValueError(f"actors hold different models: {first.identity} and {differing[0]}")
        self.identity, self.abilities = first.identity, first.abilities

    @property
    def pids(self) -> list[int]:
        """Processes of the actors that are ready."""
        return [slot.pid for slot in self._slots if slot.pid is not None]

    async def render(self, messages: Sequence[Message], continue_text: str = "") -> str:
        while True:
            with suppress(Lost):
                return str(await self._ask("render", (list(messages), continue_text), 0, None))

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        size = min(CHUNK, self.resources.window)
        chunks = [requests[start : start + size] for start in range(0, len(requests), size)]
        calls = (self._completed(chunk, affinity) for chunk in chunks)
        return [completion for answer in await asyncio.gather(*calls) for completion in answer]

    async def close(self) -> None:
        kind = self.params, self.resources
        if _keepers and kind not in _kept and all(slot.ready for slot in self._slots):
            _kept[kind] = [slot.actor for slot in self._slots]
        else:
            await asyncio.gather(*(slot.close() for slot in self._slots))

    async def _completed(
        self, requests: Sequence[Request], affinity: str | None, deaths: int = 0
    ) -> Sequence[Completion]:
        """The completions of one call, which has met so many deaths already."""
        while deaths <= SUSPECT:
            alone = deaths == SUSPECT
            room = self.resources.window if alone else len(requests)
            try:
                return cast(list[Completion], await self._ask("generate", (requests,), room, affinity, alone))
            except Lost as lost:
                self.resubmitted += len(requests)
                deaths += lost.asked
                reason = str(lost)
        if len(requests) > 1:
            return [each for one in requests for each in await self._completed([one], affinity, SUSPECT)]
        logger.warning("a request is given up, which no actor survives: %s", reason)
        return [failed(requests[0].id, "engine_died", f"no actor survives this request, even alone: {reason}")]

    async def _ask(
        self, method: str, arguments: tuple[Any, ...], room: int, affinity: str | None, alone: bool = False
    ) -> Any:
        """Puts one call to an actor once there is room for it. Raises Lost."""
        slot = self._route(affinity)
        async with slot.window.of(room):
            return await slot.ask(method, arguments, alone)

    def _route(self, affinity: str | None) -> Slot:
        """The actor of an affinity; another one while that is being replaced or cannot be any more."""
        able = [slot for slot in self._slots if slot.ready] or [slot for slot in self._slots if slot.hopeful]
        if not able:
            raise EngineDied(f"all actors have died, and no restarts are left; {self._slots[0].reason}")
        if affinity is not None:
            own = self._slots[zlib.crc32(affinity.encode()) % len(self._slots)]
            if own in able:
                return own
        return min(able, key=lambda slot: slot.window.taken)


class Lost(Exception):
    """The actor has died; another one must be asked."""

    def __init__(self, reason: str, asked: bool) -> None:
        super().__init__(reason)
        self.asked = asked
        """Whether the call had been put to it, and so may be what it died of."""


class Slot:
    """The place of one actor, and of those that follow it."""

    def __init__(self, pool: ActorPool) -> None:
        self._pool = pool
        self._lives = 1 + pool.resources.restarts
        self._replacing = asyncio.Lock()
        self.window = Window(pool.resources.window)
        self.actor: Any = None
        self.pid: int | None = None
        self.reason = ""
        """Of the last death."""

    @property
    def ready(self) -> bool:
        return self.pid is not None

    @property
    def hopeful(self) -> bool:
        """Whether there is, or soon will be, an actor here."""
        return self.ready or self._lives > 0 or self._replacing.locked()

    async def start(self, kept: Any = None) -> Hello:
        """Takes over a kept actor, or loads the model in a new one."""
        import ray

        if kept is not None:
            with suppress(ray.exceptions.RayActorError):
                return self._welcome(kept, await kept.hello.remote())
        self._lives -= 1
        self.actor, gpus = _create(self._pool.resources)
        try:
            hello = await self.actor.load.remote(self._pool.params, self._pool.resources, gpus)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayActorError as error:
            raise EngineDied(f"an actor died while it loaded its model: {_last_line(error)}") from error
        return self._welcome(self.actor, hello)

    async def ask(self, method: str, arguments: tuple[Any, ...], alone: bool = False) -> Any:
        """The actor's answer. Raises Lost, once the actor is replaced or cannot be, if it has died.

        `alone`: nothing is beside the call, so that a death is the call's own.
        """
        import ray

        actor = self.actor
        if not self.ready:
            await self._replace(actor)
            raise Lost(self.reason, asked=False)
        try:
            reference = getattr(actor, method).remote(*arguments)
            try:
                return await reference
            except asyncio.CancelledError:
                ray.cancel(reference)
                raise
        except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError, EngineDied) as error:
            await self._replace(actor, _last_line(error), forgiven=alone)
            raise Lost(self.reason, asked=True) from error
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error

    async def close(self) -> None:
        if self.ready:
            with suppress(Exception):
                await asyncio.wait_for(self.actor.close.remote(), FAREWELL)
        _kill(self.actor)
        self.pid = None

    def _welcome(self, actor: Any, hello: Hello) -> Hello:
        self.actor, self.pid = actor, hello.pid
        return hello

    async def _replace(self, dead: Any, reason: str = "", forgiven: bool = False) -> None:
        """Starts a new actor in the place of a dead one, once, however many calls have noticed the death.

        A death that is `forgiven` costs no restart, FORGIVEN times in the pool.
        """
        if self.actor is dead:
            self.pid = None
        async with self._replacing:
            if self.actor is not dead:
                return
            self.reason = reason or self.reason
            _kill(dead)
            if forgiven and self._pool.forgiven < FORGIVEN:
                self._pool.forgiven += 1
                self._lives += 1
            if self._lives <= 0:
                return
            logger.warning("an engine's actor died, %d restarts left: %s", self._lives - 1, self.reason)
            self._pool.restarts += 1
            try:
                await self.start()
            except Exception as error:
                self.reason = f"its successor did not start: {error}"


def _create(resources: Resources) -> tuple[Any, float]:
    """A new actor, still without a model, and the GPUs that it has."""
    import ray

    gpus = gpus_of_an_actor(resources)
    actor_class = ray.remote(EngineActor).options(
        num_cpus=1 if gpus else 0,  # more actors than cores are slow, but must not wait for ever
        num_gpus=gpus,
        max_restarts=0,
        max_task_retries=0,
        max_concurrency=resources.window + 16,  # calls of one request each, and a few more to look after it
        scheduling_strategy="SPREAD",
    )
    return actor_class.remote(), gpus


def gpus_of_an_actor(resources: Resources) -> float:
    """GPUs of one actor: as asked, else one a tensor-parallel rank where the cluster has any."""
    import ray

    if resources.gpus_per_actor is not None:
        return resources.gpus_per_actor
    return float(resources.tensor_parallel) if ray.cluster_resources().get("GPU", 0) else 0.0


def require_gpus(resources: Resources) -> None:
    """Raises ValueError where actors would wait for ever for GPUs that the cluster does not have."""
    import ray

    wanted, there = resources.actors * gpus_of_an_actor(resources), ray.cluster_resources().get("GPU", 0)
    if wanted > there:
        raise ValueError(
            f"{resources.actors} actors want {wanted:g} GPUs and the cluster has {there:g}: ask for fewer actors"
        )


def _end_kept() -> None:
    while _kept:
        for actor in _kept.popitem()[1]:
            _kill(actor)


def _kill(actor: Any) -> None:
    import ray

    if actor is not None:
        with suppress(Exception):  # it may be dead, or Ray gone
            ray.kill(actor)


def _last_line(error: BaseException) -> str:
    """The reason in an error to which Ray has added traces of its own."""
    return str(error).strip().splitlines()[-1]
