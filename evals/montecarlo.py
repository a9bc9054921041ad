"""Monte Carlo step labels: what is known of a trace, and what its steps are worth.

A prefix is worth what its completions reach: of rollouts that continue it, how many arrive at the right
answer (Math-Shepherd, arXiv 2312.08935: hard estimation is "at least one", soft estimation is the share).
A policy (evals/policies/) is a pure function from the verdicts so far to what is owed and what is decided. It
reads each prefix's verdicts in the order of their index, never of their arrival, so a resumed, retried or
differently batched run comes to the same labels.

Soft estimates under a stop rule are the subject of evals/soft_estimates.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from evals.answers import Verdict

StopRule = Literal["fixed", "first_success", "exhausted", "certain", "answer", "implied", "after_error", "budget"]
"""Why a prefix got no more rollouts.

fixed: it had all k. first_success: a success ended it. exhausted: k came without a success. certain: so many came
without a success that a right step would hardly fail so often. answer: it is the whole trace. implied: something
further on reached the right answer, which proves it. after_error: it lies behind the first bad step. budget: the
run's tokens were spent.
"""


@dataclass(frozen=True, slots=True)
class StepLabel:
    """What is known of a step: the verdicts of the rollouts from the prefix that ends with it."""

    successes: int
    failures: int
    unknowns: int
    stop_rule: StopRule

    @property
    def hard(self) -> int | None:
        """1 with a success or by implication; 0 with failures only; None where nothing was decided: unknown
        verdicts could hide a success, or the budget ended first."""
        if self.successes or self.stop_rule == "implied":
            return 1
        undecided = self.unknowns or self.stop_rule in ("after_error", "budget")
        return 0 if self.failures and not undecided else None

    @property
    def soft(self) -> float | None:
        """successes / (successes + failures), the maximum-likelihood estimate of the probability under
        every stop rule (stopping does not change the likelihood); under `first_success` it is biased
        upwards: use the counts."""
        known = self.successes + self.failures
        return self.successes / known if known else None


IMPLIED = StepLabel(0, 0, 0, "implied")
AFTER_ERROR = StepLabel(0, 0, 0, "after_error")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one trace. `rollouts[t]` holds the verdicts of the prefix of t + 1 steps, indices
    0, 1, 2 … without a gap; the last prefix is the whole trace, which needs no rollouts: `answer` is its
    verdict."""

    rollouts: tuple[tuple[Verdict, ...], ...]
    answer: Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """`owed`: rollout indices still wanted, by step. `labels`: one a step, None where it is not decided yet."""

    owed: dict[int, range]
    labels: tuple[StepLabel | None, ...]


Policy = Callable[[Evidence], Decision]
PrefixRule = Callable[[Sequence[Verdict]], "range | StepLabel"]
"""From one prefix's verdicts: the indices wanted next, or the label."""
RuleAfter = Callable[[StepLabel], PrefixRule]
"""The rule of a prefix whose nearest earlier prefix that reached the answer has this label; with no such prefix, the
label is one without rollouts."""


def count(verdicts: Sequence[Verdict], stop_rule: StopRule) -> StepLabel:
    """The label that these verdicts give."""
    return StepLabel(
        successes=sum(v is Verdict.correct for v in verdicts),
        failures=sum(v is Verdict.wrong for v in verdicts),
        unknowns=sum(v is Verdict.unknown for v in verdicts),
        stop_rule=stop_rule,
    )


def proven(evidence: Evidence) -> Decision:
    """The decision about a trace whose answer is right: it is itself a completion of each of its prefixes."""
    return Decision({}, (*(IMPLIED for _ in evidence.rollouts), count([evidence.answer], "answer")))


def cut_short(decision: Decision, evidence: Evidence) -> tuple[StepLabel, ...]:
    """A trace's labels when no more is asked for: what is undecided was left so by the budget."""
    *searched, last = decision.labels
    left = [label or count(seen, "budget") for label, seen in zip(searched, evidence.rollouts, strict=True)]
    return (*left, last or count([evidence.answer], "answer"))
