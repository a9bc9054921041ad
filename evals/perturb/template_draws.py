"""Values for a template's variables: what each line of #init may give, and draws that fulfil the conditions.

Guarantees: a draw fulfils every condition, exactly. A condition is checked as soon as its last variable has a value, and
variables that no condition needs come last, so that rare values cost a search among the variables they depend on. Does not
draw evenly: a value with many companions is as likely as one with few. A list that the file only names, and that is not
known here, keeps what the text has.
"""

import ast
import calendar
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.perturb.first_names import HE, SHE
from evals.perturb.numerals import in_words
from evals.perturb.template_expressions import NO_VALUE, Work, evaluate, mentioned, parsed, span, valued, written
from evals.perturb.variant import Refused

MOST_PICKS = 200
"""Values of one line that a search looks at, in random order."""
MOST_STEPS = 1500
"""Values that a search looks at in all; the next one begins elsewhere."""

LISTS: dict[str, list[Any]] = {
    "names": sorted(HE ^ SHE),
    "names_male": sorted(HE - SHE),
    "names_female": sorted(SHE - HE),
    "weekdays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "months": list(calendar.month_name)[1:],
    "colors": ["red", "blue", "green", "yellow", "purple", "orange", "white", "black", "brown", "pink"],
    "numbers": [in_words(value) for value in range(1, 101)],
    "multi_times": [["twice", 2], ["thrice", 3], ["four times", 4], ["five times", 5]],
    "fractions": ["1/2", "1/3", "1/4", "1/5", "1/6", "1/8", "1/10", "1/12", "1/16"],
    "fraction_decimals": ["0.2", "0.25", "0.5", "0.75"],
    "fraction_alnum": [
        ["half", "1/2"], ["one third", "1/3"], ["two thirds", "2/3"], ["one quarter", "1/4"],
        ["three quarters", "3/4"], ["one fifth", "1/5"], ["three fifths", "3/5"],
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line of #init: the variables that it sets, and how."""

    names: tuple[str, ...]
    expression: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class Domain:
    """What a line may give: an element of `pool` (a row of values, where it sets several), or `count` of them."""

    pool: Sequence[Any]
    count: int = 0
    consecutive: bool = False

    def draws(self, rng: random.Random) -> Iterator[Any]:
        """At most MOST_PICKS, in random order; elements of the pool come once."""
        if not self.count:
            yield from (self.pool[i] for i in rng.sample(range(len(self.pool)), min(MOST_PICKS, len(self.pool))))
            return
        for _ in range(MOST_PICKS):
            start = int(rng.random() * (len(self.pool) - self.count + 1))
            yield self.pool[start : start + self.count] if self.consecutive else rng.sample(self.pool, self.count)


def domain(assignment: Assignment, values: Mapping[str, Any], work: Work) -> Domain:
    """Of a line, at the values of the lines before it. Raises Refused."""
    known = {**LISTS, **values}
    node = parsed(assignment.expression)
    with valued(assignment.expression):
        sampler = _SAMPLERS.get(ast.unparse(node.func)) if isinstance(node, ast.Call) and not node.keywords else None
        if sampler is not None and isinstance(node, ast.Call):
            found = sampler(*(evaluate(each, known, work) for each in node.args))
        else:
            found = _written_out(evaluate(node, known, work), len(assignment.names))
    rows = [[*found.pool[: found.count]]] if found.count else [] if isinstance(found.pool, range) else found.pool
    work.spend(1 + len(rows))
    if not found.pool or not all(_fits(row, len(assignment.names)) for row in rows):
        raise Refused(NO_VALUE, f"{assignment.expression[:60]!r} gives no {len(assignment.names)} values")
    return found


def _fits(row: Any, names: int) -> bool:
    several = isinstance(row, list)
    return len(row) == names and not any(isinstance(each, list | range) for each in row) if several else names == 1


def _written_out(value: Any, names: int) -> Domain:
    """A list without a sampler means one of its values, or as many as there are names."""
    if not isinstance(value, list | range):
        return Domain([value])
    if names == 1:
        return Domain(value)
    return Domain([value]) if len(value) == names else Domain(value, names)


def _sample(pool: Any, count: Any = 0, *, consecutive: bool = False) -> Domain:
    if not isinstance(count, int) or not 0 <= count <= len(pool):
        raise ValueError(f"{count} of {len(pool)} values")
    return Domain(pool, count, consecutive)


def _numbered(low: Any, high: Any, step: Any, words: Any) -> Domain:
    """Words with the numbers that they stand for: the n-th word stands for n."""
    return Domain([[words[n - 1], n] for n in span(low, high, step) if 0 < n <= len(words)])


_SAMPLERS: dict[str, Callable[..., Domain]] = {
    "sample": _sample,
    "random.choice": _sample,
    "np.random.choice": _sample,
    "sample_sequential": lambda pool, count: _sample(pool, count, consecutive=True),
    "range_str": _numbered,
    "np.random.randint": lambda low, high: Domain(span(low, high)),
    "random.randint": lambda low, high: Domain(span(low, high + 1)),
}


def completed(assignments: Sequence[Assignment], known: Mapping[str, Any], work: Work) -> dict[str, Any]:
    """`known` with what its texts stand for: ("half", 1/2) where only "half" is known."""
    found = dict(known)
    for assignment in assignments:
        shown = [i for i, name in enumerate(assignment.names) if name in found]
        if not shown or len(shown) == len(assignment.names):
            continue
        try:
            rows = [row for row in domain(assignment, found, work).pool if isinstance(row, list)]
        except Refused:
            continue  # where it matters, drawing says why
        fitting = [row for row in rows if all(written(row[i]) == written(found[assignment.names[i]]) for i in shown)]
        if fitting and all(row == fitting[0] for row in fitting):
            found |= dict(zip(assignment.names, fitting[0], strict=True))
    return found


class Draws:
    """Draws of one template's variables. Raises Refused where an expression cannot be understood."""

    def __init__(
        self,
        assignments: Sequence[Assignment],
        conditions: Sequence[str],
        defaults: Mapping[str, Any],
        rng: random.Random,
        work: Work,
    ) -> None:
        self.complaint = ""
        """Why the last draw that an expression had no value for came to nothing."""
        self._defaults = defaults
        self._rng = rng
        self._work = work
        self._order = _ordered(assignments, conditions)
        self._variables = frozenset(name for each in assignments for name in each.names)
        self._due = [[c for c in conditions if self._last(c) == i] for i in range(-1, len(self._order))]
        self._domains: dict[Assignment, Domain] = {}
        self._steps = 0

    def draw(self) -> dict[str, Any] | None:
        """Values of all variables, or None where this search found none."""
        self._steps = MOST_STEPS
        start = {name: value for name, value in self._defaults.items() if name not in self._variables}
        return next(self._search(0, start), None) if self._holds(self._due[0], start) else None

    def _search(self, position: int, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if position == len(self._order):
            yield values
            return
        line = self._order[position]
        choices = self._domain(line, values)
        self._work.spend(1 + min(MOST_PICKS, len(choices.pool)) // 10)
        for drawn in choices.draws(self._rng):
            self._steps -= 1
            self._work.spend(1 + choices.count)
            if self._steps < 0:
                return
            row = drawn if len(line.names) > 1 or choices.count else [drawn]
            candidate = values | dict(zip(line.names, row, strict=True))
            if self._holds(self._due[position + 1], candidate):
                yield from self._search(position + 1, candidate)

    def _domain(self, line: Assignment, values: Mapping[str, Any]) -> Domain:
        if line in self._domains:
            return self._domains[line]
        try:
            found = domain(line, values, self._work)
        except Refused as refused:
            known = all(name in self._defaults for name in line.names)
            if refused.reason != "an unknown name" or not known or line.numeric:
                raise
            kept = [self._defaults[name] for name in line.names]
            found = Domain([kept if len(kept) > 1 else kept[0]])
        if not mentioned(line.expression) & self._variables:
            self._domains[line] = found
        return found

    def _last(self, condition: str) -> int:
        """The position of the line behind which a condition can be checked."""
        needed = mentioned(condition)
        return max((i for i, line in enumerate(self._order) if needed & {*line.names}), default=-1)

    def _holds(self, conditions: Sequence[str], values: Mapping[str, Any]) -> bool:
        try:
            return all(evaluate(condition, values, self._work) for condition in conditions)
        except Refused as refused:
            if refused.reason != NO_VALUE:
                raise
            self.complaint = refused.detail
            return False


def _ordered(assignments: Sequence[Assignment], conditions: Sequence[str]) -> list[Assignment]:
    """The lines that conditions rest on, then the others, both in the order of the file."""
    needed = {name for condition in conditions for name in mentioned(condition)}
    for line in reversed(assignments):  # a line rests on lines before it
        if needed & {*line.names}:
            needed |= mentioned(line.expression)
    return sorted(assignments, key=lambda line: not needed & {*line.names})
