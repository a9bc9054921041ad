"""Verdicts: which answers are the same, which cannot be decided; agreement with 5,276 graded outputs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.answers import Grade, Verdict, answer_key, compare, extract, grade_exactly, parse_number

OUTPUTS = Path(__file__).parents[2].parent / "shared/data/gsm8k_example_model_solutions.jsonl"
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")

SAME = [
    ("18", "18.00"), ("$18", "18 dollars"), ("1,234", "1234"), ("1/2", "0.5"), (r"\frac{1}{2}", "0.5"),
    ("eight", "8"), ("3 hours (180 minutes)", "3"), ("1.5 million", "1,500,000"), ("10%", "10"),
    ("10%", "0.1"), ("25%", r"\frac14"), ("x + 1", "x+1"), ("Evelyn", "evelyn"), (r"\text{even}", "even"),
    ("−3", "-3"), ("(1, 2)", "(1,2)"),
]  # fmt: skip
DIFFERENT = [
    ("123456", "123457"), ("3", "-3"), ("0.333333", "1/3"), ("10%", "0.1%"), ("1000%", "1"),
    ("180 minutes", "3 hours"), ("yes", "no"), ("no idea", "18"), ("10+John's age", "50"),
    ("Eve", "Evelyn"), ("1e3", "100"),
]  # fmt: skip
AMBIGUOUS = [("either 5 or 7 apples", "7"), ("3 hours and 20 minutes", "20"), ("it is Evelyn", "Evelyn")]
SYMBOLIC = [
    ("x+1", "1+x"),
    ("(1,2)", "(2,1)"),
    ("2x", "18"),
    ("3+5", "8"),
    (r"2\sqrt{3}", r"\sqrt{12}"),
    ("AB", "BA"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_answers_of_one_value_are_the_same(one: str, other: str) -> None:
    assert compare(one, other) is Verdict.correct


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_answers_of_different_values_differ(one: str, other: str) -> None:
    assert compare(one, other) is Verdict.wrong


@pytest.mark.parametrize(("one", "other"), AMBIGUOUS)
def test_several_answers_in_one_are_unknown(one: str, other: str) -> None:
    assert compare(one, other) is Verdict.unknown


@pytest.mark.parametrize(("one", "other"), SYMBOLIC)
def test_formulas_are_left_to_a_symbolic_checker(one: str, other: str) -> None:
    assert compare(one, other) is None


ANSWERS = st.one_of(
    st.text(max_size=30),
    st.sampled_from([text for pair in SAME + DIFFERENT + AMBIGUOUS + SYMBOLIC for text in pair]),
    st.fractions(max_denominator=50).map(str),
    st.integers(-200, 200).map(lambda n: f"{n}%"),
)


@given(ANSWERS, ANSWERS)
def test_compare_is_symmetric(one: str, other: str) -> None:
    assert compare(one, other) is compare(other, one)


@given(ANSWERS)
def test_compare_is_reflexive(text: str) -> None:
    assert compare(text, text) is Verdict.correct


@given(ANSWERS, ANSWERS)
def test_answers_with_one_key_are_the_same(one: str, other: str) -> None:
    assert answer_key(one) != answer_key(other) or compare(one, other) is Verdict.correct


@given(st.text(), st.text(), st.sampled_from(["stop", "length", "error"]))
def test_no_text_raises(text: str, gold: str, finish_reason: str) -> None:
    grade_exactly(text, gold, finish_reason)


def test_a_key_is_the_value_and_not_the_spelling() -> None:
    assert {answer_key(text) for text in ("0.5", "1/2", r"\frac{1}{2}", "$0.50", "half")} == {"1/2"}
    assert answer_key("x + 1") == answer_key("x+1") != answer_key("1+x")


def test_a_grade_says_what_it_was_reached_on() -> None:
    assert grade_exactly("so\n#### $18", "18") == Grade(Verdict.correct, "$18", "exact", "hashes")
    assert grade_exactly(r"\boxed{17}", "18") == Grade(Verdict.wrong, "17", "exact", "boxed")


def test_a_finished_text_without_an_answer_is_wrong_and_counted_apart() -> None:
    assert grade_exactly("I do not know.", "18") == Grade(Verdict.wrong, None, "no_answer")
    assert grade_exactly("<think>it is 18", "18") == Grade(Verdict.wrong, None, "no_answer")


@pytest.mark.parametrize("text", ["", "so 18 and then", "#### 18", "The answer is 18.", "<think>#### 18\n", "A: 18"])
def test_a_truncated_text_is_unknown(text: str) -> None:
    assert grade_exactly(text, "18", "length") == Grade(Verdict.unknown, None, "truncated")


@pytest.mark.parametrize("text", [r"\boxed{18}", "#### 18\n\nQ: And", "The answer is 18. I ho", "so 18\n\nQ: And 7"])
def test_an_answer_that_was_finished_before_the_budget_ran_out_counts(text: str) -> None:
    grade = grade_exactly(text, "18", "length")
    assert grade is not None
    assert grade.verdict is Verdict.correct


def test_the_strict_style_gives_no_answer_where_the_flexible_one_does() -> None:
    assert grade_exactly("The answer is 18.", "18", style="strict") == Grade(Verdict.wrong, None, "no_answer")
    assert extract("The answer is 18.", "strict") is None


@pytest.mark.parametrize("gold", ["", "  ", "$$", "."])
def test_an_empty_gold_makes_nothing_wrong(gold: str) -> None:
    assert grade_exactly("#### 18", gold) == Grade(Verdict.unknown, "18", "unparsable_gold")


def test_a_request_that_failed_is_unknown() -> None:
    assert grade_exactly("", "18", "error") == Grade(Verdict.unknown, None, "error")


EXPLAINED: dict[tuple[int, str], str] = {}
"""(row, model) -> why the recorded flag or the verdict is off. There is none at present."""

REWRITTEN = {
    "as recorded": "A: {}",
    "hashes": "#### {}",
    "boxed": r"So we get \boxed{{{} \text{{ dollars}}}}.",
    "tag": "<answer>{}</answer>",
    "sentence": "The final answer is ${}. I hope it is correct.",
    "bold": "**Answer:** **{} dollars** (in 2 days)",
    "next question": "#### {}\n\nQ: John has 7 apples.\nA: 7",
    "decimals": "The answer is: {}.00",
}


def real_outputs() -> Iterator[tuple[int, str, str, str, bool]]:
    """(row, model, solution, gold, recorded flag)"""
    with OUTPUTS.open() as lines:
        for row, record in enumerate(map(json.loads, lines)):
            for model in MODELS:
                solution = record[model]
                yield (
                    row,
                    model,
                    solution["solution"],
                    record["ground_truth"].rpartition("A: ")[2],
                    solution["is_correct"],
                )


@pytest.mark.skipif(not OUTPUTS.is_file(), reason=f"the graded model outputs are not at {OUTPUTS}")
@pytest.mark.parametrize("form", REWRITTEN)
def test_verdicts_agree_with_the_recorded_flags_of_real_outputs(form: str) -> None:
    """Also with the answers rewritten in other forms. Eleven break off before they answer: all recorded as wrong."""
    disagreements, outputs = set(), 0
    for row, model, solution, gold, recorded in real_outputs():
        worked, _, answer = solution.rpartition("A: ")
        digits = parse_number(answer) is not None and "/" not in answer and "." not in answer
        if worked and (digits or form != "decimals"):
            solution = worked + REWRITTEN[form].format(answer)
        grade = grade_exactly(solution, gold)
        assert grade is not None, (row, model)
        outputs += 1
        if (grade.verdict is Verdict.correct) != recorded:
            disagreements.add((row, model))
    assert outputs == 5276
    assert disagreements == set(EXPLAINED)
    assert len(EXPLAINED) <= 10
