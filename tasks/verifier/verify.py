"""The `verify` stage: what the committed verifiers say of each committed trace; or what a judge said of it, a language
model that was asked by prompt and whose judgements are committed.

Guarantees: each trace has a row, or a dead letter with the reason (no steps, longer than the context, no problem, not
judged). The tokens are those that training read. A row tells whether its problem was trained on; the summary's numbers
are of problems that were not (`held_out`, and `unseen`: in no split). Where there is one kind of verifier alone, what
the other would say is null. A step of which a judge says neither good nor bad is unknown, and so is its solution; in
best-of-N it ranks below all others. Does not: generate, or change a verdict.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evals.first_errors import Prediction, first_error_scores, known_first_error
from evals.truth import first_error, known_truths
from evals.verifier.aggregation import AGGREGATIONS, aggregate, combined
from evals.verifier.calibration import brier
from evals.verifier.discrimination import auroc
from storage.rows import DeadLetter, table_of
from storage.schemas import DATASETS
from tasks.job import Job, Outcome
from tasks.verifier.encoding import Encoded, Item
from tasks.verifier.params import Kind, VerifyParams
from tasks.verifier.pooling import open_scorer
from tasks.verifier.quality import best_of_each
from tasks.verifier.scorer import NetworkScorer
from tasks.verifier.weights import PROBLEMS, committed_files

Row = Mapping[str, Any]
CHUNK = 512
"""Traces scored between two reports of progress."""
JUDGED_CUT_OFF = 0.5
"""Of a judge's replies, by whose share a step is bad."""
UNSEEN = "unseen"
FRESH = ("held_out", UNSEEN)
TRACE = ["trace_id", "problem_id", "sample", "steps", "truths", "verdict"]


@dataclass(frozen=True)
class _Verifiers:
    """Those of the partition, which problems they know, and below which probability a step is bad."""

    process: NetworkScorer | None = None
    outcome: NetworkScorer | None = None
    splits: Mapping[str, str] = field(default_factory=dict)
    cut_off: float | None = None

    @property
    def there(self) -> list[NetworkScorer]:
        return [each for each in (self.process, self.outcome) if each is not None]


@dataclass(frozen=True)
class _Case:
    trace: Row
    question: str
    truths: list[int | None]
    judged: list[float | None]
    """Share of good verdicts on each step, None where it is unknown; empty where trained verifiers score."""


def run(job: Job[VerifyParams]) -> Outcome:
    with ExitStack() as stack:
        return _run(job, _verifiers(job, stack))


def _run(job: Job[VerifyParams], verifiers: _Verifiers) -> Outcome:
    cases, dead = _cases(job)
    rows: list[dict[str, Any]] = []
    truths: dict[str, list[int | None]] = {}
    for start in range(0, len(cases), CHUNK):
        chunk = cases[start : start + CHUNK]
        rows += _rows(chunk, verifiers, job.params, dead)
        truths |= {each.trace["trace_id"]: each.truths for each in chunk}
        job.progress(start + len(chunk), len(cases))
    return Outcome(
        tables={"verifications": table_of(DATASETS["verifications"], rows)},
        dead=tuple(dead),
        counts={"unknown": sum(row["verdict"] == "unknown" for row in rows)},
        summary=summarise(rows, truths) | {"runners": {each.card.kind: each.runner for each in verifiers.there}},
    )


def _verifiers(job: Job[VerifyParams], stack: ExitStack) -> _Verifiers:
    if job.params.process == "judged":
        return _Verifiers(cut_off=JUDGED_CUT_OFF)
    location = job.inputs["verifiers"]
    there = set(location.read(["kind"])["kind"].to_pylist())
    kinds: list[Kind] = [kind for kind in ("process", "outcome") if kind in there]
    known = json.loads(committed_files(location, kinds[0])[PROBLEMS])
    opened = (open_scorer(location, kind, job.params.runner, job.resources) for kind in kinds)
    scorers = dict(zip(kinds, map(stack.enter_context, opened), strict=True))
    splits = {name: split for split, names in known.items() for name in names}
    process = scorers.get("process")
    return _Verifiers(process, scorers.get("outcome"), splits, process.card.cut_off if process else None)


def _cases(job: Job[VerifyParams]) -> tuple[list[_Case], list[DeadLetter]]:
    problems = job.inputs["problems"].read(["problem_id", "question", "graph"]).to_pylist()
    by_id = {row["problem_id"]: row for row in problems}
    limit, judged = job.params.traces_per_problem, _judged(job)
    cases, dead = [], []
    for trace in job.inputs["traces"].read(TRACE).to_pylist():
        problem = by_id.get(trace["problem_id"])
        if limit is not None and trace["sample"] >= limit:
            continue
        if problem is None:
            dead.append(_letter(trace, "no_problem", "its problem is not in storage"))
        elif not trace["steps"]:
            dead.append(_letter(trace, "no_steps", "it is empty"))
        elif judged is not None and len(judged.get(trace["trace_id"], ())) != len(trace["steps"]):
            dead.append(_letter(trace, "not_judged", "there is not a judgement of each of its steps: judge the traces"))
        else:
            truths = known_truths(problem["graph"], trace["steps"], trace["truths"])
            said = judged[trace["trace_id"]] if judged is not None else []
            cases.append(_Case(trace, problem["question"], truths, said))
    return cases, dead


