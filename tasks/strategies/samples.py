"""The samples that strategies ask for: what the traces hold, what was kept, what came.

Guarantees: a sample is generated once, whichever strategies ask for it, and is in the ledger before a strategy sees it.
Its id and seed follow from what was asked (tasks/completions.py). The first whole solutions are the traces, which cost
nothing more; the engine is loaded with the first ask that they do not answer.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from evals.golds import Gold
from evals.identity import row_id
from evals.prompts import PromptStyle
from evals.strategies.protocol import Draw, Generate, Said, Token
from storage.ledger import Ledger
from storage.schemas import DATASETS
from tasks.budget import Budget, charge
from tasks.completions import Prompt, Prompter, paid_for, storable
from tasks.engines.engine import Completion, Engine, Request, Sampling
from tasks.params import Chat, TracesParams

Row = dict[str, Any]


class Unanswered(Exception):
    """The engine refuses what was asked, or the budget has no room for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


BUDGET = "budget"
"""The kind of what the budget left out."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that strategies are played on."""

    problem_id: str
    question: str
    gold: Gold
    """For the grader's eyes alone."""
    steps: int
    """Of the gold solution; 0: unknown."""


class Samples:
    """All samples of a run. `engines` load their models when they are first awaited: the one of "" writes solutions,
    the others judge them, by the names of the verifiers."""

    def __init__(
        self,
        engines: Mapping[str, Callable[[], Awaitable[Engine]]],
        written: TracesParams,
        traces: Iterable[Row],
        kept: pa.Table,
        ledger: Ledger,
        budget: int | None,
    ) -> None:
        self._engines, self._written, self._ledger = engines, written, ledger
        self.draw = draw_of(written.sampling)
        self._traces = {(row["problem_id"], row["sample"]): row for row in traces}
        self._rows: dict[str, Row] = {row["sample_id"]: row for row in kept.to_pylist()}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._budget = Budget(budget, _cost(self._rows.values(), self.draw.max_tokens))
        self._prompters: dict[tuple[str, Draw], Prompter] = {}
        self.tokens = 0
        self.generated = 0

    async def of(self, problem: Problem, ask: Generate, by: str = "") -> tuple[Said, ...]:
        """The samples that are asked for, of the engine of that name. Raises Unanswered, and ValueError for an engine
        that cannot do it."""
        own = {index: trace for index in ask.samples if (trace := self._trace(problem, ask, index))}
        rest = [index for index in ask.samples if index not in own]
        came = await self._sampled(problem, ask, rest, by) if rest else {}
        return tuple(_from_trace(own[i]) if i in own else _said(came[i]) for i in ask.samples)

    async def require(self, ask: Generate, by: str = "") -> None:
        """Raises ValueError where the engine of that name cannot do what is asked; asks nothing of it."""
        _require(await self._engines[by](), ask, self.draw)

    def table(self) -> pa.Table:
        """All samples beside the traces, those of earlier attempts too."""
        rows = sorted(self._rows.values(), key=lambda row: (row["problem_id"], row["prompt_id"], row["sample"]))
        return pa.Table.from_pylist(rows, schema=DATASETS["strategy_samples"].schema)

    def _trace(self, problem: Problem, ask: Generate, index: int) -> Row | None:
        plain = ask.said is None and not ask.written and ask.draw == self.draw
        return self._traces.get((problem.problem_id, index)) if plain else None

    async def _sampled(self, problem: Problem, ask: Generate, indices: Sequence[int], by: str) -> dict[int, Row]:
        engine = await self._engines[by]()
        _require(engine, ask, self.draw)
        prompt = await self._prompt(engine, problem, ask, by)
        ids = {index: row_id(prompt.id, index) for index in indices}
        async with self._locks[prompt.id]:
            owed = [index for index in indices if ids[index] not in self._rows]
            await self._pay(engine, problem, ask, prompt, owed)
        return {index: self._rows[ids[index]] for index in indices}

    async def _prompt(self, engine: Engine, problem: Problem, ask: Generate, by: str) -> Prompt:
        if (by, ask.draw) not in self._prompters:
            written = self._written
            style: PromptStyle = "zero_shot" if by else written.prompt
            chat: Chat = "auto" if by else written.chat
            self._prompters[by, ask.draw] = Prompter(engine, style, chat, written.seed, sampling_of(ask.draw))
        prompter = self._prompters[by, ask.draw]
        if ask.said is None:
            return await prompter.prompt(problem.question, ask.written)
        return await prompter.turn(ask.said, written=ask.written)

    async def _pay(self, engine: Engine, problem: Problem, ask: Generate, prompt: Prompt, owed: Sequence[int]) -> None:
        """Generates what is owed, as far as the budget goes."""
        each = ask.draw.max_tokens
        granted = await self._budget.reserve(each, len(owed))
        try:
            await paid_for(self._generate(engine, problem, ask, prompt, owed[:granted]))
        finally:
            came = [row for index in owed if (row := self._rows.get(row_id(prompt.id, index)))]
            await self._budget.settle(granted * each, _cost(came, each))
        if granted < len(owed):
            raise Unanswered(BUDGET, f"the budget has no room for {len(owed) - granted} samples of {each} tokens")

    async def _generate(
        self, engine: Engine, problem: Problem, ask: Generate, prompt: Prompt, indices: Sequence[int]
    ) -> None:
        if not indices:
            return
        requests = [prompt.request(index, sampling_of(ask.draw)) for index in indices]
        came = [storable(each) for each in await engine.generate(requests, affinity=problem.problem_id)]
        completions = [_at_the_end_of_the_context(each) if ask.written else each for each in came]
        rows = [
            _row(problem, prompt, index, request, said, engine.identity.digest)
            for index, request, said in zip(indices, requests, completions, strict=True)
            if not said.error
        ]
        self._ledger.append(rows)
        self._rows |= {row["sample_id"]: row for row in rows}
        self.tokens += sum(said.tokens for said in completions)
        self.generated += len(rows)
        for said in completions:
            if said.error:
                kind, _, message = said.error.partition(": ")
                raise Unanswered(kind, message)


