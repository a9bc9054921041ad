"""Numbers in words, against cardinals written independently of the parser."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.number_words import words_at
from evals.rationals import parse_number


@pytest.mark.parametrize(
    ("text", "value", "end"),
    [
        ("eight apples", 8, 5),
        ("a hundred and five", 105, 18),
        ("two and a half", Fraction(5, 2), 14),
        ("three quarters", Fraction(3, 4), 14),
        ("half of it", Fraction(1, 2), 4),
        ("minus three", -3, 11),
    ],
)
def test_a_number_is_read_up_to_its_last_word(text: str, value: Fraction, end: int) -> None:
    assert words_at(text, 0) == (value, end)


@pytest.mark.parametrize(
    "text", ["three four", "twenty-fifth", "twenty twelve", "million million", "the eighth", "oneself"]
)
def test_words_that_make_no_number_have_no_value(text: str) -> None:
    assert parse_number(text) is None


@given(st.integers(0, 10**15 - 1))
def test_a_number_in_words_is_read_back(value: int) -> None:
    assert parse_number(in_words(value)) == value


def in_words(value: int) -> str:
    """English cardinals, written independently of the parser."""
    small = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen"
    )
    tens = "twenty thirty forty fifty sixty seventy eighty ninety"
    if value < 20:
        return small.split(" ")[value]
    if value < 100:
        rest = value % 10
        return tens.split(" ")[value // 10 - 2] + (f"-{in_words(rest)}" if rest else "")
    scales = {10**12: "trillion", 10**9: "billion", 10**6: "million", 1000: "thousand", 100: "hundred"}
    size, name = next((size, name) for size, name in scales.items() if value >= size)
    head, rest = divmod(value, size)
    joint = " and " if size == 100 else " "
    return f"{in_words(head)} {name}" + (joint + in_words(rest) if rest else "")
