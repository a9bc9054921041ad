"""Questions that are put to a model some times each: what the traces and the trials stage share.

Guarantees: an answer that an earlier attempt kept is not asked for again; every answer, kept or new, is graded by
today's checker and goes to its place on disk, so that memory holds those in flight alone; a question that the engine
cannot serve is a dead letter for each sample, and harms no other.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from evals.answers import Grade
from evals.golds import Gold
from evals.prompts import PromptStyle
from storage.ledger import Ledger
from storage.placed_rows import PlacedRows
from storage.rows import DeadLetter, table_of
from storage.schemas import DATASETS
from tasks.completions import Prompt, Prompter, complete, for_each, paid_for
from tasks.engines.engine import Completion, Engine, Request, Sampling
from tasks.grading import Grader
from tasks.job import Job
from tasks.params import Chat

Row = dict[str, Any]

CALL = 16
"""Samples of a question asked for in one call: they share a prompt, and more would keep others waiting."""


class Asking(Protocol):
    """How a model is asked: TracesParams has these fields, and TrialsParams."""

    @property
    def prompt(self) -> PromptStyle: ...
    @property
    def chat(self) -> Chat: ...
    @property
    def sampling(self) -> Sampling: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is put to a model some times."""

    question: str
    gold: Gold | str
    samples: int
    seed: int
    """Base seed: the same question with another one is sampled anew."""
    problem_id: str
    place: str
    """Of its dead letters."""
    about: Mapping[str, Any]
    """What its rows say beside what was generated."""


@dataclass(frozen=True, slots=True)
class _Call:
    asked: Asked
    first: int
    """Place of the question's first sample among all rows."""
    samples: range
    kept: Mapping[str, Row]
    """Rows of earlier attempts by their id; some may have been asked for otherwise."""


class Sampler:
    """One run over questions: what came, what died, what it cost. `say` completes a row by today's parameters: it is
    given the question, what was generated, and the grade of it."""

    def __init__(
        self,
        job: Job[Any],
        asking: Asking,
        engine: Engine,
        grader: Grader,
        ledger: Ledger,
        dataset: str,
        say: Callable[[Asked, Row, Grade], Row],
    ) -> None:
        self._job, self._asking, self._engine, self._grader, self._ledger = job, asking, engine, grader, ledger
        self._dataset, self._say = DATASETS[dataset], say
        self.done = PlacedRows(self._dataset.schema)
        """All rows that this run is about, in the order of question and sample."""
        self.dead: list[DeadLetter] = []
        self.generated = 0
        self.tokens = 0

    async def sample(self, questions: Iterable[Asked], total: int, most: int, kept: PlacedRows) -> None:
        """`total`: samples of all questions; `most`: of one of them. `kept`: rows of earlier attempts, each at the
        place that it would have among the `total`."""
        done = 0

        async def call(work: _Call) -> None:
            nonlocal done
            await self._answer(work)
            done += len(work.samples)
            self._job.progress(done, total, tokens=self.tokens)

        in_flight = self._job.resources.actors * self._job.resources.window // max(1, min(CALL, most)) + 1
        await for_each(self._calls(questions, kept), in_flight, call)

    def _calls(self, questions: Iterable[Asked], kept: PlacedRows) -> Iterator[_Call]:
        first, rows = 0, _Following(kept)
        for asked in questions:
            for start in range(0, asked.samples, CALL):
                samples = range(start, min(start + CALL, asked.samples))
                there: dict[str, Row] = {}
                for row in rows.before(first + samples.stop):
                    there.setdefault(row[self._dataset.key], row)
                yield _Call(asked, first, samples, there)
            first += asked.samples

    async def _answer(self, call: _Call) -> None:
        asked, sampling = call.asked, self._asking.sampling
        prompter = Prompter(self._engine, self._asking.prompt, self._asking.chat, asked.seed, sampling)
        prompt = await prompter.prompt(asked.question)
        requests = {sample: prompt.request(sample, sampling) for sample in call.samples}
        kept = {i: call.kept[request.id] for i, request in requests.items() if request.id in call.kept}
        owed = {i: request for i, request in requests.items() if i not in kept}
        if kept:
            await self._grade_again(call, kept)
        if owed:
            await paid_for(self._generate(call, prompt, owed))

    async def _grade_again(self, call: _Call, kept: Mapping[int, Row]) -> None:
        """With today's checker, gold answers and parameters; nothing is generated."""
        asked = call.asked
        grades = [self._grader.grade(row["text"], asked.gold, row["finish_reason"]) for row in kept.values()]
        told = zip(kept.values(), await asyncio.gather(*grades), strict=True)
        rows = [self._say(asked, row, grade) for row, grade in told]
        self._put(call, table_of(self._dataset, rows), kept)

    async def _generate(self, call: _Call, prompt: Prompt, owed: Mapping[int, Request]) -> None:
        asked, rows = call.asked, {}
        graded = await complete(self._engine, self._grader, list(owed.values()), asked.gold, asked.problem_id)
        for (sample, request), (said, grade) in zip(owed.items(), graded, strict=True):
            if said.error:
                self.dead.append(dead_letter(self._dataset.name, said, f"{asked.place} sample {sample}"))
            else:
                rows[sample] = self._say(asked, self._row(asked, sample, prompt, request, said), grade)
            self.tokens += said.tokens
        table = table_of(self._dataset, list(rows.values()))
        self._ledger.append(table)
        self._put(call, table, rows)
        self.generated += len(rows)

    def _put(self, call: _Call, rows: pa.Table, samples: Iterable[int]) -> None:
        self.done.append(rows, [call.first + sample for sample in samples])

    def _row(self, asked: Asked, sample: int, prompt: Prompt, request: Request, said: Completion) -> Row:
        """What was generated."""
        return {
            self._dataset.key: said.id,
            "problem_id": asked.problem_id,
            "sample": sample,
            "prompt": prompt.text,
            "text": said.text,
            "tokens": said.tokens,
            "prompt_tokens": said.prompt_tokens,
            "finish_reason": said.finish_reason,
            "mean_logprob": _mean_logprob(said),
            "model": self._engine.identity.name,
            "model_digest": self._engine.identity.digest,
            "seed": request.seed,
        }


class _Following:
    """Placed rows, taken up in step with the places."""

    def __init__(self, rows: PlacedRows) -> None:
        self._rows = rows.items()
        self._next = next(self._rows, None)

    def before(self, place: int) -> Iterator[Row]:
        """All rows that were not taken yet and stand before `place`."""
        while self._next is not None and self._next[0] < place:
            yield self._next[1]
            self._next = next(self._rows, None)


def dead_letter(stage: str, completion: Completion, place: str) -> DeadLetter:
    """The dead letter of a request that the engine could not serve."""
    kind, _, message = (completion.error or "").partition(": ")
    return DeadLetter(completion.id, stage, kind, message, place, json.dumps({"id": completion.id}))


def _mean_logprob(completion: Completion) -> float | None:
    said = completion.logprobs
    return sum(token.logprob for token in said) / len(said) if said else None
