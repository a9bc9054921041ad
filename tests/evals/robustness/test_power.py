from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from evals.robustness.equivalence import equivalence
from evals.robustness.means import mean_of
from evals.robustness.power import Test as Planned
from evals.robustness.power import (
    detectable,
    detectable_fall,
    kind_share,
    power,
    problems_for,
    shown_margin,
    spread,
    world_of,
)
from evals.robustness.worlds import Design, World, chances, originals, variants


def test_detectable_is_what_the_noncentral_t_finds_with_its_power() -> None:
    effect = detectable(0.4, 60, Planned(power=0.9, tests=4))
    shift, beyond = effect / 0.4 * np.sqrt(60), stats.t.ppf(1 - 0.05 / 8, 59)
    power = 1 - stats.nct.cdf(beyond, 59, shift) + stats.nct.cdf(-beyond, 59, shift)
    assert power == pytest.approx(0.9, abs=1e-6)


def test_power_at_what_is_detectable_is_the_power_that_was_asked_for() -> None:
    test = Planned(power=0.9, tests=4)
    assert power(detectable(0.4, 60, test), 0.4, 60, test) == pytest.approx(0.9, abs=1e-6)
    assert power(0.0, 0.4, 60, test) == pytest.approx(0.05 / 4)  # no effect: only the test's own error


@pytest.mark.parametrize(("fall", "tests"), [(0.05, 1), (0.05, 8), (0.1, 8), (0.0, 1)])
def test_an_effect_is_found_as_often_as_was_planned(fall: float, tests: int) -> None:
    """In worlds where the kind takes this share of the accuracy, by the t-test of the report."""
    world, design, draw = World(0.8, fall=fall), Design(100, 4, originals=4), np.random.default_rng(8)
    planned = power(fall * 0.8, spread(world, design), 100, Planned(tests=tests))
    found = 0
    for _ in range(2000):
        p = chances(world, 100, draw)
        p_value = mean_of(variants(p, world, design, draw).mean(axis=1) - originals(p, 4, draw)).p
        found += p_value is not None and p_value <= 0.05 / tests
    assert found / 2000 == pytest.approx(planned, abs=0.035)


def test_as_many_problems_as_needed_and_not_one_more() -> None:
    needed = problems_for(0.04, 0.36)
    assert detectable(0.36, needed) <= 0.04 < detectable(0.36, needed - 1)


@pytest.mark.parametrize(
    "design", [Design(40, 1), Design(40, 8, originals=8), Design(40, 4, samples=3, originals=2)], ids=str
)
def test_the_spread_is_that_of_simulated_differences(design: Design) -> None:
    world, draw = World(0.7, difficulty=0.4, kind=0.1, variant=0.3), np.random.default_rng(0)
    p = chances(world, 100_000, draw)
    difference = variants(p, world, design, draw).mean(axis=1) - originals(p, design.originals, draw)
    assert difference.std() == pytest.approx(spread(world, design), rel=0.01)
    assert difference.mean() == pytest.approx(0.0, abs=0.005)
    if design.variants > 1:  # else no run could tell
        assert kind_share(difference, world, design) == pytest.approx(0.1, abs=0.02)


def test_the_spread_of_a_kind_that_takes_a_third_is_told_too() -> None:
    world, design, draw = World(0.7, difficulty=0.4, kind=0.1, fall=1 / 3), Design(40, 4), np.random.default_rng(5)
    p = chances(world, 100_000, draw)
    difference = variants(p, world, design, draw).mean(axis=1) - originals(p, 1, draw)
    assert difference.std() == pytest.approx(spread(world, design), rel=0.01)
    assert difference.mean() == pytest.approx(-0.7 / 3, abs=0.005)
    assert kind_share(difference, replace(world, fall=0.0), design) == pytest.approx(0.1, abs=0.02)


def test_a_fall_that_is_detectable_has_its_own_spread() -> None:
    world, design = World(0.8), Design(50, 4)
    fall = detectable_fall(world, design)
    fallen = spread(replace(world, fall=fall / 0.8), design)
    assert fall == pytest.approx(detectable(fallen, 50))
    assert fall > detectable(spread(world, design), 50)


def test_no_fall_is_larger_than_the_accuracy() -> None:
    assert detectable_fall(World(0.1), Design(5, 1)) == 0.1


def test_more_variants_buy_less_than_more_problems() -> None:
    world = World(0.85)
    base, wider = Design(200, 5), Design(200, 50)
    assert detectable(spread(world, wider), 200) > 0.8 * detectable(spread(world, base), 200)
    assert detectable(spread(world, base), 2000) < 0.35 * detectable(spread(world, base), 200)


def test_accuracy_and_difficulty_come_back_from_counts() -> None:
    world, draw = World(0.6, difficulty=0.5), np.random.default_rng(1)
    right = draw.binomial(8, chances(world, 20_000, draw))
    found = world_of(right.astype(np.int64), np.full(20_000, 8))
    assert found.accuracy == pytest.approx(0.6, abs=0.01)
    assert found.difficulty == pytest.approx(0.5, abs=0.015)


def test_without_a_verdict_there_is_nothing_to_plan_with() -> None:
    with pytest.raises(ValueError, match="no trial is decided"):
        world_of(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64))


@pytest.mark.parametrize("wrong", [{"accuracy": 1.0}, {"accuracy": 0.5, "kind": 1.0}, {"accuracy": 0.5, "fall": -0.1}])
def test_a_world_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="accuracy lies between"):
        World(**wrong)


def test_a_model_that_does_not_change_is_shown_robust_within_the_margin_that_was_planned() -> None:
    world, design, draw = World(0.7), Design(200, 4, originals=4), np.random.default_rng(3)
    margin = shown_margin(spread(world, design), 200)
    shown = 0
    for _ in range(1000):
        p = chances(world, 200, draw)
        p_value = equivalence(variants(p, world, design, draw).mean(axis=1) - originals(p, 4, draw), margin).p
        shown += p_value is not None and p_value <= 0.05
    assert shown / 1000 == pytest.approx(0.8, abs=0.05)
