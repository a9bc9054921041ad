"""What a run can see before it is paid for: the minimum detectable effect, how probably a given one is found, and the
problems that it takes.

The difference of a problem, its variants' share of right trials minus its originals', has under `worlds` the variance

    V = fall² · var p + noise_q · (kind + (1 - kind) · (variant + (1 - variant) / S) / K) + noise_p / R

for K variants of S samples and R samples of the original, with noise_p the mean of p_i (1 - p_i), noise_q the same of
the chances (1 - fall) p_i; its mean over N problems is tested with t. So more variants buy only what is left of a
part of V, and problems buy all of it. Power is that of the noncentral t, two-sided, at the level that Holm's first
step asks of `tests` kinds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import nctdtr, nctdtrinc, stdtrit

from evals.robustness.by_problem import Floats, Ints
from evals.robustness.worlds import KIND, VARIANT, Design, World

MOST_PROBLEMS = 10**7


@dataclass(frozen=True, slots=True)
class Test:
    """The test that is planned: two-sided at `level`, one of `tests` in Holm's family."""

    level: float = 0.05
    power: float = 0.8
    tests: int = 1

    def __post_init__(self) -> None:
        if not (0 < self.level < 0.5 <= self.power < 1 and self.tests >= 1):
            raise ValueError(f"{self}: level lies below one half, power from there to below 1, and there is a test")


def spread(world: World, design: Design) -> float:
    """The standard deviation of a problem's difference."""
    within = (world.variant + (1 - world.variant) / design.samples) / design.variants
    moved = world.fall**2 * world.accuracy * (1 - world.accuracy) * world.difficulty
    return float(
        np.sqrt(
            moved + world.noise_of_variants * (world.kind + (1 - world.kind) * within) + world.noise / design.originals
        )
    )


def detectable_fall(world: World, design: Design, test: Test = Test()) -> float:
    """The smallest fall of the accuracy that the test finds with its power, with the spread that such a fall has.

    The accuracy itself where the run would miss the loss of all of it.
    """
    effect = 0.0
    for _ in range(50):
        fallen = replace(world, fall=min(effect / world.accuracy, 0.999))
        effect, before = detectable(spread(fallen, design), design.problems, test), effect
        if abs(effect - before) < 1e-9:
            break
    return min(effect, world.accuracy)


def detectable(deviation: float, problems: int, test: Test = Test()) -> float:
    """The smallest mean difference that the test finds with its power. Raises ValueError for fewer than 2 problems."""
    if problems < 2:
        raise ValueError(f"{problems} problem has no standard error; at least 2")
    if deviation == 0:
        return 0.0
    beyond = stdtrit(problems - 1, 1 - test.level / test.tests / 2)
    # Rejections on the wrong side, which a two-sided test makes too, are below 1e-5 at a power of one half or more.
    shift = nctdtrinc(problems - 1, 1 - test.power, beyond)
    return float(shift * deviation / np.sqrt(problems))


def power(effect: float, deviation: float, problems: int, test: Test = Test()) -> float:
    """How probably the test finds a mean difference of `effect`. Raises ValueError for fewer than 2 problems."""
    if problems < 2:
        raise ValueError(f"{problems} problem has no standard error; at least 2")
    if deviation == 0:
        return 1.0 if effect else 0.0
    beyond = stdtrit(problems - 1, 1 - test.level / test.tests / 2)
    shift = abs(effect) / deviation * np.sqrt(problems)
    # Its upper tail: that of the negative, mirrored, which keeps digits where it is tiny.
    return float(nctdtr(problems - 1, -shift, -beyond) + nctdtr(problems - 1, shift, -beyond))


def problems_for(effect: float, deviation: float, test: Test = Test()) -> int:
    """The fewest problems with which `effect` is detectable. Raises ValueError where ten million do not suffice."""
    if not effect > 0:
        raise ValueError(f"effect={effect}: an effect above 0 can be planned for")
    low, high = 1, 2
    while detectable(deviation, high, test) > effect:
        low, high = high, high * 2
        if high > MOST_PROBLEMS:
            raise ValueError(f"{MOST_PROBLEMS:,} problems do not show an effect of {effect}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if detectable(deviation, middle, test) <= effect else (middle, high)
    return high


def shown_margin(deviation: float, problems: int, test: Test = Test()) -> float:
    """The smallest margin within which a model that does not change at all is shown to be robust, with this power.

    TOST rejects at 0 with chance 2·F(margin / error - t) - 1, nearly (Schuirmann 1987). Raises ValueError for fewer
    than 2 problems.
    """
    if problems < 2:
        raise ValueError(f"{problems} problem has no standard error; at least 2")
    one_sided = stdtrit(problems - 1, 1 - test.level / test.tests)
    return float((one_sided + stdtrit(problems - 1, (1 + test.power) / 2)) * deviation / np.sqrt(problems))


def world_of(right: Ints, decided: Ints, kind: float = KIND, variant: float = VARIANT) -> World:
    """The accuracy and the problems' difficulty from counts of each problem's samples, by moments.

    The sampling variance of a share, p (1 - p) / n, is estimated without bias by share·(1 - share) / (n - 1) and taken
    off. Problems with one sample tell of the accuracy alone. Raises ValueError where nothing is decided.
    """
    asked = decided > 0
    if not asked.any():
        raise ValueError("no trial is decided: there is no accuracy to plan with")
    share = right[asked] / decided[asked]
    accuracy = float(np.clip(share.mean(), 0.005, 0.995))
    several = decided[asked] > 1
    if several.sum() < 2 or accuracy in (0.005, 0.995):
        return World(accuracy, kind=kind, variant=variant)
    mine, n = share[several], decided[asked][several]
    between = float(mine.var(ddof=1) - (mine * (1 - mine) / (n - 1)).mean())
    middle = float(mine.mean() * (1 - mine.mean()))
    return World(accuracy, float(np.clip(between / middle, 0.0, 0.99)) if middle else 0.5, kind, variant)


def kind_share(differences: Floats, world: World, design: Design) -> float:
    """How much a kind moves single problems, from a former run's differences: V at their mean, solved for `kind`.

    One sample of one variant cannot tell it from chance: then it is what is assumed.
    """
    within = (world.variant + (1 - world.variant) / design.samples) / design.variants
    if len(differences) < 2 or within == 1:
        return KIND
    fallen = replace(world, fall=float(np.clip(-differences.mean() / world.accuracy, 0.0, 0.99)))
    if fallen.noise_of_variants <= 0:
        return KIND
    moved = fallen.fall**2 * world.accuracy * (1 - world.accuracy) * world.difficulty
    rest = (float(differences.var(ddof=1)) - moved - world.noise / design.originals) / fallen.noise_of_variants
    return float(np.clip((rest - within) / (1 - within), 0.0, 0.99))
