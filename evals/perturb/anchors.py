"""Constants that a word stands for: "twice" is 2, an hour is 60 minutes, a percentage is of 100.

Guarantees: a constant is offered only where the question says the word, and for a unit only where the other unit
is said too, in the question or in the line of the solution that uses it. `silent_counts` are counts that a text
implies without saying them (named days, named people); they are never a source, they only cast doubt.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from evals.perturb.arithmetic import Number, exact


@dataclass(frozen=True, slots=True)
class Constant:
    """A value and the words that anchor it."""

    value: Number
    anchor: str


def possible_constants(question: str, line: str) -> dict[Number, Constant]:
    """By value: conversions of which at least one unit is said. They only cast doubt on another source."""
    known = _unit_words(question) | _unit_words(line)
    return {
        value: Constant(value, f"{large} = {value} {small}")
        for value, small, large in _RATIOS
        if (small in known or large in known) and (small in known or large not in _NEEDS_BOTH)
    }


def constants(question: str, line: str) -> dict[Number, Constant]:
    """By value: what the question's words stand for, where `line` of the solution uses it."""
    return _said(question) | _units(question, _unit_words(question), _unit_words(line))


@lru_cache(maxsize=4096)
def silent_counts(question: str) -> frozenset[int]:
    """Counts from 3 to 12 that the text implies: named weekdays, their ranges, people, lists."""
    days = list(dict.fromkeys(day.lower() for day in _DAY.findall(question)))
    counts = {len(days), 7 - len(days)} if days else set()
    for first, last in _DAY_RANGE.findall(question):
        span = (_DAYS.index(last.lower()) - _DAYS.index(first.lower())) % 7
        counts |= {span, span + 1, 6 - span}
    if re.search(r"\bweek(?:day|end)s?\b|\bwork(?:ing)? ?(?:day|week)s?\b|\bschool (?:day|week)s?\b", question, re.I):
        counts |= {2, 5}
    names = set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+\b", question)) - {day.capitalize() for day in days}
    if len(names) > 1 and re.search(r"\b(?:each|every|equally|split|share|average|apiece|all)\b", question):
        counts |= {len(names), len(names) + 1}
    for listed in _LIST.findall(question):
        separators = len(re.findall(r",|\b(?:and|or)\b", re.sub(r", (?:and|or)\b", ",", listed)))
        counts |= {separators + 1} if separators > 1 else set()
    return frozenset(count for count in counts if 3 <= count <= 12)


_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAY = re.compile(rf"\b({'|'.join(_DAYS)})s?\b", re.I)
_DAY_RANGE = re.compile(rf"\b({'|'.join(_DAYS)})s?\s?(?:to|through|thru|until|till|[-–])\s?({'|'.join(_DAYS)})", re.I)
_LIST = re.compile(r"(?:[\w'’]+(?: [\w'’]+){0,2}, ){1,8}(?:and |or )?(?:[\w'’]+ ){0,2}(?:and|or) [\w'’]+")

_HALF, _THIRD, _QUARTER = Fraction(1, 2), Fraction(1, 3), Fraction(1, 4)
_WORDS: list[tuple[str, tuple[Number, ...]]] = [
    (r"twice|double[sd]?|doubling|two times|again as (?:many|much)", (2,)),
    (r"thrice|triple[sd]?|tripling", (3,)),
    (r"quadruple[sd]?|quadrupling", (4,)),
    (r"half|halve[sd]?|halves|halfway|halving|midway", (2, _HALF, 50)),
    (r"(?:one|a)[ -]third", (3, _THIRD, Fraction(2, 3), 2)),
    (r"(?:two|2)[ -]thirds", (3, 2, Fraction(2, 3), _THIRD, 1)),
    (r"(?:one|a)[ -](?:quarter|fourth)", (4, _QUARTER, 25, Fraction(3, 4), 75)),
    (r"(?:three|3)[ -](?:quarters|fourths)", (4, 3, _QUARTER, 25, Fraction(3, 4), 75)),
    (r"(?:one|a)[ -]fifth", (5, Fraction(1, 5), Fraction(4, 5), 20, 80)),
    (r"(?:one|a)[ -]sixth", (6,)),
    (r"(?:one|an)[ -]eighth", (8, Fraction(1, 8))),
    (r"(?:one|a)[ -]tenth", (10, Fraction(1, 10), Fraction(9, 10))),
    (r"dozens?", (12,)),
    (r"couples?|pairs?|both|twins?|two|each other|either side", (2,)),
    (r"triplets?", (3,)),
    (r"decades?", (10,)),
    (r"century|centuries", (100,)),
    (r"fortnights?|biweekly", (14, 2)),
    (r"percent|per cent|percentage|%", (100, 1)),
    (r"nickels?", (5, Fraction(1, 20))),
    (r"dimes?", (10, Fraction(1, 10))),
    (r"quarters", (25, _QUARTER)),
    (r"penny|pennies", (1, Fraction(1, 100))),
    (r"(?:[0-9]|one|two|three|four)/(?:[0-9]+)|half|third|quarter|fourth|fifth|tenth", (1,)),
    (r"(?:half[ -](?:an|of an|hours?)|half[ -]hours?)[ -]?(?:hours?)?", (30,)),
    (r"quarter[ -](?:of an )?hours?", (15,)),
    (r"(?:and|one) a half|half (?:more|again)|time-and-a-half|1 1/2", (Fraction(3, 2),)),
    (r"no|none|nothing|zero", (0,)),
    (r"another|an additional|an extra|next year|last year|one (?:more|less|fewer)", (1,)),
    (
        r"(?:his|her|their|my|the) (?:\w+ )?(?:brother|sister|friend|wife|husband|partner|spouse|cousin|roommate|mother|"
        r"father|mom|dad|girlfriend|boyfriend)|round[ -]trip|and back|each way|both ways",
        (2,),
    ),
]
_LEXICON = [(re.compile(rf"(?<![\w-])(?:{words})(?![A-Za-z])" if "%" not in words else words, re.I), values)
            for words, values in _WORDS]  # fmt: skip

