"""What a judge said of traces: one row a step, and the numbers that people look at."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from evals.first_errors import first_error_scores, known_first_error
from evals.identity import row_id
from evals.judge import Judgement, StepVerdict
from evals.truth import known_truths
from storage.schemas import DATASETS
from tasks.engines.engine import Identity

Row = dict[str, Any]

LABELS: dict[StepVerdict, int | None] = {"good": 1, "bad": 0, "unknown": None}
"""A verdict as a label."""


@dataclass(frozen=True, slots=True)
class Case:
    """A trace before its judge."""

    trace: Row
    problem: Row

    @property
    def steps(self) -> list[str]:
        return list(self.trace["steps"])

    @property
    def place(self) -> str:
        return f"problem {self.trace['problem_id']} sample {self.trace['sample']}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A trace with a judgement of each step, and the replies that these rest on."""

    case: Case
    judgements: tuple[Judgement, ...]
    prompt_id: str = ""
    replies: tuple[Row, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    """Why a reply could not be read, by its id."""


def faults_of(done: Sequence[Judged]) -> dict[str, str]:
    """Of all replies, each once, however many traces share it."""
    return {reply: fault for judged in done for reply, fault in judged.faults.items()}


def judgements_table(done: Sequence[Judged], judge: Identity) -> pa.Table:
    rows = [row for judged in done for row in _rows(judged, judge)]
    return pa.Table.from_pylist(rows, schema=DATASETS["judgements"].schema)


def _rows(judged: Judged, judge: Identity) -> Iterator[Row]:
    trace = judged.case.trace
    for step, (judgement, text) in enumerate(zip(judged.judgements, judged.case.steps, strict=True)):
        yield {
            "judgement_id": row_id("judgement", trace["trace_id"], step),
            "trace_id": trace["trace_id"],
            "problem_id": trace["problem_id"],
            "step": step,
            "steps": len(trace["steps"]),
            "text": text,
            "verdict": judgement.verdict,
            "score": judgement.score,
            "good": judgement.good,
            "bad": judgement.bad,
            "unknown": judgement.unknown,
            "reason": judgement.reason,
            "rationale": judgement.rationale,
            "prompt_id": judged.prompt_id,
            "tokens": sum(reply["tokens"] for reply in judged.replies),
            "judge": judge.name,
            "judge_digest": judge.digest,
        }


def summarise(done: Sequence[Judged], judge: Identity) -> dict[str, Any]:
    """Counts, reasons of unknowns, and how often the judge names the true first error where that is known
    (ProcessBench's accuracy and F1, evals/first_errors.py)."""
    steps = [judgement for judged in done for judgement in judged.judgements]
    verdicts = Counter(step.verdict for step in steps)
    tokens = {reply["reply_id"]: reply["tokens"] for judged in done for reply in judged.replies}
    summary: dict[str, Any] = {
        "judge": judge.name,
        "traces": len(done),
        "judgements": len(steps),
        **{verdict: verdicts[verdict] for verdict in LABELS},
        "reasons": dict(Counter(step.reason for step in steps if step.reason).most_common()),
        "replies": len(tokens),
        "reply_tokens": sum(tokens.values()),
        "unreadable": dict(Counter(faults_of(done).values()).most_common()),
    }
    return summary | _scores(done)


def _scores(done: Sequence[Judged]) -> dict[str, float]:
    true = [known_first_error(_truths(judged.case)) for judged in done]
    known = [(judged, index) for judged, index in zip(done, true, strict=True) if index is not None]
    said = [known_first_error([LABELS[step.verdict] for step in judged.judgements]) for judged, _ in known]
    scores = first_error_scores(said, [index for _, index in known])
    named = {"first_error_accuracy": scores.accuracy, "first_error_f1": scores.f1}
    return {name: value for name, value in named.items() if value is not None}


def _truths(case: Case) -> list[int | None]:
    return known_truths(case.problem["graph"], case.steps, case.trace["truths"])
