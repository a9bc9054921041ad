"""The judge stage: a second opinion on each step of each trace, by a language model or by the problem's computation.

Guarantees: every step of every trace that is asked about has one row, with the votes behind its verdict and, where that
is unknown, why; a verdict is one that the judge stated (evals/judge.py). Replies go to their ledger as they come and
are read anew by every run: a killed one generates the rest alone, and a better parser nothing. What the engine cannot
serve is a dead letter among the replies. Does not: look at labels, or mend a reply.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow as pa

from evals.judge import View, judge_prompt, majority, read_reply, unread
from evals.problems import Graph
from evals.truth import step_faults
from storage.rows import DeadLetter
from storage.schemas import DATASETS
from tasks.completions import Prompt, Prompter, for_each
from tasks.engines.engine import Engine, Identity
from tasks.engines.pool import open_engine
from tasks.job import Job, Outcome
from tasks.judgements import Case, Judged, Row, faults_of, judgements_table, summarise
from tasks.params import JudgeParams
from tasks.replies import Replies

PROGRAM = Identity(name="program", digest="evals.truth")
RENDERING = 256
"""Prompts that are rendered at a time."""


class UnreadableJudge(ValueError):
    """Too many of a judge's replies say nothing that can be read; the message counts why, and quotes one."""


def run(job: Job[JudgeParams]) -> Outcome:
    """Judges the steps; gives back all replies about these traces, and one judgement a step."""
    return by_program(job) if job.params.kind == "program" else asyncio.run(_run(job))


async def _run(job: Job[JudgeParams]) -> Outcome:
    assert job.params.engine is not None, "the parameters see to it"
    async with open_engine(job.params.engine, job.resources) as engine:
        return await judge(job, engine)


def by_program(job: Job[JudgeParams]) -> Outcome:
    """The verdicts of the problems' own computation (evals/truth.py); unknown where a problem has none."""
    cases, dead = _cases(job)
    done = [Judged(case, majority([_program(case)])) for case in cases]
    job.progress(len(done), len(done))
    tables = {
        "replies": DATASETS["replies"].schema.empty_table(),
        "judgements": judgements_table(done, PROGRAM),
    }
    return Outcome(tables=tables, dead=tuple(dead), summary=summarise(done, PROGRAM))


async def judge(job: Job[JudgeParams], engine: Engine) -> Outcome:
    """The stage with an engine that is ready. Raises UnreadableJudge where more than `max_unreadable` of the replies
    cannot be read."""
    params = job.params
    cases, dead = _cases(job)
    prompts = await _prompts(cases, params, engine)
    kept = job.kept("replies")
    with job.ledger("replies") as ledger:
        replies = Replies(engine, params, ledger, kept, prompts)
        await _ask(job, replies, cases, prompts)
    done = [_judged(case, prompt, replies, params) for case, prompt in zip(cases, prompts, strict=True)]
    _require_readable(done, params.max_unreadable, replies.dead)
    tables: dict[str, pa.Table] = {"replies": replies.table(), "judgements": judgements_table(done, engine.identity)}
    return Outcome(
        tables=tables,
        dead=(*dead, *replies.dead),
        counts={"unknown": len(faults_of(done))},
        tokens=replies.tokens,
        summary=summarise(done, engine.identity) | {"generated": replies.generated},
        model_digest=engine.identity.digest,
    )


def _cases(job: Job[JudgeParams]) -> tuple[list[Case], list[DeadLetter]]:
    """The traces that are to be judged, and a dead letter for each one that cannot be."""
    problems = job.inputs["problems"].read(["problem_id", "question", "answer", "solution", "graph"])
    by_id = {row["problem_id"]: row for row in problems.to_pylist()}
    limit = job.params.traces_per_problem
    cases, dead = [], []
    for trace in job.inputs["traces"].read(["trace_id", "problem_id", "sample", "steps", "truths"]).to_pylist():
        if limit is not None and trace["sample"] >= limit:
            continue
        case = Case(trace, by_id.get(trace["problem_id"], {}))
        if not case.problem:
            dead.append(_letter(case, "no_problem", "its problem is not in storage"))
        elif not case.steps:
            dead.append(_letter(case, "no_steps", "it is empty"))
        else:
            cases.append(case)
    return cases, dead


