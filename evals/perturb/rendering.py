"""A problem's text with the numbers of an instance, and the certificate that says where each came from.

Guarantees: only numbers are replaced, each in the way it was written; at the old values the text is the seed's. A number
that cannot be written in its place, or whose sources disagree in the prose, gives None, and so does an equation of the
prose that held and no longer does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.perturb import plausibility
from evals.perturb.arithmetic import Number
from evals.perturb.gold import equations_hold
from evals.perturb.linking import Links, Source, Value
from evals.perturb.numerals import decimal, places, write
from evals.perturb.rewriting import Edit, rewrite
from evals.perturb.variant import Certificate, Draft, Tier

CHECKS = (
    "annotations hold exactly",
    "answer is the last step",
    "every number has a source",
    "every step is used",
    "equations of the prose hold",
    "text at the old values is the seed's",
    "all linkings agree",
    "whole results stay whole",
    "signs stay",
    "order and shares stay",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What may vary and how."""

    links: Links
    grids: dict[int, list[Value]]
    """By free quantity."""
    pins: dict[int, tuple[tuple[int, Source], ...]]
    """By step: quantities that take its value, because a later number could be either."""
    pairs: tuple[tuple[int, int], ...]
    shares: tuple[tuple[tuple[int, ...], int], ...]
    ratio: int
    tier: Tier
    equations: tuple[bool, ...]
    """Whether each equation that the prose writes holds in the seed's solution."""

    def shares_fit(self, values: Sequence[Value], unknown: set[int]) -> bool:
        """Whether the shares of a whole still fit into it, those with an unknown value aside."""
        old = [q.value for q in self.links.quantities]
        return all(
            plausibility.shares_fit(group, whole, old, values)
            for group, whole in self.shares
            if unknown.isdisjoint(group)
        )


@dataclass(frozen=True, slots=True)
class Instance:
    """New quantities and, by step, new literals and partial results."""

    values: tuple[Value, ...]
    literals: tuple[tuple[Number, ...], ...]
    steps: tuple[Number, ...]


def render(made: Plan, instance: Instance) -> Draft | None:
    """The text with the instance's numbers; None where one of them cannot be written in its place."""
    links = made.links
    edits: list[Edit] = []
    for quantity, value in zip(links.quantities, instance.values, strict=True):
        if value == quantity.value:
            continue
        for m in quantity.mentions:
            numeral = links.mentions[m].numeral
            new = "/".join(map(str, value)) if isinstance(value, tuple) else write(numeral, value)
            if new is None:
                return None
            edits.append(Edit(numeral.start, numeral.end, new))
    solution_edits = _solution_edits(made, instance)
    if solution_edits is None:
        return None
    solution = rewrite(links.solution.text, solution_edits)
    if not _equations_still_hold(made, solution):
        return None
    return Draft(
        rewrite(links.question, edits),
        solution,
        decimal(instance.steps[-1]) or "",
        Certificate(made.tier, CHECKS, {}, _mention_rows(made, instance), _graph_rows(made, instance)),
    )


def _equations_still_hold(made: Plan, solution: str) -> bool:
    """A step without an annotation ("60/15 = 4 boxes") shows whether its numbers were rightly linked."""
    now = equations_hold(solution)
    return len(now) == len(made.equations) and all(new or not old for old, new in zip(made.equations, now, strict=True))


def _solution_edits(made: Plan, instance: Instance) -> list[Edit] | None:
    links, text = made.links, made.links.solution.text
    wanted: list[tuple[int, int, Number, Number]] = []  # span, old, new
    for step, new_literals, new in zip(links.solution.steps, instance.literals, instance.steps, strict=True):
        spans = zip(step.literal_spans, step.expression.values, new_literals, strict=True)
        wanted += [(*span, old, value) for span, old, value in spans]
        wanted.append((*step.result_span, step.value, new))
    edits = []
    for start, end, old, value in wanted:
        if old == value:
            continue
        written = _as_before(text[start:end], value)
        if written is None:
            return None
        edits.append(Edit(start, end, written))
    return _with_prose(made, instance, edits)


def _with_prose(made: Plan, instance: Instance, edits: list[Edit]) -> list[Edit] | None:
    solution = made.links.solution
    for numeral, sources in zip(solution.prose, made.links.prose, strict=True):
        values = {source.value(instance.values, instance.steps) for source in sources}
        if len(values) > 1:
            return None
        value = values.pop() if values else numeral.value
        if value != numeral.value:
            new = write(numeral, value) if numeral.words else _as_before(numeral.text, value)
            if new is None:
                return None
            edits.append(Edit(numeral.start, numeral.end, new))
    if instance.steps[-1] != solution.answer:
        start, end = solution.answer_span
        written = _as_before(solution.text[start:end].strip("$ ."), instance.steps[-1])
        if written is None:
            return None
        offset = solution.text.index(solution.text[start:end].strip("$ ."), start)
        edits.append(Edit(offset, offset + len(solution.text[start:end].strip("$ .")), written))
    return edits


def _as_before(old: str, value: Number) -> str | None:
    """`value` with the commas and at most the decimal places of `old`."""
    written = decimal(value, places(old) or None)
    if written is None or places(written) > places(old):
        return None
    whole, point, rest = written.partition(".")
    if "," in old:
        whole = f"{int(whole):,}"
    return ("" if old.startswith(".") and whole == "0" else whole) + point + rest


def _mention_rows(made: Plan, instance: Instance) -> tuple[dict[str, Any], ...]:
    rows = []
    for i, quantity in enumerate(made.links.quantities):
        for m in quantity.mentions:
            numeral = made.links.mentions[m].numeral
            rows.append(
                {
                    "quantity": i,
                    "start": numeral.start,
                    "end": numeral.end,
                    "old": plain(quantity.value),
                    "new": plain(instance.values[i]),
                    "frozen": quantity.frozen,
                }
            )
    return tuple(sorted(rows, key=lambda row: int(row["start"])))


def _graph_rows(made: Plan, instance: Instance) -> tuple[dict[str, Any], ...]:
    rows = []
    for k, step in enumerate(made.links.solution.steps):
        text = made.links.solution.text[step.start : step.end].strip("<>")
        sources = [[_source_row(source) for source in each] for each in made.links.literals[k]]
        rows.append(
            {
                "old": text,
                "postfix": [*step.expression.program],
                "sources": sources,
                "literals": [plain(v) for v in instance.literals[k]],
                "value": plain(instance.steps[k]),
            }
        )
    return tuple(rows)


def _source_row(source: Source) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": source.kind, "index": source.index, "form": source.form}
    return row | ({"value": plain(source.original)} if source.kind == "constant" else {})


def plain(value: Value) -> str:
    """An exact number as text: "18", "3/4"."""
    return f"{value[0]}/{value[1]}" if isinstance(value, tuple) else str(value)
