"""Monte Carlo step labels: which rollouts a trace still needs, and what its steps are worth.

A prefix is worth what its completions reach: of rollouts that continue it, how many arrive at the right
answer (Math-Shepherd, arXiv 2312.08935: hard estimation is "at least one", soft estimation is the share).
A policy is a pure function from the verdicts so far to what is owed and what is decided. It reads each
prefix's verdicts in the order of their index, never of their arrival, so a resumed, retried or differently
batched run comes to the same labels.

`first_success` gives the hard labels of `fixed` on the same rollouts, exactly: a later rollout cannot undo
a success. Of probability p it asks for (1 - (1 - p)^k) / p rollouts on average instead of k.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from evals.answers import Verdict

StopRule = Literal["fixed", "first_success", "exhausted", "answer"]
"""Why a prefix got no more rollouts: it had all k; a success ended it; k came without a success; it needed
none, being the whole trace."""


@dataclass(frozen=True, slots=True)
class StepLabel:
    """What is known of a step: the verdicts of the rollouts from the prefix that ends with it."""

    successes: int
    failures: int
    unknowns: int
    stop_rule: StopRule

    @property
    def hard(self) -> int | None:
        """1 with a success, 0 with failures only; None where unknown verdicts could hide a success."""
        if self.successes:
            return 1
        return 0 if self.failures and not self.unknowns else None

    @property
    def soft(self) -> float | None:
        """successes / (successes + failures), the maximum-likelihood estimate of the probability under
        every stop rule (stopping does not change the likelihood); under `first_success` it is biased
        upwards: use the counts."""
        known = self.successes + self.failures
        return self.successes / known if known else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one trace. `rollouts[t]` holds the verdicts of the prefix of t + 1 steps, indices
    0, 1, 2 … without a gap; the last prefix is the whole trace, which needs no rollouts: `answer` is its
    verdict."""

    rollouts: tuple[tuple[Verdict, ...], ...]
    answer: Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """`owed`: rollout indices still wanted, by step. `labels`: one a step, None where something is owed
    for it."""

    owed: dict[int, range]
    labels: tuple[StepLabel | None, ...]


Policy = Callable[[Evidence], Decision]
PrefixRule = Callable[[Sequence[Verdict]], "range | StepLabel"]
"""From one prefix's verdicts: the indices wanted next, or the label."""


def policy(name: str, k: int, waves: Sequence[int] = (1,)) -> Policy:
    """The policy of that name. Raises ValueError for an unknown one."""
    rules = {"fixed": lambda: fixed(k), "first_success": lambda: first_success(k, waves)}
    if name not in rules:
        raise ValueError(f"no labelling policy {name!r}; there are {', '.join(sorted(rules))}")
    return every_prefix(rules[name]())


def every_prefix(rule: PrefixRule) -> Policy:
    """Applies a rule to each prefix by itself."""

    def decide(evidence: Evidence) -> Decision:
        owed: dict[int, range] = {}
        labels: list[StepLabel | None] = []
        for step, verdicts in enumerate(evidence.rollouts):
            answer = rule(verdicts)
            if isinstance(answer, range):
                owed[step] = answer
            labels.append(answer if isinstance(answer, StepLabel) else None)
        return Decision(owed, (*labels, count([evidence.answer], "answer")))

    return decide


def fixed(k: int) -> PrefixRule:
    """All k rollouts of every prefix: the reference."""

    def rule(verdicts: Sequence[Verdict]) -> range | StepLabel:
        return range(len(verdicts), k) if len(verdicts) < k else count(verdicts[:k], "fixed")

    return rule


def first_success(k: int, waves: Sequence[int] = (1,)) -> PrefixRule:
    """Stops a prefix at its first success, at k rollouts at the latest; asks wave by wave, the last size
    repeating.

    What a wave brought beyond the first success is ignored, so the label does not depend on the waves.
    """
    if not waves or min(waves) < 1:
        raise ValueError(f"waves={tuple(waves)}: give one or more sizes of at least 1")
    ends = _ends(k, waves)

    def rule(verdicts: Sequence[Verdict]) -> range | StepLabel:
        seen = verdicts[:k]
        if Verdict.correct in seen:
            return count(seen[: seen.index(Verdict.correct) + 1], "first_success")
        if len(seen) == k:
            return count(seen, "exhausted")
        return range(len(seen), next(end for end in ends if end > len(seen)))

    return rule


def count(verdicts: Sequence[Verdict], stop_rule: StopRule) -> StepLabel:
    """The label that these verdicts give."""
    return StepLabel(
        successes=sum(v is Verdict.correct for v in verdicts),
        failures=sum(v is Verdict.wrong for v in verdicts),
        unknowns=sum(v is Verdict.unknown for v in verdicts),
        stop_rule=stop_rule,
    )


def _ends(k: int, waves: Sequence[int]) -> list[int]:
    ends, reached, index = [], 0, 0
    while reached < k:
        reached = min(k, reached + waves[min(index, len(waves) - 1)])
        ends.append(reached)
        index += 1
    return ends
