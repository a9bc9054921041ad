"""The `perturb` stage: variants of problems, each with a certificate of its gold; why there are no more; faulty golds.

Guarantees: every problem and kind that is asked for has its variants, or a refusal with its reason and place, or both;
the same problems, parameters and (for `paraphrase`) rewordings give the same rows; a problem or template that is
hostile or broken is a refusal and harms no other. Generated are rewordings alone (tasks/robustness/rewriting.py).
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evals.answers import Verdict, compare
from evals.perturb.kinds import KINDS, perturb
from evals.perturb.templates import instantiate
from evals.perturb.variant import Kind, Refusal, SeedProblem, Variant
from evals.records import Refusal as BadFile
from storage.rows import table_of
from storage.schemas import DATASETS
from tasks.engines.pool import open_engine
from tasks.job import Job, Outcome
from tasks.robustness.params import PerturbParams
from tasks.robustness.rewriting import NOTHING, Reworded, reword
from tasks.robustness.template_files import templates
from tasks.robustness.variant_rows import ORIGINAL, Row, fault_rows, original_row, refusal_rows, variant_row

COLUMNS = ["problem_id", "question", "answer", "answer_kind", "solution", "place"]
OF_NUMBERS: tuple[Kind, ...] = ("numbers", "names+numbers", "larger")
"""Kinds whose gold is computed, so that it must be a number."""


def run(job: Job[PerturbParams]) -> Outcome:
    """Perturbs the problems; asks the rewriter, where there is one."""
    problems = read_problems(job)
    reworded = asyncio.run(_reworded(job, problems)) if job.params.rewriter else NOTHING
    return perturbed(job, problems, reworded)


async def _reworded(job: Job[PerturbParams], problems: Sequence[Row]) -> Reworded:
    assert job.params.rewriter is not None, "asked for where there is one"
    async with open_engine(job.params.rewriter.engine, job.resources) as engine:
        return await reword(job, seeds(problems), engine)


def read_problems(job: Job[PerturbParams]) -> list[Row]:
    return list(job.inputs["problems"].read(COLUMNS).to_pylist()[: job.params.problems])


def seeds(problems: Sequence[Row]) -> list[SeedProblem]:
    """Those with a gold answer: without one there is nothing to be wrong about."""
    return [_seed(problem) for problem in problems if problem["answer"]]


def perturbed(job: Job[PerturbParams], problems: Sequence[Row], reworded: Reworded = NOTHING) -> Outcome:
    """The stage with what a rewriter gave."""
    params = job.params
    made = _Made(params)
    for done, problem in enumerate(problems):
        for kind in params.kinds:
            if kind != "template":
                made.add(kind, problem, _found(problem, kind, params, reworded))
        if done % 50 == 0:
            job.progress(done, len(problems), variants=len(made.variants))
    if params.templates:
        _instantiate(made, params.templates)
    faults = [row for problem in problems for row in fault_rows(problem)]
    job.progress(len(problems), len(problems), variants=len(made.variants))
    rows = {"variants": made.variants, "refusals": made.refusals, "gold_faults": faults}
    return Outcome(
        tables={"rewrites": reworded.replies} | {name: table_of(DATASETS[name], rows[name]) for name in rows},
        dead=reworded.dead,
        tokens=reworded.tokens,
        summary=made.summary(len(problems), faults) | {"generated": reworded.generated},
        model_digest=reworded.model_digest,
    )


def _seed(problem: Row) -> SeedProblem:
    return SeedProblem(problem["question"], problem["solution"], problem["problem_id"])


def _found(problem: Row, kind: Kind, params: PerturbParams, reworded: Reworded) -> list[Variant | Refusal]:
    if not problem["answer"]:
        return [Refusal(problem["problem_id"], kind, "no gold", "the problem has no gold answer")]
    if kind in OF_NUMBERS and problem["answer_kind"] not in ("number", "math"):
        detail = f"the answer is a {problem['answer_kind']}"
        return [Refusal(problem["problem_id"], kind, "no number as answer", detail)]
    said = _seed(problem).answer
    if kind in OF_NUMBERS and said and compare(said, problem["answer"]) is Verdict.wrong:
        detail = f"the solution ends with {said[:60]!r}, the problem says {problem['answer'][:60]!r}"
        return [Refusal(problem["problem_id"], kind, "two answers", detail)]
    if kind in KINDS:
        return perturb(_seed(problem), kind, params.count(kind), params.seed)
    return reworded.found[problem["problem_id"]]


def _instantiate(made: "_Made", path: str) -> None:
    """The variants of each template, behind its own problem."""
    params = made.params
    for record in templates(path):
        about = {"problem_id": record.place, "answer": "", "place": record.place}
        if isinstance(record, BadFile):
            made.add("template", about, [Refusal(record.place, "template", record.kind, record.message)])
            continue
        found = instantiate({**record.fields, "id_orig": record.place}, params.count("template"), params.seed)
        question, solution = (str(record.fields.get(name, "")) for name in ("question", "answer"))
        if question and any(isinstance(each, Variant) for each in found):
            made.variants.append(original_row(record.place, question, solution, params.seed))
        made.add("template", about, found)


class _Made:
    """Rows so far, and what they add up to."""

    def __init__(self, params: PerturbParams) -> None:
        self.params = params
        self.variants: list[Row] = []
        self.refusals: list[Row] = []
        self._problems: defaultdict[Kind, list[int]] = defaultdict(list)
        """By kind, the variants of each problem."""

    def add(self, kind: Kind, problem: Mapping[str, Any], found: Iterable[Variant | Refusal]) -> None:
        """What was found for one problem and kind; variants of other tiers than those asked for are refusals."""
        options = self.params.options.get(kind)
        tiers = options.tiers if options else None
        variants, refusals = [], []
        for each in found:
            if isinstance(each, Refusal):
                refusals.append(each)
            elif tiers and each.certificate.tier not in tiers:
                detail = f"variant {each.index} is {each.certificate.tier}, asked for are {', '.join(tiers)}"
                refusals.append(Refusal(each.problem_id, kind, "another tier", detail))
            else:
                variants.append(each)
        self.variants += [variant_row(each, problem["answer"]) for each in variants]
        self.refusals += refusal_rows(refusals, problem["place"], len(variants))
        self._problems[kind].append(len(variants))

    def summary(self, problems: int, faults: Sequence[Row]) -> dict[str, Any]:
        """Yields by kind, and what stood against more."""
        tiers = Counter((row["kind"], row["tier"]) for row in self.variants if row["kind"] != ORIGINAL)
        reasons = Counter((row["kind"], row["reason"]) for row in self.refusals)
        kinds = {
            kind: {
                "asked": len(counts),
                "accepted": sum(count > 0 for count in counts),
                "full": sum(count >= self.params.count(kind) for count in counts),
                "variants": sum(counts),
                "tiers": {tier: n for (of, tier), n in sorted(tiers.items()) if of == kind},
                "refusals": {reason: n for (of, reason), n in reasons.most_common() if of == kind},
            }
            for kind, counts in self._problems.items()
        }
        return {
            "problems": problems,
            "variants": len(self.variants),
            "by_kind": kinds,
            "gold_faults": dict(Counter(row["reason"] for row in faults)),
        }
