"""The numbers that a question mentions: which may take another value, and which must stay, and why.

A mention is frozen where English ties it to something that is not written as a number: it counts what is
listed elsewhere ("the two of them", "3 tunas. The first …"), it names ("grade 5", "7-Eleven", 1990, 5 pm), it
is a fact of the world ("4 legs", "60 minutes in an hour"), or its way of writing is not known. Zero, one and
two are always frozen: English counts pairs without a number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evals.perturb.arithmetic import Number
from evals.perturb.numerals import Numeral, numerals, write


@dataclass(frozen=True, slots=True)
class Mention:
    """A number of the question. `frozen` is the reason why it must stay, empty where it may vary."""

    numeral: Numeral
    frozen: str
    unit: str
    """The noun that it counts in the singular, "money" for currencies, empty where unknown."""

    @property
    def value(self) -> Number:
        return self.numeral.value


def mentions(question: str) -> list[Mention]:
    """Every number of the question in its order."""
    found = [_mention(question, numeral) for numeral in numerals(question)]
    return _freeze_listed(question, [_freeze_definite(question, mention, found) for mention in found])


def nouns_after(text: str, end: int) -> list[str]:
    """The next words behind a place, up to three, in lower case, as far as no punctuation comes between."""
    match = _FOLLOWING.match(text, end)
    return match[0].lower().replace("-", " ").split() if match else []


def singular(word: str) -> str:
    """A rough stem, equal for the singular and plural of regular nouns and for "feet", "people" and the like."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "oes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


_IRREGULAR = {"feet": "foot", "inches": "inch", "people": "person", "children": "child", "men": "man", "women": "woman"}
_IRREGULAR |= {"hrs": "hour", "hr": "hour", "mins": "minute", "min": "minute", "lbs": "pound", "lb": "pound"}
_IRREGULAR |= {
    "oz": "ounce",
    "kg": "kilogram",
    "kgs": "kilogram",
    "cm": "centimeter",
    "mph": "mph",
    "wpm": "word",
    "ft": "foot",
}
_FOLLOWING = re.compile(r"%?[ -]?(?:[A-Za-z'’]+[ -]?){1,3}")
NOT_NOUNS = {"more", "fewer", "less", "additional", "other", "new", "different", "extra", "full", "small", "large"}
NOT_NOUNS |= {"big", "whole", "separate", "of", "the", "percent", "times", "and", "identical", "equal", "total"}
_MONTHS = r"January|February|March|April|May|June|July|August|September|October|November|December"
_BEFORE = [
    (
        re.compile(
            r"\b(?:grade|room|chapter|page|level|number|no\.|day|week|route|bus|phase|section|year|month|step|"
            r"question|size|class|apartment|gate|lane|track|highway|interstate|channel|group|round|team|version|"
            r"type|option|plan|box|store|player|person|student|lap|season|part|stage|tier|table)\s#?$",
            re.I,
        ),
        "names",
    ),
    (re.compile(rf"(?:#|\b(?:{_MONTHS})\s)$"), "names"),
    (re.compile(r"[A-Za-z]-?$"), "is part of a name"),
    (re.compile(r"[0-9]\s?[-–:xX/]\s?$|[0-9]\s(?:to|or)\s$"), "is part of a range, time or ratio"),
    (re.compile(r"(?:\s|\()[-−]$|\bminus\s$"), "is negative"),
]
_AFTER = [
    (re.compile(r"(?:st|nd|rd|th)\b"), "is an ordinal"),
    (re.compile(r"\s?(?:[ap]\.?m\b|o['’]clock|noon|midnight)|:[0-9]", re.I), "is a time"),
    (re.compile(rf"\s(?:of\s)?(?:{_MONTHS})\b"), "is a date"),
    (re.compile(r"\s?[-–:xX/]\s?[0-9]|\s(?:to|or)\s\$?[0-9]"), "is part of a range, time or ratio"),
    (re.compile(r"(?!(?:kg|km|cm|mm|ml|mg|lbs?|oz|ft|mph|min|hrs?|in|yd|g|m|L|l|cc)\b)[A-Za-z]"), "is part of a name"),
    (re.compile(r"[\s-](?:dollar[\s-])?(?:bills?|notes?|coins?)\b"), "is a fact of the world"),
    (re.compile(r"-(?:Eleven|Up|out-of|for-)"), "is part of a name"),
    (
        re.compile(
            r"[\s-](?:legs?|wheels?|eyes?|arms?|fingers?|toes?|hands|feet(?=\s*(?:each|per))|sides?|corners?|"
            r"wings?|ears?|tires|tails?|sided|legged|wheeled)\b",
            re.I,
        ),
        "is a fact of the world",
    ),
    (
        re.compile(r"\sof\s(?:them|those|these|which|whom|us|his|her|their|the(?:m|se)?)\b"),
        "is a part of a counted group",
    ),
    (re.compile(r"\s+(?:out\s)?of\s+(?:every\s)?[0-9]|\s?in\s(?:every\s)?[0-9]"), "is part of a ratio"),
]
_CONVERSIONS = {(60, "minute"), (60, "second"), (24, "hour"), (7, "day"), (12, "month"), (365, "day"), (52, "week")}
_CONVERSIONS |= {(12, "inch"), (16, "ounce"), (100, "cent"), (1000, "gram"), (1000, "meter")}
_CONVERSIONS |= {(100, "centimeter"), (5280, "foot"), (2000, "pound"), (360, "degree"), (180, "degree"), (4, "week")}
_CONVERTED = re.compile(r"[\s-]\w+\s(?:in|per|a|an|each|equals?|makes?|is|are|to)\b|-")
_YEAR_BEFORE = re.compile(r"\b(?:in|since|until|by|year|from|before|after|of|to|and|between)\s$", re.I)
_DEFINITE = re.compile(r"\b(?:the|these|those|all|both|other|others|remaining)\s$", re.I)
_LISTED = re.compile(
    r"\b(?:first|second|third|fourth|former|latter|another one|each other|respectively|namely|one of|the others?|"
    r"the rest|the one|others|one is|one has|one was|the middle|eldest|oldest|youngest)\b",
    re.I,
)
_WEEKDAYS = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b")


