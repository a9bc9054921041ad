"""What must stay as it was for a question to keep its sense when its numbers change.

Arithmetic does not see that nobody sells more than they own, that shares of a whole stay below the whole, or that
"the first 40 hours" decides which rate applies. These rules read the question's words and the old values.
"""

import itertools
import re
from collections.abc import Sequence
from fractions import Fraction

from evals.perturb.arithmetic import Number
from evals.perturb.linking import Links, Value, used
from evals.perturb.mentions import NOT_NOUNS, nouns_after, singular
from evals.perturb.variant import Refused

LARGEST_RATIO = 20
SMALL = 10
"""Up to here three numbers make nearly every value by chance."""

_ROUNDED = re.compile(
    r"\b(?:round(?:ed|ing|s)?(?: (?:up|down|off|to))|rounded|nearest|approximately|estimate[sd]?|whole number|"
    r"rounding|remainder|leftovers?|ceil(?:ing)? of)\b",
    re.I,
)
_CALENDAR = re.compile(
    r"\bleap year|\bprobability\b|\bchance\b|\bprime\b|\bconsecutive\b|\bdigits?\b|\bfactorial\b|\b(?:odd|even)\b "
    r"(?:number|integer)|\bmultiples? of\b|\bdivisible\b|\bmedian\b|\bmode\b|\bpermutation|\bcombinations?\b|"
    r"\barithmetic sequence|\bevery (?:other|second|third|fourth|fifth|[0-9]+(?:st|nd|rd|th))\b|\bpattern\b|\bBMI\b|"
    r"\bsquare root|\bsquared\b|\bcubed\b|\bbase(?: |-)(?:two|ten|[0-9])",
    re.I,
)
_CHOOSES = re.compile(
    r"\b(?:unless|exceed\w*|at least|at most|up to|minimum|maximum|limit|whichever|whoever|cheap\w*|expensive|most|"
    r"least|fewest|largest|smallest|biggest|highest|lowest|longest|shortest|oldest|youngest|tallest|fastest|slowest|"
    r"best|enough|afford|capacity|bulk|overtime|any (?:additional|more|extra)|for free|"
    r"(?:over|above|below|under|beyond|past|more than|less than|fewer than|first|next|after) \$?[0-9]+(?![0-9%]))\b",
    re.I,
)
OLDEST = 100
_AGES = re.compile(r"\b(?:years? (?:old|older|younger)|how old|ages?|aged|older|younger)\b", re.I)
_HOW_MANY = re.compile(r"\bhow many\b", re.I)
_PARTS = re.compile(
    r"\b(?:others?|remaining|remainder|rest|including|of which|of whom|of them|of these|of those|consist\w*|split|"
    r"divided into|left|either|in total|total|altogether|all together|combined|both|out of|were|are|have)\b",
    re.I,
)


def require_numeric(links: Links) -> None:
    """Refuses questions whose answer hangs on more than the graph. Raises Refused."""
    for pattern, reason in ((_ROUNDED, "rounding"), (_CALENDAR, "numbers with properties")):
        match = pattern.search(links.question)
        if match:
            raise Refused(reason, f"the question says {match[0]!r}")
    _require_no_implied(links)


def _require_no_implied(links: Links) -> None:
    """A number that the solution does not use but that equals a result of those it uses is probably implied."""
    active = used(links)
    values = [q.value for i, q in enumerate(links.quantities) if i in active and not isinstance(q.value, tuple)]
    implied: set[Number] = {step.value for step in links.solution.steps}
    implied |= {r for step in links.solution.steps for r in step.partial}
    for a, b in itertools.combinations(values, 2):
        implied |= set[Number]([a + b, a - b, b - a, a * b])
    for a, b, c in itertools.combinations(values[:12], 3):
        implied.update(v for v in (a + b + c, a + b - c, a - b + c, b + c - a) if v > SMALL)
    for i, quantity in enumerate(links.quantities):
        if (
            i not in active
            and not isinstance(quantity.value, tuple)
            and quantity.value > 2
            and quantity.value in implied
        ):
            raise Refused("an implied number", f"nothing uses {quantity.value}, but it follows from other numbers")


