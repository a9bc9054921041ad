"""How often the intervals of ratings hold the truth, in simulated worlds.

    python -m benchmarks.rating_coverage [--worlds 1000] [--processes 2] [--seed 0] [--json]

A world is 14 models of random strength, two style features that go with it, and 20 % half-win ties drawn so that the
expected score is sigma(eta). Ten models have some 200 battles each, four have 10, 20, 30 and 49. Each world is voted
on three times: by everybody once (battles are independent); by users of five battles each who have favourites (what is
left of a vote when the model has spoken is correlated within a user, while every single vote keeps its chance); and by
such users of whom each rare model has its own, so that its 10 battles are the votes of two people. Every interval is
the library's own, at 95 %, but CR1's, which is how clustered errors are usually corrected; a bound at infinity is no
success, so half-open intervals are counted apart.

With --json the last line is {"worlds", "rows": [{"battles", "interval", "of", "count", "coverage", "error",
"unbounded", "width"}, ...]}: coverage among intervals with two finite ends, its standard error over worlds, the share
of intervals that have an infinite end, and the median width in rating points.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr
from scipy.stats import norm

from benchmarks.workbench import arguments, report, show
from evals.bradley_terry import Fit, Scale, fit
from evals.ratings.battles import Battles, battles_of
from evals.ratings.bootstrap import bootstrap
from evals.ratings.covariance import Bounds, Covariance, clustered, sandwich
from evals.ratings.profile import bounds
from evals.ratings.score_rows import inverse_information
from evals.ratings.scores import clustered_moment

Array = npt.NDArray[Any]
COMMON, RARE = 10, (10, 20, 30, 49)
MODELS = tuple(f"model {m:02d}" for m in range(COMMON + len(RARE)))
COMMON_BATTLES = 1000
EFFECTS = np.array([0.6, -0.2])
TIES = 0.2
VOTES_OF_A_USER = 5
TASTE = 0.7
"""Correlation of a user's leanings from vote to vote between the same two models."""
REPLICATES = 119
"""The third from either end has 2.5 % beyond it."""
LEVEL = 0.95


class Check(NamedTuple):
    """One interval and the truth."""

    battles: str
    """independent, by users, or by own users."""
    interval: str
    of: str
    """Whose, by number of battles."""
    held: bool
    bounded: bool
    width: float


def main() -> None:
    parser = arguments("coverage of rating intervals")
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.perf_counter()
    seeds = [asked.seed * 1_000_000 + world for world in range(asked.worlds)]
    with ProcessPoolExecutor(asked.processes, get_context("spawn")) as pool:
        rows = summed(pool.map(checks_of, seeds, chunksize=20))
    shown = [
        [r[c] for c in ("battles", "interval", "of", "count", "coverage", "error", "unbounded", "width")] for r in rows
    ]
    show(f"{asked.worlds:,} worlds, nominal {LEVEL}, {time.perf_counter() - began:.0f} s",
         ["battles", "interval", "of", "count", "coverage", "± error", "unbounded", "width"], shown)  # fmt: skip
    report({"worlds": asked.worlds, "rows": rows}, asked.json)


def summed(worlds: Iterator[list[Check]]) -> list[dict[str, Any]]:
    """One row for each kind of interval. Intervals of a world share its battles, so errors are over worlds."""
    kinds: dict[tuple[str, str, str], list[list[Check]]] = defaultdict(list)
    for checks in worlds:
        here: dict[tuple[str, str, str], list[Check]] = defaultdict(list)
        for check in checks:
            here[check[:3]].append(check)
        for kind, mine in here.items():
            kinds[kind].append(mine)
    return [_row(kind, of_worlds) for kind, of_worlds in kinds.items()]


def _row(kind: tuple[str, str, str], worlds: Sequence[Sequence[Check]]) -> dict[str, Any]:
    everything = [check for world in worlds for check in world]
    finite = [check for check in everything if check.bounded]
    held = np.array([sum(c.held for c in world if c.bounded) for world in worlds])
    count = np.array([sum(c.bounded for c in world) for world in worlds])
    coverage = held.sum() / count.sum()
    return {
        **dict(zip(("battles", "interval", "of"), kind, strict=True)),
        "count": len(everything),
        "coverage": float(coverage),
        "error": float(np.sqrt(np.sum((held - coverage * count) ** 2)) / count.sum()),
        "unbounded": 1 - len(finite) / len(everything),
        "width": float(np.median([check.width for check in finite])),
    }


# -- one world ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class World:
    theta: Array
    """(K,) natural units."""
    first: Array
    second: Array
    features: Array
    """(n, S)"""

    def voted(self, draw: np.random.Generator, users: Array | None = None) -> Battles:
        """Votes: independent, or correlated within users while each keeps its chance."""
        chance = expit(self.theta[self.first] - self.theta[self.second] + self.features @ EFFECTS)
        tie = 4 * TIES * chance * (1 - chance)
        lean = draw.normal(0, 1, len(chance))
        if users is not None:
            likes = draw.normal(0, np.sqrt(0.5), (users.max() + 1, len(MODELS)))
            lean = np.sqrt(TASTE) * (likes[users, self.first] - likes[users, self.second]) + np.sqrt(1 - TASTE) * lean
        u = ndtr(-lean)  # uniform, whatever the user
        score = np.where(u < chance - tie / 2, 2, np.where(u < chance + tie / 2, 1, 0))
        features = {f"style {f}": column for f, column in enumerate(self.features.T)}
        return battles_of(MODELS, self.first, self.second, score, features, cluster=users)


