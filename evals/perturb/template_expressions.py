"""The expressions of template files, evaluated without `eval`: exact, bounded, and refused with a reason.

Understood: numbers, strings, names, lists, + - * / // % **, comparisons, and/or/not, `x if c else y`, and calls of the
functions below. Everything else (attributes, subscripts, lambdas, comprehensions, keywords …) raises Refused, as does
what would cost time: texts beyond 2,000 characters, numbers beyond 40 digits, lists beyond 10,000 values, and more work than
the caller allows (`Work`). Numbers are exact: 0.1 is one tenth, `/` divides rationals, and a variable whose text is a number
or a share ("0.25", "1/3") is that number.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from typing import Any

from evals.perturb.numerals import decimal
from evals.perturb.variant import Refused

NO_VALUE = "an expression without a value"
"""The reason where another draw may do better."""
LONGEST = 2_000
LARGEST = 10**40
MOST_VALUES = 10_000

_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: Fraction(a) / Fraction(b),
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+|/0*[1-9][0-9]*)?")


class Work:
    """How much may still be computed: nodes of expressions, and values of lists that are looked at."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, units: int) -> None:
        """Raises Refused where it is used up."""
        self._left -= units
        if self._left < 0:
            raise Refused("too much work", "the template costs more than one should: rare conditions, or long lists")


def evaluate(expression: str | ast.expr, names: Mapping[str, Any], work: Work | None = None) -> Any:
    """The value of an expression. Raises Refused."""
    node = parsed(expression) if isinstance(expression, str) else expression
    with valued(expression):
        return _Evaluator(names, work or Work(MOST_VALUES)).value(node)


@contextmanager
def valued(expression: str | ast.expr) -> Iterator[None]:
    """What raises within has no value. Raises Refused."""
    try:
        yield
    except (ZeroDivisionError, TypeError, ValueError, IndexError, OverflowError, RecursionError) as error:
        text = expression if isinstance(expression, str) else ast.unparse(expression)
        raise Refused(NO_VALUE, f"{text[:80]!r}: {error}") from error


@lru_cache(maxsize=4096)
def mentioned(text: str) -> frozenset[str]:
    """The names in an expression, those of functions too. Raises Refused."""
    return frozenset(node.id for node in ast.walk(parsed(text)) if isinstance(node, ast.Name))


def written(value: Any) -> str:
    """A value as a text shows it: a number as a decimal that ends, else as a fraction."""
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return decimal(plain_number(value)) or str(value)
    return str(value)


@lru_cache(maxsize=4096)
def parsed(text: str) -> ast.expr:
    """The syntax tree of one expression. Raises Refused."""
    if len(text) > LONGEST:
        raise Refused("a hostile expression", f"{len(text)} characters, at most {LONGEST} are read")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Refused("an unreadable expression", f"{text[:80]!r}: {error}") from error


def is_numeral(text: str) -> bool:
    """Whether a variable's text is a number or a share: "0.25", "1/3"."""
    return _NUMBER.fullmatch(text) is not None