def tied_sums(links: Links) -> set[int]:
    """Quantities of which one is the sum of others of its unit, of a unit that is not known in a text that speaks of
    parts, or of numbers that the solution does not use ("14 red and 22 brown, so 36 hens"): they must not vary."""
    active = used(links)
    parts = _PARTS.search(links.question) is not None
    numbers = [(i, q.value) for i, q in enumerate(links.quantities) if not isinstance(q.value, tuple) and q.value > 0]
    found: set[int] = set()
    for size in (2, 3):
        for group in itertools.combinations(numbers[:12], size):
            total = sum(value for _, value in group)
            whole = next((i for i, value in numbers if value == total), None)
            tied = [] if whole is None else [whole, *(i for i, _ in group)]
            if tied and (
                _share_a_unit(links, tied)
                or (parts and total > 4 and _same_unit(links, tied))
                or active.isdisjoint(i for i, _ in group)
            ):
                found |= set(tied)
    return found


def _share_a_unit(links: Links, group: Sequence[int]) -> bool:
    """Whether all count the same noun."""
    units = [{links.mentions[m].unit for m in links.quantities[i].mentions} for i in group]
    return bool(set.intersection(*units) - {""})


def _same_unit(links: Links, group: Sequence[int]) -> bool:
    units = [{links.mentions[m].unit for m in links.quantities[i].mentions} for i in group]
    shares = [
        bool(u & {"percent"}) or isinstance(links.quantities[i].value, tuple) for u, i in zip(units, group, strict=True)
    ]
    if len(set(shares)) > 1:
        return False
    known = [u for u in units if u != {""}]
    return len(known) < len(units) or bool(set.intersection(*known))


def ordered_pairs(links: Links) -> list[tuple[int, int]]:
    """Pairs of quantities (smaller, larger) whose order must stay: those that may be of one unit."""
    pairs = []
    for (i, a), (j, b) in itertools.permutations(enumerate(links.quantities), 2):
        if magnitude(a.value) < magnitude(b.value) and _same_unit(links, [i, j]):
            pairs.append((i, j))
    return pairs


def limits(links: Links) -> list[int]:
    """Numbers that the solution does not use: a budget, a capacity, a total. Results stay on their side of them."""
    active = used(links)
    return [
        i for i, q in enumerate(links.quantities) if i not in active and not isinstance(q.value, tuple) and q.value > 2
    ]


def of_the_asked_unit(links: Links) -> list[int]:
    """Numbers that count what the question asks for: the answer stays on its side of each ("63 right of 40 questions")."""
    asked = [match.end() for match in _HOW_MANY.finditer(links.question)]
    nouns = nouns_after(links.question, asked[-1]) if asked else []
    unit = next((singular(noun) for noun in nouns if noun not in NOT_NOUNS), "")
    return [
        i
        for i, quantity in enumerate(links.quantities)
        if unit
        and not isinstance(quantity.value, tuple)
        and unit in {links.mentions[m].unit for m in quantity.mentions}
    ]


def ages(links: Links) -> bool:
    """Whether the text speaks of ages, so that a result that was a person's may not outgrow one."""
    return _AGES.search(links.question) is not None


def compares(links: Links) -> bool:
    """Whether a case or an extreme is chosen, so that the order of all values, results too, must stay."""
    return _CHOOSES.search(links.question) is not None


def magnitude(value: Value) -> Number:
    return Fraction(*value) if isinstance(value, tuple) else value


def share_groups(links: Links) -> list[tuple[list[int], int]]:
    """The percentages (of 100) and the fractions (of 1) of a question that has several of them."""
    percents: list[int] = []
    fractions: list[int] = []
    for i, quantity in enumerate(links.quantities):
        if isinstance(quantity.value, tuple):
            fractions += [i] * len(quantity.mentions)
        else:
            percents += [i for m in quantity.mentions if links.mentions[m].numeral.percent]
    return [(group, whole) for group, whole in ((percents, 100), (fractions, 1)) if len(group) > 1]


def shares_fit(group: Sequence[int], whole: int, old: Sequence[Value], new: Sequence[Value]) -> bool:
    """Shares that made up less than the whole still do; those that made up all of it stay at that."""
    before = sum((magnitude(old[i]) for i in group), Fraction(0))
    after = sum((magnitude(new[i]) for i in group), Fraction(0))
    return after == whole if before == whole else after < whole if before < whole else True


def result_fits(old: Number, new: Number, ratio: int = LARGEST_RATIO) -> bool:
    """Signs and wholeness stay, nothing degenerates to 0 or 1, and the size stays comparable."""
    if isinstance(old, int) and not isinstance(new, int):
        return False
    if old <= 0 or new <= 0:
        return old == new
    if old >= 2 > new:
        return False
    return old <= new * ratio and new <= old * ratio
