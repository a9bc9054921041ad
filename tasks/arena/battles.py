"""The `battles` stage: who met whom, who won, and how the two answers are written.

Guarantees: a winner is one of the strict labels, or `unknown` with a reason; every row says who judged, and whether
that was a simulation; two answers meet once. Which battles are fought depends on the parameters, the answers and
earlier verdicts alone, so a run that was killed fights the same ones again and asks for no reply that was kept.
Does not: rate, or write an answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evals.ratings.design import next_pairs
from storage.row_spill import RowSpill
from storage.rows import DeadLetter, table_of
from storage.schemas import DATASETS
from tasks.arena import imports
from tasks.arena.contestants import Clerk, Meeting, Meetings, NoBattles, Row, contestants_of
from tasks.arena.judges import GoldJudge, Judge, ModelJudge, VotersJudge, no_replies, replies_of
from tasks.arena.params import BattlesParams
from tasks.arena.simulation import electorate_of, simulated_battles
from tasks.engines.engine import Engine
from tasks.engines.pool import open_engine
from tasks.job import Job, Outcome

ROUNDS = 10
"""Turns in which the most informative pairs are chosen; a fifth of the battles comes before, at random."""


def run(job: Job[BattlesParams]) -> Outcome:
    """Makes the battles."""
    params = job.params
    if params.imported:
        return _imported(job)
    if params.simulated:
        return _simulated(job)
    return asyncio.run(_judged_by_model(job) if params.engine else _judged(job))


def inputs_of(params: BattlesParams) -> dict[str, str]:
    """Digests of the files that are imported."""
    return {} if params.imported is None else imports.inputs_of(params.imported)


def _imported(job: Job[BattlesParams]) -> Outcome:
    assert job.params.imported is not None, "the parameters see to it"
    found = imports.read_battles(job.params.imported, imports.length_of(job.params.tokenizer))
    job.progress(found.rows.rows, found.rows.rows)
    return _outcome(found.rows, found.summary(), found.winners["unknown"], found.dead)


def _simulated(job: Job[BattlesParams]) -> Outcome:
    spill = simulated_battles(job.params)
    job.progress(spill.rows, spill.rows)
    voters = job.params.voters
    planted = {"planted": dict(voters.strengths), "planted_bias": dict(voters.bias)}
    return _outcome(spill, {"battles": spill.rows, "simulated": True, "judge": "voters"} | planted, 0, [])


def _outcome(spill: RowSpill, summary: dict[str, Any], unknown: int, dead: Sequence[DeadLetter]) -> Outcome:
    tables = {"battle_replies": no_replies(), "battles": spill.reader()}
    return Outcome(tables=tables, dead=tuple(dead), counts={"unknown": unknown}, summary=summary)


# -- contestants -------------------------------------------------------------------------------------


async def _judged(job: Job[BattlesParams]) -> Outcome:
    clerk = _clerk(job.params)
    judge: Judge = GoldJudge(clerk) if job.params.judge == "gold" else VotersJudge(clerk, electorate_of(job.params))
    rows = await fight(job, meetings_of(job), judge)
    return _fought(job, judge, rows)


async def _judged_by_model(job: Job[BattlesParams]) -> Outcome:
    assert job.params.engine is not None, "the parameters see to it"
    async with open_engine(job.params.engine, job.resources) as engine:
        return await judged_by(job, engine)


async def judged_by(job: Job[BattlesParams], engine: Engine) -> Outcome:
    """The stage with a model as the judge that is ready. Raises UnreadableJudge."""
    params, meetings = job.params, meetings_of(job)
    prompts = await ModelJudge.prompts_for(_candidates(meetings_of(job), params), params, engine)
    with job.ledger("battle_replies") as ledger:
        replies = replies_of(job, engine, ledger, prompts)
        judge = ModelJudge(_clerk(params), params, replies, prompts, engine.identity.name)
        rows = await fight(job, meetings, judge)
    judge.check()
    return _fought(job, judge, rows, replies.table(), judge.dead, replies.tokens, engine.identity.digest)


def meetings_of(job: Job[BattlesParams]) -> Meetings:
    """All that the contestants' committed answers allow. Raises NoBattles."""
    columns = ["problem_id", "question", "answer", "solution", "pattern"]
    problems = {row["problem_id"]: row for row in job.inputs["problems"].read(columns).to_pylist()}
    return Meetings(contestants_of(job), problems, job.params.seed)


def _clerk(params: BattlesParams) -> Clerk:
    return Clerk([*params.contestants], imports.length_of(params.tokenizer))


def _candidates(meetings: Meetings, params: BattlesParams) -> list[Meeting]:
    """All meetings that may be held; `meetings` is used up."""
    return list(meetings.ahead(params.battles)) if params.pairs == "informative" else meetings.random(params.battles)


async def fight(job: Job[BattlesParams], meetings: Meetings, judge: Judge) -> list[Row]:
    """Holds the meetings, and gives back the battles in the order in which they were chosen."""
    params = job.params
    names = {name: place for place, name in enumerate(params.contestants)}
    points = np.zeros((len(names), len(names)))
    rows: list[Row] = []
    held = turn = 0
    while held < params.battles and (chosen := _chosen(meetings, params, points, held, turn)):
        for battles in await judge.judge(chosen, turn):
            rows += battles
            for row in battles:
                i, j = names[row["model_a"]], names[row["model_b"]]
                first = _POINTS.get(row["winner"])
                if first is not None:
                    points[i, j] += first / len(battles)
                    points[j, i] += (1 - first) / len(battles)
        held, turn = held + len(chosen), turn + 1
        job.progress(held, params.battles, battles=len(rows))
    if not rows:
        raise NoBattles("the contestants met on no problem")
    return rows


_POINTS = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5, "both_bad": 0.5}


def _chosen(meetings: Meetings, params: BattlesParams, points: Any, held: int, turn: int) -> list[Meeting]:
    left = params.battles - held
    if params.pairs == "random":
        return meetings.random(left)
    if turn == 0:
        return meetings.random(max(1, params.battles // 5))
    size = min(left, max(1, (params.battles - params.battles // 5) // ROUNDS))
    return [meetings.take(pair) for pair in next_pairs(points, meetings.available(), size)]


def _fought(
    job: Job[BattlesParams],
    judge: Judge,
    rows: Sequence[Row],
    replies: pa.Table | None = None,
    dead: Sequence[DeadLetter] = (),
    tokens: int = 0,
    digest: str | None = None,
) -> Outcome:
    table = table_of(DATASETS["battles"], rows)
    unknown = pc.sum(pc.equal(table["winner"], "unknown")).as_py() or 0
    winners = Counter(row["winner"] for row in rows)
    summary = {
        "judge": judge.name,
        "simulated": job.params.judge == "voters",
        "battles": len(rows),
        "winners": dict(winners.most_common()),
        "reasons": dict(Counter(row["reason"] for row in rows if row["reason"]).most_common()),
        "first_shown": _first_shown(winners),
        **judge.summary(),
    }
    tables = {"battle_replies": no_replies() if replies is None else replies, "battles": table}
    return Outcome(
        tables=tables,
        dead=tuple(dead),
        counts={"unknown": unknown},
        tokens=tokens,
        summary=summary,
        model_digest=digest,
    )


def _first_shown(winners: Counter[str]) -> float | None:
    """Share of the points that went to whoever was shown first."""
    known = sum(count for winner, count in winners.items() if winner in _POINTS)
    return sum(_POINTS[w] * count for w, count in winners.items() if w in _POINTS) / known if known else None
