"""Profile limits against closed forms and against a second, slower profile."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import chi2, t

from evals.bradley_terry import Scale, fit
from evals.ratings import profile as module
from evals.ratings.battles import Battles, battles_of
from evals.ratings.covariance import clustered, dispersion, sandwich
from evals.ratings.profile import bounds, profile
from tests.evals.ratings.worlds import design, world


def scarce(seed: int = 0, ties: float = 0.2) -> Battles:
    """Model 3 has 20 battles among 1,500."""
    made = world(battles=1500, models=4, effects=(0.5,), seed=seed, ties=ties)
    crowd = np.flatnonzero((made.first == 3) | (made.second == 3))[20:]
    return made.battles().take(np.setdiff1d(np.arange(1500), crowd))


def by_hand(battles: Battles, model: int, level: float, scale: float) -> list[float]:
    """Both limits of theta[model] - mean, every point minimised by BFGS over a dense design."""
    x, y, k = design(battles), battles.score / 2, len(battles.models)

    def loss(b):
        return np.logaddexp(0, x @ b).sum() - y @ (x @ b)

    def gradient(b):
        return x.T @ (1 / (1 + np.exp(-x @ b)) - y)

    def held(t: float) -> float:
        # theta[model] = mean of all + t: the other strengths are free, the gauge is that they are what they are.
        def full(free):
            theta = np.insert(free[: k - 1], model, (free[: k - 1].sum() + k * t) / (k - 1))
            return np.concatenate([theta, free[k - 1 :]])

        def slope(free):
            g = gradient(full(free))
            return np.concatenate([np.delete(g[:k], model) + g[model] / (k - 1), g[k:]])

        return minimize(lambda f: loss(full(f)), np.zeros(x.shape[1] - 1), jac=slope, method="BFGS", tol=1e-9).fun

    found = fit(battles)
    target = scale * chi2.ppf(level, 1)

    def excess(t: float) -> float:
        return 2 * (held(t) - found.loss) - target

    middle = found.theta[model]
    return [brentq(excess, middle, middle + side * 4, xtol=1e-6) for side in (-1, 1)]


@pytest.mark.parametrize("seed", [0, 1])
def test_limits_are_those_of_a_slower_profile(seed: int) -> None:
    battles = scarce(seed)
    found = fit(battles)
    expected = by_hand(battles, 3, 0.95, dispersion(found))
    assert profile(found, battles, 3) == pytest.approx(expected, abs=2e-4)


def test_the_expansion_of_the_other_battles_changes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    battles = scarce()
    found = fit(battles)
    whole = profile(found, battles, 3)
    monkeypatch.setattr(module, "EXACT", 0)
    assert profile(found, battles, 3) == pytest.approx(whole, abs=0.01)


def test_an_unbeaten_model_has_a_lower_limit_of_closed_form_and_no_upper_one() -> None:
    """Against one opponent that it beat m times of m, -2 m log sigma(t) = chi2."""
    n, m = 4000, 7
    rows = [(0, 1, 2), (0, 1, 0)] * (n // 2) + [(2, 0, 2)] * m
    first, second, score = map(list, zip(*rows, strict=True))
    battles = battles_of(["a", "b", "unbeaten"], first, second, score)
    found = fit(battles)
    low, high = profile(found, battles, 2)
    bar = -math.log(math.expm1(chi2.ppf(0.95, 1) * dispersion(found) / (2 * m)))
    assert found.standing[2] == "above all"
    assert high == math.inf
    assert low == pytest.approx(bar, abs=0.01)  # a and b give way a little


def test_a_beaten_model_mirrors_an_unbeaten_one() -> None:
    made = world(battles=800, models=3, effects=(0.4,))
    extra = np.array([0, 1, 2, 1])
    z = np.append(made.features["style 0"], [0.3, -0.2, 0.1, 0.5])
    limits = []
    for sign in (1, -1):
        score = np.append(made.score, np.full(4, 1 + sign)) if sign > 0 else np.append(2 - made.score, np.full(4, 0))
        battles = battles_of(
            [*made.names, "x"], np.append(made.first, [3] * 4), np.append(made.second, extra), score, {"z": sign * z}
        )
        limits.append(profile(fit(battles), battles, 3))
    assert limits[0][0] == pytest.approx(-limits[1][1], abs=1e-4)
    assert (limits[0][1], limits[1][0]) == (math.inf, -math.inf)


def test_only_scarce_and_unbounded_models_take_profile_limits() -> None:
    battles = scarce()
    covariance = sandwich(fit(battles))
    limits = bounds(covariance, battles)
    assert limits.method == ("sandwich", "sandwich", "sandwich", "profile")
    low, high = profile(covariance.fit, battles, 3)
    assert (limits.lower[3], limits.upper[3]) == pytest.approx((low * Scale().unit + 1000, high * Scale().unit + 1000))


def test_limits_to_an_anchor_are_of_the_difference() -> None:
    battles = scarce()
    found = fit(battles)
    scale = Scale(anchor=("model 0", 1000.0))
    limits = bounds(sandwich(found), battles, scale)
    assert limits.lower[0] == limits.upper[0] == 1000
    assert limits.lower[3] < found.ratings(scale)[3] < limits.upper[3]
    free, tied = (np.subtract(*profile(found, battles, 3, anchor)[::-1]) for anchor in (None, 0))
    assert tied != pytest.approx(free, rel=1e-3)


def test_davidsons_ties_and_weights_have_profiles_too() -> None:
    battles = scarce()
    found = fit(battles, ties="davidson")
    low, high = profile(found, battles, 3)
    error = sandwich(found).errors()[3] / Scale().unit
    assert low < found.theta[3] < high
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.35)


def votes_in_fives(seed: int) -> Battles:
    """Model 3 has 30 battles: six users said five times each what they said once."""
    made = world(battles=900, models=4, effects=(), seed=seed)
    mine = np.flatnonzero((made.first == 3) | (made.second == 3))
    keep = np.setdiff1d(np.arange(900), mine[6:])
    keep = np.concatenate([keep, np.repeat(mine[:6], 4)])
    return made.battles(cluster=np.arange(900)).take(keep)


def test_votes_that_repeat_each_other_do_not_narrow_a_scarce_models_limits() -> None:
    battles = votes_in_fives(1)
    found = fit(battles)
    alone, together = bounds(sandwich(found), battles), bounds(clustered(found, battles), battles)
    assert (alone.method[3], together.method[3]) == ("profile", "profile")
    assert together.upper[3] - together.lower[3] > 2 * (alone.upper[3] - alone.lower[3])


def test_clusters_of_one_battle_leave_profile_limits_nearly_as_they_are() -> None:
    battles = replace(scarce(), cluster=np.arange(len(scarce())))
    found = fit(battles)
    alone, together = bounds(sandwich(found), battles), bounds(clustered(found, battles), battles)
    assert together.upper[3] - together.lower[3] == pytest.approx(alone.upper[3] - alone.lower[3], rel=0.01)


def test_a_model_that_one_user_met_has_no_limits() -> None:
    battles = scarce()
    first, second = battles.ends()
    users = np.where((first == 3) | (second == 3), -1, np.arange(len(battles)))
    battles = replace(battles, cluster=users)
    limits = bounds(clustered(fit(battles), battles), battles)
    assert (limits.lower[3], limits.upper[3]) == (-math.inf, math.inf)


def many_battles(users: int) -> Battles:
    """Model 5 has 100 battles, all by so many users; the others are met by 150."""
    made = world(battles=1200, models=6, effects=(), seed=3)
    own = np.flatnonzero((made.first == 5) | (made.second == 5))
    cluster = np.arange(1200) % 150
    cluster[own] = 1000 + np.arange(len(own)) % users
    return made.battles(cluster=cluster).take(np.setdiff1d(np.arange(1200), own[100:]))


def test_many_battles_of_one_user_give_no_limits() -> None:
    """The scores of a model sum to zero, and so does the one cluster's: its sandwich error is that of the others."""
    battles = many_battles(1)
    covariance = clustered(fit(battles), battles)
    limits = bounds(covariance, battles)
    assert (limits.lower[5], limits.upper[5], limits.method[5]) == (-math.inf, math.inf, "clustered")
    assert np.isfinite(limits.upper[:5] - limits.lower[:5]).all()


def test_many_battles_of_few_users_take_the_quantile_of_so_few() -> None:
    battles = many_battles(4)
    covariance = clustered(fit(battles), battles)
    limits, error = bounds(covariance, battles), covariance.errors()[5]
    assert limits.upper[5] - limits.lower[5] == pytest.approx(2 * t.ppf(0.975, 3) * error)


def test_where_the_anchor_is_known_by_one_user_no_difference_to_it_has_limits() -> None:
    battles = many_battles(1)
    limits = bounds(clustered(fit(battles), battles), battles, Scale(anchor=("model 5", 1000.0)))
    assert np.isinf(limits.upper[:5] - limits.lower[:5]).all()
    assert limits.lower[5] == limits.upper[5] == 1000
