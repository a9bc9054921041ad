"""Arithmetic of annotations, against Fractions computed by the test."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.perturb.arithmetic import ArithmeticSyntaxError, number, parse


def value(text: str) -> Fraction:
    expression = parse(text)
    return Fraction(expression.evaluate(expression.values)[-1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20*3/100", Fraction(3, 5)),
        ("(60-20%*5)/3", Fraction(59, 3)),
        ("1,250.50 + $.5", 1251),
        ("4(2)", 8),
        ("12 − 5 × 2 ÷ 4", Fraction(19, 2)),
        ("½*10", 5),
        ("-3+-2", -5),
    ],
)
def test_arithmetic_is_exact(text: str, expected: Fraction) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1+",
        "2**3",
        "x*2",
        "(1",
        "1)",
        "1,23",
        "9" * 41,
        "(" * 31 + "1" + ")" * 31,
        "1+" * 200 + "1",
        "__import__('os')",
    ],
)
def test_what_is_no_arithmetic_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ArithmeticSyntaxError):
        parse(text)


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 999)), max_size=12), st.integers(0, 999))
def test_precedence_is_that_of_python(tail: list[tuple[str, int]], head: int) -> None:
    terms = [[Fraction(head)]]
    for sign, operand in tail:
        if sign == "*":
            terms[-1].append(Fraction(operand))
        else:
            terms.append([Fraction(operand if sign == "+" else -operand)])
    expected = Fraction(0)
    for factors in terms:
        product = Fraction(1)
        for factor in factors:
            product *= factor
        expected += product
    assert value(f"{head}" + "".join(f"{sign}{operand}" for sign, operand in tail)) == expected


def test_a_single_number_is_read_with_sign_and_commas() -> None:
    assert number("-1,200.50") == Fraction(-2401, 2)
    with pytest.raises(ArithmeticSyntaxError):
        number("3+4")
