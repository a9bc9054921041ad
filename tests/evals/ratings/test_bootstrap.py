import numpy as np
import pytest

from evals.bradley_terry import Scale, fit
from evals.ratings.battles import battles_of
from evals.ratings.bootstrap import bootstrap
from evals.ratings.covariance import clustered, sandwich
from tests.evals.ratings.worlds import world


def test_one_step_spreads_as_the_sandwich_does() -> None:
    battles = world(battles=3000).battles()
    found = fit(battles)
    replicates = bootstrap(found, battles, 1500)
    spread = replicates.theta.std(axis=0) * 400 / np.log(10)
    np.testing.assert_allclose(spread, sandwich(found).errors(), rtol=0.08)
    np.testing.assert_allclose(replicates.gamma.std(axis=0), np.sqrt(np.diag(sandwich(found).of_effects())), rtol=0.08)


def test_clusters_are_drawn_whole() -> None:
    made = world(battles=3000)
    battles = made.battles(cluster=np.arange(3000) % 200).take(np.repeat(np.arange(3000), 3))
    found = fit(battles)
    spread = bootstrap(found, battles, 1500).theta.std(axis=0) * 400 / np.log(10)
    np.testing.assert_allclose(spread, clustered(found, battles).errors(), rtol=0.1)
    assert (spread > 1.5 * sandwich(found).errors()).all()


def test_a_model_of_one_user_has_no_limits_and_neither_has_a_difference_to_it() -> None:
    """Its user's weight changes from draw to draw, and what the user said does not."""
    made = world(battles=1500, models=4, effects=())
    cluster = np.where((made.first == 3) | (made.second == 3), 0, 1 + np.arange(1500) % 200)
    battles = made.battles(cluster=cluster)
    replicates = bootstrap(fit(battles), battles, 100)
    free = replicates.bounds()
    anchored = replicates.bounds(Scale(anchor=("model 3", 1000.0)))
    assert np.isinf([free.lower[3], free.upper[3]]).all()
    assert np.isfinite(free.upper[:3] - free.lower[:3]).all()
    assert np.isinf(anchored.upper[:3]).all()
    assert anchored.lower[3] == anchored.upper[3] == 1000


def test_a_seed_gives_the_same_replicates() -> None:
    battles = world(battles=500).battles()
    found = fit(battles)
    first, again, other = (bootstrap(found, battles, 5, seed).theta for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_battles_of_scarce_models_are_refitted_as_weighted_fits_would() -> None:
    made = world(battles=1200, models=4, effects=(0.5,), seed=2)
    crowd = np.flatnonzero((made.first == 3) | (made.second == 3))[30:]
    battles = made.battles().take(np.setdiff1d(np.arange(1200), crowd))
    found = fit(battles)
    replicates = bootstrap(found, battles, 20, seed=3)
    counts = np.random.default_rng(3).poisson(1.0, (len(battles), 20))
    first, second = battles.ends()
    for column in range(20):
        weighted = battles_of(
            battles.models, first, second, battles.score, {"style 0": battles.columns[0]}, weight=counts[:, column]
        )
        whole = fit(weighted)
        # The others enter by their expansion: near a full refit, and much nearer than one step is for the scarce one.
        np.testing.assert_allclose(replicates.theta[column, :3], whole.theta[:3], atol=0.08)
        assert replicates.theta[column, 3] == pytest.approx(whole.theta[3], abs=0.08)


def test_a_draw_in_which_a_scarce_model_wins_all_is_infinite_and_so_is_its_limit() -> None:
    rows = [(0, 1, 2), (0, 1, 0)] * 200 + [(2, 0, 2)] * 4 + [(2, 1, 0)]
    first, second, score = map(list, zip(*rows, strict=True))
    battles = battles_of(["a", "b", "rare"], first, second, score)
    found = fit(battles)
    replicates = bootstrap(found, battles, 400)
    wins = np.isposinf(replicates.theta[:, 2]).mean()
    assert wins == pytest.approx(np.exp(-1) * (1 - np.exp(-4)), abs=0.07)  # its one loss is not drawn
    limits = replicates.bounds()
    assert limits.upper[2] == np.inf
    assert np.isfinite(limits.upper[:2]).all()
    assert np.isfinite(replicates.theta[:, :2]).all()


def test_limits_are_percentiles() -> None:
    battles = world(battles=3000).battles()
    replicates = bootstrap(fit(battles), battles, 400)
    limits = replicates.bounds(level=0.9)
    inside = (replicates.theta * 400 / np.log(10) + 1000 >= limits.lower) & (
        replicates.theta * 400 / np.log(10) + 1000 <= limits.upper
    )
    np.testing.assert_allclose(inside.mean(axis=0), 0.9, atol=0.01)


def test_one_replicate_is_none() -> None:
    battles = world().battles()
    with pytest.raises(ValueError, match="1 replicates"):
        bootstrap(fit(battles), battles, 1)
