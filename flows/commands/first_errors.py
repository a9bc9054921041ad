"""ProcessBench's metric of predictions that lie in a file, for `proctor processbench`.

Predictions are a column of the file itself or of another one with the same `id`s: the index of the first wrong step
(-1: none, null: unknown), or a list of step labels (1, 0, null), of which the first error is taken. A record that
cannot be read is named and left out; a prediction that is none of these counts as unknown and is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evals.annotations import AnnotationReading, annotated
from evals.first_errors import Prediction, Scores, first_error_scores, known_first_error, paired_difference
from evals.records import BadRecord, Record, Refusal, cut
from evals.sources import question_key
from flows.orders.parameters import ParameterError
from tasks.params import ImportParams
from tasks.records import records_of

SHOWN = 5
"""Refusals that are printed; all are counted."""


@dataclass(frozen=True)
class Solution:
    """What is scored of one record."""

    id: str
    problem: str
    group: str
    true: int
    predictions: tuple[Prediction, ...]
    """One for each column."""


@dataclass(frozen=True)
class Report:
    """Scores of each column, by group and of all, and the difference of the first two columns."""

    columns: tuple[str, ...]
    scores: tuple[tuple[str, tuple[Scores, ...]], ...]
    difference: Mapping[str, float] | None
    refused: tuple[Refusal, ...]

    def as_json(self) -> dict[str, Any]:
        scores = {name: dict(zip(self.columns, map(asdict, each), strict=True)) for name, each in self.scores}
        return {"scores": scores, "difference": self.difference, "refused": len(self.refused)}


def report(file: str, columns: Sequence[str], predictions: str | None, by: str | None) -> Report:
    """Scores the columns (one, or two to compare) of `predictions`, or of the file. Raises ParameterError, SourceError
    where there is nothing to score."""
    refused: list[Refusal] = []
    found = _predictions(predictions, refused) if predictions else None
    solutions = list(_solutions(file, columns, found, by, refused))
    if not solutions:
        why = f": {refused[0].place}: {refused[0].message}" if refused else ""
        raise ParameterError(f"{file}: has no solution in ProcessBench's format{why}")
    groups = sorted({solution.group for solution in solutions}) if by else []
    scores = [(name, _scores([each for each in solutions if each.group == name], columns)) for name in groups]
    return Report(tuple(columns), (*scores, ("all", _scores(solutions, columns))), _compared(solutions), tuple(refused))


def shown(what: Report) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("solutions", "predictions"):
        table.add_column(name)
    for name in ("erroneous", "correct", "on erroneous", "on correct", "F1", "unknown"):
        table.add_column(name, justify="right")
    for group, each in what.scores:
        for column, scores in zip(what.columns, each, strict=True):
            shares = [scores.accuracy_erroneous, scores.accuracy_correct, scores.f1]
            table.add_row(
                group,
                column,
                f"{scores.erroneous:,}",
                f"{scores.correct:,}",
                *map(_share, shares),
                f"{scores.unknown:,}",
            )
    lines = [f"{each.place}  {each.kind}  {each.message}" for each in what.refused[:SHOWN]]
    if len(what.refused) > SHOWN:
        lines.append(f"… {len(what.refused) - SHOWN:,} more")
    if what.difference:
        found = {name: f"{100 * value:+.1f}" for name, value in what.difference.items()}
        first, second = what.columns
        said = f"F1 of {first} minus F1 of {second}: {found['difference']} points, 95 % interval"
        lines.insert(0, f"{said} {found['low']} to {found['high']} (problems drawn)")
    return Group(table, *map(Text, lines))


def _solutions(
    file: str,
    columns: Sequence[str],
    found: Mapping[str, Mapping[str, Any]] | None,
    by: str | None,
    refused: list[Refusal],
) -> Iterator[Solution]:
    for record in _records(file):
        if isinstance(record, Refusal):
            refused.append(record)
            continue
        try:
            said = annotated(record.fields, AnnotationReading("processbench"))
        except BadRecord as bad:
            refused.append(bad.refusal(record))
            continue
        true = known_first_error(said.truths or ())
        assert true is not None, "every step before the label is right"
        name = str(record.fields.get("id", record.place))
        fields = record.fields if found is None else found.get(name, {})
        told = tuple(_prediction(record, fields, column, refused) for column in columns)
        yield Solution(name, question_key(said.question), str(record.fields.get(by, "")) if by else "", true, told)


def _prediction(record: Record, fields: Mapping[str, Any], column: str, refused: list[Refusal]) -> Prediction:
    value = fields.get(column)
    if column not in fields:
        bad = BadRecord("no_prediction", f"there is no `{column}` for it; null would say that it is unknown")
    elif isinstance(value, list | tuple) and all(each is None or each in (0, 1) for each in value):
        return known_first_error(value)
    elif value is None or (type(value) is int and value >= -1):
        return value
    else:
        seen = f"`{column}` is {cut(repr(value), 40)}"
        bad = BadRecord("bad_prediction", f"{seen}; it is a step from 0, -1, null or a list of 1, 0, null")
    refused.append(bad.refusal(record))
    return None


def _predictions(file: str, refused: list[Refusal]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for record in _records(file):
        if isinstance(record, Refusal):
            refused.append(record)
        elif "id" not in record.fields or str(record.fields["id"]) in found:
            refused.append(BadRecord("bad_id", "its `id` is missing, or stood before").refusal(record))
        else:
            found[str(record.fields["id"])] = record.fields
    return found


def _records(file: str) -> Iterator[Record | Refusal]:
    return records_of(ImportParams(format="processbench", path=file))


def _scores(solutions: Sequence[Solution], columns: Sequence[str]) -> tuple[Scores, ...]:
    true = [solution.true for solution in solutions]
    return tuple(
        first_error_scores([solution.predictions[place] for solution in solutions], true)
        for place in range(len(columns))
    )


def _compared(solutions: Sequence[Solution]) -> dict[str, float] | None:
    """None where there is one column alone, or where F1 is not defined."""
    true = [solution.true for solution in solutions]
    if len(solutions[0].predictions) < 2 or not 0 < true.count(-1) < len(true):
        return None
    first, second = zip(*(solution.predictions[:2] for solution in solutions), strict=True)
    return asdict(paired_difference(first, second, true, [solution.problem for solution in solutions]))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
