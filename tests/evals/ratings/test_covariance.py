"""Errors against their definitions on dense matrices, and against the truth."""

import numpy as np
import pytest
from scipy.stats import norm

from evals.bradley_terry import Fit, Scale, fit
from evals.ratings.battles import Battles, battles_of
from evals.ratings.covariance import clustered, dispersion, normal_bounds, sandwich
from evals.ratings.likelihood import TieRule
from evals.ratings.objective import Objective
from evals.ratings.profile import bounds
from evals.ratings.score_rows import inverse_information
from evals.ratings.scores import clustered_moment, score_blocks
from tests.evals.ratings.worlds import design, world


def naive(found: Fit, battles: Battles, cluster: np.ndarray | None = None) -> np.ndarray:
    """H+ M H+ from dense scores, with the pseudo-inverse as the gauge of mean zero."""
    k = len(battles.models)
    x = design(battles) / np.concatenate([np.ones(k), found.rms])
    p = 1 / (1 + np.exp(-x @ found.x))
    weight = np.ones(len(battles)) if battles.weight is None else battles.weight
    bread = np.linalg.pinv((x.T * (weight * p * (1 - p))) @ x)
    residual = weight * (p - battles.score / 2)
    if cluster is not None:
        residual = unbiased(residual, np.sqrt(weight * p * (1 - p)), x, bread, cluster)
    scores = x * residual[:, None]
    if cluster is not None:
        scores = np.stack([scores[cluster == each].sum(axis=0) for each in np.unique(cluster)])
    return bread @ (scores.T @ scores) @ bread


def unbiased(residual: np.ndarray, root: np.ndarray, x: np.ndarray, bread: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Bell and McCaffrey's residuals: (I - K)^-1/2 within each cluster, by eigenvalues."""
    out = residual.copy()
    for each in np.unique(of):
        rows = np.flatnonzero(of == each)
        scaled = root[rows, None] * x[rows]
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - scaled @ bread @ scaled.T)
        out[rows] = root[rows] * (vectors @ ((vectors.T @ (residual[rows] / root[rows])) / np.sqrt(values)))
    return out


