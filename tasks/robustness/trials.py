"""The `trials` stage: one model's answers to problems and their variants, scored by both extractions.

Guarantees: an answer that an earlier attempt kept is not asked for again; every answer is scored by today's checker,
strictly and flexibly; one that is missing and one that was cut off are told apart. Every variant is sampled with a base
seed of its own: the same text as kind `identity` gets other seeds than the original, which is what the noise floor
needs. Originals of which there is no variant are not asked. Does not: compare (tasks/robustness reports do).
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa

from evals.answers import CHECKER, Grade, Verdict, extract
from evals.extraction import Style
from evals.golds import GOLD, Gold, gold_of, grade_at_once
from evals.identity import row_id, seed_of
from evals.perturb.difficulty import difficulty, question_tokens
from storage.placed_rows import PlacedRows
from storage.schemas import DATASETS
from tasks.completions import grade_columns
from tasks.engines.engine import Engine
from tasks.engines.pool import open_engine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.robustness.params import TrialsParams
from tasks.robustness.variant_rows import ORIGINAL, Row
from tasks.sampler import Asked, Sampler

TEXT = ["problem_id", "question", "answer", "solution"]
VARIANT = [*TEXT, "variant_id", "kind", "index", "steps", "digits", "carries"]
COUNTED = ["problem_id", "kind", "verdict", "flexible_verdict", "strict_verdict", "answered", "truncated"]
"""The columns of `trials` that the summary is made of."""


def run(job: Job[TrialsParams]) -> Outcome:
    """Asks for what is owed, and gives back all answers in the order of problem, kind, variant and sample."""
    return asyncio.run(_run(job))


async def _run(job: Job[TrialsParams]) -> Outcome:
    params, resources = job.params, job.resources
    async with (
        Grader(resources.graders, params.grading_seconds) as grader,
        open_engine(params.engine, resources) as engine,
    ):
        return await answer(job, engine, grader)


async def answer(job: Job[TrialsParams], engine: Engine, grader: Grader) -> Outcome:
    """The stage with an engine and a grader that are ready."""
    params = job.params
    asked = list(questions(job))

    def say(about: Asked, row: Row, grade: Grade) -> Row:
        scores = score(row["text"], about.gold, row["finish_reason"], grade, params.extraction)
        return row | {"prompt_style": params.prompt, **about.about, **scores}

    with job.ledger("trials") as ledger:
        sampler = Sampler(job, params, engine, grader, ledger, "trials", say)
        samples = [each.samples for each in asked]
        await sampler.sample(asked, sum(samples), max(samples, default=0), _kept(job, asked))
    summary = summarise(row for _, row in sampler.done.items(COUNTED))
    return Outcome(
        tables={"trials": sampler.done.reader()},
        dead=tuple(sampler.dead),
        counts={"unknown": sum(kind["unknown"] for kind in summary["by_kind"].values())},
        tokens=sampler.tokens,
        summary=summary | {"generated": sampler.generated},
        model_digest=engine.identity.digest,
        checker=CHECKER,
    )


def questions(job: Job[TrialsParams]) -> Iterator[Asked]:
    """Each original that has variants, followed by them."""
    params = job.params
    by_problem: defaultdict[str, list[Row]] = defaultdict(list)
    columns = list(dict.fromkeys([*TEXT, *GOLD]))
    originals: dict[str, Row] = {row["problem_id"]: row for row in job.inputs["problems"].read(columns).to_pylist()}
    for row in job.inputs["variants"].read(VARIANT).to_pylist():
        if row["kind"] == ORIGINAL:
            originals[row["problem_id"]] = row | {"answer_kind": "number", "choices": []}
        elif params.kinds is None or row["kind"] in params.kinds:
            by_problem[row["problem_id"]].append(row)
    for problem_id, variants in by_problem.items():
        problem = originals.get(problem_id)
        if problem:  # a template may state no problem of its own
            yield _original(problem, variants, params)
        for row in variants:
            yield _variant(row, problem or {"answer_kind": "number", "choices": []}, params)


def score(text: str, gold: Gold | str, finish_reason: str, flexible: Grade, style: Style) -> Row:
    """What a row says of its answer, by both extractions; `style` is the one that counts."""
    right = gold if isinstance(gold, Gold) else Gold(gold)
    strict = grade_at_once(text, right, finish_reason, "strict")
    if strict is None:  # a formula: the flexible extraction's second opinion holds where it read the same answer
        stated = extract(text, "strict")
        same = stated == flexible.extracted
        strict = flexible if same else Grade(Verdict.unknown, stated, "not_compared")
    counting = strict if style == "strict" else flexible
    return {
        **grade_columns(counting),
        "flexible_verdict": flexible.verdict.value,
        "strict_verdict": strict.verdict.value,
        "answered": counting.extracted is not None,
        "truncated": finish_reason == "length",
    }


def summarise(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """By kind: verdicts, both accuracies, and what kept answers from being read. Accuracy is over known verdicts. Rows
    of a problem follow each other."""
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    trials = problems = 0
    for _, those in groupby(rows, key=itemgetter("problem_id")):
        problems += 1
        seen = set()
        for row in those:
            trials += 1
            seen.add(row["kind"])
            kinds[row["kind"]].update(_counted(row))
        for kind in seen:
            kinds[kind]["problems"] += 1
    return {
        "trials": trials,
        "problems": problems,
        "by_kind": {kind: _told(counts) for kind, counts in kinds.items()},
    }


def _counted(row: Mapping[str, Any]) -> Iterator[str]:
    """What a row counts as."""
    yield "trials"
    yield row["verdict"]
    yield f"flexible {row['flexible_verdict']}"
    yield f"strict {row['strict_verdict']}"
    if row["truncated"]:
        yield "truncated"
    elif not row["answered"]:
        yield "no_answer"


def _told(counts: Counter[str]) -> dict[str, Any]:
    names = ("problems", "trials", *(verdict.value for verdict in Verdict), "no_answer", "truncated")
    accuracies = {f"accuracy_{style}": _accuracy(counts, style) for style in ("flexible", "strict")}
    return {name: counts[name] for name in names} | accuracies


def _accuracy(counts: Counter[str], style: str) -> float | None:
    correct, wrong = (counts[f"{style} {verdict.value}"] for verdict in (Verdict.correct, Verdict.wrong))
    return correct / (correct + wrong) if correct + wrong else None


def _original(problem: Row, variants: Sequence[Row], params: TrialsParams) -> Asked:
    samples = params.original_samples
    if samples is None:
        most = max(Counter(row["kind"] for row in variants).values())
        samples = params.samples * (most if params.sampling.temperature else 1)  # greedy answers are all the same
    hard = difficulty(problem["question"], problem["solution"])
    about = {"variant_id": None, "kind": ORIGINAL, "index": 0}
    about |= {"steps": hard.steps, "digits": hard.digits, "carries": hard.carries}
    return _asked(problem, gold_of(problem), samples, params.seed, f"problem {problem['problem_id']}", about)


def _variant(row: Row, problem: Row, params: TrialsParams) -> Asked:
    """The variant's own answer, of the kind that its seed problem's is."""
    about = {name: row[name] for name in ("variant_id", "kind", "index", "steps", "digits", "carries")}
    seed = seed_of(row_id("trials", params.seed, row["variant_id"]))
    place = f"problem {row['problem_id']} {row['kind']} {row['index']}"
    return _asked(row, gold_of(problem | {"answer": row["answer"]}), params.samples, seed, place, about)


def _asked(row: Row, gold: Gold, samples: int, seed: int, place: str, about: Row) -> Asked:
    question = row["question"]
    about = about | {"question_tokens": question_tokens(question)}
    return Asked(question, gold, samples, seed, row["problem_id"], place, about)


def _kept(job: Job[TrialsParams], asked: Sequence[Asked]) -> PlacedRows:
    """Rows of earlier attempts where this run would have them; of questions and samples that it asks for."""
    places: dict[tuple[str, str | None], range] = {}
    first = 0
    for each in asked:
        places[each.problem_id, each.about["variant_id"]] = range(first, first := first + each.samples)
    kept = PlacedRows(DATASETS["trials"].schema)
    for table in job.kept_tables("trials"):
        named = zip(*(table[name].to_pylist() for name in ("problem_id", "variant_id", "sample")), strict=True)
        found = [(places.get((problem, variant), range(0)), sample) for problem, variant, sample in named]
        wanted = [sample < len(place) for place, sample in found]
        kept.append(table.filter(pa.array(wanted)), [place[sample] for place, sample in found if sample < len(place)])
    return kept
