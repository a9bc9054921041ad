"""Binary search for the first bad step (as OmegaPRM, arXiv 2406.06592, searches one rollout).

A success from the middle proves all before it, so that the search goes on behind it; none sends it to the front. It
assumes that what follows a bad step is bad too: a recovery in the tested half hides an error before it. It asks about
log2 of the steps, and so meets fewer of the right prefixes from which the model always fails: brute force calls the
first of these the error.
"""

from evals.answers import Verdict
from evals.montecarlo import (
    AFTER_ERROR,
    IMPLIED,
    Decision,
    Evidence,
    Policy,
    RuleAfter,
    StepLabel,
    count,
    proven,
)
from evals.policies.scan import NOTHING_YET


def binary(rule: RuleAfter, skip_right: bool = True) -> Policy:
    """One prefix is put to the rule at a time; `skip_right` as in `scan`."""

    def decide(evidence: Evidence) -> Decision:
        if skip_right and evidence.answer is Verdict.correct:
            return proven(evidence)
        good, bad = -1, len(evidence.rollouts)  # the last prefix, the whole trace, is not searched
        probed: dict[int, StepLabel] = {}
        while bad - good > 1:
            middle = (good + bad) // 2
            answer = rule(probed.get(good, NOTHING_YET))(evidence.rollouts[middle])
            if isinstance(answer, range):
                return Decision(
                    {middle: answer}, (*(None for _ in evidence.rollouts), count([evidence.answer], "answer"))
                )
            probed[middle] = answer
            if answer.hard is None:
                break
            good, bad = (middle, bad) if answer.hard else (good, middle)
        return Decision({}, _labels(evidence, probed, good, bad))

    return decide


def _labels(evidence: Evidence, probed: dict[int, StepLabel], good: int, bad: int) -> tuple[StepLabel | None, ...]:
    """Between `good` and `bad` there is something only where unknown verdicts ended the search."""
    labels = [probed.get(step, IMPLIED if step <= good else AFTER_ERROR) for step, _ in enumerate(evidence.rollouts)]
    return (*labels, count([evidence.answer], "answer"))
