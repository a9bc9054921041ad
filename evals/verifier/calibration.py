"""How well probabilities fit what happened: Brier score, constant predictor, calibration bins with intervals.

What happened to a step is s successes and f failures: rollouts, or 1 and 0 for a truth. The Brier score is the mean
of (v - outcome)^2 over all of them (Brier, Monthly Weather Review 78, 1950), so it counts each rollout alike, and it
cannot be 0 where outcomes vary at a given step. Steps of one problem err together: a bin's interval is Wilson's (JASA
22, 1927) at the effective number of outcomes, which a linearised variance over whole problems gives (the design
effect of Kish, 1965).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Steps whose probability lies in [low, high), in the last bin in [low, high]."""

    low: float
    high: float
    steps: int
    predicted: float
    """Mean probability, weighed by outcomes."""
    observed: float
    """Share of successes."""
    observed_low: float
    observed_high: float


def brier(probabilities: Floats, successes: Floats, failures: Floats) -> float:
    """Mean squared error over outcomes. Raises ValueError where there are none, or a probability is none."""
    weight = _weight(probabilities, successes, failures)
    return float(np.sum(successes * (1 - probabilities) ** 2 + failures * probabilities**2)) / weight


def calibration(
    probabilities: Floats,
    successes: Floats,
    failures: Floats,
    clusters: Sequence[Hashable],
    bins: int = 10,
    level: float = 0.95,
) -> list[Bin]:
    """The bins of equal width that hold any outcome, the lowest first; `clusters` names each step's problem."""
    _weight(probabilities, successes, failures)
    if len(clusters) != len(probabilities):
        raise ValueError(f"{len(clusters)} clusters for {len(probabilities)} steps; give each step its problem")
    codes = _codes(clusters)
    place = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    found = []
    for number in range(bins):
        here = (place == number) & (successes + failures > 0)
        if not here.any():
            continue
        s, n = successes[here], successes[here] + failures[here]
        observed = float(s.sum() / n.sum())
        low, high = _wilson(observed, _effective(s, n, codes[here]), level)
        predicted = float(np.average(probabilities[here], weights=n))
        found.append(Bin(number / bins, (number + 1) / bins, int(here.sum()), predicted, observed, low, high))
    return found


def calibration_error(probabilities: Floats, successes: Floats, failures: Floats, bins: int = 10) -> float:
    """Expected calibration error: the mean over outcomes of |observed - predicted| of their bin (Naeini et al.,
    2015).
    """
    weight = _weight(probabilities, successes, failures)
    place = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    n = successes + failures
    gaps = np.bincount(place, weights=successes - n * probabilities, minlength=bins)
    return float(np.abs(gaps).sum()) / weight


def _weight(probabilities: Floats, successes: Floats, failures: Floats) -> float:
    if not len(probabilities) == len(successes) == len(failures):
        raise ValueError(
            f"{len(probabilities)} probabilities, {len(successes)} successes and {len(failures)} failures; give as many"
        )
    bad = np.flatnonzero(~((probabilities >= 0) & (probabilities <= 1)))
    if len(bad):
        raise ValueError(f"step {bad[0]} has the probability {probabilities[bad[0]]}; it has to be from 0 to 1")
    weight = float(np.sum(successes) + np.sum(failures))
    if not weight:
        raise ValueError("there is no outcome to compare with: no step has a success or a failure")
    return weight


def _codes(clusters: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    seen: dict[Hashable, int] = {}
    return np.fromiter((seen.setdefault(name, len(seen)) for name in clusters), np.int64, len(clusters))


def _effective(successes: Floats, outcomes: Floats, codes: npt.NDArray[np.int64]) -> float:
    """Independent outcomes that would tell as much: r (1 - r) over the variance of r = sum s / sum n over problems.

    Where all outcomes are alike the variance tells nothing, and each problem counts as one; so it does at the least.
    """
    _, place = np.unique(codes, return_inverse=True)
    s, n = np.bincount(place, weights=successes), np.bincount(place, weights=outcomes)
    problems, share = len(s), float(s.sum() / n.sum())
    if problems == 1 or share in (0.0, 1.0):
        return float(problems)
    variance = float(np.sum((s - share * n) ** 2)) * problems / (problems - 1) / float(n.sum()) ** 2
    return max(float(problems), min(float(n.sum()), share * (1 - share) / variance)) if variance else float(n.sum())


def _wilson(share: float, outcomes: float, level: float) -> tuple[float, float]:
    z2 = float(ndtri((1 + level) / 2)) ** 2
    centre = (share + z2 / (2 * outcomes)) / (1 + z2 / outcomes)
    half = (z2 * (share * (1 - share) / outcomes + z2 / (4 * outcomes**2))) ** 0.5 / (1 + z2 / outcomes)
    return max(0.0, centre - half), min(1.0, centre + half)
