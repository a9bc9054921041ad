import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, t

from evals.bradley_terry import Scale, fit
from evals.ratings.covariance import clustered, sandwich
from evals.ratings.effects import ablation, effects, false_discovery, with_placebo
from evals.ratings.shift import shift
from tests.evals.ratings.worlds import world


def test_effects_are_points_for_one_standard_deviation() -> None:
    made = world(battles=50_000, effects=(0.8, -0.3))
    found = fit(made.battles())
    rows = effects(sandwich(found))
    for row, truth, z in zip(rows, made.gamma, made.features.values(), strict=True):
        expected = truth * np.sqrt((z**2).mean()) * 400 / math.log(10)
        assert row.lower < expected < row.upper
        assert row.z == pytest.approx(row.estimate / row.error)
    assert [row.verdict for row in rows] == ["positive", "negative"]


@pytest.mark.parametrize(
    ("battles", "truth", "margin", "verdict"),
    [
        (30_000, 0.0, 12.0, "equivalent"),
        (30_000, 0.0, 0.5, "undecided"),
        (300, 0.0, 12.0, "undecided"),
        (30_000, 0.5, 10.0, "positive"),
        (30_000, -0.5, 10.0, "negative"),
        (30_000, 0.5, 200.0, "equivalent"),
    ],
)
def test_verdicts(battles: int, truth: float, margin: float, verdict: str) -> None:
    covariance = sandwich(fit(world(battles=battles, effects=(truth,), seed=2).battles()))
    assert effects(covariance, margin=margin)[0].verdict == verdict


@pytest.mark.parametrize(("users", "degrees"), [(8, 7), (49, 48), (50, np.inf), (2000, np.inf)])
def test_few_clusters_take_students_quantile_of_their_number(users: int, degrees: float) -> None:
    battles = world().battles(cluster=np.arange(2000) % users)
    found = fit(battles)
    for row in effects(clustered(found, battles)):
        assert row.upper - row.estimate == pytest.approx(t.ppf(0.975, degrees) * row.error)
        assert row.p == pytest.approx(2 * t.sf(abs(row.z), degrees))
    moved = shift(fit(battles.with_features([])), found, battles)
    np.testing.assert_allclose(moved.upper - moved.points, t.ppf(0.975, degrees) * moved.error)


def test_effects_between_six_users_who_pay_differently_for_style_are_held_by_their_intervals() -> None:
    """With the normal quantile 89 %."""
    held = []
    for seed in range(150):
        made, draw, user = (
            world(battles=900, effects=(0.6,), seed=seed),
            np.random.default_rng(seed),
            np.arange(900) % 6,
        )
        pays = draw.normal(0.6, 0.5, 6)
        eta = made.theta[made.first] - made.theta[made.second] + pays[user] * made.features["style 0"]
        made.score[:] = 2 * (draw.random(900) < 1 / (1 + np.exp(-eta)))
        battles = made.battles(cluster=user)
        found = fit(battles)
        [row] = effects(clustered(found, battles))
        held.append(row.lower <= 0.6 * found.rms[0] * Scale().unit <= row.upper)
    assert np.mean(held) == pytest.approx(0.95, abs=0.045)


def test_a_verdict_needs_a_sensible_margin_and_alpha() -> None:
    covariance = sandwich(fit(world().battles()))
    with pytest.raises(ValueError, match="margin=-1"):
        effects(covariance, margin=-1)
    with pytest.raises(ValueError, match=r"alpha=0\.7"):
        effects(covariance, alpha=0.7)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_q_values_are_those_of_scipy(p: list[float]) -> None:
    np.testing.assert_allclose(false_discovery(np.array(p)), false_discovery_control(p), atol=1e-15)


def test_ablation_is_a_fit_without_the_feature() -> None:
    battles = world(effects=(0.8, 0.0)).battles()
    whole = fit(battles)
    first, second = ablation(whole, battles)
    without = fit(battles.with_features(["style 1"]))
    assert first.loglik == pytest.approx(without.loss - whole.loss)
    moves = (without.theta - whole.theta) * Scale().unit
    assert abs(first.largest) == pytest.approx(np.abs(moves).max(), abs=1e-6)
    assert first.model == battles.models[np.abs(moves).argmax()]
    assert first.p < 1e-6
    assert second.loglik < 3 < first.loglik


def test_the_robust_test_and_the_ablation_agree_on_a_feature_without_effect() -> None:
    battles = world(battles=20_000, effects=(0.5, 0.0)).battles()
    whole = fit(battles)
    assert ablation(whole, battles)[1].p == pytest.approx(effects(sandwich(whole))[1].p, abs=0.02)


def test_a_placebo_excludes_zero_no_more_often_than_it_may() -> None:
    made = world(battles=700, effects=(0.6,))
    battles = made.battles()
    hits = [effects(sandwich(fit(with_placebo(battles, "style 0", seed))))[1].p < 0.05 for seed in range(200)]
    assert np.mean(hits) == pytest.approx(0.05, abs=0.04)


