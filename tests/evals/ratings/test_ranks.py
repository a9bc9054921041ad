import numpy as np
import pytest

from evals.bradley_terry import fit
from evals.ratings.battles import battles_of
from evals.ratings.covariance import clustered, sandwich
from evals.ratings.ranks import ranks
from tests.evals.ratings.worlds import world


def test_ranks_go_by_rating_and_lie_in_their_intervals() -> None:
    found = fit(world(models=8).battles())
    got = ranks(sandwich(found))
    np.testing.assert_array_equal(np.argsort(got.rank), np.argsort(-found.theta))
    assert ((got.lower <= got.rank) & (got.rank <= got.upper)).all()
    assert got.best.sum() == pytest.approx(1)
    assert got.best.argmax() == found.theta.argmax()


def test_for_two_models_the_critical_value_is_the_normal_one() -> None:
    got = ranks(sandwich(fit(world(models=2, effects=()).battles())), draws=40_000)
    assert got.critical == pytest.approx(1.96, abs=0.03)


def test_for_many_models_it_is_larger_than_for_one_pair_and_smaller_than_bonferronis() -> None:
    got = ranks(sandwich(fit(world(models=12, battles=6000).battles())))
    assert 2.5 < got.critical < 3.42  # Bonferroni: 66 pairs


def test_models_that_cannot_be_told_apart_share_a_class() -> None:
    draw = np.random.default_rng(0)
    n, theta = 20_000, np.array([1.0, 1.0, -1.0, -1.0])
    first = draw.integers(0, 4, n)
    second = (first + draw.integers(1, 4, n)) % 4
    score = 2 * (draw.random(n) < 1 / (1 + np.exp(theta[second] - theta[first]))).astype(int)
    got = ranks(sandwich(fit(battles_of("abcd", first, second, score))))
    assert got.class_.tolist() == [1, 1, 2, 2]
    assert got.lower.tolist() == [1, 1, 3, 3]
    assert got.upper.tolist() == [2, 2, 4, 4]


def test_whom_one_user_alone_has_met_may_have_any_rank() -> None:
    made = world(battles=3000, models=4, effects=())
    cluster = np.where((made.first == 2) | (made.second == 2), 0, 1 + np.arange(3000) % 400)
    battles = made.battles(cluster=cluster)
    got = ranks(clustered(fit(battles), battles))
    assert (got.lower[2], got.upper[2]) == (1, 4)
    assert (np.delete(got.upper - got.lower, 2) < 3).all()


def test_all_true_ranks_lie_in_their_intervals_at_once_at_the_nominal_rate() -> None:
    held = []
    for seed in range(150):
        made = world(battles=700, models=6, effects=(), seed=seed)
        got = ranks(sandwich(fit(made.battles())), draws=1000, seed=seed)
        truth = np.argsort(np.argsort(-made.theta)) + 1
        held.append(((got.lower <= truth) & (truth <= got.upper)).all())
    assert np.mean(held) >= 0.93  # simultaneous intervals are conservative


def test_unrated_models_have_no_rank() -> None:
    made = world(models=3)
    extra = battles_of(
        [*made.names, "unbeaten"], np.append(made.first, 3), np.append(made.second, 0), np.append(made.score, 2),
        {name: np.append(values, 0.1) for name, values in made.features.items()},
    )  # fmt: skip
    got = ranks(sandwich(fit(extra)))
    assert (got.rank[3], got.lower[3], got.upper[3], got.class_[3]) == (0, 0, 0, 0)
    assert np.isnan(got.best[3])
    assert sorted(got.rank[:3]) == [1, 2, 3]


def test_a_seed_gives_the_same_ranks() -> None:
    covariance = sandwich(fit(world().battles()))
    np.testing.assert_array_equal(ranks(covariance, seed=4).best, ranks(covariance, seed=4).best)
