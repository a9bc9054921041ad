"""Traces for tests of policies: a policy is fed from endless streams of verdicts, one for each prefix."""

from collections.abc import Sequence

from evals.answers import Verdict
from evals.montecarlo import Evidence, Policy, StepLabel, cut_short

RIGHT, WRONG, UNKNOWN = Verdict.correct, Verdict.wrong, Verdict.unknown
Stream = Sequence[Verdict]


def followed(decide: Policy, streams: Sequence[Stream], answer: Verdict) -> tuple[tuple[StepLabel, ...], list[int]]:
    """The labels that a policy comes to, and how many rollouts of each prefix it asked for."""
    seen: list[tuple[Verdict, ...]] = [()] * len(streams)
    while True:
        evidence = Evidence(tuple(seen), answer)
        decision = decide(evidence)
        if not decision.owed:
            assert None not in decision.labels, "who asks for nothing has decided"
            return cut_short(decision, evidence), [len(each) for each in seen]
        for step, owed in decision.owed.items():
            assert owed.start == len(seen[step]), "a policy asks for the next indices, without a gap"
            assert owed, "a policy that owes asks for something"
            seen[step] += tuple(streams[step][owed.start : owed.stop])


def alike(good: int, steps: int, k: int = 16) -> list[Stream]:
    """Streams of a trace whose first `good` prefixes always reach the answer, and whose others never do."""
    return [[RIGHT if step < good else WRONG] * k for step in range(steps)]
