"""Walks a trace from its first step on, and stops at the first bad one (as SCAN, arXiv 2509.16548, does).

With `skip_right` a trace whose answer is right costs nothing: it is itself a completion that reached the answer from
each of its prefixes. What that hides are right answers with a wrong step; the labels stage reports their rate where
the truth is known.
"""

from collections.abc import Sequence

from evals.answers import Verdict
from evals.montecarlo import AFTER_ERROR, Decision, Evidence, Policy, RuleAfter, StepLabel, count, proven

NOTHING_YET = StepLabel(0, 0, 0, "implied")
"""What is known before the first step: the question, from which nothing was rolled out."""


def scan(rule: RuleAfter, skip_right: bool = True) -> Policy:
    """Each prefix is put to the rule once the one before it is known to be good."""

    def decide(evidence: Evidence) -> Decision:
        if skip_right and evidence.answer is Verdict.correct:
            return proven(evidence)
        labels: list[StepLabel | None] = []
        before = NOTHING_YET
        for step, verdicts in enumerate(evidence.rollouts):
            answer = rule(before)(verdicts)
            if isinstance(answer, range):
                return Decision({step: answer}, _filled(labels, evidence, None))
            labels.append(answer)
            if answer.hard != 1:
                break
            before = answer
        return Decision({}, _filled(labels, evidence, AFTER_ERROR))

    return decide


def _filled(
    labels: Sequence[StepLabel | None], evidence: Evidence, rest: StepLabel | None
) -> tuple[StepLabel | None, ...]:
    missing = len(evidence.rollouts) - len(labels)
    return (*labels, *([rest] * missing), count([evidence.answer], "answer"))
