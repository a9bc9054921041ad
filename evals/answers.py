"""Does a solution state the right answer? Three verdicts: correct, wrong, unknown.

Numbers are compared as exact rationals, without any tolerance; words as words. `compare` and `grade_exactly`
return None where neither applies ((1,2), x+1, 2\\sqrt{3}): then ask a symbolic checker (tasks/grading.py).

- unknown is what could not be decided: the token budget cut the answer off, the gold is empty, several
  numbers stand in one answer and one of them is right. A finished text without any answer is wrong, with the
  reason no_answer, so that it can be counted apart.
- A percent is a unit and a factor: 10% equals 10, and 10% equals 0.1; 10% and 0.1% differ.
- Currency and units are neither compared nor converted: "18 dollars" is 18, "3 hours (180 minutes)" is 3.

Guarantees: no text raises; time linear in the text; `compare` is symmetric, and reflexive.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from evals.extraction import Answer, Style, find_answer, is_prose
from evals.rationals import Number, numbers, parse_number, plain, whole_number, without_hedges

__all__ = [
    "CHECKER",
    "Answer",
    "Grade",
    "Style",
    "Verdict",
    "answer_key",
    "compare",
    "extract",
    "find_answer",
    "grade_exactly",
    "parse_number",
    "plain",
]

CHECKER = "1"
"""The checker's version. Every change that can change a verdict gives it a new one."""


class Verdict(StrEnum):
    correct = "correct"
    wrong = "wrong"
    unknown = "unknown"


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict, the answer it was reached on, and why.

    `reason`: exact, math_verify; for wrong also no_answer; for unknown truncated, ambiguous, unparsable_gold,
    unparsable_answer, too_long, time_out, crash, error.
    `marker`: the pattern that found the answer (evals/extraction.py).
    """

    verdict: Verdict
    extracted: str | None
    reason: str
    marker: str | None = None


def extract(text: str, style: Style = "flexible") -> str | None:
    """The final answer that the text states, without markup, or None."""
    answer = find_answer(text, style)
    return None if answer is None else answer.text


def grade_exactly(text: str, gold: str, finish_reason: str = "stop", style: Style = "flexible") -> Grade | None:
    """The grade of a solution, or None where only a symbolic checker could tell.

    `finish_reason` is the engine's. After "length" an answer counts only where the text goes on behind it:
    the last token of "#### 18" may have been half of 180.
    """
    if finish_reason == "error":
        return Grade(Verdict.unknown, None, "error")
    if not plain(gold):
        return Grade(Verdict.unknown, extract(text, style), "unparsable_gold")
    answer = find_answer(text, style)
    if finish_reason == "length" and (answer is None or answer.open):
        return Grade(Verdict.unknown, None, "truncated")
    return Grade(Verdict.wrong, None, "no_answer") if answer is None else _grade_answer(answer, gold)


def _grade_answer(answer: Answer, gold: str) -> Grade | None:
    verdict = compare(answer.text, gold)
    if verdict is None:
        return None
    reason = "ambiguous" if verdict is Verdict.unknown else "exact"
    return Grade(verdict, answer.text, reason, answer.marker)


def compare(extracted: str, gold: str) -> Verdict | None:
    """Whether two answers are the same; None when neither numbers nor words decide it."""
    one, other = _tidy(extracted), _tidy(gold)
    if _spelling(one) == _spelling(other):
        return Verdict.correct
    left, right = whole_number(one), whole_number(other)
    if left and right:
        return _verdict(bool(_readings(left, right)))
    if left or right:
        number, text = (left, other) if left else (right, one)
        return _compare_with_number(text, number) if number else None
    return _compare_texts(one, other)


def answer_key(extracted: str) -> str:
    """The same string for answers of the same value, for votes: "1/2" and "0.50" both give "1/2".

    Finer than `compare`: 10% votes with 10 and not with 0.1, and formulas spelt differently vote apart.
    """
    number = parse_number(extracted)
    return _spelling(_tidy(extracted)) if number is None else str(number)


def _tidy(text: str) -> str:
    return without_hedges(plain(text))


def _spelling(text: str) -> str:
    """Case means nothing in words and spaces nothing in formulas; the case of a symbol does."""
    return " ".join(text.casefold().split()) if is_prose(text) else "".join(text.split())


def _verdict(same: bool) -> Verdict:
    return Verdict.correct if same else Verdict.wrong


def _readings(one: Number, other: Number) -> bool:
    if one.value == other.value:
        return True
    if one.percent == other.percent:
        return False
    percent, figure = (one, other) if one.percent else (other, one)
    return percent.value / 100 == figure.value


def _compare_with_number(text: str, number: Number) -> Verdict | None:
    """Prose against a number: undecidable when it names the number among others, else wrong."""
    if not is_prose(text):
        return None
    named = any(_readings(found, number) for found in numbers(text))
    return Verdict.unknown if named else Verdict.wrong


def _compare_texts(one: str, other: str) -> Verdict | None:
    prose = is_prose(one), is_prose(other)
    if not any(prose):
        return None
    if not all(prose):
        return Verdict.unknown
    words, others = _words(one), _words(other)
    return Verdict.unknown if words in others or others in words else Verdict.wrong


def _words(text: str) -> str:
    return " " + " ".join(re.findall(r"[^\W_]+", text.casefold())) + " "
