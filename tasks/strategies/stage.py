"""The strategies stage: each strategy on each problem at each N, with its verdict and its cost.

Guarantees: strategies see no gold answer; samples and scores are in their ledgers before a strategy sees them, so that
a killed run is played again out of what was kept, to the same results, and generates the rest alone. Where several
strategies ask for the same sample it is drawn once, and each is charged for it. A strategy that the engine refuses on a
problem is a dead letter; one that the budget ends is a row whose verdict is unknown.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from evals.answers import CHECKER, Grade, Verdict
from evals.golds import GOLD, gold_of
from evals.identity import row_id
from evals.prompts import PROMPTS
from evals.strategies import AnySettings, Result, strategy
from storage.rows import DeadLetter
from storage.schemas import DATASETS
from tasks.completer import how_the_traces_were_written
from tasks.completions import for_each, grade_columns
from tasks.engines.engine import Engine
from tasks.engines.pool import open_engine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import TracesParams
from tasks.sandbox.programs import Programs
from tasks.strategies.params import StrategiesParams
from tasks.strategies.play import Cost, Player
from tasks.strategies.samples import BUDGET, Problem, Row, Samples, Unanswered
from tasks.strategies.scores import Scores, Verifier
from tasks.strategies.summary import summarise
from tasks.strategies.verifiers import engines_of_judges, judges_of, load_verifiers

AT_ONCE = 512
"""Plays in flight: so many that engine and verifier always have work, and no more than memory holds."""

BLANK: Row = dict.fromkeys(("text", "sample_id", "score", "right", "wrong", "unknown")) | {"counts": "{}"}
OpenEngine = Callable[[], Awaitable[Engine]]


def run(job: Job[StrategiesParams]) -> Outcome:
    """Plays what is asked for; gives back all samples and scores that were paid for, and a row a play."""
    return asyncio.run(_run(job))


async def _run(job: Job[StrategiesParams]) -> Outcome:
    model = job.params.engine or how_the_traces_were_written(job).engine
    with ExitStack() as stack:
        verifiers = load_verifiers(job, stack)
        async with (
            Grader(job.resources.graders, job.params.grading_seconds) as grader,
            opened_when_asked(lambda: open_engine(model, job.resources)) as engine,
            AsyncExitStack() as engines,
        ):
            judges = {
                name: await engines.enter_async_context(opened_when_asked(partial(open_engine, params, job.resources)))
                for name, params in engines_of_judges(job.params).items()
            }
            return await play_all(job, engine, grader, verifiers, judges)


@asynccontextmanager
async def opened_when_asked(opening: Callable[[], Any]) -> AsyncIterator[OpenEngine]:
    """A function that opens the engine at its first call, and gives the same one to all."""
    lock, found = asyncio.Lock(), list[Engine]()
    async with AsyncExitStack() as stack:

        async def engine() -> Engine:
            async with lock:
                if not found:
                    found.append(await stack.enter_async_context(opening()))
            return found[0]

        yield engine


async def play_all(
    job: Job[StrategiesParams],
    engine: OpenEngine,
    grader: Grader,
    verifiers: Mapping[str, Verifier],
    judges: Mapping[str, OpenEngine] | None = None,
) -> Outcome:
    """The stage with all that it needs; `judges` are the engines of verifiers that are asked in words, by name."""
    params = job.params
    written = how_the_traces_were_written(job)
    problems = _problems(job)
    traces = job.inputs["traces"].read(["trace_id", "problem_id", "sample", "text", "tokens", "finish_reason", "model"])
    rows = traces.to_pylist()
    kept = {name: job.kept(name) for name in ("strategy_samples", "strategy_scores")}
    with job.ledger("strategy_samples") as samples_ledger, job.ledger("strategy_scores") as scores_ledger:
        own_model = params.engine is not None and params.engine != written.engine
        engines = {"": engine, **(judges or {})}
        samples = Samples(
            engines, written, () if own_model else rows, kept["strategy_samples"], samples_ledger, params.budget
        )
        scores = Scores(verifiers, kept["strategy_scores"], scores_ledger)
        programs = Programs(job.resources.graders)
        verifiers_by_prompt = judges_of(params)
        for judge in verifiers_by_prompt.values():
            for ask in judge.needs(samples.draw):
                await samples.require(ask, judge.engine)
        player = Player(samples, scores, programs, splitter_of(written), verifiers_by_prompt)
        plays = Plays(job, player, grader)
        await plays.all(problems)
    table = pa.Table.from_pylist(plays.rows, schema=DATASETS["strategies"].schema)
    return Outcome(
        tables={"strategy_samples": samples.table(), "strategy_scores": scores.table(), "strategies": table},
        dead=tuple(plays.dead),
        counts={"unknown": sum(row["verdict"] == Verdict.unknown for row in plays.rows)},
        tokens=samples.tokens,
        summary=summarise(plays.rows) | {"generated": samples.generated, "scored": scores.scored},
        checker=CHECKER,
    )


def splitter_of(written: TracesParams) -> str:
    return written.splitter or PROMPTS[written.prompt].splitter


def _problems(job: Job[StrategiesParams]) -> list[Problem]:
    rows = job.inputs["problems"].read([*GOLD, "question", "steps"]).to_pylist()[: job.params.problems]
    return [Problem(row["problem_id"], row["question"], gold_of(row), row["steps"]) for row in rows]


class Plays:
    """One run over the problems: the rows, and what died."""

    def __init__(self, job: Job[StrategiesParams], player: Player, grader: Grader) -> None:
        self._job, self._player, self._grader = job, player, grader
        self._model = how_the_traces_were_written(job).engine if job.params.engine is None else job.params.engine
        self.rows: list[Row] = []
        self.dead: list[DeadLetter] = []

    async def all(self, problems: Sequence[Problem]) -> None:
        plays = self._job.params.plays()
        work = [
            (problem, settings, n)
            for place, problem in enumerate(problems)
            for settings, n in plays
            if settings.problems is None or place < settings.problems
        ]
        done = 0
        order: dict[str, int] = {}

        async def one(play: tuple[Problem, AnySettings, int]) -> None:
            nonlocal done
            problem, settings, n = play
            identity = row_id("strategy", problem.problem_id, settings.title, n)
            order[identity] = len(order)
            await self._play(identity, problem, settings, n)
            done += 1
            self._job.progress(done, len(work), tokens=self._player.samples.tokens)

        await for_each(work, AT_ONCE, one)
        self.rows.sort(key=lambda row: order[row["row_id"]])
        self.dead.sort(key=lambda letter: order[letter.id])

    async def _play(self, identity: str, problem: Problem, settings: AnySettings, n: int) -> None:
        cost = Cost()
        columns = {
            "row_id": identity,
            "problem_id": problem.problem_id,
            "strategy": settings.title,
            "kind": settings.kind,
            "n": n,
            "steps": problem.steps,
            "model": self._model.model,
        }
        try:
            result = await self._player.play(strategy(settings, n), problem, cost)
            columns |= await self._graded(result, problem, cost)
        except Unanswered as why:
            if why.kind != BUDGET:
                place = f"problem {problem.problem_id} {settings.title} n={n}"
                payload = json.dumps({"problem_id": problem.problem_id, "strategy": settings.title, "n": n})
                self.dead.append(DeadLetter(identity, "strategies", why.kind, str(why), place, payload))
                return
            columns |= BLANK | grade_columns(Grade(Verdict.unknown, None, BUDGET))
        self.rows.append(columns | {"tokens": cost.tokens, "samples": len(cost.tokens_of), "scored": len(cost.paths)})

    async def _graded(self, result: Result, problem: Problem, cost: Cost) -> Row:
        """What the row says of the result. Where the truth chooses: the first right candidate, else the first unknown
        one, else the first."""
        counts: Row = {}
        if result.candidates:
            said = [(each.text, each.finish_reason) for each in result.candidates]
            grades = [await self._grader.grade(text, problem.gold, reason) for text, reason in said]
            verdicts = [grade.verdict for grade in grades]
            names = {"right": Verdict.correct, "wrong": Verdict.wrong, "unknown": Verdict.unknown}
            counts = {name: verdicts.count(verdict) for name, verdict in names.items()}
            wanted = next((v for v in (Verdict.correct, Verdict.unknown) if v in verdicts), verdicts[0])
            one = result.candidates[verdicts.index(wanted)]
            result = replace(result, text=one.text, finish_reason=one.finish_reason, sample_id=one.sample_id)
        grade = await self._grader.grade(result.text, problem.gold, result.finish_reason)
        return {
            **BLANK,
            **counts,
            "text": result.text,
            "sample_id": result.sample_id,
            "score": result.score,
            "counts": json.dumps(dict(result.counts) | cost.met),
            **grade_columns(grade),
        }
