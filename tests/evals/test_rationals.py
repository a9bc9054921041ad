"""Exact numbers in text: a table of what is read, a table of what is refused, properties."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.rationals import number_words, numbers, parse_number, plain, whole_number

HALF = Fraction(1, 2)

READ = {
    r"1,\!234": 1234, r"18\,\text{cm}^2": 18, r"18\text{ cm}^{2}": 18,
    "18": 18, "00018": 18, "18.": 18, "18...": 18, "+7": 7, ".5": HALF, "7.50": Fraction(15, 2),
    "1,234": 1234, "1,234.5": Fraction(2469, 2), "109,200,000": 109_200_000, "1{,}234": 1234,
    r"1\,234": 1234, "1\u202f234": 1234, "-3": -3, "\u22123": -3, "\u20133": -3, "- 3": -3, "-$5": -5,
    "$-5": -5, "(5)": None, "$18.00": 18, "$18$": 18, r"\$18": 18, "$18$ dollars": 18, "18$": 18, "US$5": 5,
    "€5.20": Fraction(26, 5), "1/2": HALF, "-1/2": -HALF, "2 1/2": Fraction(5, 2),
    "-2 1/2": Fraction(-5, 2), "½": HALF, "2½": Fraction(5, 2), r"\frac{1}{2}": HALF, r"\dfrac{1}{2}": HALF,
    r"\frac12": HALF, r"-\frac{3}{4}": Fraction(-3, 4), r"\frac{-3}{4}": Fraction(-3, 4),
    r"1\frac{1}{2}": Fraction(3, 2), r"$\frac{1}{2}$": HALF, "1e3": 1000, "1.2E-2": Fraction(3, 250),
    r"1.5 \times 10^{3}": 1500, "1.5 x 10^3": 1500, "2*10**3": 2000, "1.5 million": 1_500_000,
    "5 hundred": 500, "2 billion dollars": 2 * 10**9, "eight": 8, "Twenty-five": 25,
    "one hundred and five": 105, "two thousand five hundred": 2500, "two million": 2_000_000,
    "two and a half": Fraction(5, 2), "three quarters": Fraction(3, 4), "half": HALF,
    "one third": Fraction(1, 3), "a hundred": 100, "negative five": -5, "eight apples": 8,
    "18 and a half": Fraction(37, 2), "18 dollars": 18, r"18 \text{ dollars}": 18, "18 eggs a day": 18,
    "60 km/h": 60, "5 cm^2": 5, "12 square feet": 12, "3 hours (180 minutes)": 3, "5 (approximately)": 5,
    "10am": 10, "5th": 5, "20°C": 20, r"20^\circ": 20, "5 m": 5, "**18**": 18, "about 18": 18,
    "approximately $3.33": Fraction(333, 100), "~18": 18, "= 18": 18, "10%": 10, r"10\%": 10, "１８": 18,
    "1e999": Fraction(10) ** 999,
}  # fmt: skip

REFUSED = [
    "", " ", "-", "$", "x", "1/0", r"\frac{1}{0}", "1,23", "1,234,56", "1.234,56", "1 234", "3:30",
    "12/25/2020", "5-3", "3 + 4", "2**3", "2^3", "2x", "2 \\pi", r"2\sqrt{3}", "5(x+1)", "5 (x+1)", "(1,2)",
    "18, 20", "5 to 7", "3 5/2", "5 and 7", "3 hours and 20 minutes", "three four", "twenty-fifth",
    "10+John's age", "9" * 5000, "18k", "\x00", "\\", "three hundred million billion", "twenty twelve",
    "5 six",
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_a_number_is_read_exactly(text: str, value: Fraction | None) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_one_number_has_no_value(text: str) -> None:
    assert parse_number(text) is None


def test_a_percent_gives_its_figure_and_says_so() -> None:
    number = whole_number("12.5 %")
    assert number is not None
    assert (number.value, number.percent) == (Fraction(25, 2), True)


def test_neighbouring_big_numbers_stay_apart() -> None:
    assert parse_number("123456") != parse_number("123457")


FORMS = {
    "plain": lambda n, d: f"{n}/{d}",
    "latex": lambda n, d: ("-" if n < 0 else "") + rf"\frac{{{abs(n)}}}{{{d}}}",
    "dollars": lambda n, d: f"$\\dfrac{{{n}}}{{{d}}}$",
    "bold": lambda n, d: f"**{n}/{d}**",
    "minus": lambda n, d: f"{n}/{d}".replace("-", "\u2212"),
    "unit": lambda n, d: f"{n}/{d} pounds",
}


@given(st.fractions(), st.sampled_from(sorted(FORMS)))
def test_a_fraction_in_any_form_is_read_back(value: Fraction, form: str) -> None:
    assert parse_number(FORMS[form](value.numerator, value.denominator)) == value


@given(
    st.integers(-(10**30), 10**30),
    st.integers(0, 12),
    st.sampled_from(["{}", "${}", "{} eggs", "**{}**", "{}."]),
)
def test_a_decimal_in_any_form_is_read_back(digits: int, places: int, form: str) -> None:
    sign, magnitude = "-" if digits < 0 else "", abs(digits)
    whole, part = divmod(magnitude, 10**places)
    text = f"{sign}{whole:,}" + (f".{part:0{places}d}" if places else "")
    assert parse_number(form.format(text)) == Fraction(digits, 10**places)


@given(st.lists(st.integers(-(10**6), 10**6), max_size=6))
def test_numbers_in_a_sentence_are_found_in_order(values: list[int]) -> None:
    text = " then ".join(f"{value:,} eggs" for value in values)
    assert [number.value for number in numbers(text)] == values


@given(st.text())
def test_no_text_raises(text: str) -> None:
    parse_number(text)
    list(numbers(plain(text)))
    list(number_words(text))


@given(st.text(alphabet="0123456789,./-+$%{}\\frac ^*xe()½", max_size=60))
def test_no_text_made_of_number_signs_raises(text: str) -> None:
    parse_number(text)
    list(numbers(plain(text)))
