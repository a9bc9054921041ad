"""pass@k and majority@k against the enumeration of every draw, in exact arithmetic."""

from collections import Counter
from fractions import Fraction
from itertools import combinations
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.passk import PassScore, Tally, majority_at_k, pass_at_k, passes_at_k, score, tally

TOLERANCE = 1e-12


def test_pass_at_k_is_the_share_of_draws_with_a_correct_sample() -> None:
    for n in range(1, 9):
        for c in range(n + 1):
            for k in range(1, n + 1):
                draws = list(combinations([True] * c + [False] * (n - c), k))
                assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws), abs=TOLERANCE)


@given(st.integers(1, 400), st.data())
def test_pass_at_k_is_exact_for_many_samples(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    exact = 1 - Fraction(comb(n - c, k), comb(n, k))
    assert pass_at_k(n, c, k) == pytest.approx(float(exact), rel=1e-9, abs=TOLERANCE)


def test_a_tiny_chance_keeps_its_digits() -> None:
    assert pass_at_k(10**6, 1, 1) == pytest.approx(1e-6, rel=1e-9)


def test_pass_at_one_is_the_share_of_correct_samples() -> None:
    assert pass_at_k(7, 3, 1) == pytest.approx(3 / 7, abs=TOLERANCE)


def test_many_problems_are_scored_at_once() -> None:
    n, c = [4, 8, 5], [0, 3, 5]
    assert passes_at_k(n, c, 3).tolist() == [pass_at_k(a, b, 3) for a, b in zip(n, c, strict=True)]
    assert passes_at_k([], [], 3).tolist() == []


@pytest.mark.parametrize(("n", "c", "k"), [(4, 1, 5), (4, 5, 1), (4, -1, 1), (4, 1, 0)])
def test_impossible_counts_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="1 <= k <= n"):
        pass_at_k(n, c, k)


def test_verdicts_are_tallied() -> None:
    assert tally(["correct", "wrong", "unknown", "correct"]) == Tally(correct=2, wrong=1, unknown=1)
    with pytest.raises(ValueError, match="maybe"):
        tally(["maybe"])


def test_unknown_verdicts_are_left_out_and_bounded() -> None:
    tallies = [Tally(1, 1, 2), Tally(0, 0, 4), Tally(4, 0, 0)]
    assert score(tallies) == PassScore(
        k=1, value=0.75, lower=(0.25 + 0 + 1) / 3, upper=(0.75 + 1 + 1) / 3, problems=2, short=1, unknown=6
    )


def test_a_score_of_nothing_has_no_value() -> None:
    assert score([Tally(0, 0, 1)], 2) == PassScore(2, None, None, None, problems=0, short=1, unknown=1)


def by_enumeration(keys: list[str | None], right: list[bool], k: int) -> Fraction:
    """Every draw of k samples, its votes counted one by one."""
    names = ["right" if is_right else key for key, is_right in zip(keys, right, strict=True)]
    shares = []
    for draw in combinations(names, k):
        votes = Counter(name for name in draw if name is not None)
        first = [name for name, count in votes.items() if count == max(votes.values())]
        shares.append(Fraction("right" in first, max(len(first), 1)))
    return sum(shares, Fraction(0)) / len(shares)


SAMPLES = st.lists(
    st.sampled_from([("18", True), ("7", False), ("9", False), ("11", False), (None, False)]), min_size=1
)


@settings(max_examples=150)
@given(SAMPLES.map(lambda samples: samples[:9]), st.data())
def test_majority_at_k_is_the_mean_over_every_draw(samples: list[tuple[str | None, bool]], data: st.DataObject) -> None:
    keys, right = [key for key, _ in samples], [is_right for _, is_right in samples]
    k = data.draw(st.integers(1, len(samples)))
    assert majority_at_k(keys, right, k) == pytest.approx(float(by_enumeration(keys, right, k)), abs=1e-11)


@pytest.mark.parametrize(
    ("keys", "right", "share"),
    [
        (["18", "18", "7"], [True, True, False], 1),
        (["18", "7"], [True, False], 1 / 2),
        (["18", "7", "9"], [True, False, False], 1 / 3),
        (["7", "7", "18"], [False, False, True], 0),
        ([None, None, "18"], [False, False, True], 1),
        ([None, None], [False, False], 0),
        (["0.5", "1/2", "7", "7", "7"], [True, True, False, False, False], 0),
        (["0.5", "1/2", "7", "7"], [True, True, False, False], 1 / 2),
    ],
)
def test_the_right_answer_gets_its_share_of_the_first_place(
    keys: list[str | None], right: list[bool], share: float
) -> None:
    assert majority_at_k(keys, right, len(keys)) == pytest.approx(share)


def test_majority_of_one_is_the_mean_accuracy() -> None:
    assert majority_at_k(["18", "7", None, "18"], [True, False, False, True], 1) == pytest.approx(0.5)


def test_a_thousand_samples_neither_overflow_nor_leave_the_unit_interval() -> None:
    keys = [str(n % 40) for n in range(1000)]
    value = majority_at_k(keys, [key == "0" for key in keys], 64)
    assert 0 < value < 1


@pytest.mark.parametrize(("keys", "right", "k"), [(["18"], [True], 2), (["18"], [True], 0), (["18"], [True, False], 1)])
def test_impossible_votes_are_refused(keys: list[str | None], right: list[bool], k: int) -> None:
    with pytest.raises(ValueError, match="1 <= k <= n"):
        majority_at_k(keys, right, k)