def test_a_placebo_has_the_distribution_of_its_feature_and_a_name_of_its_own() -> None:
    battles = world().battles()
    more = with_placebo(battles, "style 1")
    np.testing.assert_allclose(np.sort(np.abs(more.columns[2])), np.sort(np.abs(battles.columns[1])))
    with pytest.raises(ValueError, match="a feature 'placebo' already"):
        with_placebo(more, "style 0")


# -- before and after --------------------------------------------------------------------------------


def test_the_error_of_the_shift_is_that_of_refitting_worlds() -> None:
    moves, errors = [], []
    for seed in range(250):
        made = world(battles=800, models=4, effects=(0.8,), seed=9)  # the same design ...
        draw = np.random.default_rng(seed)  # ... and new votes
        eta = made.theta[made.first] - made.theta[made.second] + 0.8 * made.features["style 0"]
        made.score[:] = 2 * (draw.random(800) < 1 / (1 + np.exp(-eta)))
        battles = made.battles()
        got = shift(fit(battles.with_features([])), fit(battles), battles)
        moves.append(got.points)
        errors.append(got.error)
    np.testing.assert_allclose(np.std(moves, axis=0), np.mean(errors, axis=0), rtol=0.15)


def test_the_shift_is_known_far_better_than_either_rating() -> None:
    battles = world(battles=5000).battles()
    plain, controlled = fit(battles.with_features([])), fit(battles)
    got = shift(plain, controlled, battles)
    np.testing.assert_allclose(got.points, plain.ratings() - controlled.ratings())
    assert (got.error < 0.6 * sandwich(controlled).errors()).all()
    np.testing.assert_allclose(got.upper - got.lower, 2 * 1.959964 * got.error, rtol=1e-6)


def test_clusters_of_one_give_the_same_shift_by_the_other_way() -> None:
    made = world()
    battles, single = made.battles(), made.battles(cluster=np.arange(2000))
    plain, controlled = fit(battles.with_features([])), fit(battles)
    alone, clusters = shift(plain, controlled, battles), shift(plain, controlled, single)
    np.testing.assert_allclose(clusters.error, alone.error, rtol=1e-9)


def test_copied_votes_widen_the_clustered_shift_back_to_what_was_seen() -> None:
    battles = world().battles(cluster=np.arange(2000))
    twice = battles.take(np.repeat(np.arange(2000), 2))
    errors = [shift(fit(b.with_features([])), fit(b), b).error for b in (battles, twice)]
    np.testing.assert_allclose(errors[1], errors[0])
    assert clustered(fit(twice), twice).errors()[0] > 0


def test_a_share_is_told_only_where_the_clustered_error_lets_the_plain_rating_be_told_from_the_mean() -> None:
    battles = world(battles=300, effects=(0.8,)).battles(cluster=np.arange(300))
    copied = battles.take(np.repeat(np.arange(300), 9))
    shares = [shift(fit(b.with_features([])), fit(b), b).share for b in (battles, copied)]
    np.testing.assert_array_equal(np.isnan(shares[1]), np.isnan(shares[0]))


def test_who_was_met_by_one_cluster_has_a_shift_without_limits() -> None:
    made = world(battles=3000, models=4, effects=(0.8,))
    cluster = np.where((made.first == 2) | (made.second == 2), 0, 1 + np.arange(3000) % 400)
    battles = made.battles(cluster=cluster)
    got = shift(fit(battles.with_features([])), fit(battles), battles)
    assert (got.lower[2], got.upper[2], got.q[2]) == (-np.inf, np.inf, 1)
    assert np.isfinite(np.delete(got.upper - got.lower, 2)).all()


def test_a_style_that_only_strong_models_have_makes_up_a_share_of_the_fields_spread() -> None:
    made = world(battles=60_000, effects=(1.5,), seed=1)
    battles = made.battles()
    got = shift(fit(battles.with_features([])), fit(battles), battles)
    strong = int(np.argmax(made.theta))
    assert got.points[strong] > 0
    assert got.lower[strong] > 0 > got.upper[int(np.argmin(made.theta))]
    assert 0.2 < got.variance_share < 0.8
    assert 0 < got.share[strong] < 1


def test_without_any_effect_no_shift_is_found() -> None:
    battles = world(battles=20_000, effects=(0.0,), seed=3).battles()
    got = shift(fit(battles.with_features([])), fit(battles), battles)
    assert (got.q > 0.05).all()
    assert abs(got.variance_share) < 0.05


def test_fits_of_other_models_have_no_shift() -> None:
    with pytest.raises(ValueError, match="do not rate the same models"):
        shift(fit(world(models=3).battles()), fit(world(models=4).battles()), world().battles())
