"""The traces stage: n samples of each problem, split into steps and graded; or traces that there are already
(tasks/imported_traces.py).

Guarantees: a trace that was kept by an earlier attempt is not sampled again; one that the engine cannot
make (a question beyond its context, say) is a dead letter and harms no other.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

import pyarrow as pa

from evals.answers import CHECKER, Grade
from evals.golds import GOLD, gold_of
from evals.prompts import PROMPTS
from evals.steps import split
from storage.ids import Ids
from storage.placed_rows import PlacedRows
from storage.schemas import DATASETS
from tasks.completions import grade_columns
from tasks.engines.engine import Engine
from tasks.engines.pool import open_engine
from tasks.grading import Grader
from tasks.imported_traces import read_traces
from tasks.job import Job, Outcome
from tasks.params import ImportParams, TracesParams
from tasks.sampler import Asked, Row, Sampler
from tasks.trace_scores import SCORED, summarise

ASKED = ["question", "reasoning", *GOLD]
"""The columns of `problems` that are read."""


def run(job: Job[TracesParams]) -> Outcome:
    """Samples what is owed, and gives back all traces in the order of problem and sample; or reads them."""
    return asyncio.run(_read(job, job.params.imported) if job.params.imported else _run(job))


async def _read(job: Job[TracesParams], origin: ImportParams) -> Outcome:
    async with Grader(job.resources.graders, job.params.grading_seconds) as grader:
        outcome = await read_traces(job, origin, grader)
    by_problem: dict[str, list[Row]] = {}
    for row in outcome.tables["traces"].select(SCORED).to_pylist():
        by_problem.setdefault(row["problem_id"], []).append(row)
    problems = {problem["problem_id"]: problem for problem in _problems(job)}
    scores = summarise((problems[name], rows) for name, rows in by_problem.items())
    return replace(outcome, summary=scores | dict(outcome.summary))


async def _run(job: Job[TracesParams]) -> Outcome:
    params, resources = job.params, job.resources
    async with (
        Grader(resources.graders, params.grading_seconds) as grader,
        open_engine(params.engine, resources) as engine,
    ):
        return await sample(job, engine, grader)


async def sample(job: Job[TracesParams], engine: Engine, grader: Grader) -> Outcome:
    """The stage with an engine and a grader that are ready."""
    params = job.params
    with job.ledger("traces") as ledger:
        sampler = Sampler(job, params, engine, grader, ledger, "traces", _say(params))
        total = params.samples * job.inputs["problems"].snapshot().manifest.rows
        await sampler.sample(_questions(job), total, params.samples, _kept(job))
    summary = summarise(_by_problem(job, sampler.done))
    return Outcome(
        tables={"traces": sampler.done.reader()},
        dead=tuple(sampler.dead),
        counts={"unknown": summary["unknown"]},
        tokens=sampler.tokens,
        summary=summary | {"generated": sampler.generated},
        model_digest=engine.identity.digest,
        checker=CHECKER,
    )


def _problems(job: Job[TracesParams]) -> Iterator[Row]:
    for batch in job.inputs["problems"].batches(ASKED, batch_rows=1024):
        yield from batch.to_pylist()


def _questions(job: Job[TracesParams]) -> Iterator[Asked]:
    params = job.params
    for problem in _problems(job):
        name = problem["problem_id"]
        yield Asked(problem["question"], gold_of(problem), params.samples, params.seed, name, f"problem {name}", {})


def _kept(job: Job[TracesParams]) -> PlacedRows:
    """Rows of earlier attempts where this run would have them; of problems and samples that it asks for."""
    problems, samples = Ids(), job.params.samples
    for batch in job.inputs["problems"].batches(["problem_id"]):
        problems.add(batch["problem_id"])
    kept = PlacedRows(DATASETS["traces"].schema)
    for table in job.kept_tables("traces"):
        problem, sample = problems.places(table["problem_id"]), table["sample"].to_numpy()
        asked = (problem >= 0) & (sample < samples)
        kept.append(table.filter(pa.array(asked)), (problem * samples + sample)[asked])
    return kept


def _say(params: TracesParams) -> Callable[[Asked, Row, Grade], Row]:
    splitter = params.splitter or PROMPTS[params.prompt].splitter

    def say(asked: Asked, row: Row, grade: Grade) -> Row:
        steps = split(row["text"], splitter)
        return row | {"steps": steps, "truths": None, "splitter": splitter} | grade_columns(grade)

    return say


def _by_problem(job: Job[TracesParams], traces: PlacedRows) -> Iterator[tuple[Row, list[Row]]]:
    """Each problem that has traces, with them."""
    problems = _problems(job)
    rows = (row for _, row in traces.items(SCORED))
    for name, those in groupby(rows, key=itemgetter("problem_id")):
        yield next(problem for problem in problems if problem["problem_id"] == name), list(those)
