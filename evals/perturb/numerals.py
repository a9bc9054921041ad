"""Numbers in running text with the way they are written, and other numbers written the same way.

Guarantees: `write(numeral, numeral.value)` is the numeral's own text, or None for one whose way of writing is
not known here ("007", "1200000.50"); a number word stays a word, commas and decimal places stay.
Not covered: ordinals, Roman numerals, "half" and "dozen" (see anchors.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from evals.number_words import CARDINALS, SCALES, words_at
from evals.perturb.arithmetic import LONGEST_NUMBER, Number, exact

_DIGITS = re.compile(
    r"(?P<whole>[0-9]+)(?:[ -]|\s+and\s+)(?P<top>[0-9]{1,3})/(?P<bottom>[0-9]{1,4})(?![0-9/.])"
    r"|(?<![0-9./])(?P<over>[0-9]{1,4})\s?/\s?(?P<under>[0-9]{1,4})(?![0-9/]|\.[0-9])"
    r"|(?P<vulgar>[0-9]*\s?[½⅓⅔¼¾⅕⅛])"
    r"|(?P<decimal>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|(?<![0-9A-Za-z.])\.[0-9]+)"
)
_PLAIN = re.compile(
    r"(?P<decimal>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|(?<![0-9A-Za-z.])\.[0-9]+)"
)
_WORD = re.compile(
    rf"(?<![\w-])(?:an?\s+(?=hundred|thousand|million))?(?:{'|'.join([*CARDINALS, 'hundred', 'thousand', 'million'])})\b",
    re.I,
)
_FIGURE_BEFORE = re.compile(r"[0-9][\s-]*$")  # "3 million" is read with its figure
_PERCENT = re.compile(r"\s?(?:%|[- ]?per\s?cent\b)", re.I)
_SCALE = re.compile(r"\s*-?(hundred|thousand|million|billion|trillion|k\b|M\b)")
_MONEY = re.compile(r"(?:[$€£¥]|\bUS\$|\bRs\.?)\s?$")
_UNITS = list(CARDINALS)[:20]
_TENS = list(CARDINALS)[20:]


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number at text[start:end]; the percent or currency sign beside it is not part of it."""

    start: int
    end: int
    text: str
    value: Number
    words: bool = False
    percent: bool = False
    money: bool = False
    scale: int = 1
    """Of the word that follows ("3 million"); the value is the figure before it."""
    fraction: tuple[int, int] | None = None
    """Numerator and denominator as written."""
    mixed: bool = False


def numerals(text: str, fractions: bool = True) -> list[Numeral]:
    """Every number of a text in its order. Without `fractions` "1/5" is two numbers."""
    found = [*_in_digits(text, fractions), *_in_words(text)]
    return sorted(found, key=lambda numeral: numeral.start)


def write(numeral: Numeral, value: Number) -> str | None:
    """`value` in the way `numeral` is written, None where that way is not known."""
    if numeral.fraction or numeral.mixed or numeral.scale > 1:
        return None
    written = _as_words(value, numeral.text) if numeral.words else _as_digits(value, numeral.text)
    return written


def in_words(value: int) -> str:
    """A cardinal below one million: "one hundred five". Raises ValueError outside 0 … 999,999."""
    if not 0 <= value < 10**6:
        raise ValueError(f"{value}: number words are written from 0 to 999999")
    if value < 20:
        return _UNITS[value]
    if value < 100:
        return _TENS[value // 10 - 2] + (f"-{_UNITS[value % 10]}" if value % 10 else "")
    size, name = (100, "hundred") if value < 1000 else (1000, "thousand")
    rest = f" {in_words(value % size)}" if value % size else ""
    return f"{in_words(value // size)} {name}{rest}"


def decimal(value: Number, places: int | None = None) -> str | None:
    """Digits of a terminating decimal with at least `places` places, None for one that does not end."""
    if isinstance(value, int):
        return str(value) if not places else f"{value}.{'0' * places}"
    digits = next((n for n in range(1, 13) if 10**n % value.denominator == 0), None)
    if digits is None:
        return None
    digits = max(digits, places or 0)
    scaled = abs(value.numerator) * 10**digits // value.denominator
    sign = "-" if value < 0 else ""
    return f"{sign}{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}"


def places(text: str) -> int:
    """Decimal places of a figure as written."""
    return len(text.partition(".")[2])


def _as_digits(value: Number, like: str) -> str | None:
    written = decimal(value, places(like) or None)
    if written is None:
        return None
    whole, point, rest = written.partition(".")
    if "," in like:
        whole = f"{int(whole):,}"
    if like.startswith(".") and whole == "0":
        whole = ""
    return whole + point + rest


def _as_words(value: Number, like: str) -> str | None:
    if not isinstance(value, int) or not 0 <= value < 10**6:
        return None
    words = in_words(value)
    if " and " in like.lower() and value > 100:
        words = re.sub(r"hundred (?=\w)", "hundred and ", words)
    return words.capitalize() if like[0].isupper() else words


def _in_digits(text: str, fractions: bool) -> Iterator[Numeral]:
    for match in (_DIGITS if fractions else _PLAIN).finditer(text):
        if match.end() - match.start() > LONGEST_NUMBER:
            continue
        value, fraction, mixed = _value(match)
        if value is None:
            continue
        yield Numeral(
            match.start(),
            match.end(),
            match[0],
            value,
            percent=_PERCENT.match(text, match.end()) is not None,
            money=_MONEY.search(text, max(0, match.start() - 4), match.start()) is not None,
            scale=_scale(text, match.end()),
            fraction=fraction,
            mixed=mixed,
        )


def _scale(text: str, end: int) -> int:
    match = _SCALE.match(text, end)
    return 1 if match is None else SCALES.get(match[1], 10**6 if match[1] == "M" else 1000)


def _value(match: re.Match[str]) -> tuple[Number | None, tuple[int, int] | None, bool]:
    groups = match.groupdict()
    if groups["decimal"]:
        return exact(Fraction(groups["decimal"].replace(",", ""))), None, False
    if groups["vulgar"]:
        whole, sign = groups["vulgar"][:-1].strip(), groups["vulgar"][-1]
        top, bottom = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅛": (1, 8)}[sign]
        return exact(Fraction(top, bottom) + int(whole or 0)), (top, bottom), True
    whole, top, bottom = (int(groups[n] or 0) for n in (("whole", "top", "bottom")))
    if groups["over"]:
        top, bottom = int(groups["over"]), int(groups["under"])
    if not bottom:
        return None, None, False
    return exact(whole + Fraction(top, bottom)), (top, bottom), bool(whole)


def _in_words(text: str) -> Iterator[Numeral]:
    end = 0
    for match in _WORD.finditer(text):
        if match.start() < end or _FIGURE_BEFORE.search(text, max(0, match.start() - 3), match.start()):
            continue
        value, end = words_at(text, match.start())
        if value is None:
            continue
        fraction = (value.numerator, value.denominator) if value.denominator > 1 else None
        yield Numeral(
            match.start(),
            end,
            text[match.start() : end],
            exact(value),
            words=True,
            percent=_PERCENT.match(text, end) is not None,
            fraction=fraction,
            mixed=value > 1 and fraction is not None,
        )
