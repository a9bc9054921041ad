"""Battles from known strengths and effects, for tests that compare with the truth."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from evals.ratings.battles import Battles, battles_of

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class World:
    theta: Array
    """(K,) natural units, mean zero."""
    gamma: Array
    """(S,) for one unit of the feature."""
    first: Array
    second: Array
    score: Array
    features: dict[str, Array]

    def battles(self, **more: Any) -> Battles:
        return battles_of(self.names, self.first, self.second, self.score, self.features, **more)

    def swapped(self, which: Array) -> "World":
        """The same battles with the sides of some of them written the other way."""
        sign = np.where(which, -1.0, 1.0)
        return replace(
            self,
            first=np.where(which, self.second, self.first),
            second=np.where(which, self.first, self.second),
            score=np.where(which, 2 - self.score, self.score),
            features={name: sign * values for name, values in self.features.items()},
        )

    @property
    def names(self) -> list[str]:
        return [f"model {m}" for m in range(len(self.theta))]


def world(
    battles: int = 2000,
    models: int = 6,
    effects: tuple[float, ...] = (0.6, -0.2),
    *,
    ties: float = 0.2,
    position: float = 0.0,
    seed: int = 0,
    spread: float = 0.7,
) -> World:
    """Half-win ties such that the expected score is sigma(eta); the style goes with strength, as it does in life."""
    draw = np.random.default_rng(seed)
    theta = draw.normal(0, spread, models)
    theta -= theta.mean()
    first = draw.integers(0, models, battles)
    second = (first + draw.integers(1, models, battles)) % models
    manner = 0.4 * theta[:, None] + draw.normal(0, 0.2, (models, len(effects)))
    z = np.tanh(manner[first] - manner[second] + draw.normal(0, 0.5, (battles, len(effects))))
    chance = expit(theta[first] - theta[second] + z @ np.array(effects) + position)
    tie = 4 * ties * chance * (1 - chance)
    u = draw.random(battles)
    score = np.where(u < chance - tie / 2, 2, np.where(u < chance + tie / 2, 1, 0))
    features = {f"style {f}": z[:, f] for f in range(len(effects))}
    return World(theta, np.array(effects), first, second, score, features)


def design(of: Battles) -> Array:
    """(n, K + S) dense rows x = (e_i - e_j, z)."""
    first, second = of.ends()
    x = np.zeros((len(of), len(of.models) + len(of.features)))
    x[np.arange(len(of)), first] = 1
    x[np.arange(len(of)), second] = -1
    for place, column in enumerate(of.columns):
        x[:, len(of.models) + place] = column
    return x
