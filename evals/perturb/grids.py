"""The values that a number may take instead: as long, as round and in the same range as the one that is written.

Guarantees: whole numbers stay whole, decimals keep their places, percentages stay at most 100 where they were,
fractions stay proper and in lowest terms, multiples of 5, 10 and 100 stay such, no value is below 3 where it was
above 2, and a count of days in a week, hours in a day and the like stays possible. `comparable` keeps the digits
and the range from half to double; `larger` adds one or two digits.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from evals.perturb.arithmetic import Number, exact
from evals.perturb.linking import Value
from evals.perturb.mentions import Mention
from evals.perturb.numerals import in_words, places, write

Range = Literal["comparable", "larger"]

MOST_VALUES = 400
FEWEST_VALUES = 10
CAPS: dict[str, tuple[tuple[str, int], ...]] = {  # unit: (word that makes the cap real, the cap)
    "hour": (("day", 24), ("daily", 24), ("night", 12), ("week", 168)),
    "day": (("week", 7), ("month", 31), ("year", 365)),
    "minute": (("hour", 60),),
    "second": (("minute", 60),),
    "month": (("year", 12), ("month", 12)),
    "week": (("month", 4), ("year", 52)),
}
NO_CAP = 10**31
_AGE_WORDS = ("old", "age", "birthday", "older", "younger")


def grid(group: Sequence[Mention], value: Value, question: str, reach: Range) -> list[Value]:
    """Other values, and the old one, for the mentions of one quantity. Empty where there is no other."""
    if isinstance(value, tuple):
        return _fractions(value)
    scale = 10 ** max(places(mention.numeral.text) for mention in group) if isinstance(value, Fraction) else 1
    units = int(value * scale)
    if units != value * scale or units <= 2:
        return []
    low, high = _bounds(units, reach if scale == 1 and not _is_capped(group, value, question) else "comparable")
    cap = min((_cap(mention, value, question) for mention in group), default=None)
    if cap is not None:
        high = min(high, math.floor(cap * scale))
    values = [exact(Fraction(v, scale)) for v in _steps(low, high, _roundness(units, low, high))]
    return [v for v in values if all(write(m.numeral, v) is not None and _same_look(m, v) for m in group)]


def _bounds(units: int, reach: Range) -> tuple[int, int]:
    digits = len(str(units))
    if reach == "larger":
        return 10**digits + 1, min(units * 100, 10 ** (digits + 1) * 5)
    low, high = max(3, (units + 1) // 2), units * 2
    return max(low, 10 ** (digits - 1)), min(high, 10**digits - 1)


def _roundness(units: int, low: int, high: int) -> int:
    """The largest of 1, 5, 10, 50, 100 … that divides the number and leaves a dozen values in the range."""
    sizes = [size * int(10**k) for k in range(12) for size in (1, 5)]
    return max(size for size in sizes if size == 1 or (units % size == 0 and (high - low) // size >= FEWEST_VALUES))


def _steps(low: int, high: int, step: int) -> list[int]:
    first = -(-low // step) * step
    count = (high - first) // step + 1
    stride = step * max(1, -(-count // MOST_VALUES))
    return list(range(first, high + 1, stride))


def _same_look(mention: Mention, value: Number) -> bool:
    """A decimal stays a decimal; a word stays a short word."""
    if isinstance(mention.value, Fraction):
        return isinstance(value, Fraction)
    return not mention.numeral.words or len(in_words(int(value))) < 18 or mention.value > 100


def _is_capped(group: Sequence[Mention], value: Number, question: str) -> bool:
    return any(_cap(mention, value, question) < NO_CAP for mention in group)


def _cap(mention: Mention, value: Number, question: str) -> Number:
    """The largest possible value: the smallest cap of its unit that the old value keeps to."""
    lowered = question.lower()
    if mention.numeral.percent:
        return NO_CAP if value > 100 else 100 if value > 95 else 95
    if value <= 99 and mention.unit in ("year", "") and any(word in lowered for word in _AGE_WORDS):
        return 99
    caps = [cap for word, cap in CAPS.get(mention.unit, ()) if word in lowered and value <= cap]
    return min(caps, default=NO_CAP)


def _fractions(value: tuple[int, int]) -> list[Value]:
    """Fractions of the same kind: 1/b with 1/b, a/b in lowest terms with the same, denominators up to 12."""
    top, bottom = value
    if math.gcd(top, bottom) > 1 or bottom > 12:
        return []
    if top == 1:
        return [(1, b) for b in range(max(3, bottom // 2), min(12, bottom * 2) + 1)] if bottom > 2 else []
    return [(a, b) for b in range(3, 13) for a in range(2, b) if math.gcd(a, b) == 1]
