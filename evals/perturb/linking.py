"""Where each number of an annotated solution can come from: the question, an earlier step, a constant.

Every literal gets *all* its possible sources. Guarantees: a literal without a source, and a step that nothing
uses, refuse the problem. What the sources leave open is settled only by counting: every step must be used, so a
literal that is the only possible user of a step is that step.
Not covered: quantities that the question states by other words than those of mentions.py and anchors.py.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from evals.perturb.anchors import constants, possible_constants, silent_counts
from evals.perturb.arithmetic import Number, divide, exact
from evals.perturb.mentions import Mention, mentions
from evals.perturb.solution import Solution, Step
from evals.perturb.variant import Refused

MOST_LINKINGS = 64

Value = Number | tuple[int, int]
"""What a quantity is: a number, or numerator and denominator."""

FORMS: dict[str, Callable[[Number], Number]] = {
    "value": lambda v: v,
    "share": lambda v: divide(v, 100),
    "rest": lambda v: 100 - v,
    "more": lambda v: 100 + v,
    "rest share": lambda v: exact(1 - Fraction(v) / 100),
    "more share": lambda v: exact(1 + Fraction(v) / 100),
    "reciprocal": lambda v: divide(100, v),
    "rest reciprocal": lambda v: divide(100, 100 - v),
    "in dollars": lambda v: divide(v, 100),
    "in cents": lambda v: exact(Fraction(v) * 100),
}
FRACTION_FORMS: dict[str, Callable[[tuple[int, int]], Number]] = {
    "numerator": lambda v: v[0],
    "denominator": lambda v: v[1],
    "share": lambda v: exact(Fraction(*v)),
    "rest share": lambda v: exact(1 - Fraction(*v)),
    "more share": lambda v: exact(1 + Fraction(*v)),
    "rest numerator": lambda v: v[1] - v[0],
}


@dataclass(frozen=True, slots=True)
class Source:
    """One possible origin of a number: a form of quantity `index`, the value of step `index`, or a constant."""

    kind: Literal["quantity", "step", "constant"]
    index: int
    form: str
    """The form of a quantity; the anchoring words of a constant."""
    original: Number

    def value(self, quantities: Sequence[Value], steps: Sequence[Number]) -> Number:
        if self.kind == "step":
            return steps[self.index]
        if self.kind == "constant":
            return self.original
        quantity = quantities[self.index]
        return FRACTION_FORMS[self.form](quantity) if isinstance(quantity, tuple) else FORMS[self.form](quantity)


@dataclass(frozen=True, slots=True)
class Quantity:
    """Mentions of one value, tied: they change together, so it does not matter which of them is meant."""

    value: Value
    mentions: tuple[int, ...]
    frozen: str


@dataclass(frozen=True, slots=True)
class Links:
    """A solution's computation graph with the sources of every number."""

    question: str
    solution: Solution
    mentions: tuple[Mention, ...]
    quantities: tuple[Quantity, ...]
    literals: tuple[tuple[tuple[Source, ...], ...], ...]
    """By step and literal: all sources."""
    prose: tuple[tuple[Source, ...], ...]
    """By number of the prose; empty for a number that stays."""
    choices: tuple[tuple[tuple[int, ...], ...], ...]
    """The linkings in which every step is used: by step and literal the index of the chosen source."""


def link(question: str, solution: Solution) -> Links:
    """Raises Refused."""
    found = tuple(mentions(question))
    quantities = _quantities(found)
    literals: list[list[tuple[Source, ...]]] = []
    for number, step in enumerate(solution.steps):
        known = [s.value for s in solution.steps[:number]]
        row = [
            _sources(value, question, step.line, quantities, found, known, _scales(solution.text, span))
            for value, span in zip(step.expression.values, step.literal_spans, strict=True)
        ]
        _fractions_as_written(solution, step, quantities, row)
        for value, sources in zip(step.expression.values, row, strict=True):
            if not sources:
                raise Refused("a number without a source", f"step {number + 1} uses {value}, which nothing states")
        literals.append(row)
    narrowed = _narrow(literals, len(solution.steps))
    quantities = _squares(solution, _spare(found, _doubt(question, quantities, narrowed), narrowed), narrowed)
    prose = _prose(question, solution, quantities, found, narrowed)
    choices = tuple(_choices(narrowed, len(solution.steps)))
    return Links(question, solution, found, quantities, tuple(map(tuple, narrowed)), prose, choices)


def used(links: Links) -> set[int]:
    """The quantities that some literal may come from."""
    return {s.index for row in links.literals for sources in row for s in sources if s.kind == "quantity"}


def _quantities(found: Sequence[Mention]) -> tuple[Quantity, ...]:
    groups: dict[Value, list[int]] = {}
    for index, mention in enumerate(found):
        fraction = mention.numeral.fraction
        groups.setdefault(fraction if fraction and not mention.numeral.mixed else mention.value, []).append(index)
    return tuple(
        Quantity(value, tuple(group), next((found[i].frozen for i in group if found[i].frozen), ""))
        for value, group in groups.items()
    )


