"""Plays one strategy on one problem, and counts what it cost as if nobody shared with it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from evals.strategies.protocol import (
    Ask,
    Generate,
    Play,
    Probabilities,
    Result,
    RunProgram,
    Said,
    Score,
    Strategy,
    Task,
)
from tasks.sandbox.programs import Programs
from tasks.strategies.judging import AnyJudge
from tasks.strategies.samples import Problem, Samples, Unanswered
from tasks.strategies.scores import Scores

T = TypeVar("T")


@dataclass
class Cost:
    """What was asked for so far, each thing once."""

    tokens_of: dict[str, int] = field(default_factory=dict)
    """By sample id."""
    paths: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    """That a verifier was asked about."""
    met: Counter[str] = field(default_factory=Counter)
    """What verifiers met on their way: replies that cannot be read."""

    @property
    def tokens(self) -> int:
        return sum(self.tokens_of.values())

    def book(self, said: Sequence[Said]) -> None:
        self.tokens_of |= {each.sample_id: each.tokens for each in said}


class Player:
    """Answers what strategies ask, from the books of a run. `judges` are the verifiers that are asked in words."""

    def __init__(
        self, samples: Samples, scores: Scores, programs: Programs, splitter: str, judges: Mapping[str, AnyJudge]
    ) -> None:
        self.samples, self.scores, self._programs, self._splitter = samples, scores, programs, splitter
        self._judges = judges

    async def play(self, strategy: Strategy, problem: Problem, cost: Cost) -> Result:
        """The strategy's result; `cost` is written on as it goes. Raises Unanswered."""
        game = strategy(
            Task(problem.question, self.samples.draw, self._splitter, problem.gold.kind, problem.gold.choices)
        )
        return await _played(game, lambda ask: self._answer(ask, problem, cost))

    async def _answer(self, ask: Ask, problem: Problem, cost: Cost) -> Any:
        match ask:
            case Generate():
                return await self._sampled(ask, problem, cost)
            case Score():
                cost.paths |= {(ask.by, path) for path in ask.paths}
                if judge := self._judges.get(ask.by):
                    return await _all_heard(self._judged(judge, path, problem, cost) for path in ask.paths)
                return await self.scores.of(problem.question, ask)
            case RunProgram():
                return await self._programs.run(ask.source, ask.seconds, ask.modules)

    async def _sampled(self, ask: Any, problem: Problem, cost: Cost, by: str = "") -> tuple[Said, ...]:
        said = await self.samples.of(problem, ask, by)
        cost.book(said)
        return said

    async def _judged(self, judge: AnyJudge, path: Sequence[str], problem: Problem, cost: Cost) -> Probabilities:
        """What a judge says of a solution, or its beginning; nothing of one that is too long for it."""
        if not path:
            return ()
        game = judge.verify(problem.question, path, self.samples.draw, cost.met)
        try:
            return await _played(game, lambda ask: self._sampled(ask, problem, cost, judge.engine))
        except Unanswered as why:
            if why.kind != "prompt_too_long":
                raise
            return ()


async def _played(game: Play[T], answer: Callable[[Ask], Awaitable[Any]]) -> T:
    asks = next(game, None)
    while asks is not None:
        heard = await _all_heard(answer(ask) for ask in asks)
        try:
            asks = game.send(heard)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
    raise RuntimeError("a strategy, or a judge, ended before it asked for anything")


async def _all_heard(answers: Iterable[Awaitable[T]]) -> list[T]:
    """The answers in their order. All are heard out before one of them raises, for what is under way is paid for."""
    heard = await asyncio.gather(*answers, return_exceptions=True)
    for answer in heard:
        if isinstance(answer, BaseException):
            raise answer
    return heard  # type: ignore[return-value]
