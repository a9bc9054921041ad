"""Soft estimates: how probable it is that a rollout from a prefix arrives, told from a label's counts and stop rule.

Successes s, failures f, n = s + f; unknown verdicts are passed over, so the probability p is that of a success among
rollouts with a verdict. Three estimates answer three questions:

mle       s / n, whatever stopped the rollouts: stopping has no part in the likelihood p^s (1 - p)^f (Berger and
          Wolpert, The Likelihood Principle, 1988). Where a success stops them it is biased upwards, by `mle_bias`.
unbiased  Its mean over repeated rollouts is p. It is the share of a success's first place among the orders that lead to
          the counts (Girshick, Mosteller and Savage, Ann. Math. Stat. 17, 1946): s / n where n was fixed; where the
          first success ends it, 1 if that was the first rollout and else 0, which is Haldane's (r - 1) / (n - 1)
          for r = 1 success (Biometrika 33, 1945). There is no other one, so it has the variance of one rollout,
          p (1 - p): to be averaged over prefixes, not for a single one.
mean      Of the Beta posterior, with its interval: for a single prefix. Counts are all it needs under every rule. The
          interval holds p as often as it says on average over the prior, not for each p, so the prior matters:
          `fitted_prior` takes it from the labels themselves.

`first_success`, `exhausted` and `certain` are the outcomes of one design: a choice among these rows by their stop rule
is a choice by their result, and no estimate survives it. In `certain` the limit depends on earlier prefixes; given
their rollouts it is a number, so nothing changes. The share is about the completer, not about the step's truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import betaincinv, betaln, expit

Floats = npt.NDArray[np.float64]

FIXED = "fixed"
FIRST_SUCCESS = ("first_success", "exhausted", "certain")
"""What the design "up to the first success, at most so many" can end in."""
BUDGET = "budget"
"""The row does not say what would have stopped it: likelihood and posterior hold, no unbiased estimate is known."""
ANSWER = "answer"
"""A whole trace: it arrived or it did not, which is exact."""
NO_ROLLOUTS = ("implied", "after_error")
"""Nothing was rolled out: a success further on proves that p is above 0, an error before it tells nothing of p."""
STOP_RULES = (FIXED, *FIRST_SUCCESS, BUDGET, ANSWER, *NO_ROLLOUTS)

UNIFORM = (1.0, 1.0)
"""Parameters of the Beta prior. Jeffreys' prior is another one for each stop rule, so it is not the default."""


@dataclass(frozen=True, slots=True)
class SoftEstimates:
    """One value a label, shape (labels,); NaN where there is none."""

    mle: Floats
    unbiased: Floats
    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class PooledEstimate:
    """What the rollouts of many prefixes say together."""

    unbiased: float | None
    """Mean of the unbiased estimates: estimates the mean of p over these prefixes. None where one of them has rollouts
    but no such estimate (`budget`): without it the others are a choice by their result."""
    ratio: float | None
    """All successes / all rollouts: estimates the mean of p weighted by expected rollouts (Wald's identity, Ann. Math.
    Stat. 15, 1944). Where successes stop them the weights are `expected_rollouts`, larger for small p, and so it is
    below the mean of p unless all p are equal."""
    prefixes: int
    """With rollouts that have a verdict: those that were pooled."""
    left_out: int
    """Labels without such rollouts; whole traces, whose p is no estimate, are among them."""


def soft_estimates(
    successes: npt.ArrayLike,
    failures: npt.ArrayLike,
    stop_rules: Sequence[str],
    prior: tuple[float, float] = UNIFORM,
    level: float = 0.95,
) -> SoftEstimates:
    """The estimates of many labels at once, from columns of `labels`; `level` is that of the equal-tailed interval.

    A label without known verdicts has none. Raises ValueError for a stop rule or counts that no label can have.
    """
    s, f, rules = _checked(successes, failures, stop_rules)
    a, b = prior
    if min(a, b) <= 0 or not 0 < level < 1:
        raise ValueError(f"prior={prior}, level={level}: two positive numbers and one between 0 and 1 are wanted")
    share = np.divide(s, s + f, out=np.full(len(s), np.nan), where=s + f > 0)
    at_once = np.where(np.isnan(share), np.nan, (s > 0) & (f == 0))
    exact = rules == ANSWER

    def posterior(value: npt.ArrayLike) -> Floats:
        return np.where(np.isnan(share) | exact, share, value)

    return SoftEstimates(
        mle=share,
        unbiased=np.select([(rules == FIXED) | exact, np.isin(rules, FIRST_SUCCESS)], [share, at_once], np.nan),
        mean=posterior((a + s) / (a + b + s + f)),
        low=posterior(betaincinv(a + s, b + f, (1 - level) / 2)),
        high=posterior(betaincinv(a + s, b + f, (1 + level) / 2)),
    )