def _program(case: Case) -> tuple[View, ...]:
    if not case.problem["graph"]:
        return unread(len(case.steps), "no_graph")
    faults = step_faults(Graph.from_json(case.problem["graph"]), case.steps)
    return tuple(View("bad", "", fault) if fault else View("good") for fault in faults)


async def _prompts(cases: Sequence[Case], params: JudgeParams, engine: Engine) -> list[Prompt]:
    prompter = Prompter(engine, "zero_shot", params.chat, params.seed, params.sampling)
    made: dict[int, Prompt] = {}

    async def one(place: int) -> None:
        case = cases[place]
        said = judge_prompt(case.problem["question"], case.steps, params.form, _reference(case.problem, params))
        made[place] = await prompter.turn(said)

    await for_each(range(len(cases)), RENDERING, one)
    return [made[place] for place in range(len(cases))]


def _reference(problem: Row, params: JudgeParams) -> str:
    if params.reference == "none":
        return ""
    return str((params.reference == "solution" and problem["solution"]) or problem["answer"])


async def _ask(job: Job[JudgeParams], replies: Replies, cases: Sequence[Case], prompts: Sequence[Prompt]) -> None:
    done = 0

    async def one(place: int) -> None:
        nonlocal done
        await replies.ask(prompts[place], cases[place].trace["problem_id"], cases[place].place)
        done += 1
        job.progress(done, len(cases), replies=replies.generated, tokens=replies.tokens)

    await for_each(range(len(cases)), _in_flight(job), one)


def _in_flight(job: Job[JudgeParams]) -> int:
    """Traces at a time. A server is asked no more than it takes, so that its silence is noticed early."""
    http = job.params.engine is not None and job.params.engine.kind == "http"
    requests = job.resources.concurrency if http else job.resources.actors * job.resources.window
    return requests // job.params.samples + 1


def _judged(case: Case, prompt: Prompt, replies: Replies, params: JudgeParams) -> Judged:
    there: list[Row] = []
    samples: list[tuple[View, ...]] = []
    faults: dict[str, str] = {}
    for reply in replies.of(prompt):
        if isinstance(reply, str):
            samples.append(unread(len(case.steps), reply))
            continue
        reading = read_reply(reply["text"], reply["finish_reason"], len(case.steps), params.form)
        there.append(reply)
        samples.append(reading.views)
        if reading.fault:
            faults[reply["reply_id"]] = reading.fault
    return Judged(case, majority(samples), prompt.id, tuple(there), faults)


def _require_readable(done: Sequence[Judged], limit: float, dead: Sequence[DeadLetter]) -> None:
    texts = {reply["reply_id"]: reply["text"] for judged in done for reply in judged.replies}
    faults = faults_of(done)
    if not faults or len(faults) / len(texts) <= limit:
        return
    share = f"{len(faults):,} of {len(texts):,} replies ({len(faults) / len(texts):.0%}, allowed {limit:.0%})"
    failed = (
        f" No reply at all came to {len(dead):,} requests: {_counted(letter.kind for letter in dead)}." if dead else ""
    )
    raise UnreadableJudge(
        f"{share} cannot be read: {_counted(faults.values())}. One begins {texts[next(iter(faults))][:200]!r}.{failed} "
        "Name a judge that follows the `form`, try the other one, or raise `sampling.max_tokens` where replies are "
        "truncated. Nothing is lost: with a higher `max_unreadable` what came is used, unread replies as unknown"
    )


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {count:,}" for word, count in Counter(words).most_common())


def _letter(case: Case, kind: str, message: str) -> DeadLetter:
    payload = json.dumps({"trace_id": case.trace["trace_id"]})
    return DeadLetter(case.trace["trace_id"], "judge", kind, message, case.place, payload)
