import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.audits import Estimate, draw, judge_labels

HARD = st.lists(st.sampled_from([0, 1, None]), max_size=60)


@given(HARD, st.integers(1, 40), st.integers(0, 3))
def test_a_draw_holds_the_classes_evenly_as_far_as_there_are_enough(hard, size, seed):
    chosen = draw(hard, size, seed)
    taken = [hard[place] for place in chosen]
    assert len(chosen) == len(set(chosen)) <= size
    assert None not in taken
    for wanted in (0, 1):
        assert taken.count(wanted) >= min(hard.count(wanted), size // 2)
    if len(chosen) < size:
        assert {taken.count(wanted) - hard.count(wanted) for wanted in (0, 1)} <= {0} or size == 1
    assert chosen == draw(hard, size, seed)


def test_a_rare_class_is_not_drowned():
    chosen = draw([1] * 980 + [0] * 20, 30, seed=0)
    assert sum(place >= 980 for place in chosen) == 15


def test_the_order_tells_nothing_of_the_class():
    hard = [1] * 500 + [0] * 500
    chosen = [hard[place] for place in draw(hard, 200, seed=1)]
    assert 30 < sum(chosen[:100]) < 70


def test_another_seed_draws_other_steps():
    hard = [0, 1] * 100
    assert draw(hard, 20, seed=0) != draw(hard, 20, seed=1)


def test_an_empty_audit_is_refused():
    with pytest.raises(ValueError, match="size=0"):
        draw([1], 0, seed=0)


def test_precision_is_told_of_each_class_and_unsure_is_counted_apart():
    audit = judge_labels([1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 1, None], {1: 80, 0: 20})
    assert (audit.good.audited, audit.good.unsure, audit.good.precision.value) == (4, 0, 0.75)
    assert (audit.bad.audited, audit.bad.unsure, audit.bad.precision.value) == (1, 1, 0.0)
    assert audit.agreement.value == pytest.approx(0.8 * 0.75 + 0.2 * 0.0), "each class weighs as in the whole"


def test_wilsons_interval_is_the_published_one():
    """8 of 10: Wilson (1927) gives 0.4901 to 0.9433."""
    found = judge_labels([1] * 10, [1] * 8 + [0] * 2, {1: 10, 0: 0})
    assert found.good.precision == Estimate(0.8, pytest.approx(0.4901, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert found.agreement == pytest.approx(found.good.precision), "there is no other class"


def test_a_class_that_nobody_audited_leaves_the_agreement_unknown():
    audit = judge_labels([1, 1], [1, 1], {1: 10, 0: 5})
    assert audit.bad.precision is None
    assert audit.agreement is None
    assert judge_labels([], [], {}).agreement is None


def test_the_interval_of_the_agreement_holds_the_truth_as_often_as_it_says():
    """Precisions 0.95 and 0.7, 900 good and 100 bad labels, 30 audited of each; 1,000 audits."""
    dice = random.Random(0)
    held = 0
    for _ in range(1000):
        views = [int(dice.random() < 0.95) for _ in range(30)] + [int(dice.random() >= 0.7) for _ in range(30)]
        found = judge_labels([1] * 30 + [0] * 30, views, {1: 900, 0: 100}).agreement
        held += found.low <= 0.9 * 0.95 + 0.1 * 0.7 <= found.high
    assert 925 <= held <= 985
