"""How many failures make a negative: more from where the model rarely succeeds, fewer from where it mostly does.

A step is right with probability `right`. If it is, a rollout succeeds with a probability p that has a Beta
distribution: that of the prior, updated by the rollouts from the nearest earlier prefix that is known to be good, for
a right step leaves the model about as able as it was. If it is not, rollouts fail (up to `recovery`). After n failures
and no success

    P(right | n failures) = r q(n) / (r q(n) + (1 - r) (1 - recovery)^n),   q(n) = B(a + s, b + f + n) / B(a + s, b + f)

and a step is called bad once that is below `error`; a success calls it good at once. What is still uncertain at k is
called bad as `first_success` does, with the stop rule `exhausted`. Unknown verdicts count as nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p

from evals.answers import Verdict
from evals.montecarlo import PrefixRule, RuleAfter, StepLabel, count
from evals.policies.first_success import next_wave


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before any rollout."""

    right: float = 0.7
    """Probability that the searched step is right."""
    successes: float = 0.5
    """a of the Beta distribution of a right prefix's probability of success; 0.5 and 0.5 are Jeffreys' prior."""
    failures: float = 0.5
    """b of it."""
    recovery: float = 0.02
    """Probability that a rollout from behind an error reaches the right answer all the same."""


def probability_right(failures: int, before: StepLabel, prior: Prior) -> float:
    """P(the step is right | so many failures and no success), `before` being the nearest good prefix's label."""
    a, b = prior.successes + before.successes, prior.failures + before.failures
    all_fail = lgamma(b + failures) - lgamma(a + b + failures) - lgamma(b) + lgamma(a + b)  # log B(a, b+n) / B(a, b)
    if_right = log(prior.right) + all_fail
    if_wrong = log1p(-prior.right) + failures * log1p(-prior.recovery)
    return 1 / (1 + exp(if_wrong - if_right))


def posterior(k: int, waves: Sequence[int], error: float, prior: Prior) -> RuleAfter:
    """Stops at the first success, at the first failure that leaves less than `error`, and at k rollouts.

    Raises ValueError where a probability is none.
    """
    for name, value in (("error", error), ("right", prior.right)):
        if not 0 < value < 1:
            raise ValueError(f"{name}={value}: a probability between 0 and 1 is wanted")
    if min(prior.successes, prior.failures) <= 0 or not 0 <= prior.recovery < 1:
        raise ValueError(f"{prior}: the Beta's parameters must be positive, and recovery a probability below 1")
    next_wave(0, k, waves)

    def after(before: StepLabel) -> PrefixRule:
        def rule(verdicts: Sequence[Verdict]) -> range | StepLabel:
            failures = 0
            for place, verdict in enumerate(verdicts[:k]):
                if verdict is Verdict.correct:
                    return count(verdicts[: place + 1], "first_success")
                failures += verdict is Verdict.wrong
                if failures and probability_right(failures, before, prior) < error:
                    return count(verdicts[: place + 1], "certain")
            seen = verdicts[:k]
            return count(seen, "exhausted") if len(seen) == k else next_wave(len(seen), k, waves)

        return rule

    return after