def _sources(
    value: Number,
    question: str,
    line: str,
    quantities: Sequence[Quantity],
    found: Sequence[Mention],
    known: Sequence[Number],
    scales: bool = False,
) -> tuple[Source, ...]:
    """`scales`: the number multiplies or divides, so it may convert units."""
    sources = [Source("step", k, "", value) for k, other in enumerate(known) if other == value]
    for index, quantity in enumerate(quantities):
        for form in _forms(quantity, found):
            source = Source("quantity", index, form, value)
            if source.value([q.value for q in quantities], ()) == value:
                sources.append(source)
    constant = constants(question, line).get(value)
    scaled = next((m.numeral for m in found if m.numeral.scale > 1 and value == m.value * m.numeral.scale), None)
    if constant:
        sources.append(Source("constant", 0, constant.anchor, value))
    elif scaled:
        sources.append(Source("constant", 0, f"{scaled.text} times {scaled.scale}", value))
    elif scales and sources and (possible := possible_constants(question, line).get(value)):
        sources.append(Source("constant", 0, possible.anchor, value))
    return tuple(sources)


def _scales(text: str, span: tuple[int, int]) -> bool:
    """Whether the number at a place is a factor or divisor."""
    return text[: span[0]].rstrip(" $(")[-1:] in ("*", "/") or text[span[1] :].lstrip(" )%")[:1] in ("*", "/")


def _fractions_as_written(
    solution: Solution, step: Step, quantities: Sequence[Quantity], row: list[tuple[Source, ...]]
) -> None:
    """`3/4` in a step, where the question says 3/4, is that fraction and nothing else."""
    values, spans = step.expression.values, step.literal_spans
    for i in range(len(values) - 1):
        if solution.text[spans[i][1] : spans[i + 1][0]].strip() != "/":
            continue
        pair = (values[i], values[i + 1])
        index = next((k for k, q in enumerate(quantities) if q.value == pair and isinstance(q.value, tuple)), None)
        if index is not None:
            row[i] = (Source("quantity", index, "numerator", values[i]),)
            row[i + 1] = (Source("quantity", index, "denominator", values[i + 1]),)


def _forms(quantity: Quantity, found: Sequence[Mention]) -> list[str]:
    if isinstance(quantity.value, tuple):
        return list(FRACTION_FORMS)
    forms = ["value"]
    group = [found[i] for i in quantity.mentions]
    if any(mention.numeral.percent for mention in group):
        forms += ["share", "rest", "more", "rest share", "more share"]
        forms += ["reciprocal", "rest reciprocal"] if quantity.value < 100 and quantity.value > 0 else []
    if any(mention.unit == "cent" for mention in group):
        forms.append("in dollars")
    if any(mention.unit == "money" and mention.value < 10 for mention in group):
        forms.append("in cents")
    return forms


def _narrow(literals: list[list[tuple[Source, ...]]], steps: int) -> list[list[tuple[Source, ...]]]:
    """Gives a step its only possible user. A quantity of the same value stays a possible source."""
    changed = True
    while changed:
        changed = False
        for k in range(steps - 1):
            users = [
                (row, place)
                for row, sources in enumerate(literals)
                for place, each in enumerate(sources)
                if any(s.kind == "step" and s.index == k for s in each)
            ]
            if not users:
                raise Refused("a step that nothing uses", f"step {k + 1} of {steps}")
            if len(users) == 1:
                row, place = users[0]
                kept = tuple(s for s in literals[row][place] if _step_or_value(s, k))
                changed |= len(kept) < len(literals[row][place])
                literals[row][place] = kept
    return literals


def _step_or_value(source: Source, step: int) -> bool:
    return (source.kind == "step" and source.index == step) or (source.kind == "quantity" and source.form == "value")


def _choices(literals: Sequence[Sequence[tuple[Source, ...]]], steps: int) -> list[tuple[tuple[int, ...], ...]]:
    """Every way to choose among the steps that a literal may be, such that no step stays unused."""
    options = [
        [i for i, s in enumerate(sources) if s.kind == "step"] or [_first_choice(sources)]
        for row in literals
        for sources in row
    ]
    total = 1
    for option in options:
        total *= len(option)
    if total > MOST_LINKINGS:
        raise Refused("too many linkings", f"{total} ways to link equal steps, at most {MOST_LINKINGS}")
    flat = [sources for row in literals for sources in row]
    kept = []
    for choice in itertools.product(*options):
        chosen = {s.index for s, sources in ((flat[i][c], flat[i]) for i, c in enumerate(choice)) if s.kind == "step"}
        if len(chosen) == steps - 1:
            rest = iter(choice)
            kept.append(tuple(tuple(next(rest) for _ in row) for row in literals))
    if not kept:
        raise Refused("a step that nothing uses", "no linking uses every step")
    return kept


