"""The probability of yes, read from the likeliest next tokens."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.genrm import MOST, TOLERANCE, p_yes, verification_prompt, verified

YES_NO = ("Yes", "No")


def top(**probabilities: float) -> list[tuple[str, float]]:
    return [(text.replace("_", " "), log(p)) for text, p in probabilities.items()]


def test_it_is_the_share_of_yes_among_yes_and_no_however_likely_both_are() -> None:
    assert p_yes(top(The=0.9, Yes=0.03, No=0.01), YES_NO) == pytest.approx(0.75)


def test_cases_and_the_space_before_a_word_are_one_answer_and_longer_words_are_none() -> None:
    assert p_yes(top(Yes=0.3, _yes=0.2, YES=0.1, _No=0.2, Nobody=0.2), YES_NO) == pytest.approx(0.75)


def test_an_answer_that_is_too_unlikely_to_be_listed_counts_nothing() -> None:
    assert p_yes(top(Yes=0.9, The=0.09, It=0.001), YES_NO) == 1.0
    assert p_yes(top(No=0.9999), YES_NO) == 0.0


def test_where_an_answer_that_is_not_listed_could_matter_the_score_is_unknown() -> None:
    assert p_yes(top(The=0.7, Yes=0.2, It=0.05), YES_NO) is None


def test_a_model_that_says_something_else_is_unknown() -> None:
    assert p_yes(top(**{"<think>": 1.0}), YES_NO) is None
    assert p_yes([], YES_NO) is None


@given(st.lists(st.floats(-12, 12), min_size=2, max_size=60), st.integers(1, MOST))
def test_a_score_that_is_known_is_that_of_the_whole_distribution(logits: list[float], told: int) -> None:
    total = sum(map(exp, logits))
    texts = ["Yes", "No", *(f"word{place}" for place in range(len(logits) - 2))]
    whole = sorted(zip(texts, (logit - log(total) for logit in logits), strict=True), key=lambda pair: -pair[1])
    score = p_yes(whole[:told], YES_NO)
    yes, no = exp(logits[0]), exp(logits[1])
    assert score is None or abs(score - yes / (yes + no)) <= TOLERANCE + 1e-9
    if {"Yes", "No"} <= {text for text, _ in whole[:told]}:
        assert score is not None


@given(st.lists(st.tuples(st.text(max_size=4), st.floats(max_value=0)), max_size=MOST))
def test_no_alternatives_raise_and_a_score_is_a_probability(alternatives: list[tuple[str, float]]) -> None:
    score = p_yes(alternatives, YES_NO)
    assert score is None or 0 <= score <= 1


def test_the_prompt_shows_problem_and_solution_and_ends_with_the_question_or_asks_for_checks_alone() -> None:
    direct, checks = (verification_prompt("How many?", ["1 + 1 = 2\n", "#### 2\n"], YES_NO, asks) for asks in (0, 1))
    assert all("How many?" in prompt and "1 + 1 = 2\n#### 2" in prompt for prompt in (direct, checks))
    assert direct.endswith("Is the answer correct (Yes/No)? Reply with one word: Yes or No.")
    assert "Yes" not in checks


def test_it_is_asked_behind_a_rationale_that_was_finished_alone() -> None:
    assert verified("It holds.\n", "stop", ("+", "-")) == "It holds.\n\nIs the answer correct (+/-)?"
    assert verified("It ho", "length", YES_NO) is None
    assert verified("<think>Hm", "stop", YES_NO) is None
    assert verified(" \n", "stop", YES_NO) is None
