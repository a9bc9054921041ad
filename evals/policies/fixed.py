"""All k rollouts of a prefix: brute force, for hard and soft estimation (Math-Shepherd, arXiv 2312.08935)."""

from collections.abc import Sequence

from evals.answers import Verdict
from evals.montecarlo import PrefixRule, StepLabel, count


def fixed(k: int) -> PrefixRule:
    """The reference that other rules are measured against."""

    def rule(verdicts: Sequence[Verdict]) -> range | StepLabel:
        return range(len(verdicts), k) if len(verdicts) < k else count(verdicts[:k], "fixed")

    return rule