def pooled_estimate(successes: npt.ArrayLike, failures: npt.ArrayLike, stop_rules: Sequence[str]) -> PooledEstimate:
    """Pools all labels of a run, or any of them that were not chosen by their rollouts. Raises as `soft_estimates`.

    Says nothing of prefixes that were not rolled out. Steps of a problem are alike: for an interval resample problems.
    """
    s, f, rules = _checked(successes, failures, stop_rules)
    here = _rolled_out(s, f, rules)
    if not here.any():
        return PooledEstimate(None, None, 0, len(s))
    unbiased = soft_estimates(s, f, stop_rules).unbiased[here]
    return PooledEstimate(
        unbiased=None if np.isnan(unbiased).any() else float(unbiased.mean()),
        ratio=float(s[here].sum() / (s + f)[here].sum()),
        prefixes=int(here.sum()),
        left_out=int((~here).sum()),
    )


def fitted_prior(successes: npt.ArrayLike, failures: npt.ArrayLike, stop_rules: Sequence[str]) -> tuple[float, float]:
    """The Beta distribution (a, b) of p over prefixes that makes their counts most likely, beta-binomially: the product
    of B(a + s, b + f) / B(a, b), which no stop rule changes. a / (a + b) estimates the mean of p, as far as p is Beta
    distributed, and in `certain` as far as the earlier prefixes that set its limit are no more alike than any others.

    Where all p seem equal a + b runs into the thousands, 10,000 at most. Raises as `soft_estimates`, and ValueError
    where fewer than two prefixes have rollouts or none has more than one, which says nothing of the spread.
    """
    s, f, rules = _checked(successes, failures, stop_rules)
    here = _rolled_out(s, f, rules)
    if here.sum() < 2 or (s + f)[here].max() < 2:
        raise ValueError(f"{here.sum()} prefixes with rollouts: two or more are wanted, and one with several rollouts")
    (wins, losses), times = np.unique(np.stack([s, f])[:, here], axis=1, return_counts=True)

    def unlikely(place: Floats) -> float:
        a, b = _beta(place)
        return -float(times @ (betaln(a + wins, b + losses) - betaln(a, b)) / times.sum())

    return _beta(minimize(unlikely, [0.0, 1.0], method="L-BFGS-B", bounds=[(-9, 9), (np.log(1e-3), np.log(1e4))]).x)


def _beta(place: Floats) -> tuple[float, float]:
    """a, b from logit of the mean and logarithm of a + b."""
    mean, weight = float(expit(place[0])), float(np.exp(place[1]))
    return mean * weight, (1 - mean) * weight


def mle_bias(p: npt.ArrayLike, limit: int) -> Floats:
    """Bias of s / n where the first success ends the rollouts, `limit` at most: the sum of p (1 - p)^(n-1) / n over
    n = 2 .. limit, which tends to p (-ln p) / (1 - p) - p. Shape of p."""
    p = np.asarray(p, dtype=np.float64)
    n = np.arange(2, limit + 1)
    return np.asarray(p * ((1 - p)[..., None] ** (n - 1) / n).sum(axis=-1))


def expected_rollouts(p: npt.ArrayLike, limit: int) -> Floats:
    """Up to the first success, `limit` at most: (1 - (1 - p)^limit) / p, summed so that p may be 0. Shape of p."""
    q = 1 - np.asarray(p, dtype=np.float64)
    return np.asarray((q[..., None] ** np.arange(limit)).sum(axis=-1))


def _rolled_out(s: Floats, f: Floats, rules: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    return np.asarray((s + f > 0) & (rules != ANSWER))


def _checked(
    successes: npt.ArrayLike, failures: npt.ArrayLike, stop_rules: Sequence[str]
) -> tuple[Floats, Floats, npt.NDArray[np.str_]]:
    s, f = np.asarray(successes, dtype=np.float64), np.asarray(failures, dtype=np.float64)
    rules = np.asarray(stop_rules, dtype=np.str_)
    if not s.shape == f.shape == rules.shape or s.ndim != 1:
        raise ValueError(
            f"three columns of one length are wanted; successes have the shape {s.shape}, failures {f.shape}, "
            f"stop_rules {rules.shape}"
        )
    most = {"first_success": 1, "exhausted": 0, "certain": 0, "implied": 0, "after_error": 0, ANSWER: 1}
    allowed = np.array([most.get(rule, np.inf) for rule in rules.tolist()])
    bad = ~np.isin(rules, STOP_RULES) | ~((s >= 0) & (f >= 0)) | (s > allowed) | ((rules == "first_success") & (s < 1))
    bad |= (np.isin(rules, NO_ROLLOUTS) & (f > 0)) | ((rules == ANSWER) & (s + f > 1))
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"label {row} has successes={s[row]:g}, failures={f[row]:g}, stop_rule={str(rules[row])!r}; stop rules are "
            f"{', '.join(STOP_RULES)}, where first_success means one success, exhausted and certain none, and "
            f"{' and '.join(NO_ROLLOUTS)} no rollouts"
        )
    return s, f, rules
