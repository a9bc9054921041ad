import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.first_errors import Difference, Scores, first_error_scores, known_first_error, paired_difference

FIRST_ERRORS = st.integers(-1, 4)
CASES = st.lists(st.tuples(st.none() | FIRST_ERRORS, FIRST_ERRORS), min_size=1, max_size=60)


def as_processbench_does(predicted, true):
    """Its run_eval.py, in plain Python: the mean of the matches of either kind, and 2xy / (x + y)."""
    named = [said == known for said, known in zip(predicted, true, strict=True) if known != -1]
    cleared = [said == known for said, known in zip(predicted, true, strict=True) if known == -1]
    if not named or not cleared:
        return None
    x, y = sum(named) / len(named), sum(cleared) / len(cleared)
    return 2 * x * y / (x + y) if x + y else 0.0


def test_f1_is_the_harmonic_mean_of_the_two_accuracies():
    scores = first_error_scores([2, 1, None, -1, -1, -1], [2, 2, 0, -1, -1, 3])
    assert scores == Scores(0.25, 1.0, 0.4, 0.5, erroneous=4, correct=2, unknown=1)


@given(CASES)
def test_it_agrees_with_a_plain_reading_of_processbench(cases):
    predicted, true = zip(*cases, strict=True)
    scores = first_error_scores(predicted, true)
    assert scores.f1 == pytest.approx(as_processbench_does(predicted, true))
    assert scores.erroneous + scores.correct == len(cases)
    assert scores.unknown == predicted.count(None)
    right = sum(said == known for said, known in cases)
    assert scores.accuracy == pytest.approx(right / len(cases))


@pytest.mark.parametrize("always", [-1, 0, None])
def test_saying_the_same_of_all_is_worth_nothing(always):
    assert first_error_scores([always] * 4, [-1, 0, 0, 2]).f1 == 0


def test_a_share_of_nothing_is_none_and_not_zero():
    assert first_error_scores([], []) == Scores(None, None, None, None, 0, 0, 0)
    alone = first_error_scores([-1], [-1])
    assert (alone.accuracy_correct, alone.accuracy_erroneous, alone.f1) == (1.0, None, None)


@pytest.mark.parametrize(("predicted", "true"), [([1], [1, 2]), ([-2], [1]), ([1], [-3]), ([1], [None])])
def test_what_is_no_first_error_is_refused(predicted, true):
    with pytest.raises(ValueError, match="None"):
        first_error_scores(predicted, true)


@pytest.mark.parametrize(
    ("labels", "first"),
    [
        ([], -1),
        ([1, 1, 1], -1),
        ([1, 0, 1], 1),
        ([True, False, None], 1),
        ([1, None, 0], None),
        ([1, 1, None], None),
    ],
)
def test_step_labels_tell_the_first_error_unless_an_unknown_step_may_be_it(labels, first):
    assert known_first_error(labels) == first


def solutions(problems: int, each: int, seed: int):
    """True first errors, two predictors (right of 70 % and of 60 %), and each solution's problem; the solutions of a
    problem are all read rightly or all wrongly."""
    draw = np.random.default_rng(seed)
    true = np.repeat(draw.integers(-1, 3, problems), each)
    a, b = (np.where(np.repeat(draw.random(problems) < share, each), true, 7) for share in (0.7, 0.6))
    return a.tolist(), b.tolist(), true.tolist(), np.repeat(np.arange(problems), each).tolist()


def test_the_interval_is_the_one_of_drawing_problems_by_hand():
    a, b, true, problem = solutions(12, 3, seed=1)
    found = paired_difference(a, b, true, problem, draws=4000)
    draw = np.random.default_rng(5)
    of = {name: [i for i, other in enumerate(problem) if other == name] for name in set(problem)}
    differences = []
    for _ in range(4000):
        places = [i for name in draw.choice(sorted(of), len(of)) for i in of[name]]
        known = [true[i] for i in places]
        scores = [as_processbench_does([said[i] for i in places], known) for said in (a, b)]
        if None not in scores:
            differences.append(scores[0] - scores[1])
    assert found.difference == pytest.approx(as_processbench_does(a, true) - as_processbench_does(b, true))
    assert [found.low, found.high] == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=0.03)


def test_the_interval_is_the_same_for_the_same_seed_and_another_for_another():
    case = solutions(30, 2, seed=0)
    assert paired_difference(*case) == paired_difference(*case)
    assert paired_difference(*case) != paired_difference(*case, seed=1)


def test_solutions_of_one_problem_do_not_count_as_independent():
    a, b, true, problem = solutions(40, 8, seed=2)
    clustered = paired_difference(a, b, true, problem)
    alone = paired_difference(a, b, true, range(len(true)))
    assert clustered.high - clustered.low > 2 * (alone.high - alone.low), "sqrt(8) = 2.8 in expectation"


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """0.7 and 0.6 are the predictors' expected F1; 200 samples of 150 problems."""
    found = [paired_difference(*solutions(150, 2, seed=seed), draws=400) for seed in range(200)]
    held = sum(each.low <= 0.1 <= each.high for each in found)
    assert 180 <= held <= 198, "95 % of 200 is 190, give or take 3.1"


@given(CASES)
def test_a_predictor_does_not_differ_from_itself(cases):
    predicted, true = zip(*cases, strict=True)
    if -1 in true and set(true) != {-1}:
        assert paired_difference(predicted, predicted, true, range(len(true)), draws=20) == Difference(0, 0, 0)


def test_blocks_of_draws_change_nothing(monkeypatch):
    case = solutions(30, 2, seed=0)
    whole = paired_difference(*case)
    monkeypatch.setattr("evals.first_errors._CELLS", 100)
    assert paired_difference(*case) == whole


def test_solutions_of_one_kind_have_no_f1_to_compare():
    with pytest.raises(ValueError, match="all 2 are with an error"):
        paired_difference([0, 1], [1, 0], [0, 0], "ab")
    with pytest.raises(ValueError, match="1 clusters for 2 solutions"):
        paired_difference([0, 1], [1, 0], [0, -1], "a")
