"""Arithmetic as annotated solutions write it (`20*3/100`), parsed and evaluated in exact rationals.

    >>> expression = parse("(60 - 20%*5)/3")
    >>> expression.evaluate(expression.values)[-1]
    Fraction(59, 3)

Guarantees: no rounding; nothing but + - * / ( ) % and decimal numbers is understood, everything else raises
ArithmeticSyntaxError with the place; a text is refused before it can cost time: at most 300 characters, 40
digits a number, 30 parentheses in each other. Unicode signs (× ÷ − and the vulgar fractions) are read.
Not covered: powers, variables, functions.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Number = int | Fraction
"""An exact number: an int where it is whole, so that the usual case stays fast."""

LONGEST_TEXT = 300
LONGEST_NUMBER = 40
DEEPEST = 30

_SIGNS = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-", "⁄": "/", "％": "%", "\u00a0": " ", "[": "(", "]": ")"})
_VULGAR = {"½": "(1/2)", "⅓": "(1/3)", "⅔": "(2/3)", "¼": "(1/4)", "¾": "(3/4)", "⅕": "(1/5)", "⅛": "(1/8)"}
_TOKEN = re.compile(r"\s*(?:\$?(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)|(?P<sign>[-+*/()%]))")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


class ArithmeticSyntaxError(ValueError):
    """A text that is no arithmetic of this module: what stands where."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Arithmetic in postfix order: an index into the literals, or an operator; "~" is the unary minus."""

    program: tuple[int | str, ...]
    values: tuple[Number, ...]
    """The literals' values, left to right."""
    spans: tuple[tuple[int, int], ...]
    """Where each literal stands in the text."""

    def evaluate(self, values: Sequence[Number]) -> list[Number]:
        """Every partial result in order, the value of the whole last. Raises ZeroDivisionError."""
        stack: list[Number] = []
        results: list[Number] = []
        for item in self.program:
            if isinstance(item, int):
                stack.append(values[item])
                continue
            right = stack.pop()
            result = _unary(item, right) if item in "~%" else _binary(item, stack.pop(), right)
            stack.append(result)
            results.append(result)
        return results or stack


def parse(text: str) -> Expression:
    """Raises ArithmeticSyntaxError."""
    return _Parser(text).parse()


def number(text: str) -> Number:
    """One number with an optional sign, thousands commas and decimals. Raises ArithmeticSyntaxError."""
    expression = parse(text)
    if len(expression.values) != 1 or any(item not in (0, "~") for item in expression.program):
        raise ArithmeticSyntaxError(f"{text[:60]!r} is no single number")
    return expression.evaluate(expression.values)[-1]


def exact(value: Fraction) -> Number:
    """An int where the value is whole."""
    return value.numerator if value.denominator == 1 else value


def divide(left: Number, right: Number) -> Number:
    """The exact quotient. Raises ZeroDivisionError."""
    if isinstance(left, int) and isinstance(right, int) and right:
        quotient, rest = divmod(left, right)
        return Fraction(left, right) if rest else quotient
    return exact(Fraction(left) / Fraction(right))


def _unary(sign: str, value: Number) -> Number:
    return -value if sign == "~" else divide(value, 100)


def _binary(sign: str, left: Number, right: Number) -> Number:
    if sign == "/":
        return divide(left, right)
    result = left + right if sign == "+" else left - right if sign == "-" else left * right
    return result if isinstance(result, int) else exact(result)


class _Parser:
    """Recursive descent: sum of products of signed atoms, each with percent signs behind it."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_TEXT:
            raise ArithmeticSyntaxError(f"{len(text)} characters of arithmetic, at most {LONGEST_TEXT} are read")
        if any(sign in text for sign in _VULGAR):
            text = "".join(_VULGAR.get(sign, sign) for sign in text)
        self.text = text.translate(_SIGNS)
        self.tokens = self._tokens()
        self.at = 0
        self.depth = 0
        self.program: list[int | str] = []
        self.values: list[Number] = []
        self.spans: list[tuple[int, int]] = []

    def _tokens(self) -> list[tuple[str, int, int]]:
        tokens, position, text = [], 0, self.text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ArithmeticSyntaxError(f"{text[position : position + 20].strip()!r} is no arithmetic")
            name = "number" if match["number"] else "sign"
            tokens.append((match[name], match.start(name), match.end(name)))
            position = match.end()
        return tokens

    def parse(self) -> Expression:
        self._sum()
        if self.at < len(self.tokens):
            raise ArithmeticSyntaxError(f"{self._peek()!r} was not expected in {self.text[:60]!r}")
        return Expression(tuple(self.program), tuple(self.values), tuple(self.spans))

    def _peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _sum(self) -> None:
        self._product()
        while (sign := self._peek()) in ("+", "-"):
            self.at += 1
            self._product()
            self.program.append(sign)

    def _product(self) -> None:
        self._signed()
        while (sign := self._peek()) in ("*", "/", "("):
            self.at += sign != "("  # 4(2) is a product
            self._signed()
            self.program.append("/" if sign == "/" else "*")

    def _signed(self) -> None:
        minus = False
        while (sign := self._peek()) in ("+", "-"):
            minus ^= sign == "-"
            self.at += 1
        self._atom()
        while self._peek() == "%":
            self.at += 1
            self.program.append("%")
        if minus:
            self.program.append("~")

    def _atom(self) -> None:
        if self.at >= len(self.tokens):
            raise ArithmeticSyntaxError(f"{self.text[:60]!r} ends where a number was expected")
        token, start, end = self.tokens[self.at]
        self.at += 1
        if token == "(":
            self.depth += 1
            if self.depth > DEEPEST:
                raise ArithmeticSyntaxError(f"more than {DEEPEST} parentheses in each other")
            self._sum()
            if self._peek() != ")":
                raise ArithmeticSyntaxError(f"a parenthesis is not closed in {self.text[:60]!r}")
            self.at += 1
            self.depth -= 1
        elif token[0].isdigit() or token[0] == ".":
            self.program.append(len(self.values))
            self.values.append(_literal(token))
            self.spans.append((start, end))
        else:
            raise ArithmeticSyntaxError(f"{token!r} where a number was expected in {self.text[:60]!r}")


def _literal(token: str) -> Number:
    if len(token) > LONGEST_NUMBER:
        raise ArithmeticSyntaxError(f"a number of {len(token)} digits, at most {LONGEST_NUMBER} are read")
    if "," in token and not _GROUPED.fullmatch(token):
        raise ArithmeticSyntaxError(f"{token!r}: commas do not group thousands")
    return exact(Fraction(token.replace(",", "")))
