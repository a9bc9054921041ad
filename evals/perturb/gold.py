"""Gold solutions that contradict themselves or the stated answer: a wrong seed makes wrong variants, and wrong scores.

Guarantees: what is reported does not hold, exactly; a result that is the rounded or cut exact value is none. Does not: find
a solution that computes the wrong thing rightly.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from evals.answers import Verdict, compare
from evals.perturb.arithmetic import ArithmeticSyntaxError, Number, number, parse
from evals.perturb.numerals import numerals, places
from evals.perturb.solution import ANNOTATION, EQUATION, FINAL, LONGEST_SOLUTION, as_product

_MORE_BEFORE = re.compile(r"[0-9,.:/%$(*+=×÷x−–-]\s*$|\bof\s*$")
_MORE_BEHIND = re.compile(
    r"\s*(?:[0-9/*+%x(-]|and (?:an? |[0-9])|[a-z]+/)|\s?(?:hundred|thousand|million|cents?|a?\.?m)\b"
)
_FRACTION = re.compile(r"\$?0*[0-9.]+ ?/ ?[0-9.]+|.*(?<![0-9.,])0[0-9].*|.*%.*|.*/ ?[0-9.]+ ?/.*")


@dataclass(frozen=True, slots=True)
class GoldFault:
    """What a gold solution states, and what its own arithmetic, or the problem, says instead."""

    reason: str
    """`annotation` or `equation` does not hold, `two answers`, or `answer from nowhere`."""
    detail: str
    stated: str
    computed: str


def gold_faults(solution: str, answer: str) -> list[GoldFault]:
    """`answer` is the problem's own. No text raises."""
    text = solution[:LONGEST_SOLUTION]
    final = FINAL.search(text)
    body = text[: final.start()] if final else text
    found = list(_annotations(body))
    found += [each for each in _equations(body) if not any(_same(each, other) for other in found)]
    if final is not None:
        found += _answers(body, final[1], answer)
    return found


def equations_hold(solution: str) -> list[bool]:
    """For each equation that the prose writes, with the annotations taken out, whether it holds; what cannot be read does."""
    prose = ANNOTATION.sub("", solution[:LONGEST_SOLUTION])
    return [not [*_checked("", m[0], as_product(m[2]), m[3])] for m in EQUATION.finditer(prose)]


def _annotations(body: str) -> Iterator[GoldFault]:
    for match in ANNOTATION.finditer(body):
        left, _, right = match[1].rpartition("=")
        yield from _checked("annotation does not hold", match[0], left, right)


def _equations(body: str) -> Iterator[GoldFault]:
    """Those of the prose that certainly begin and end where they seem to."""
    prose = ANNOTATION.sub("", body)
    for match in EQUATION.finditer(prose):
        part_of_more = _MORE_BEFORE.search(prose, max(0, match.start() - 3), match.start())
        if part_of_more or _MORE_BEHIND.match(prose, match.end()) or _FRACTION.fullmatch(match[2].strip()):
            continue
        yield from _checked("equation does not hold", match[0], as_product(match[2]), match[3])


def _same(one: GoldFault, other: GoldFault) -> bool:
    """An annotated equation is read twice, with its annotation and without."""
    return (one.stated, one.computed) == (other.stated, other.computed)


def _checked(reason: str, place: str, left: str, right: str) -> Iterator[GoldFault]:
    try:
        expression, stated = parse(left), number(right)
        computed = expression.evaluate(expression.values)[-1]
    except (ArithmeticSyntaxError, ZeroDivisionError):
        return
    if not _is_rounded(stated, computed, right):
        yield GoldFault(reason, f"{place[:120]!r}", str(stated), str(computed))


def _is_rounded(stated: Number, computed: Number, text: str) -> bool:
    """Whether it is the value, or what is left of it after rounding up or down at the last place written."""
    off = abs(Fraction(stated) - Fraction(computed))
    if not off:
        return True
    return off < Fraction(1, 10 ** places(text.strip())) and not _ends_there(computed, places(text.strip()))


def _ends_there(value: Number, digits: int) -> bool:
    return Fraction(value * 10**digits).denominator == 1


def _answers(body: str, final: str, answer: str) -> Iterator[GoldFault]:
    if answer and compare(final, answer) is Verdict.wrong:
        yield GoldFault("two answers", "the solution ends with another answer than the problem has", final, answer)
    try:
        value = number(final.strip("$ ."))
    except ArithmeticSyntaxError:
        return
    said = {abs(Fraction(each.value * scale)) for each in numerals(body) for scale in (1, each.scale)}
    numbers = {value * scale for value in said for scale in (1, 100, Fraction(1, 100))}  # cents and percent
    results = [m[1].rpartition("=")[2] for m in ANNOTATION.finditer(body)]
    if results and abs(value) not in numbers:
        last = re.sub(r"\s+", "", results[-1])
        yield GoldFault("answer from nowhere", "no number of the solution is its answer", final, last)