def _cost(rows: Iterable[Row], most: int) -> int:
    """In tokens of the budget; `most`: that one of them may have."""
    return sum(charge(row["tokens"], row["text"], most) for row in rows)


def sampling_of(draw: Draw) -> Sampling:
    return Sampling(**asdict(draw))


def draw_of(sampling: Sampling) -> Draw:
    return Draw(**sampling.model_dump())


def _require(engine: Engine, ask: Generate, whole: Draw) -> None:
    """Raises ValueError for an engine that this cannot be asked of."""
    name, can = engine.identity.name, engine.abilities
    if ask.written and not can.continues_prefix:
        raise ValueError(
            f"{name} cannot continue a text of its own, which strategies that go step by step need, and verifiers "
            "that are asked behind a rationale; use vLLM, or an HTTP server's completions API (api='completions')"
        )
    if set(ask.draw.stop) - set(whole.stop) and not can.tells_stop:
        raise ValueError(
            f"{name} does not tell which stop text ended a completion, so that the end of a step looks like the end of "
            "the solution; use vLLM, or a server of vLLM or SGLang"
        )
    if ask.draw.logprobs is not None and not can.logprobs:
        raise ValueError(
            f"{name} gives no log-probabilities, which `cot_decoding` and verifiers with `scoring=logprobs` read"
        )


def _at_the_end_of_the_context(said: Completion) -> Completion:
    """A solution that has filled the context is one that was cut off: nothing more of it fits."""
    if said.error and said.error.startswith("prompt_too_long"):
        return Completion(said.id, "", (), "length", said.prompt_tokens)
    return said


def _row(problem: Problem, prompt: Prompt, index: int, request: Request, said: Completion, digest: str) -> Row:
    tokens = [Token(each.text, each.logprob, tuple(pair[1:] for pair in each.top)) for each in said.logprobs or ()]
    return {
        "sample_id": request.id,
        "prompt_id": prompt.id,
        "problem_id": problem.problem_id,
        "sample": index,
        "prompt": prompt.text,
        "text": said.text,
        "stopped_by": said.stopped_by,
        "tokens": said.tokens,
        "prompt_tokens": said.prompt_tokens,
        "finish_reason": said.finish_reason,
        "logprobs": None if said.logprobs is None else json.dumps([asdict(token) for token in tokens]),
        "seed": request.seed,
        "model_digest": digest,
    }


def _said(row: Row) -> Said:
    logprobs = None
    if row["logprobs"] is not None:
        told = json.loads(row["logprobs"])
        logprobs = tuple(Token(t["text"], t["logprob"], tuple((text, p) for text, p in t["top"])) for t in told)
    return Said(row["sample_id"], row["text"], row["tokens"], row["finish_reason"], row["stopped_by"], logprobs)


def _from_trace(row: Row) -> Said:
    return Said(row["trace_id"], row["text"], row["tokens"], row["finish_reason"])