@pytest.mark.parametrize("weighted", [False, True])
def test_the_sandwich_is_its_definition(weighted: bool) -> None:
    battles = world().battles(weight=np.linspace(0.2, 2, 2000) if weighted else None)
    found = fit(battles)
    np.testing.assert_allclose(sandwich(found).matrix, naive(found, battles), atol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_clustered_sandwich_is_its_definition(weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.ratings.score_rows.LIGHT", 0.0)
    users = np.random.default_rng(0).integers(0, 60, 600)
    battles = world(battles=600).battles(cluster=users, weight=np.linspace(0.2, 2, 600) if weighted else None)
    found = fit(battles)
    np.testing.assert_allclose(clustered(found, battles).matrix, naive(found, battles, users), atol=1e-8)


def test_clusters_of_little_leverage_may_be_left_as_they_are() -> None:
    users = np.random.default_rng(0).integers(0, 1000, 2000)
    battles = world().battles(cluster=users)
    found = fit(battles)
    np.testing.assert_allclose(clustered(found, battles).matrix, naive(found, battles, users), rtol=0.01, atol=1e-5)


def test_the_correction_knows_davidsons_ties() -> None:
    """By its definition, (I - A H^-1)^-1/2 of a cluster's scores, A the cluster's part of the information."""
    users = np.random.default_rng(0).integers(0, 12, 300)
    battles = world(battles=300, models=4).battles(cluster=users)
    found = fit(battles, ties="davidson")
    inverse = inverse_information(found)
    moment = np.zeros_like(inverse)
    for user in range(12):
        own = battles.take(np.flatnonzero(users == user))
        at = Objective(own, found.active, found.rms, "davidson").sums(found.x)
        values, vectors = np.linalg.eig(np.eye(len(inverse)) - at.information @ inverse)
        score = (vectors / np.sqrt(values)) @ np.linalg.solve(vectors, at.gradient)
        moment += np.outer(score.real, score.real)
    np.testing.assert_allclose(clustered_moment(battles, [found]), moment, rtol=1e-5, atol=1e-5)


def test_in_the_models_own_variance_two_clusters_of_a_model_have_no_bias() -> None:
    """Half of the two clusters' variance is lost in the residuals; the correction gives it back."""
    errors: list[list[float]] = []
    for seed in range(400):
        made = world(battles=1500, models=4, effects=(), ties=0.0, seed=7, spread=0.3)
        draw = np.random.default_rng(seed)
        chance = 1 / (1 + np.exp(made.theta[made.second] - made.theta[made.first]))
        made.score[:] = 2 * (draw.random(1500) < chance)
        mine = np.flatnonzero((made.first == 3) | (made.second == 3))
        cluster = np.arange(1500)
        cluster[mine] = -1 - np.arange(len(mine)) % 2
        battles = made.battles(cluster=cluster)
        found = fit(battles)
        bread = inverse_information(found)
        whole, raw = (bread @ clustered_moment(battles, [found], correct) @ bread for correct in (True, False))
        errors.append([whole[3, 3], raw[3, 3], bread[3, 3]])
    corrected, raw, truth = np.mean(errors, axis=0)
    assert corrected == pytest.approx(truth, rel=0.15)
    assert raw < 0.7 * truth


def test_clusters_of_one_are_the_plain_sandwich() -> None:
    """To within the leverage of a battle, which is below what is corrected."""
    battles = world().battles(cluster=np.arange(2000))
    found = fit(battles)
    np.testing.assert_allclose(clustered(found, battles).matrix, sandwich(found).matrix, atol=1e-14)


def test_votes_that_were_cast_twice_do_not_make_it_more_exact() -> None:
    battles = world().battles(cluster=np.arange(2000))
    twice = battles.take(np.repeat(np.arange(2000), 2))
    once, copied = fit(battles), fit(twice)
    np.testing.assert_allclose(clustered(copied, twice).errors(), clustered(once, battles).errors())
    np.testing.assert_allclose(sandwich(copied).errors(), sandwich(once).errors() / np.sqrt(2))


def test_clusters_are_kept_whole_however_small_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    users = np.random.default_rng(0).integers(0, 40, 600)
    battles = world(battles=600).battles(cluster=users)
    found = fit(battles)
    whole = clustered(found, battles).matrix
    monkeypatch.setattr("evals.ratings.scores.BLOCK", 32)
    blocks = [*score_blocks(battles, [found])]
    assert len(blocks) > 10
    assert sum(block.scores.shape[0] for block in blocks) == len(np.unique(users))
    np.testing.assert_allclose(clustered(found, battles).matrix, whole, atol=1e-14)


@pytest.mark.parametrize("users", [1, 2, 5])
def test_few_users_of_a_model_do_not_make_it_more_exact_than_its_battles_are(users: int) -> None:
    """Of one user's votes the scores sum to zero: without more the error would be 2 points, and not 30."""
    made = world(battles=1200, models=6, effects=(), seed=3)
    mine = np.flatnonzero((made.first == 5) | (made.second == 5))
    cluster = np.arange(1200) % 150
    cluster[mine] = 1000 + np.arange(len(mine)) % users
    battles = made.battles(cluster=cluster).take(np.setdiff1d(np.arange(1200), mine[100:]))
    found = fit(battles)
    covariance, single = clustered(found, battles), sandwich(found)
    assert covariance.clusters is not None
    assert covariance.clusters.by_model.tolist() == [50, 50, 50, 50, 50, users]
    assert covariance.errors()[5] >= single.errors()[5] * (1 - 1e-9)
    np.testing.assert_allclose(covariance.matrix[:6, :6].sum(axis=0), 0, atol=1e-12)


def test_without_clusters_there_are_no_clustered_errors() -> None:
    battles = world().battles()
    with pytest.raises(ValueError, match="no clusters: name a column"):
        clustered(fit(battles), battles)
    one = world().battles(cluster=np.zeros(2000))
    with pytest.raises(ValueError, match="1 cluster: "):
        clustered(fit(one), one)


def test_an_anchor_has_no_error_and_differences_keep_theirs() -> None:
    covariance = sandwich(fit(world().battles()))
    anchored = Scale(anchor=("model 1", 1000.0))
    free, tied = covariance.of_ratings(), covariance.of_ratings(anchored)
    assert covariance.errors(anchored)[1] == 0
    for matrix in (free, tied):
        variance = matrix[0, 0] + matrix[2, 2] - 2 * matrix[0, 2]
        assert variance == pytest.approx(free[0, 0] + free[2, 2] - 2 * free[0, 2])
    assert covariance.errors(anchored)[0] == pytest.approx(np.sqrt(free[0, 0] + free[1, 1] - 2 * free[0, 1]))


def test_half_win_ties_vary_less_than_coins_by_the_share_that_they_take() -> None:
    assert dispersion(fit(world(battles=50_000, ties=0.2).battles())) == pytest.approx(0.8, abs=0.02)
    assert dispersion(fit(world(battles=50_000, ties=0.0).battles())) == pytest.approx(1.0, abs=0.02)


def test_a_ridge_is_no_variance_that_the_model_foresees() -> None:
    battles = world(battles=5000).battles()
    assert dispersion(fit(battles, l2=500.0)) == pytest.approx(dispersion(fit(battles)), abs=0.05)


@pytest.mark.parametrize("ties", ["half", "drop", "davidson"])
def test_a_weight_that_all_battles_have_changes_no_limits(ties: TieRule) -> None:
    """Those of the profile are scaled by the dispersion, which knows what a row counts."""
    made = world(battles=1500, models=4, effects=(), spread=0.4)
    keep = np.setdiff1d(np.arange(1500), np.flatnonzero((made.first == 3) | (made.second == 3))[25:])
    widths = []
    for weight in (1.0, 3.0):
        battles = made.battles(weight=np.full(1500, weight)).take(keep)
        limits = bounds(sandwich(fit(battles, ties=ties)), battles)
        assert limits.method[3] == "profile"
        widths.append(limits.upper - limits.lower)
    np.testing.assert_allclose(widths[1], widths[0], rtol=1e-4)


def test_a_rare_models_interval_is_as_wide_among_a_million_battles_as_among_few() -> None:
    """A ridge for each observation makes the information of m battles among n look like n's."""
    few, many = world(battles=3_000, models=4, effects=(), seed=1), world(battles=60_000, models=4, effects=(), seed=1)
    widths = []
    for made in (few, many):
        rare = np.flatnonzero((made.first == 3) | (made.second == 3))[60:]
        keep = np.setdiff1d(np.arange(len(made.first)), rare)
        widths.append(sandwich(fit(made.battles().take(keep))).errors()[3])
    assert widths[1] > 0.8 * widths[0]


def test_unrated_models_have_no_finite_limits() -> None:
    made = world(models=3)
    found = fit(battles_of([*made.names, "nobody"], made.first, made.second, made.score))
    limits = normal_bounds(sandwich(found))
    assert (limits.lower[3], limits.upper[3], limits.method[3]) == (-np.inf, np.inf, "none")
    assert limits.upper[0] - limits.lower[0] == pytest.approx(2 * norm.ppf(0.975) * sandwich(found).errors()[0])


def test_intervals_hold_the_truth_at_their_nominal_rate() -> None:
    """200 worlds of 6 models, one of them rare. The ratings of a world share an error, so 1,000 of them show less."""
    held, effects, rare = [], [], []
    for seed in range(200):
        made = world(battles=900, seed=5000 + seed)
        crowd = np.flatnonzero((made.first == 5) | (made.second == 5))[25:]
        battles = made.battles().take(np.setdiff1d(np.arange(900), crowd))
        found = fit(battles)
        covariance = sandwich(found)
        limits = bounds(covariance, battles)
        if found.standing[5] != "rated":
            continue
        truth = made.theta * Scale().unit + 1000
        inside = (limits.lower <= truth) & (truth <= limits.upper)
        held += inside[:5].tolist()
        rare.append(inside[5])
        miss = (found.gamma / found.rms - made.gamma) / (np.sqrt(np.diag(covariance.of_effects())) / found.rms)
        effects += (np.abs(miss) < norm.ppf(0.975)).tolist()
    assert len(rare) > 190
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert np.mean(effects) == pytest.approx(0.95, abs=0.035)
    assert np.mean(rare) == pytest.approx(0.95, abs=0.05)
