"""What the stages share that continue traces: the model, which wrote them or is another one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from tasks.completions import Prompt
from tasks.engines.engine import Engine
from tasks.engines.pool import open_engine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import LabelsParams, TracesParams, TreesParams

P = TypeVar("P", LabelsParams, TreesParams)


class Prompts(Protocol):
    """What a question's prompt and the beginnings of its answers are called."""

    async def prompt(self, question: str) -> Prompt: ...

    def continued(self, prompt: Prompt, written: str) -> Prompt: ...


def run_with_completer(job: Job[P], stage: Callable[[Job[P], Engine, Grader], Awaitable[Outcome]]) -> Outcome:
    """Opens what the stage needs, runs it to its end, and closes all."""

    async def run() -> Outcome:
        model = job.params.engine or how_the_traces_were_written(job).engine
        async with (
            Grader(job.resources.graders, job.params.grading_seconds) as grader,
            open_engine(model, job.resources) as engine,
        ):
            return await stage(job, engine, grader)

    return asyncio.run(run())


def how_the_traces_were_written(job: Job[Any]) -> TracesParams:
    """The parameters of the traces: a rollout goes on under the prompt that its trace began under."""
    manifest = job.inputs["traces"].manifest()
    assert manifest is not None, "a stage runs on committed inputs"
    return TracesParams.model_validate(manifest.params)


def require_continuation(engine: Engine) -> None:
    """Raises ValueError for an engine from which step labels cannot come."""
    if not engine.abilities.continues_prefix:
        raise ValueError(
            f"{engine.identity.name} cannot continue a text of its own, which step labels need; "
            "use vLLM, or an HTTP server's completions API (api='completions')"
        )
