"""The process that holds a model: one engine, asked from afar.

It knows neither Ray nor Prefect, so that the machines with the models can have an installation of their own.
What crosses its border is built-in or defined in `tasks/engines/engine.py`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.engines.engine import Abilities, Completion, Engine, EngineParams, Identity, Message, Request, Resources


@dataclass(frozen=True, slots=True)
class Hello:
    """How an actor introduces itself once its model is loaded."""

    identity: Identity
    abilities: Abilities
    pid: int


class EngineActor:
    """An engine behind coroutines, as Ray's asyncio actors want them."""

    _engine: Engine

    async def load(self, params: EngineParams, resources: Resources, gpus: float) -> Hello:
        """Comes before all else. It is no constructor, as Ray tells the error of one only as a text."""
        self._engine = build(params, resources, gpus)
        return await self.hello()

    async def hello(self) -> Hello:
        return Hello(self._engine.identity, self._engine.abilities, os.getpid())

    async def render(self, messages: Sequence[Message], continue_text: str) -> str:
        return await self._engine.render(messages, continue_text)

    async def generate(self, requests: Sequence[Request]) -> list[Completion]:
        return await self._engine.generate(requests)

    async def close(self) -> None:
        await self._engine.close()


def build(params: EngineParams, resources: Resources, gpus: float = 0) -> Engine:
    """The engine of these parameters, in this process."""
    if params.kind == "fake":
        from tasks.engines.fake_engine import FakeEngine

        context = params.max_model_len or 4096
        return FakeEngine(params.model, context=context, faults=resources.faults, journal=resources.journal)
    if params.kind == "vllm":
        from tasks.engines.vllm_engine import VLLMEngine

        return VLLMEngine(params, resources, gpus)
    raise ValueError(f"an {params.kind} engine needs no actor: it runs in the driver")
