"""The replies of a judge, or of whoever rewords, by prompt: what was kept, what came, what failed, what the budget left
out.

Guarantees: a reply is generated once, however many traces have the same text, and is in the ledger before anything is
read in it; its id and seed follow from what was asked (tasks/completions.py), so a killed run asks for the rest alone.
A request that fails is a dead letter.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import pyarrow as pa

from storage.ledger import Ledger
from storage.rows import DeadLetter
from storage.schemas import DATASETS
from tasks.budget import Budget, charge
from tasks.completions import Prompt, paid_for, storable
from tasks.engines.engine import Completion, Engine, Request, Sampling
from tasks.sampler import dead_letter


class Asking(Protocol):
    """How the model is asked: JudgeParams has these fields, and RewriterParams."""

    @property
    def samples(self) -> int: ...
    @property
    def sampling(self) -> Sampling: ...
    @property
    def budget(self) -> int | None: ...


class Replies:
    """All replies of a run. `prompts`: those that this run is about; `stage`: whose dead letters there are."""

    def __init__(
        self,
        engine: Engine,
        params: Asking,
        ledger: Ledger,
        kept: pa.Table,
        prompts: Iterable[Prompt],
        stage: str = "judge",
    ) -> None:
        self._stage = stage
        self._engine, self._params, self._ledger = engine, params, ledger
        self._order = {prompt.id: place for place, prompt in enumerate(prompts)}
        rows = [row for row in kept.to_pylist() if row["prompt_id"] in self._order]
        self._rows: dict[tuple[str, int], dict[str, Any]] = {(row["prompt_id"], row["sample"]): row for row in rows}
        self._failed: set[tuple[str, int]] = set()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._budget = Budget(params.budget, sum(map(self._charge, self._rows.values())))
        self.dead: list[DeadLetter] = []
        self.tokens = 0
        self.generated = 0

    def of(self, prompt: Prompt) -> list[dict[str, Any] | str]:
        """For each sample its row, or why there is none: `no_reply` or `budget`."""
        return [reply or ("no_reply" if key in self._failed else "budget") for key, reply in self._keyed(prompt)]

    async def ask(self, prompt: Prompt, problem_id: str, place: str) -> None:
        """Makes sure that the samples of this prompt are there, as far as engine and budget allow."""
        async with self._locks[prompt.id]:
            owed = [
                i for i, (key, reply) in enumerate(self._keyed(prompt)) if reply is None and key not in self._failed
            ]
            each = self._params.sampling.max_tokens
            granted = await self._budget.reserve(each, len(owed))
            spent = 0
            try:
                spent = await paid_for(self._generate(prompt, owed[:granted], problem_id, place))
            finally:
                await self._budget.settle(granted * each, spent)

    def _keyed(self, prompt: Prompt) -> list[tuple[tuple[str, int], dict[str, Any] | None]]:
        keys = [(prompt.id, sample) for sample in range(self._params.samples)]
        return [(key, self._rows.get(key)) for key in keys]

    async def _generate(self, prompt: Prompt, samples: Sequence[int], problem_id: str, place: str) -> int:
        """What it cost, in tokens of the budget."""
        requests = [prompt.request(sample, self._params.sampling) for sample in samples]
        completions = [storable(said) for said in await self._engine.generate(requests, affinity=prompt.id)]
        rows = []
        for sample, request, said in zip(samples, requests, completions, strict=True):
            if said.error:
                self._failed.add((prompt.id, sample))
                self.dead.append(dead_letter(self._stage, said, f"{place} reply {sample}"))
            else:
                rows.append(self._row(prompt, problem_id, sample, request, said))
        self._ledger.append(rows)
        self._rows |= {(row["prompt_id"], row["sample"]): row for row in rows}
        self.generated += len(rows)
        self.tokens += sum(row["tokens"] for row in rows)
        return sum(map(self._charge, rows))

    def _row(self, prompt: Prompt, problem_id: str, sample: int, request: Request, said: Completion) -> dict[str, Any]:
        return {
            "reply_id": said.id,
            "prompt_id": prompt.id,
            "problem_id": problem_id,
            "sample": sample,
            "text": said.text,
            "tokens": said.tokens,
            "prompt_tokens": said.prompt_tokens,
            "finish_reason": said.finish_reason,
            "seed": request.seed,
            "model_digest": self._engine.identity.digest,
        }

    def _charge(self, row: dict[str, Any]) -> int:
        return charge(row["tokens"], row["text"], self._params.sampling.max_tokens)

    def table(self) -> pa.Table:
        """The replies to these prompts, those beyond `samples` too, in the order of prompt and sample."""
        rows = sorted(self._rows.values(), key=lambda row: (self._order[row["prompt_id"]], row["sample"]))
        return pa.Table.from_pylist(rows, schema=DATASETS["replies"].schema)
