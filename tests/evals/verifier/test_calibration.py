"""Brier score and calibration bins."""

import numpy as np
import pytest
from scipy.stats import binomtest

from evals.verifier.calibration import brier, calibration, calibration_error


def test_the_brier_score_counts_each_outcome() -> None:
    p, s, f = np.array([0.5, 1.0]), np.array([1.0, 3.0]), np.array([1.0, 0.0])
    assert brier(p, s, f) == pytest.approx((0.25 + 0.25) / 5)


def test_bins_hold_what_was_predicted_and_what_was_seen() -> None:
    p = np.array([0.1, 0.15, 0.9, 1.0])
    s, f = np.array([0.0, 1.0, 1.0, 1.0]), np.array([1.0, 0.0, 0.0, 0.0])
    low, high = calibration(p, s, f, ["a", "b", "c", "d"], bins=2)
    assert (low.steps, low.predicted, low.observed) == (2, pytest.approx(0.125), 0.5)
    assert (high.steps, high.predicted, high.observed) == (2, pytest.approx(0.95), 1.0)


def test_with_one_outcome_a_problem_the_interval_is_wilsons() -> None:
    rng = np.random.default_rng(0)
    outcomes = (rng.random(400) < 0.3).astype(float)
    [found] = calibration(np.full(400, 0.5), outcomes, 1 - outcomes, range(400), bins=1)
    wilson = binomtest(int(outcomes.sum()), 400).proportion_ci(method="wilson")
    assert (found.observed_low, found.observed_high) == pytest.approx((wilson.low, wilson.high), abs=2e-3)


def test_the_same_outcomes_from_fewer_problems_have_a_wider_interval() -> None:
    outcomes = np.repeat((np.random.default_rng(1).random(40) < 0.4).astype(float), 10)
    [alone] = calibration(np.full(400, 0.5), outcomes, 1 - outcomes, range(400), bins=1)
    [together] = calibration(np.full(400, 0.5), outcomes, 1 - outcomes, np.repeat(np.arange(40), 10).tolist(), bins=1)
    assert together.observed_high - together.observed_low > 2 * (alone.observed_high - alone.observed_low)


def test_intervals_over_problems_hold_the_true_share_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(2), 0
    names = np.repeat(np.arange(60), 5).tolist()
    for _ in range(400):
        chance = np.repeat(rng.beta(2, 3, 60), 5)
        outcomes = (rng.random(300) < chance).astype(float)
        [found] = calibration(np.full(300, 0.5), outcomes, 1 - outcomes, names, bins=1)
        held += found.observed_low <= 0.4 <= found.observed_high
    assert 0.91 <= held / 400 <= 0.985


def test_a_bin_whose_outcomes_are_all_alike_counts_its_problems() -> None:
    [found] = calibration(np.full(100, 0.9), np.ones(100), np.zeros(100), ["one"] * 100, bins=1)
    assert found.observed_low < 0.3


def test_the_calibration_error_is_the_mean_gap() -> None:
    p = np.array([0.2, 0.2, 0.8, 0.8])
    s = np.array([1.0, 0.0, 1.0, 1.0])
    assert calibration_error(p, s, 1 - s, bins=2) == pytest.approx((0.3 * 2 + 0.2 * 2) / 4)


@pytest.mark.parametrize(
    ("p", "s", "f", "message"),
    [
        ([0.5], [1.0, 1.0], [0.0], "give as many"),
        ([1.5], [1.0], [0.0], "step 0"),
        ([float("nan")], [1.0], [0.0], "step 0"),
        ([0.5], [0.0], [0.0], "no outcome"),
    ],
)
def test_what_cannot_be_scored_is_refused(p: list[float], s: list[float], f: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        brier(np.array(p), np.array(s), np.array(f))
