import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.ratings import battles as module
from evals.ratings.battles import Battles, battles_of, sorted_by_pair, tiles
from evals.ratings.likelihood import Point, sums
from tests.evals.ratings.worlds import design, world


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"second": [1, 0]}, "row 1 has one model on both sides"),
        ({"first": [0, 5]}, "row 1 has an index of a model; there are 2: 0 to 1; seen: 5"),
        ({"first": [-1, 0]}, "row 0 has an index of a model"),
        ({"score": [2, 3]}, "row 1 has a score that is none of 0 .loss., 1 .tie., 2 .win.; seen: 3"),
        ({"score": [0.5, 2]}, "row 0 has a score"),
        ({"features": {"length": [0.1, np.nan]}}, "row 1 has feature 'length' that is not finite; seen: nan"),
        ({"features": {"length": [np.inf, 0]}}, "row 0 has feature 'length'"),
        ({"weight": [1, -2]}, "row 1 has a weight that is not finite and at least 0; seen: -2"),
        ({"weight": [1, np.nan]}, "row 1 has a weight"),
        ({"features": {"length": [0.1]}}, "2 battles, but 1 values of 'length'"),
        ({"models": ["a", "a"]}, r"named twice: \['a'\]"),
    ],
)
def test_hostile_input_is_refused_with_its_place(change: dict, message: str) -> None:
    good = {"models": ["a", "b"], "first": [0, 0], "second": [1, 1], "score": [2, 0]}
    with pytest.raises(ValueError, match=message):
        battles_of(**(good | change))


def test_features_can_be_left_out_and_unknown_ones_cannot_be_asked_for() -> None:
    battles = world().battles()
    assert battles.with_features(["style 1"]).columns[0] is battles.columns[1]
    with pytest.raises(KeyError, match="emoji"):
        battles.with_features(["emoji"])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(2, 5), st.integers(1, 40), st.integers(0, 99))
def test_tiles_cover_all_rows_whatever_their_size(n: int, models: int, size: int, seed: int) -> None:
    battles = sorted_by_pair(world(battles=n, models=models, seed=seed).battles())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TILE", size)
        pieces = [*tiles(battles)]
    pairs = np.concatenate([tile.spread(tile.pairs) for tile in pieces])
    np.testing.assert_array_equal(pairs, battles.pair)
    np.testing.assert_array_equal(np.concatenate([tile.features for tile in pieces], axis=1), battles.columns)
    assert sum(tile.by_run(np.ones(len(tile.score))).sum() for tile in pieces) == n


def test_sorting_keeps_each_battle_whole() -> None:
    made = world(battles=500)
    battles = made.battles(weight=np.arange(500.0), cluster=np.arange(500))
    ordered = sorted_by_pair(battles)
    assert (np.diff(ordered.pair) >= 0).all()
    back = ordered.take(np.argsort(ordered.cluster))
    for name in ("pair", "score", "weight"):
        np.testing.assert_array_equal(getattr(back, name), getattr(battles, name))
    np.testing.assert_array_equal(back.columns, battles.columns)


def naive(battles: Battles, point: Point) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Loss, gradient, information and moment from the dense design, row by row."""
    x = design(battles)
    weight = np.ones(len(battles)) if battles.weight is None else battles.weight
    eta = x @ np.concatenate([point.theta, point.gamma])
    y, p = battles.score / 2, 1 / (1 + np.exp(-eta))
    loss = -(weight * (y * np.log(p) + (1 - y) * np.log1p(-p))).sum()
    slope = weight * (p - y)
    return loss, x.T @ slope, (x.T * (weight * p * (1 - p))) @ x, (x.T * slope**2) @ x


@pytest.mark.parametrize("weighted", [False, True])
def test_sums_are_those_of_the_dense_design(weighted: bool) -> None:
    made = world(battles=20_000, models=5)  # more than one tile
    weight = np.random.default_rng(0).random(20_000) if weighted else None
    battles = made.battles(weight=weight)
    point = Point(np.array([0.5, -0.2, 1.1, -0.6, 0.3]), np.array([0.7, -0.4]))
    got = sums(battles, point, moment=True)
    loss, gradient, information, moment = naive(battles, point)
    assert got.loss == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(got.gradient, gradient, atol=1e-8)
    np.testing.assert_allclose(got.information, information, atol=1e-8)
    np.testing.assert_allclose(got.moment, moment, atol=1e-8)
    assert got.weight == pytest.approx(20_000 if weight is None else weight.sum())


@pytest.mark.parametrize("log_nu", [-1.0, 0.5])
def test_davidsons_derivatives_are_those_of_its_loss(log_nu: float) -> None:
    battles = world(battles=400, models=3).battles(weight=np.linspace(0.5, 1.5, 400))

    def at(x: np.ndarray):
        return sums(battles, Point(x[:3], x[3:5], x[5]), "davidson", moment=True)

    x = np.array([0.3, -0.9, 0.6, 0.8, -0.4, log_nu])
    here = at(x)
    for place in range(6):
        step = 1e-5 * (np.arange(6) == place)
        up, down = at(x + step), at(x - step)
        assert (up.loss - down.loss) / 2e-5 == pytest.approx(here.gradient[place], abs=1e-5)
        np.testing.assert_allclose((up.gradient - down.gradient) / 2e-5, here.information[place], atol=1e-5)
    single = [sums(battles.take(np.array([row])), Point(x[:3], x[3:5], x[5]), "davidson") for row in range(400)]
    np.testing.assert_allclose(sum(np.outer(s.gradient, s.gradient) for s in single), here.moment, atol=1e-9)


def test_extreme_predictors_neither_overflow_nor_lose_the_loss() -> None:
    battles = battles_of(["a", "b"], [0, 0], [1, 1], [2, 0])
    with np.errstate(all="raise", under="ignore"):
        half = sums(battles, Point(np.array([500.0, -500.0]), np.empty(0)))
        davidson = sums(battles, Point(np.array([500.0, -500.0]), np.empty(0), 0.0), "davidson")
    assert half.loss == pytest.approx(1000)
    assert davidson.loss == pytest.approx(1000)