def plain_number(value: Any) -> int | Fraction:
    """An int where the value is whole. Raises Refused for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise Refused(NO_VALUE, f"{str(value)[:40]!r} is no number")
    return value.numerator if value.denominator == 1 else value


class _Evaluator:
    def __init__(self, names: Mapping[str, Any], work: Work) -> None:
        self.names = names
        self.work = work

    def value(self, node: ast.expr) -> Any:
        self.work.spend(1)
        match node:
            case ast.Constant(value=bool() | int() | str() as constant):
                return self._bounded(constant)
            case ast.Constant(value=float() as constant):
                return Fraction(str(constant))
            case ast.Name(id=name):
                return self._named(name)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self.value(item) for item in items]
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._power(self.value(left), self.value(right))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self._binary(type(op), self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._number(self.value(operand))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.value(operand)
            case ast.BoolOp(op=op, values=values):
                return (all if isinstance(op, ast.And) else any)(self.value(each) for each in values)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._compared(left, ops, comparators)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body if self.value(test) else orelse)
            case ast.Call(func=function, args=args, keywords=[]):
                return self._called(ast.unparse(function), [self.value(each) for each in args])
        raise Refused("a hostile expression", f"{ast.unparse(node)[:60]!r} is not understood here")

    def _named(self, name: str) -> Any:
        if name not in self.names:
            raise Refused("an unknown name", f"{name[:60]!r} is not defined")
        value = self.names[name]
        return self._bounded(Fraction(value)) if isinstance(value, str) and is_numeral(value) else value

    def _number(self, value: Any) -> Any:
        if not isinstance(value, int | Fraction):
            raise Refused(NO_VALUE, f"{str(value)[:40]!r} is no number")
        return value

    def _binary(self, op: type[ast.AST], left: Any, right: Any) -> Any:
        return self._bounded(_OPERATORS[op](self._number(left), self._number(right)))

    def _power(self, base: Any, exponent: Any) -> Any:
        if not isinstance(exponent, int) or abs(exponent) > 100 or abs(self._number(base)) > 10**6:
            raise Refused("a hostile expression", f"a power with exponent {str(exponent)[:20]}")
        return self._bounded(Fraction(base) ** exponent)

    def _bounded(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            value = value.numerator if value.denominator == 1 else value
        if isinstance(value, int | Fraction) and max(abs(value.numerator), value.denominator) > LARGEST:
            raise Refused("a hostile expression", "a number of more than 40 digits")
        return value

    def _compared(self, left: ast.expr, ops: Sequence[ast.cmpop], comparators: Sequence[ast.expr]) -> bool:
        value = self.value(left)
        for op, comparator in zip(ops, comparators, strict=True):
            if type(op) not in _OPERATORS:
                raise Refused("a hostile expression", f"{type(op).__name__} is not understood here")
            right = self.value(comparator)
            self.work.spend(_length(value) + _length(right))
            if not _OPERATORS[type(op)](value, right):
                return False
            value = right
        return True

    def _called(self, function: str, args: list[Any]) -> Any:
        if function in _FUNCTIONS:
            self.work.spend(sum(len(each) for each in args if isinstance(each, list | range | str)))
            result = self._bounded(_FUNCTIONS[function](*args))
            self.work.spend(_length(result))
            return result
        raise Refused("a hostile expression", f"the function {function[:40]!r} is not known here")


def _length(value: Any) -> int:
    """What making or comparing a value costs: a range is not listed."""
    return len(value) if isinstance(value, list | str) else 0


def span(*args: Any) -> range | list[Any]:
    """Integers, or with a fractional step, values from low below high."""
    low, high, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
    if not step or (high - low) / Fraction(step) > MOST_VALUES:
        raise Refused("a hostile expression", f"a range of more than {MOST_VALUES} values")
    if all(isinstance(each, int) for each in (low, high, step)):
        return range(low, high, step)
    count = max(0, math.ceil((high - low) / Fraction(step)))
    return [low + i * step for i in range(count)]


def _within(low: Any, high: Any) -> range | list[Any]:
    return span(low, high + 1)


def _divides(a: Any, b: Any) -> bool:
    """Whether `a` is a multiple of `b`: the order of GSM-Symbolic's files, divides(12, 4)."""
    return bool(b != 0 and a % b == 0)


def _whole(value: Any) -> bool:
    return Fraction(value).denominator == 1


def _ensured(value: Any) -> int:
    if not _whole(value):
        raise ValueError(f"{value} is not whole")
    return int(value)


def _rounded(value: Any, places: Any = 0) -> Any:
    if not isinstance(places, int) or abs(places) > 12:
        raise Refused("a hostile expression", f"rounding to {str(places)[:20]} places")
    return round(Fraction(value), places)


def _identity(value: Any, *_: Any) -> Any:
    return value


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "range": span, "range_list": span, "np.arange": span, "frange": span, "arange": span, "numbers_within": _within,
    "divides": _divides, "is_int": _whole, "ensure_int": _ensured, "int": lambda v: math.trunc(Fraction(v)), "float": Fraction, "abs": abs,
    "min": min, "max": max, "sum": sum, "len": len, "list": list, "round": _rounded,
    "math.ceil": lambda v: math.ceil(v), "math.floor": lambda v: math.floor(v), "ceil": lambda v: math.ceil(v),
    "floor": lambda v: math.floor(v), "fix_floats": _identity, "Fraction": Fraction, "bool": bool,
}  # fmt: skip
