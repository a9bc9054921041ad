import numpy as np
import pytest
from scipy import stats

from evals.ratings.drift import Manner, manner, trend
from tests.evals.ratings.worlds import world


def test_a_model_s_manner_is_the_mean_of_its_differences() -> None:
    made = world(battles=800, models=4)
    found = manner(made.battles(), [2.0, 1.0])
    values = made.features["style 0"] / 2
    own = np.concatenate([values[made.first == 1], -values[made.second == 1]])
    assert found.battles[1] == len(own)
    assert found.mean[0, 1] == pytest.approx(own.mean())
    assert found.error[0, 1] == pytest.approx(own.std(ddof=1) / np.sqrt(len(own)))


def test_it_does_not_matter_which_side_is_written_first() -> None:
    made = world(battles=500, models=4)
    turned = made.swapped(np.arange(500) % 2 == 0)
    np.testing.assert_allclose(manner(made.battles(), [1, 1]).mean, manner(turned.battles(), [1, 1]).mean, atol=1e-12)


def test_a_trend_is_the_weighted_regression_on_time() -> None:
    draw = np.random.default_rng(0)
    errors = draw.uniform(0.1, 0.3, (6, 1, 1))
    means = 0.4 * np.arange(6)[:, None, None] + draw.normal(0, errors)
    found = trend([Manner(np.array([9]), m, e) for m, e in zip(means, errors, strict=True)], range(6))
    design = np.stack([np.ones(6), np.arange(6)], axis=1)
    weight = 1 / errors.ravel() ** 2
    normal = design.T @ (design * weight[:, None])
    expected = np.linalg.solve(normal, design.T @ (weight * means.ravel()))
    assert found.slope[0, 0] == pytest.approx(expected[1])
    assert found.error[0, 0] == pytest.approx(np.sqrt(np.linalg.inv(normal)[1, 1]))
    assert found.q[0, 0] == pytest.approx(2 * stats.norm.sf(abs(expected[1] / found.error[0, 0])))


def test_two_periods_have_no_trend() -> None:
    one = Manner(np.array([5]), np.array([[0.1]]), np.array([[0.1]]))
    assert np.isnan(trend([one, one], [0, 1]).slope).all()
    with pytest.raises(ValueError, match="0 periods"):
        trend([], [])
    with pytest.raises(ValueError, match="2 periods, 1 times"):
        trend([one, one], [0])