def _judged(job: Job[VerifyParams]) -> dict[str, list[float | None]] | None:
    """What a judge said of the steps of each trace, by its id; None where trained verifiers score."""
    if job.params.process != "judged":
        return None
    found: dict[str, list[float | None]] = {}
    rows = job.inputs["judgements"].read(["trace_id", "step", "score"]).to_pylist()
    for row in sorted(rows, key=lambda row: int(row["step"])):
        found.setdefault(row["trace_id"], []).append(row["score"])
    return found


def _rows(
    cases: Sequence[_Case], verifiers: _Verifiers, params: VerifyParams, dead: list[DeadLetter]
) -> Iterator[dict[str, Any]]:
    """Of the cases that all verifiers can read; the others are added to `dead`."""
    items = [(case.question, case.trace["steps"]) for case in cases]
    encoded = [each.encode(items) for each in verifiers.there]
    fitting = []
    for place, case in enumerate(cases):
        over = _over(verifiers.there, [each[place] for each in encoded])
        if over:
            dead.append(_letter(case.trace, "too_long", over))
        else:
            fitting.append(place)
    readable = [items[place] for place in fitting]
    process, outcome = _scores(verifiers.process, readable), _scores(verifiers.outcome, readable)
    for place, steps, ends in zip(fitting, process, outcome, strict=True):
        case = cases[place]
        yield _row(case, case.judged or list(steps), ends[-1] if ends else None, verifiers, params)


def _scores(scorer: NetworkScorer | None, items: Sequence[Item]) -> list[list[float]]:
    return scorer.score(items) if scorer else [[] for _ in items]


def _over(scorers: Sequence[NetworkScorer], encoded: Sequence[Encoded]) -> str:
    """Why a solution cannot be scored; empty where it can."""
    for scorer, each in zip(scorers, encoded, strict=True):
        if len(each.ids) > scorer.context:
            return f"{len(each.ids):,} tokens; the {scorer.card.kind} verifier holds {scorer.context:,}"
    return ""


def _row(
    case: _Case, steps: list[float | None], outcome: float | None, verifiers: _Verifiers, params: VerifyParams
) -> dict[str, Any]:
    known = [each for each in steps if each is not None]
    whole = bool(steps) and len(known) == len(steps)
    scores: dict[str, float | None] = {how: aggregate(known, how) if whole else None for how in AGGREGATIONS}
    process = scores[params.process_score]
    both = combined(process, outcome, params.outcome_weight) if process is not None and outcome is not None else None
    cut_off = verifiers.cut_off if params.cut_off is None else params.cut_off
    truth_is_known = all(truth is not None for truth in case.truths)
    return {
        "trace_id": case.trace["trace_id"],
        "problem_id": case.trace["problem_id"],
        "split": verifiers.splits.get(case.trace["problem_id"], UNSEEN),
        "steps": len(case.trace["steps"]),
        "probabilities": steps,
        **scores,
        "outcome": outcome,
        "combined": both,
        "first_error": _first_error(steps, cut_off) if steps and cut_off is not None else None,
        "first_error_truth": first_error([truth == 1 for truth in case.truths]) if truth_is_known else None,
        "verdict": case.trace["verdict"],
    }


def _first_error(steps: Sequence[float | None], cut_off: float) -> Prediction:
    return known_first_error([None if each is None else each >= cut_off for each in steps])


SCORES = (*AGGREGATIONS, "outcome", "combined")


def summarise(rows: Sequence[Row], truths: Mapping[str, Sequence[int | None]]) -> dict[str, Any]:
    """Numbers of the problems that no training saw; `truths` are those of the steps, by trace."""
    fresh = [row for row in rows if row["split"] in FRESH]
    told: dict[str, Any] = {"traces": dict(Counter(row["split"] for row in rows)), "judged": len(fresh)}
    pairs = [
        (probability, truth == 1)
        for row in fresh
        for probability, truth in zip(row["probabilities"], truths[row["trace_id"]], strict=False)
        if truth is not None and probability is not None
    ]
    if pairs:
        probabilities = np.array([probability for probability, _ in pairs])
        good = np.array([truth for _, truth in pairs])
        told["brier_truth"] = round(brier(probabilities, good.astype(np.float64), (~good).astype(np.float64)), 6)
        told["auroc_truth"] = auroc(probabilities, good)
    decided = [row for row in fresh if row["verdict"] in ("correct", "wrong")]
    told["unknown_solutions"] = sum(None in row["probabilities"] for row in decided)
    scores = {
        name: [-1.0 if row[name] is None else row[name] for row in decided]  # unknown: below all that are known
        for name in SCORES
        if any(row[name] is not None for row in decided)
    }
    if scores:
        right = [row["verdict"] == "correct" for row in decided]
        told["best_of_n"] = best_of_each([row["problem_id"] for row in decided], scores, right)
    return told | _first_errors(fresh)


def _first_errors(rows: Sequence[Row]) -> dict[str, Any]:
    known = [row for row in rows if row["first_error_truth"] is not None]
    if all(row["first_error"] is None for row in known):  # nobody has looked for them
        return {}
    predicted: list[Prediction] = [row["first_error"] for row in known]
    scores = first_error_scores(predicted, [row["first_error_truth"] for row in known])
    return {"first_error_f1": scores.f1, "first_error_solutions": len(known)}


def _letter(trace: Row, kind: str, message: str) -> DeadLetter:
    payload = json.dumps({"trace_id": trace["trace_id"]})
    return DeadLetter(trace["trace_id"], "verify", kind, message, f"trace {trace['trace_id']}", payload)