def made(draw: np.random.Generator) -> World:
    """A world whose rare models met random common ones."""
    theta = draw.normal(0, 0.7, len(MODELS))
    first = draw.integers(0, COMMON, COMMON_BATTLES)
    second = (first + draw.integers(1, COMMON, COMMON_BATTLES)) % COMMON
    for place, battles in enumerate(RARE):
        first = np.append(first, np.full(battles, COMMON + place))
        second = np.append(second, draw.integers(0, COMMON, battles))
    order = draw.permutation(len(first))
    first, second = first[order], second[order]
    manner = 0.4 * theta[:, None] + draw.normal(0, 0.2, (len(MODELS), len(EFFECTS)))
    noise = draw.normal(0, 0.5, (len(first), len(EFFECTS)))
    return World(theta, first, second, np.tanh(manner[first] - manner[second] + noise))


def checks_of(seed: int) -> list[Check]:
    """Every interval of one world."""
    draw = np.random.default_rng(seed)
    world = made(draw)
    single = world.voted(draw)
    users = np.arange(len(world.first)) // VOTES_OF_A_USER
    by_users, by_own = world.voted(draw, users), world.voted(draw, own_users(world))
    return [
        *_checks("independent", world, single, seed),
        *_checks("by users", world, by_users, seed),
        *_checks("by own users", world, by_own, seed),
    ]


def own_users(world: World) -> Array:
    """(n,) users of five battles each, none of whom meets two rare models or a rare one and none."""
    rare = np.maximum(np.maximum(world.first, world.second), COMMON - 1)
    order = np.argsort(rare, kind="stable")
    place = np.arange(len(order)) - np.searchsorted(rare[order], rare[order])  # within its rare model
    users = np.empty(len(order), dtype=np.int64)
    users[order] = (rare[order] - COMMON + 1) * len(order) + place // VOTES_OF_A_USER
    return np.unique(users, return_inverse=True)[1]


def _checks(name: str, world: World, battles: Battles, seed: int) -> Iterator[Check]:
    found = fit(battles)
    plain = sandwich(found)
    yield from _of_covariance(name, "sandwich", world, battles, plain)
    if battles.cluster is not None:
        yield from _of_covariance(name, "clustered", world, battles, clustered(found, battles))
        yield from (
            c for c in _of_covariance(name, "CR1", world, battles, _cr1(found, battles)) if "(" not in c.interval
        )
    if name != "by own users":  # whose draws of two people are all or nothing
        replicates = bootstrap(found, battles, REPLICATES, seed)
        yield from _of_models(name, "bootstrap", world, found, replicates.bounds(level=LEVEL))


def _cr1(found: Fit, battles: Battles) -> Covariance:
    """Uncorrected scores times G/(G-1) · (n-1)/(n-k): what software does by default."""
    n, g, k = len(battles), len(np.unique(np.asarray(battles.cluster))), len(found.x) - 1
    bread = inverse_information(found)
    moment = clustered_moment(battles, [found], correct=False)
    return Covariance(found, bread @ moment @ bread * g / (g - 1) * (n - 1) / (n - k))


def _of_covariance(name: str, interval: str, world: World, battles: Battles, covariance: Covariance) -> Iterator[Check]:
    found = covariance.fit
    limits = bounds(covariance, battles, level=LEVEL)
    yield from _of_models(name, interval, world, found, limits, rare=f"profile ({interval})")
    width = norm.ppf(0.5 + LEVEL / 2) * np.sqrt(np.diag(covariance.of_effects()))
    for estimate, half, truth in zip(found.gamma, width, EFFECTS * found.rms, strict=True):
        yield Check(
            name, interval, "style effect", bool(abs(estimate - truth) <= half), True, float(2 * half * Scale().unit)
        )


def _of_models(
    name: str, interval: str, world: World, found: Fit, limits: Bounds, rare: str = "bootstrap"
) -> Iterator[Check]:
    """Ratings are relative to the mean of the rated models, so the truth is, too."""
    truth = (world.theta - world.theta[found.active].mean()) * Scale().unit + Scale().centre
    for model, (low, high) in enumerate(zip(limits.lower, limits.upper, strict=True)):
        of = "200 battles" if model < COMMON else f"{RARE[model - COMMON]} battles"
        held, bounded = bool(low <= truth[model] <= high), bool(np.isfinite(high - low))
        yield Check(name, interval if model < COMMON else rare, of, held, bounded, float(high - low))


if __name__ == "__main__":
    main()
