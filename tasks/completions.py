"""From requests to graded completions: what the traces and labels stages share.

The id of a completion is H(base seed, model digest, rendered prompt, sampling, index), and its seed
follows from the id: whoever asks for the same thing asks under the same name, in whatever order, on
whatever machine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa

from evals.answers import CHECKER, Grade
from evals.golds import Gold
from evals.identity import canonical_json, row_id, seed_of
from evals.prompts import PROMPTS, PromptStyle, user_text
from tasks.engines.engine import Completion, Engine, Message, Request, Sampling, failed
from tasks.grading import Grader
from tasks.params import Chat

T = TypeVar("T")

GRACE = 3.0
"""Seconds for what an engine is working on when a run is cancelled."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt, with all that the model itself has written so far."""

    id: str
    text: str
    special_tokens: bool

    def request(self, index: int, sampling: Sampling) -> Request:
        identity = row_id(self.id, index)
        return Request(identity, self.text, seed_of(identity), sampling, self.special_tokens)


class Prompter:
    """Renders questions for one engine, and names what was rendered."""

    def __init__(self, engine: Engine, style: PromptStyle, chat: Chat, seed: int, sampling: Sampling) -> None:
        self._engine, self._style = engine, style
        self._chat = _uses_chat(engine, style, chat)
        self._identity = (seed, engine.identity.digest, canonical_json(sampling.model_dump(mode="json")))

    async def prompt(self, question: str, written: str = "") -> Prompt:
        """The prompt of a question which the model has begun to answer with `written`."""
        return await self.turn(user_text(question, self._style), PROMPTS[self._style].opening, written)

    async def turn(self, said: str, opening: str = "\n\n", written: str = "") -> Prompt:
        """The prompt of anything that a user says; `opening` parts it from the answer of a model without a chat."""
        if self._chat:
            text = await self._engine.render([Message(role="user", content=said)], written)
        else:
            text = said + opening + written
        return self.continued(Prompt("", text, special_tokens=not self._chat), "")

    def continued(self, prompt: Prompt, written: str) -> Prompt:
        """The prompt with more of the model's own text behind it."""
        text = prompt.text + written
        seed, digest, sampling = self._identity
        return Prompt(row_id(seed, digest, text, sampling), text, prompt.special_tokens)


def _uses_chat(engine: Engine, style: PromptStyle, chat: Chat) -> bool:
    if chat == "on" and not engine.abilities.chat:
        raise ValueError(f"chat='on': {engine.identity.name} has no chat template; use chat='off' or 'auto'")
    return chat == "on" or (chat == "auto" and engine.abilities.chat and style != "few_shot")


async def complete(
    engine: Engine, grader: Grader, requests: Sequence[Request], gold: Gold | str, affinity: str
) -> list[tuple[Completion, Grade]]:
    """One wave: the completions of the requests, in their order, each with its grade."""
    completions = [storable(c) for c in await engine.generate(requests, affinity=affinity)]
    grades = await asyncio.gather(*(grader.grade(c.text, gold, c.finish_reason) for c in completions))
    return list(zip(completions, grades, strict=True))


async def paid_for(work: Coroutine[Any, Any, T]) -> T:
    """What the work gives. If whoever waits is cancelled, it has `GRACE` seconds to reach the ledger, and is cancelled
    then: what waits in line for an engine would be generated for hours."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.get_loop().call_later(GRACE, task.cancel)
        await asyncio.gather(task, return_exceptions=True)
        raise


def storable(completion: Completion) -> Completion:
    """The completion, or its failure where the text is none that UTF-8 can hold (half of a surrogate pair, say)."""
    try:
        completion.text.encode()
    except UnicodeEncodeError as error:
        return failed(completion.id, "bad_text", str(error), completion.prompt_tokens)
    return completion


def grade_columns(grade: Grade) -> dict[str, str | None]:
    """What a row says of its grade."""
    return {
        "extracted": grade.extracted,
        "verdict": grade.verdict.value,
        "reason": grade.reason,
        "checker": CHECKER,
    }


async def regrade(kept: pa.Table, golds: Mapping[str, Gold | str], grader: Grader) -> pa.Table:
    """Kept rows with the verdicts of today's checker and today's gold answers; nothing is generated.

    `golds` is by problem id. Rows of problems that are no longer there are left out. A verdict that a file brought
    along (reason `annotated`) is no checker's, and stays.
    """
    rows = [row for row in kept.to_pylist() if row["problem_id"] in golds]

    async def grade(row: dict[str, str]) -> None:
        if row["reason"] == "annotated":
            row["checker"] = CHECKER
            return
        said = await grader.grade(row["text"], golds[row["problem_id"]], row["finish_reason"])
        row.update(grade_columns(said))  # type: ignore[arg-type]

    await for_each(rows, 256, grade)
    return pa.Table.from_pylist(rows, schema=kept.schema)


async def for_each(items: Iterable[T], limit: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Runs `work` on each item, `limit` at a time. The first failure stops all and is raised as itself."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(worker())
    except BaseExceptionGroup as failures:
        raise _first(failures) from None


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
