"""Exact numbers in running text: what a string says, as a Fraction, or that it says no number.

Guarantees: no rounding and no tolerance (7.50 is 15/2; 123456 is not 123457), the sign is kept, no text
raises, and the time is linear in the text. Read are integers, decimals, thousands commas, fractions, mixed
numbers, LaTeX fractions, powers of ten (1e3, 1.5 \\times 10^3), "1.5 million", number words, percents,
currency, and a unit behind the number.

Not covered: arithmetic ("3 + 4"), unit conversion (3 hours is 3, never 180), dozens (a unit, like eggs),
"18k", decimal commas ("1,5"), Roman numerals. Such a text has no value here; a symbolic checker may know one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from evals.number_words import CARDINALS, SCALES, WORD_START, words_at

LONGEST = 4000  # characters; Python refuses to convert more than 4,300 digits, and no answer is that long

_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-"),  # minus signs, hyphens, the en dash
        **dict.fromkeys("\u00a0\u2002\u2003\u2007", " "),
        **dict.fromkeys("\u2009\u200a\u202f\u2060\u200b", ""),  # thin spaces group thousands
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **{"\u00bd": " 1/2", "\u2153": " 1/3", "\u2154": " 2/3", "\u00bc": " 1/4", "\u00be": " 3/4"},
        **{"\u2044": "/", "\uff04": "$", "\uff05": "%", "\u00d7": "\\times ", "\u00b0": " degrees "},
    }
)
_LATEX = [
    (re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\\(?:left|right|displaystyle|dollar)(?![A-Za-z])|\\[()\[\]]"), ""),
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\{,\}|,\\!(?=[0-9]{3})"), ","),
    (re.compile(r"(?<=[0-9])\\[,!](?=[0-9]{3})"), ""),
    (re.compile(r"\\[,;:! ]|\\q?quad(?![A-Za-z])|~"), " "),
    (re.compile(r"\\([$%#&])"), r"\1"),
    (re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ)|\\degree(?![A-Za-z])"), " degrees "),
    (re.compile(r" {2,}"), " "),
    (re.compile(r" \^"), "^"),
]
_BOLD = re.compile(r"(?<![\w)])(?:\*\*|__)|(?:\*\*|__)(?![\w(])|`")  # 2**3 stays a power
_HEDGE = re.compile(
    r"\s*(?:(?:about|approximately|approx\.?|around|roughly|exactly|only|just|nearly|almost|a\s+total\s+of|equal\s+to)"
    r"(?![A-Za-z])|[~=:\u2248]|\\approx(?![A-Za-z]))\s*",
    re.IGNORECASE,
)

_INT = r"(?>[0-9]{1,3}(?:,[0-9]{3})++(?![0-9])|[0-9]++)"
_DEC = rf"(?>{_INT}(?:\.[0-9]++)?|\.[0-9]++)"
_CURRENCY = r"(?:(?:US|CA|AU|NZ|C|A)?\$|[€£¥₹]|(?:USD|EUR|GBP|Rs\.?)(?![A-Za-z]))"
_NUMBER = re.compile(
    rf"""
    (?P<lead> (?:[+-]\s*+)?+ (?:{_CURRENCY}\s*+)?+ [+-]?+ )
    (?:
        (?: (?P<whole_latex>{_INT}) \s*+ )?+ \\frac \s*+
            (?: \{{ \s*+ (?P<top_latex>[+-]?{_DEC}) \s*+ \}} | (?P<top_digit>[0-9]) ) \s*+
            (?: \{{ \s*+ (?P<bottom_latex>[+-]?{_DEC}) \s*+ \}} | (?P<bottom_digit>[0-9]) )
      | (?: (?P<whole>{_INT}) [ ]++ (?=[0-9]++\s*+/) )? (?P<top>{_DEC}) \s*+ / \s*+ (?P<bottom>{_DEC})
      | (?P<decimal>{_DEC})
        (?: [eE] (?P<exponent>[+-]?[0-9]{{1,3}}) (?![0-9])
          | \s*+ (?:\\times|\\cdot|\*|x) \s*+ 10 \s*+ (?:\^|\*\*) \s*+ \{{? \s*+ (?P<power>[+-]?[0-9]{{1,3}})
            (?![0-9]) \s*+ \}}?
        )?
        (?P<half>\s++and\s++(?:a|one)[\s-]++half(?![A-Za-z]))?
    )
    (?P<scale> \s*+ (?:hundred|thousand|million|billion|trillion)(?![A-Za-z]) )?
    (?P<percent> \s*+ (?:%|per[ ]?cent(?![A-Za-z])) )?
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number found at text[start:end]; a percent carries its figure (10 for "10%") and says so."""

    value: Fraction
    start: int
    end: int
    percent: bool = False


def parse_number(text: str) -> Fraction | None:
    """The number that the whole text states ("$1,234.50", "18 eggs", "eight"); a percent gives its figure."""
    number = whole_number(text)
    return None if number is None else number.value


def whole_number(text: str) -> Number | None:
    """Like parse_number, and tells a percent from a plain figure."""
    return _whole_number(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=8192)  # a problem's gold and its few usual answers come again with every rollout
def _whole_number(text: str) -> Number | None:
    body = without_hedges(plain(text))
    number = number_at(body, 0)
    return number if number and _is_unit(body[number.end :]) else None


def plain(text: str) -> str:
    """The text without what changes only its look: math delimiters, bold, \\text{}, spacing, odd minuses."""
    text = text.translate(_CHARACTERS).strip()
    if "\\" in text or "{" in text or "~" in text:
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
    text = _BOLD.sub("", text).strip().rstrip(".,;:!?").strip()
    while len(text) > 1 and text[0] == text[-1] == "$":
        text = text[1:-1].strip().rstrip(".,;")
    return text


def without_hedges(text: str) -> str:
    """The text without leading words that say nothing of the value: "about", "a total of", "="."""
    for _ in range(4):
        match = _HEDGE.match(text)
        if not match:
            break
        text = text[match.end() :]
    return text


def number_at(text: str, position: int) -> Number | None:
    """The number written at this very position of plain text, in digits or in words, whatever follows it."""
    return _digits_at(text, position)[0] or _words_at(text, position)[0]


def _words_at(text: str, position: int) -> tuple[Number | None, int]:
    value, end = words_at(text, position)
    return None if value is None else Number(value, position, end), end


def _digits_at(text: str, position: int) -> tuple[Number | None, int]:
    match = _NUMBER.match(text, position)
    if match is None:
        return None, position
    value = _value(match) if match.end() - position <= LONGEST else None
    number = None if value is None else Number(value, position, match.end(), match["percent"] is not None)
    return number, match.end()


_START = re.compile(rf"(?<![\w.])[+-]?+{_CURRENCY}?+[+-]?+(?:\.?[0-9]|\\frac)")
_OPERAND_END = re.compile(r"[0-9)\]}%]\s?$")


def numbers(text: str) -> Iterator[Number]:
    """Every number in digits in plain text, left to right; "5-3" holds 5 and 3, "x2" and "2x" hold none."""
    position = 0
    while match := _START.search(text, position):
        start = match.start()
        if text[start] in "+-" and _OPERAND_END.search(text[max(0, start - 2) : start]):
            start += 1  # an operator, not a sign
        number, position = _digits_at(text, start)
        position = max(position, match.end())
        if number and _ends_well(text[number.end : number.end + 20]):
            yield number


def number_words(text: str) -> Iterator[Number]:
    """Every number written in words ("twenty-five") in plain text, left to right."""
    position = 0
    while match := WORD_START.search(text, position):
        number, position = _words_at(text, match.start())
        position = max(position, match.end())
        if number:
            yield number


# -- the value of a match ----------------------------------------------------------------------------


def _value(match: re.Match[str]) -> Fraction | None:
    value = _magnitude(match)
    if value is None:
        return None
    if match["scale"]:
        value *= SCALES[match["scale"].strip().lower()]
    return -value if match["lead"].count("-") % 2 else value


def _magnitude(match: re.Match[str]) -> Fraction | None:
    if match["decimal"]:
        value = _decimal(match["decimal"])
        power = match["exponent"] or match["power"]
        value = value * Fraction(10) ** int(power) if power else value
        return value + Fraction(1, 2) if match["half"] else value
    top = _decimal(match["top"] or match["top_latex"] or match["top_digit"])
    bottom = _decimal(match["bottom"] or match["bottom_latex"] or match["bottom_digit"])
    whole = match["whole"] or match["whole_latex"]
    if bottom == 0 or (whole and not 0 <= top < bottom):
        return None
    return top / bottom + (_decimal(whole) if whole else 0)


def _decimal(digits: str) -> Fraction:
    return Fraction(digits.replace(",", ""))


# -- what may follow a number ------------------------------------------------------------------------

_SHORT_UNIT_NAMES = (
    "m g l h s c f w v n j cm mm km kg mg ml hr hrs ft in mi yd oz lb lbs sq mph kph am pm gb mb tb kb "
    "st nd rd th kw hz id us"
)
_MATH_WORD_NAMES = (
    "and or to plus minus times by over divided multiplied mod pi sqrt sin cos tan log exp gcd lcm infinity"
)
_SHORT_UNITS = frozenset(_SHORT_UNIT_NAMES.split())
_MATH_WORDS = frozenset(_MATH_WORD_NAMES.split())
_UNIT_WORDS_MOST = 8
_ASIDE = re.compile(r"\((?P<inside>[^()]*)\)\s*$")
_UNIT_SPLIT = re.compile(r"[\s/·-]+")
_UNIT_WORD = re.compile(r"[A-Za-z][A-Za-z'’.]*(?:\^?\{?[0-9]\}?|[²³])?$")
_GLUED = re.compile(r"[A-Za-z]+")


def _is_unit(tail: str) -> bool:
    """Whether the text behind a number leaves its value alone: "dollars", "%", "km/h", " (for 2 days)"."""
    tail = tail.rstrip(" .,;:!?\"'")
    aside = _ASIDE.search(tail)
    if aside:
        tail = tail[: aside.start()]
    words = tail.strip(" .,;:!?\"'$€£¥₹/-")
    if aside and not words and not re.search(r"[A-Za-z]{3}|=|^\s*[0-9.,]+%?\s*$", aside["inside"]):
        return False  # 5(x+1) is a product
    return not words or (_ends_well(tail) and _are_unit_words(words))


def _are_unit_words(text: str) -> bool:
    words = _UNIT_SPLIT.split(text)
    first = words[0].rstrip(".0123456789^{}²³").lower()
    return (
        len(words) <= _UNIT_WORDS_MOST
        and (len(first) > 2 or first in _SHORT_UNITS)
        and first not in CARDINALS
        and all(_UNIT_WORD.match(word) for word in words)
        and not _MATH_WORDS.intersection(word.lower() for word in words)
    )


def _ends_well(tail: str) -> bool:
    """False for a part of a longer token: a coefficient (2x), a power (2^x), a product (2\\pi)."""
    glued = _GLUED.match(tail)
    if glued:
        word = glued.group().lower()
        return (1 < len(word) < 4 and word in _SHORT_UNITS) or (len(word) > 3 and word not in _MATH_WORDS)
    return not re.match(r"\s*[\^\\_]|\(|\s*\*", tail)
