"""Consensus: keep a trace where rollouts and judge name the same first error.

The filter of Qwen's "Lessons" (arXiv 2501.07301, section 3.1): Monte Carlo labels say where a trace stops being able to
arrive, a judge says where it is wrong, and a trace is kept where both name the same step, or both none. There it kept
about 40 % of the traces.

Guarantees: what one side leaves open never counts as agreement, and each trace that is not kept has one reason. Does
not: mend a label, or tell which of the two is right.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evals.first_errors import NO_ERROR, Prediction, first_error_scores, known_first_error

Label = int | bool | None
"""Of a step: good, bad, or None for unknown."""
ConsensusReason = Literal["agree", "disagree", "rollouts_open", "judge_unknown", "contradiction"]

REASONS: dict[ConsensusReason, str] = {
    "agree": "kept: both name the same first error, or both none",
    "contradiction": "a rollout succeeded behind a step from which all failed, so that label is wrong",
    "rollouts_open": "no rollouts, or unknown ones, leave open where the first bad step is",
    "judge_unknown": "the judge leaves open where the first bad step is",
    "disagree": "they name different steps, or one of them none",
}
"""The first of these that holds is a trace's reason, `agree` last."""


@dataclass(frozen=True, slots=True)
class Opinions:
    """What is known of one trace. First errors are indices from 0, -1 for none, None for open."""

    reason: ConsensusReason
    rollouts: Prediction
    judge: Prediction
    truth: Prediction = None

    @property
    def kept(self) -> bool:
        return self.reason == "agree"


def compare(hard: Sequence[Label], judged: Sequence[Label], truth: Sequence[Label] = ()) -> Opinions:
    """Compares the hard labels of a trace's steps with the judge's verdicts; `truth` may be empty or hold unknowns.

    Raises ValueError where they are not of the same steps.
    """
    if len(hard) != len(judged) or len(truth) not in (0, len(hard)):
        raise ValueError(f"{len(hard)} labels, {len(judged)} verdicts and {len(truth)} truths are not of one trace")
    rollouts, judge = known_first_error(hard), known_first_error(judged)
    known = known_first_error(truth) if truth else None
    return Opinions(_reason(hard, rollouts, judge), rollouts, judge, known)


def contradicts(hard: Sequence[Label]) -> bool:
    """A success behind a bad step: the prefix that ends in that step does lead to the right answer, after all."""
    bad = next((step for step, label in enumerate(hard) if label is not None and not label), len(hard))
    return any(hard[bad:])


def _reason(hard: Sequence[Label], rollouts: Prediction, judge: Prediction) -> ConsensusReason:
    if contradicts(hard):
        return "contradiction"
    if rollouts is None:
        return "rollouts_open"
    if judge is None:
        return "judge_unknown"
    return "agree" if rollouts == judge else "disagree"


def summarise(traces: Sequence[Opinions]) -> dict[str, Any]:
    """How many were kept and why the others went; where the truth is known, `quality` before and after."""
    reasons = Counter(trace.reason for trace in traces)
    kept = [trace for trace in traces if trace.kept]
    summary: dict[str, Any] = {
        "traces": len(traces),
        "kept": len(kept),
        "share_kept": len(kept) / len(traces) if traces else None,
        "reasons": {reason: reasons[reason] for reason in REASONS},
        "judge_later": sum(_later(trace) for trace in traces if trace.reason == "disagree"),
    }
    if any(trace.truth is not None for trace in traces):
        summary["before"], summary["after"] = quality(traces), quality(kept)
    return {name: value for name, value in summary.items() if value is not None}


def quality(traces: Sequence[Opinions]) -> dict[str, Any]:
    """How right the rollouts' first errors are, on traces whose truth is known. What is a share of none is left out.

    `precision`: of the traces in which they name a first error, the share where it is that one. `accuracy` and `f1` are
    ProcessBench's (evals/first_errors.py), on all traces; one left open is not right.
    """
    known = [(trace.rollouts, trace.truth) for trace in traces if trace.truth is not None]
    named = [said == true for said, true in known if said is not None and said != NO_ERROR]
    scores = first_error_scores([said for said, _ in known], [true for _, true in known])
    told = {
        "traces": len(known),
        "erroneous": scores.erroneous,
        "named": len(named),
        "precision": sum(named) / len(named) if named else None,
        "accuracy": scores.accuracy,
        "f1": scores.f1,
    }
    return {name: value for name, value in told.items() if value is not None}


def _later(trace: Opinions) -> bool:
    """The judge names a later step than the rollouts, or none where they name one."""
    last = float("inf")
    judge, rollouts = (last if said == NO_ERROR else said for said in (trace.judge, trace.rollouts))
    return judge is not None and rollouts is not None and judge > rollouts