def _first_choice(sources: Sequence[Source]) -> int:
    return next((i for i, s in enumerate(sources) if s.kind == "quantity" and s.form == "value"), 0)


def _doubt(
    question: str, quantities: Sequence[Quantity], literals: Sequence[Sequence[tuple[Source, ...]]]
) -> tuple[Quantity, ...]:
    """Freezes a quantity where one of its users could also be another quantity, a constant, or a count that the
    text only implies."""
    silent = silent_counts(question)
    in_use = {s.index for row in literals for sources in row for s in sources if s.kind == "quantity"}
    idle = [q.value for i, q in enumerate(quantities) if i not in in_use and isinstance(q.value, int)]
    result = list(quantities)
    for sources in (sources for row in literals for sources in row):
        constant = next((s for s in sources if s.kind == "constant"), None)
        several = len({(s.index, s.form) for s in sources if s.kind == "quantity"}) > 1
        for source in sources:
            if source.kind != "quantity" or result[source.index].frozen:
                continue
            if constant and source.original not in (1, 100):
                reason = f"could be the constant of {constant.form!r}"
            elif several:
                reason = f"{source.original} could come from several numbers"
            elif source.form == "value" and source.original in silent:
                reason = "could be a count that the text implies"
            elif source.form == "value" and any(0 < v < 13 and abs(source.original - v) == 1 for v in idle):
                reason = "could be one more or less than a number that nothing uses"
            else:
                continue
            result[source.index] = replace(result[source.index], frozen=reason)
    return tuple(result)


def _spare(
    found: Sequence[Mention], quantities: Sequence[Quantity], literals: Sequence[Sequence[tuple[Source, ...]]]
) -> tuple[Quantity, ...]:
    """Freezes a quantity whose mentions count more sorts of things than literals use it: one of them is not in the
    computation ("three cups each, in three meals: in the morning …")."""
    result = []
    for index, quantity in enumerate(quantities):
        uses = sum(any(s.kind == "quantity" and s.index == index for s in each) for row in literals for each in row)
        sorts = {found[i].unit for i in quantity.mentions}
        spare = not quantity.frozen and len(sorts) > max(uses, 1)
        result.append(replace(quantity, frozen="counts several things, and not all are used") if spare else quantity)
    return tuple(result)


def _squares(
    solution: Solution, quantities: Sequence[Quantity], literals: Sequence[Sequence[tuple[Source, ...]]]
) -> tuple[Quantity, ...]:
    """Freezes what the question says once and a step multiplies by itself: one of the two is probably something else."""
    result = list(quantities)
    for step, row in zip(solution.steps, literals, strict=True):
        for a, b, sign in zip(
            step.expression.program, step.expression.program[1:], step.expression.program[2:], strict=False
        ):
            if sign != "*" or not isinstance(a, int) or not isinstance(b, int):
                continue
            for index in {s.index for s in row[a] if s.kind == "quantity"} & {
                s.index for s in row[b] if s.kind == "quantity"
            }:
                if len(quantities[index].mentions) == 1 and not quantities[index].frozen:
                    result[index] = replace(quantities[index], frozen="is multiplied by itself")
    return tuple(result)


def _prose(
    question: str,
    solution: Solution,
    quantities: Sequence[Quantity],
    found: Sequence[Mention],
    literals: Sequence[Sequence[tuple[Source, ...]]],
) -> tuple[tuple[Source, ...], ...]:
    """Sources of the numbers around the annotations: those of the annotation that they prepare or repeat, else
    all that have the value. Small counts that nothing states stay as they are."""
    linked: dict[int, tuple[Source, ...]] = {}
    end = 0
    for k, step in enumerate(solution.steps):
        line_start = step.line_end - len(step.line)
        before = [i for i, n in enumerate(solution.prose) if max(end, line_start) <= n.start < step.start]
        values = step.expression.values
        if [solution.prose[i].value for i in before[-len(values) :]] == list(values):
            linked |= dict(zip(before[-len(values) :], literals[k], strict=True))
        after = next((i for i, n in enumerate(solution.prose) if step.end <= n.start <= step.end + 2), None)
        if after is not None and solution.prose[after].value == step.value:
            linked[after] = (Source("step", k, "", step.value),)
        end = step.end
    for i, numeral in enumerate(solution.prose):
        if i in linked:
            continue
        line_end = solution.text.find("\n", numeral.start)
        line_start = solution.text.rfind("\n", 0, numeral.start) + 1
        known = [s.value for s in solution.steps if line_end < 0 or s.start < line_end]
        line = solution.text[line_start : line_end if line_end >= 0 else None]
        sources = _sources(numeral.value, question, line, quantities, found, known)
        if not sources and not (numeral.value in (0, 1, 2, 100) or (numeral.words and numeral.value < 4)):
            raise Refused("a number without a source", f"the solution says {numeral.text!r}, which nothing states")
        linked[i] = sources
    return tuple(linked[i] for i in range(len(solution.prose)))
