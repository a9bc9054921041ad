"""Stops a prefix at its first success.

Gives the hard labels of `fixed` on the same rollouts, exactly: a later rollout cannot undo a success. Of
probability p it asks for (1 - (1 - p)^k) / p rollouts on average instead of k.
"""

from collections.abc import Sequence
from itertools import accumulate, chain, repeat

from evals.answers import Verdict
from evals.montecarlo import PrefixRule, StepLabel, count


def first_success(k: int, waves: Sequence[int] = (1,)) -> PrefixRule:
    """At most k rollouts; asks wave by wave, the last size repeating.

    What a wave brought beyond the first success is ignored, so the label does not depend on the waves.
    """

    def rule(verdicts: Sequence[Verdict]) -> range | StepLabel:
        seen = verdicts[:k]
        if Verdict.correct in seen:
            return count(seen[: seen.index(Verdict.correct) + 1], "first_success")
        return count(seen, "exhausted") if len(seen) == k else next_wave(len(seen), k, waves)

    next_wave(0, k, waves)  # refuses bad waves at once
    return rule


def next_wave(reached: int, k: int, waves: Sequence[int]) -> range:
    """The indices that are asked for when `reached` are there. Raises ValueError for waves that are none."""
    if not waves or min(waves) < 1:
        raise ValueError(f"waves={tuple(waves)}: give one or more sizes of at least 1")
    ends = accumulate(chain(waves, repeat(waves[-1])))
    end = next(end for end in ends if end > reached)
    return range(reached, min(k, end))