def _mention(question: str, numeral: Numeral) -> Mention:
    return Mention(numeral, _why_frozen(question, numeral), _unit(question, numeral))


def _unit(question: str, numeral: Numeral) -> str:
    if numeral.percent:
        return "percent"
    words = nouns_after(question, numeral.end)
    if numeral.money or words[:1] == ["dollars"] or words[:1] == ["dollar"]:
        return "money"
    return next((singular(word) for word in words if word not in NOT_NOUNS), "")


def _why_frozen(question: str, numeral: Numeral) -> str:
    if write(numeral, numeral.value) != numeral.text and not (numeral.fraction and not numeral.words):
        return "is written in an unknown way"
    if numeral.mixed or numeral.scale > 1 or (numeral.fraction and numeral.fraction[0] >= numeral.fraction[1]):
        return "is written in an unknown way"
    if numeral.value in (0, 1, 2):
        return "is 0, 1 or 2"
    before, after = question[max(0, numeral.start - 24) : numeral.start], question[numeral.end : numeral.end + 24]
    for pattern, reason in _BEFORE:
        if pattern.search(before):
            return reason
    for pattern, reason in _AFTER:
        if pattern.match(after) and not (numeral.fraction and "counted" in reason):
            return reason
    if (
        not numeral.money
        and isinstance(numeral.value, int)
        and 1500 <= numeral.value <= 2100
        and "," not in numeral.text
        and _YEAR_BEFORE.search(before)
    ):
        return "is a year"
    words = nouns_after(question, numeral.end)
    if any((numeral.value, singular(word)) in _CONVERSIONS for word in words[:1]) and _CONVERTED.match(after):
        return "is a fact of the world"
    return ""


def _freeze_definite(question: str, mention: Mention, found: Sequence[Mention]) -> Mention:
    """ "The 3 toys" varies with an earlier "3 toys"; without one it counts what the text lists."""
    numeral = mention.numeral
    if mention.frozen or numeral.percent or numeral.money or numeral.fraction:
        return mention
    if not _DEFINITE.search(question, max(0, numeral.start - 20), numeral.start):
        return mention
    for other in found:
        if other.numeral.start < numeral.start and other.value == mention.value and other.unit == mention.unit != "":
            return mention
    return replace(mention, frozen="counts what is known otherwise")


def _freeze_listed(question: str, found: Sequence[Mention]) -> list[Mention]:
    """Small counts of things that the text goes through one by one."""
    listed = _LISTED.search(question) is not None
    days = len(set(_WEEKDAYS.findall(question))) > 0
    result = []
    for mention in found:
        numeral = mention.numeral
        countable = not (numeral.percent or numeral.money or numeral.fraction) and numeral.value in range(3, 8)
        reason = mention.frozen
        if countable and not reason:
            if listed and numeral.value in range(3, 6):
                reason = "may count what the text lists"
            elif re.match(r"[^.?!,]{0,40}[:—]", question[numeral.end : numeral.end + 48]):
                reason = "counts a list"
            elif days and mention.unit in ("day", "weekday", "time"):
                reason = "counts named days"
        result.append(replace(mention, frozen=reason) if reason else mention)
    return result
