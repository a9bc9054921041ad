"""Binary search for the first bad step (as OmegaPRM, arXiv 2406.06592, searches one rollout), in two tempers.

A success from the middle proves all before it, so that the search goes on behind it; a few failures (`probe`) send it
to the front. The step that it ends at is then confirmed: it gets all the rollouts of its rule, and if one of them
succeeds, the search goes on behind it. So a wrong turn costs a probe and not k rollouts, and the step that is called
bad has k failures behind it all the same, the one before it a success. With a probe of k it is the plain search.

It assumes that what follows a bad step is bad too: a recovery in the tested half hides an error before it. It asks
about log2 of the steps, and so meets fewer of the right prefixes from which the model always fails: brute force calls
the first of these the error.
"""

from evals.answers import Verdict
from evals.montecarlo import (
    AFTER_ERROR,
    IMPLIED,
    Decision,
    Evidence,
    Policy,
    PrefixRule,
    RuleAfter,
    StepLabel,
    count,
    proven,
)
from evals.policies.scan import NOTHING_YET


class _Owed(Exception):
    """A prefix has to be rolled out from before the search can go on: (step, range)."""


def binary(probe: PrefixRule, rule: RuleAfter, skip_right: bool = True) -> Policy:
    """One prefix is asked about at a time, first by `probe`, and by `rule` where that found no success and the search
    ends. `skip_right` as in `scan`."""

    def decide(evidence: Evidence) -> Decision:
        if skip_right and evidence.answer is Verdict.correct:
            return proven(evidence)
        probed: dict[int, StepLabel] = {}
        try:
            good, bad = _search(evidence, probe, rule, probed)
        except _Owed as owed:
            step, wanted = owed.args
            proved = max((each for each, label in probed.items() if label.hard == 1), default=-1)
            so_far = _labels(evidence, probed, proved, len(evidence.rollouts))
            searched = (label if each <= proved else None for each, label in enumerate(so_far[:-1]))
            return Decision({step: wanted}, (*searched, so_far[-1]))
        return Decision({}, _labels(evidence, probed, good, bad))

    return decide


def _search(evidence: Evidence, probe: PrefixRule, rule: RuleAfter, probed: dict[int, StepLabel]) -> tuple[int, int]:
    """The last good step and the first bad one; between them there is something only where unknown verdicts ended the
    search. The whole trace, whose verdict is its answer's, is not searched."""
    good, end = -1, len(evidence.rollouts)
    while good + 1 < end:
        bad = end
        while bad - good > 1:
            middle = (good + bad) // 2
            seems = probed[middle] = _asked(probe, evidence, middle)
            good, bad = (middle, bad) if seems.hard == 1 else (good, middle)
        if bad == end:
            break
        sure = probed[bad] = _asked(rule(probed.get(good, NOTHING_YET)), evidence, bad)
        if sure.hard != 1:
            return good, bad if sure.hard == 0 else end
        good = bad
    return good, end


def _asked(rule: PrefixRule, evidence: Evidence, step: int) -> StepLabel:
    answer = rule(evidence.rollouts[step])
    if isinstance(answer, range):
        raise _Owed(step, answer)
    return answer


def _labels(evidence: Evidence, probed: dict[int, StepLabel], good: int, bad: int) -> tuple[StepLabel, ...]:
    """Behind the first bad step nothing is said: a probe that failed there is too little."""

    def of(step: int) -> StepLabel:
        if step <= good:
            return probed[step] if step in probed and probed[step].successes else IMPLIED
        return probed[step] if step == bad else AFTER_ERROR

    return (*map(of, range(len(evidence.rollouts))), count([evidence.answer], "answer"))
