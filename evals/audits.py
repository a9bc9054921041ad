"""Audits: which labelled steps a person judges blind, and what their judgements say of all labels.

The sample is stratified by hard label, as many steps of either class as there are to be had, because errors are few and
a plain sample would hardly hold any. So the precision of a class (the share of its labels that the person agrees with)
is told by its own steps, with Wilson's interval, and the agreement of all labels weights the classes by their true
shares, with the interval that combines theirs (Zou, Huang and Zhang, Comput. Stat. Data Anal. 53, 2009: recovered
variances of a linear function of proportions).
Steps that the person was unsure of count for neither side, and are counted.

Does not correct for the person's own errors: PRM800K's labellers agreed with gold labels on about 80 % of its tests.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from scipy.stats import binomtest


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassAudit:
    """The audited labels of one class."""

    labels: int
    """Of this class in the whole dataset."""
    audited: int
    """Judged good or bad by the person."""
    unsure: int
    precision: Estimate | None
    """Share of the audited ones that the person agrees with; None where there are none."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the judgements say."""

    good: ClassAudit
    bad: ClassAudit
    agreement: Estimate | None
    """Share of all decided labels that the person would agree with; None unless both classes were audited, as far as
    the dataset has both."""


def draw(hard: Sequence[int | None], size: int, seed: int) -> list[int]:
    """Indices of `size` decided labels, half of them of either class as far as there are enough, in random order.

    The same for the same seed. Open labels are not drawn: there is nothing to agree with.
    """
    if size < 1:
        raise ValueError(f"size={size}: an audit has one step or more")
    dice = random.Random(seed)
    bad, good = ([i for i, value in enumerate(hard) if value == wanted] for wanted in (0, 1))
    fewer, more = sorted((bad, good), key=len)
    few = min(len(fewer), size // 2)
    chosen = dice.sample(fewer, few) + dice.sample(more, min(len(more), size - few))
    dice.shuffle(chosen)
    return chosen


def judge_labels(
    hard: Sequence[int], human: Sequence[int | None], labels: Mapping[int, int], level: float = 0.95
) -> Audit:
    """Of audited labels (0, 1) with the person's view of them (0, 1; None: unsure), and how many labels of each class
    there are in all."""
    pairs = list(zip(hard, human, strict=True))
    good, bad = (_class([said for label, said in pairs if label == wanted], wanted, labels, level) for wanted in (1, 0))
    return Audit(good, bad, _combined([each for each in (good, bad) if each.labels]))


def _class(said: Sequence[int | None], wanted: int, labels: Mapping[int, int], level: float) -> ClassAudit:
    known = [view for view in said if view is not None]
    precision = _share(sum(view == wanted for view in known), len(known), level) if known else None
    return ClassAudit(labels.get(wanted, 0), len(known), len(said) - len(known), precision)


def _share(successes: int, of: int, level: float) -> Estimate:
    interval = binomtest(successes, of).proportion_ci(level, method="wilson")
    return Estimate(successes / of, float(interval.low), float(interval.high))


def _combined(classes: Sequence[ClassAudit]) -> Estimate | None:
    total = sum(each.labels for each in classes)
    parts = [(each.labels / total, each.precision) for each in classes if each.precision]
    if not parts or len(parts) < len(classes):
        return None
    value = sum(weight * share.value for weight, share in parts)
    below = sqrt(sum((weight * (share.value - share.low)) ** 2 for weight, share in parts))
    above = sqrt(sum((weight * (share.high - share.value)) ** 2 for weight, share in parts))
    return Estimate(value, value - below, value + above)
