"""Contamination: evaluation questions that were planted are found, whole or with light edits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.filters.contamination import EvaluationQuestions, Hit
from evals.filters.words import words
from evals.problems import generate

QUESTION = (
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends "
    "every day with four. She sells the remainder at the farmers' market daily for $2 per fresh duck egg."
)
SHORT = "What is 3 + 4?"
EVALUATION = EvaluationQuestions([("eggs", QUESTION), ("short", SHORT)])
word_lists = st.lists(st.sampled_from("abcd"), max_size=25)


def test_the_same_question_is_found_whatever_its_punctuation() -> None:
    assert EVALUATION.find("  JANET’S ducks lay 16 eggs per day; " + QUESTION[35:]) == Hit("eggs", 1.0)


def test_a_question_that_was_lightly_edited_is_found() -> None:
    edited = QUESTION.replace("Janet", "Maria").replace("16", "18").replace("$2", "$3")
    hit = EVALUATION.find(f"Solve this. {edited} How much does she make?")
    assert hit is not None
    assert hit.name == "eggs"
    assert 0 < hit.share < 1


def test_a_recitation_inside_a_solution_is_found() -> None:
    assert EVALUATION.find(f"We recall: {QUESTION[40:150]} So 9 * 2 = 18.") is not None


def test_a_short_question_is_found_only_whole() -> None:
    assert EVALUATION.find("what is 3+4") == Hit("short", 1.0)
    assert EVALUATION.find("Tell me: what is 3 + 4?") is None


def test_another_question_is_not_found() -> None:
    assert (
        EVALUATION.find("A farmer's hens lay 16 eggs a day, and he sells 9 of them for $2 each. What does he get?")
        is None
    )
    assert EVALUATION.find("") is None


def test_an_edit_hides_a_question_only_when_no_13_words_in_a_row_are_left() -> None:
    said = [f"w{i}" for i in range(26)]
    evaluation = EvaluationQuestions([("q", " ".join(said))])
    once = [*said[:13], "x", *said[14:]]
    assert evaluation.find(" ".join(once)) == Hit("q", 1 / 14)
    assert evaluation.find(" ".join([*said[:12], "x", *said[13:25], "x"])) is None


@given(st.lists(word_lists, max_size=5), word_lists, st.integers(1, 4))
def test_the_share_is_that_of_comparing_sets_of_ngrams(questions: list[list[str]], text: list[str], n: int) -> None:
    def grams(said: list[str]) -> set[tuple[str, ...]]:
        return {tuple(said[at : at + n]) for at in range(len(said) - n + 1)}

    evaluation = EvaluationQuestions([(str(i), " ".join(q)) for i, q in enumerate(questions)], n)
    shares = [
        1.0 if q == text else len(grams(q) & grams(text)) / len(grams(q))
        for q in questions
        if q and (grams(q) or q == text)
    ]
    hit = evaluation.find(" ".join(text))
    assert (hit.share if hit else 0.0) == pytest.approx(max(shares, default=0.0))


def test_every_one_of_many_questions_is_found_and_named() -> None:
    questions = {problem.row()["problem_id"]: problem.row()["question"] for problem in generate(300, 5)}
    evaluation = EvaluationQuestions(questions.items())
    assert len(evaluation) == len({tuple(words(text)) for text in questions.values()})
    for text in questions.values():
        hit = evaluation.find(text.upper())
        assert hit is not None
        assert hit.share == 1
        assert words(questions[hit.name]) == words(text)
