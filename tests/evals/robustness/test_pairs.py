"""McNemar, Holm, GSM-Plus's numbers, the flip table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evals.robustness.arms import arm
from evals.robustness.by_problem import ByProblem, by_problem
from evals.robustness.flips import flip_table
from evals.robustness.gsm_plus import accurately_solved_pairs, difference_in_pdr, performance_drop_rate
from evals.robustness.holm import holm
from evals.robustness.mcnemar import exact, mcnemar
from evals.robustness.means import mean_of
from evals.robustness.worlds import Design, World, chances, originals, variants

C, W = "correct", "wrong"


def series(values: list[float]) -> ByProblem:
    return by_problem(np.array([f"p{place:05}" for place in range(len(values))]), np.array(values))


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_binomial_test_of_the_flips(fell: int, rose: int) -> None:
    theirs = stats.binomtest(fell, fell + rose).pvalue if fell + rose else 1.0
    assert exact(fell, rose) == pytest.approx(theirs)


def test_mcnemar_counts_problems_that_flipped() -> None:
    original = arm(list("abcdef"), [0] * 6, [C, C, C, C, W, W])
    found = mcnemar(original, arm(list("abcdef"), [0] * 6, [W, W, W, C, C, W]))
    assert found.value == pytest.approx(-2 / 6)
    assert found.p == pytest.approx(exact(3, 1))


def test_mcnemar_refuses_several_variants() -> None:
    with pytest.raises(ValueError, match="one trial a problem"):
        mcnemar(arm(["a"], [0], [C]), arm(["a", "a"], [0, 1], [C, W]))


def test_holm_steps_down_and_keeps_the_order_of_its_input() -> None:
    assert holm([0.04, 0.01, None, 0.03]) == pytest.approx([0.06, 0.03, None, 0.06])


@given(st.lists(st.floats(0, 1), max_size=9))
def test_holm_keeps_the_ranks_and_stays_between_raw_and_bonferroni(p: list[float]) -> None:
    adjusted = [value for value in holm(p) if value is not None]
    assert all(a >= raw and a <= min(1, len(p) * raw) + 1e-12 for raw, a in zip(p, adjusted, strict=True))
    assert np.all(np.diff(np.array(adjusted)[np.argsort(p, kind="stable")]) >= 0)


def test_pdr_and_asp_reproduce_gsm_plus_published_row() -> None:
    # GPT-4 of its table: 93.25 % of the seeds, 85.58 % of the variants, PDR 8.23 %.
    seeds = series([1.0] * 9325 + [0.0] * 675)
    variants = series([1.0] * 8154 + [0.0] * (9325 - 8154) + [1.0] * 404 + [0.0] * (675 - 404))
    rate = performance_drop_rate(seeds, variants)
    assert rate.value == pytest.approx(0.0823, abs=1e-4)
    assert accurately_solved_pairs(seeds, variants).value == pytest.approx(0.8154)


@pytest.mark.parametrize("shift", [0.02, 0.05, 0.09, 0.2])
def test_the_interval_of_pdr_excludes_zero_just_where_the_paired_test_rejects(shift: float) -> None:
    draw = np.random.default_rng(7)
    o = draw.binomial(4, draw.beta(2, 1, 150)) / 4
    v = np.clip(o - shift + draw.normal(0, 0.3, 150), 0, 1)
    found = performance_drop_rate(series(o.tolist()), series(v.tolist()))
    assert found.low is not None
    assert found.high is not None
    assert found.p == mean_of(v - o).p
    assert (found.p <= 0.05) == (not found.low <= 0 <= found.high)


def test_pdr_of_a_model_that_solves_nothing_is_no_number() -> None:
    assert performance_drop_rate(series([0.0, 0.0]), series([0.0, 1.0])).value is None


def test_pdr_has_no_limits_where_the_originals_accuracy_may_be_zero() -> None:
    found = performance_drop_rate(series([0.0] * 9 + [1.0]), series([0.0] * 10))
    assert (found.value, found.low, found.high) == (1.0, None, None)


def test_the_flip_table_counts_pairs_and_sums_to_one() -> None:
    table = flip_table(series([1.0, 1.0, 0.0, 0.5]), series([1.0, 0.5, 1.0, 0.5]))
    shares = [table.stayed_right.value, table.fell.value, table.rose.value, table.stayed_wrong.value]
    assert shares == pytest.approx([1.75 / 4, 0.75 / 4, 1.25 / 4, 0.25 / 4])


def test_models_that_lose_the_same_share_differ_in_points_and_not_in_pdr() -> None:
    """One solves 80 % and one 30 %, of problems that are hard for both; each loses 30 % of its own."""
    draw, design = np.random.default_rng(6), Design(150, 4, originals=4)
    rejected = {"points": 0, "shares": 0}
    for _ in range(1000):
        hard = chances(World(0.8), design.problems, draw)
        pairs = []
        for p, world in ((hard, World(0.8, fall=0.3)), (hard * 0.375, World(0.3, fall=0.3))):
            before, after = originals(p, 4, draw), variants(p, world, design, draw).mean(axis=1)
            pairs.append((series(before.tolist()), series(after.tolist())))
        changes = [after - before for before, after in pairs]
        rejected["points"] += (mean_of((changes[0] - changes[1]).values, (-2.0, 2.0)).p or 0.0) <= 0.05
        rejected["shares"] += (difference_in_pdr(*pairs).p or 0.0) <= 0.05
    assert rejected["points"] / 1000 > 0.95
    assert 0.03 < rejected["shares"] / 1000 < 0.07


def test_the_difference_of_pdr_is_that_of_the_rates_and_needs_solved_originals() -> None:
    ours, theirs = (series([1, 1, 0.5, 1]), series([0, 1, 0.5, 1])), (series([0, 1, 0, 1]), series([0, 1, 0, 0.5]))
    found = difference_in_pdr(ours, theirs)
    rates = [performance_drop_rate(*pair).value for pair in (ours, theirs)]
    assert found.value == pytest.approx((rates[0] or 0) - (rates[1] or 0))
    assert difference_in_pdr(ours, (series([0.0] * 4), series([0.0] * 4))).value is None