_UNIT_WORDS = {
    "second": r"seconds?|secs?", "minute": r"minutes?|mins?|(?:half|an)[ -]hour", "hour": r"hours?|hrs?|hourly|mph",
    "day": r"days?|daily|everyday|overnight", "week": r"weeks?|weekly|biweekly", "month": r"months?|monthly",
    "year": r"years?|yearly|annual|annually|yrs?", "inch": r"inch|inches", "foot": r"foot|feet|ft", "yard": r"yards?",
    "mile": r"miles?|mph", "ounce": r"ounces?|oz", "pound": r"pounds?|lbs?", "ton": r"tons?",
    "gram": r"grams?|g", "milligram": r"milligrams?|mg", "kilogram": r"kilograms?|kgs?|kilos?", "meter": r"meters?|metres?|m",
    "kilometer": r"kilometers?|kilometres?|kms?", "centimeter": r"centimeters?|centimetres?|cms?",
    "millimeter": r"millimeters?|mm", "milliliter": r"milliliters?|millilitres?|ml|mL",
    "liter": r"liters?|litres?|L", "gallon": r"gallons?", "quart": r"quarts?", "pint": r"pints?", "cup": r"cups?",
    "tablespoon": r"tablespoons?", "teaspoon": r"teaspoons?", "cent": r"cents?|¢", "dollar": r"dollars?|\$",
    "decade": r"decades?", "nickel": r"nickels?", "dime": r"dimes?", "quarter": r"quarters", "penny": r"penny|pennies",
}  # fmt: skip
_UNITS = re.compile(
    "|".join(rf"(?P<{name}>(?<![A-Za-z])(?:{words})(?![A-Za-z]))" for name, words in _UNIT_WORDS.items())
)
_RATIOS: list[tuple[int, str, str]] = [
    (60, "second", "minute"), (60, "minute", "hour"), (3600, "second", "hour"), (24, "hour", "day"),
    (1440, "minute", "day"), (7, "day", "week"), (52, "week", "year"), (12, "month", "year"), (365, "day", "year"),
    (4, "week", "month"), (30, "day", "month"), (12, "inch", "foot"), (3, "foot", "yard"), (36, "inch", "yard"),
    (5280, "foot", "mile"), (16, "ounce", "pound"), (2000, "pound", "ton"), (1000, "gram", "kilogram"), (1000, "milligram", "gram"),
    (1000, "meter", "kilometer"), (100, "centimeter", "meter"), (10, "millimeter", "centimeter"),
    (1000, "milliliter", "liter"), (4, "quart", "gallon"), (2, "pint", "quart"), (2, "cup", "pint"), (4, "cup", "quart"),
    (16, "cup", "gallon"), (8, "ounce", "cup"), (128, "ounce", "gallon"), (3, "teaspoon", "tablespoon"),
    (100, "cent", "dollar"), (100, "penny", "dollar"), (10, "year", "decade"), (20, "nickel", "dollar"),
    (10, "dime", "dollar"), (4, "quarter", "dollar"),
]  # fmt: skip


_NEEDS_BOTH = {"dollar", "decade", "cup", "pint", "quart", "gallon", "tablespoon"}


@lru_cache(maxsize=4096)
def _said(question: str) -> dict[Number, Constant]:
    found: dict[Number, Constant] = {}
    for pattern, values in _LEXICON:
        match = pattern.search(question) if values else None
        for value in values if match else ():
            found.setdefault(
                exact(Fraction(value)), Constant(exact(Fraction(value)), match[0].lower() if match else "")
            )
    return found


@lru_cache(maxsize=16384)
def _unit_words(text: str) -> frozenset[str]:
    lowered = text.replace("Hour", "hour").replace("Minute", "minute").replace("Week", "week").replace("Day", "day")
    return frozenset(match.lastgroup or "" for match in _UNITS.finditer(lowered))


def _units(question: str, asked: frozenset[str], stepped: frozenset[str]) -> dict[Number, Constant]:
    found: dict[Number, Constant] = {}
    known = asked | stepped
    for value, small, large in _RATIOS:
        if small in known and large in known and (small in asked or large in asked):
            found.setdefault(value, Constant(value, f"{large} = {value} {small}"))
    return found
