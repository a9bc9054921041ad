"""The rollouts of a run, by prefix: what was kept, what is under way, what came.

Guarantees: a rollout is generated once, however many traces share its prefix; it is in the ledger before a
label is made of it; verdicts of a prefix are read in the order of their index, whatever order they came
in.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count, takewhile
from typing import Any

import pyarrow as pa

from evals.answers import Grade, Verdict
from evals.golds import Gold
from storage.ids import Ids
from storage.ledger import Ledger
from storage.placed_rows import PlacedRows
from tasks.budget import charge
from tasks.completions import Prompt, complete, grade_columns, paid_for
from tasks.engines.engine import Completion, Engine, Sampling
from tasks.grading import Grader


@dataclass(frozen=True, slots=True)
class Prefix:
    """A trace up to the end of one of its steps, as a prompt that the model goes on from."""

    prompt: Prompt
    problem_id: str
    gold: Gold | str


class EngineRefused(Exception):
    """The engine cannot go on from a prefix: it is too long, say. `spent`: tokens of the budget that the wave took all
    the same."""

    def __init__(self, completion: Completion, spent: int) -> None:
        super().__init__(completion.error)
        self.spent = spent


class Rollouts:
    """All rollouts of a run. Verdicts are held in memory, texts in the ledger alone: whoever needs them gives
    `observe`, which is told of each new row before its verdict can be read."""

    def __init__(
        self,
        engine: Engine,
        grader: Grader,
        sampling: Sampling,
        ledger: Ledger,
        kept: pa.Table,
        observe: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._engine, self._grader, self._sampling, self._ledger = engine, grader, sampling, ledger
        self._observe = observe
        self._verdicts: defaultdict[str, dict[int, Verdict]] = defaultdict(dict)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        for row in kept.select(["prefix_id", "rollout", "verdict"]).to_pylist():
            self._verdicts[row["prefix_id"]][row["rollout"]] = Verdict(row["verdict"])
        self.tokens = 0
        self.generated = 0

    def verdicts(self, prefix: Prefix) -> tuple[Verdict, ...]:
        """From index 0 on, up to the first one that is not there."""
        known = self._verdicts[prefix.prompt.id]
        return tuple(map(known.__getitem__, takewhile(known.__contains__, count())))

    def missing(self, prefix: Prefix, indices: Iterable[int]) -> list[int]:
        """Those of the indices that are not there."""
        known = self._verdicts[prefix.prompt.id]
        return [i for i in indices if i not in known]

    def of(self, prefix_ids: Collection[str], regraded: pa.Table, everything: Iterable[pa.Table]) -> PlacedRows:
        """The rollouts of these prefixes in the order of prefix and index: the regraded ones with today's verdicts, and
        those of `everything` that came since."""
        order, most = Ids(), 1 + max((max(known) for known in self._verdicts.values() if known), default=0)
        order.add(pa.array(sorted(prefix_ids), pa.utf8()))
        rows = PlacedRows(regraded.schema, first=True)
        for table in chain([regraded], everything):
            prefix, index = order.places(table["prefix_id"]), table["rollout"].to_numpy()
            used = (prefix >= 0) & (index < most)
            rows.append(table.filter(pa.array(used)), (prefix * most + index)[used])
        return rows

    async def extend(self, prefix: Prefix, indices: Iterable[int], affinity: str) -> int:
        """Makes sure that these rollouts are there; the tokens of a budget that it took. Raises EngineRefused."""
        async with self._locks[prefix.prompt.id]:
            missing = self.missing(prefix, indices)
            return await paid_for(self._generate(prefix, missing, affinity)) if missing else 0

    async def _generate(self, prefix: Prefix, indices: Sequence[int], affinity: str) -> int:
        requests = [prefix.prompt.request(i, self._sampling) for i in indices]
        graded = await complete(self._engine, self._grader, requests, prefix.gold, affinity)
        came = {i: pair for i, pair in zip(indices, graded, strict=True) if not pair[0].error}
        seeds = {i: request.seed for i, request in zip(indices, requests, strict=True)}
        rows = [self._row(prefix, i, seeds[i], *pair) for i, pair in came.items()]
        self._ledger.append(rows)
        if self._observe:
            for row in rows:
                self._observe(row)
        self._verdicts[prefix.prompt.id] |= {i: grade.verdict for i, (_, grade) in came.items()}
        self.tokens += sum(completion.tokens for completion, _ in graded)
        self.generated += len(came)
        spent = sum(charge(said.tokens, said.text, self._sampling.max_tokens) for said, _ in graded)
        for completion, _ in graded:
            if completion.error:
                raise EngineRefused(completion, spent)
        return spent

    def _row(self, prefix: Prefix, index: int, seed: int, said: Completion, grade: Grade) -> dict[str, Any]:
        return {
            "rollout_id": said.id,
            "prefix_id": prefix.prompt.id,
            "problem_id": prefix.problem_id,
            "rollout": index,
            "text": said.text,
            "tokens": said.tokens,
            "prompt_tokens": said.prompt_tokens,
            "finish_reason": said.finish_reason,
            "seed": seed,
            "model_digest": self._engine.identity.digest,
            **grade_columns(grade),
        }
