"""Numbers followed over the nights, as pictures: shares of rows, how right labels and verifiers are, tokens, ratings.

Everything comes from manifests as their tables show it (tasks/report/figures.py), ratings from the rows that one names.
A number that a night does not have is a gap in its line, never a zero; what only one night has is not drawn. Points
alone: intervals stand in the comparison (tasks/report/nights.py) and in the reports of the stages.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.report.pictures import drawing, svg
from tasks.report.section import Picture, shown

MOST_LINES = 10
"""In one picture; matplotlib has as many colours."""


@dataclass(frozen=True)
class Night:
    """What is followed of one partition."""

    day: datetime.date
    numbers: Mapping[str, Mapping[str, float | None]]
    """By dataset: `tasks.report.figures.measures` of its manifest."""
    ratings: Mapping[str, float]
    """By model, of the overall board."""


@dataclass(frozen=True)
class Line:
    dataset: str
    number: str
    """A pattern; its group, if any, is the end of the line's name."""
    name: str


@dataclass(frozen=True)
class Trend:
    """One picture."""

    title: str
    axis: str
    lines: tuple[Line, ...]


TRENDS = (
    Trend(
        "Shares of rows, night by night",
        "share",
        (
            Line("labels", "bad_share", "bad labels"),
            Line("labels", "unknown_rate", "unknown labels"),
            Line("traces", "unknown_rate", "unknown traces"),
            Line("trials", "unknown_rate", "unknown trials"),
            Line("traces", "dead_rate", "dead traces"),
        ),
    ),
    Trend(
        "How right labels and verifiers are, night by night",
        "score",
        (
            Line("labels", "label_accuracy", "labels that equal the truth"),
            Line("labels", "first_error_accuracy", "first errors of labels in their place"),
            Line("verifications", "first_error_f1", "first errors of verifiers, F1"),
            Line("verifications", "auroc_truth", "verifiers against the truth, AUROC"),
        ),
    ),
    Trend(
        "Change of the accuracy on variants, night by night",
        "change",
        (Line("effects", r"kinds_(\w+)_change", ""),),
    ),
    Trend(
        "Tokens, night by night",
        "tokens",
        tuple(
            Line(name, "tokens", name)
            for name in ("traces", "labels", "replies", "trees", "strategies", "rewrites", "trials")
        ),
    ),
)


def followed() -> list[str]:
    """The datasets whose numbers TRENDS have."""
    return list(dict.fromkeys(line.dataset for trend in TRENDS for line in trend.lines))


def trends(nights: Sequence[Night]) -> list[Picture]:
    """The oldest night first. A picture for each trend that at least two nights have something of."""
    days = [str(night.day) for night in nights]
    found = [(trend.title, trend.axis, _values(trend, nights)) for trend in TRENDS]
    rated = {model: [night.ratings.get(model) for night in nights] for night in nights for model in night.ratings}
    found.append(("Ratings, night by night", "rating", rated))
    return [_picture(title, axis, days, kept) for title, axis, lines in found if (kept := _drawable(lines))]


Values = Mapping[str, Sequence[float | None]]


def _values(trend: Trend, nights: Sequence[Night]) -> Values:
    """By the names of the lines."""
    named = {
        name: (line.dataset, number)
        for line in trend.lines
        for night in nights
        for name, number in _numbers(line, night)
    }
    return {
        name: [night.numbers.get(dataset, {}).get(number) for night in nights]
        for name, (dataset, number) in named.items()
    }


def _numbers(line: Line, night: Night) -> Iterator[tuple[str, str]]:
    for number in night.numbers.get(line.dataset, {}):
        if match := re.fullmatch(line.number, number):
            yield " ".join([line.name, *match.groups()]).strip(), number


def _drawable(lines: Values) -> Values:
    """Those that two nights have, and that are not zero in all; the first MOST_LINES of them."""
    kept = [(name, values) for name, values in lines.items() if any(values) and _known(values) > 1]
    return dict(kept[:MOST_LINES])


def _known(values: Sequence[float | None]) -> int:
    return sum(value is not None for value in values)


def _picture(title: str, axis: str, days: Sequence[str], lines: Values) -> Picture:
    with drawing(7.0, 3.0) as (figure, axes):
        for name, values in lines.items():
            axes.plot(
                range(len(days)), [float("nan") if value is None else value for value in values], "o-", label=name
            )
        axes.set_xticks(range(len(days)), days, rotation=30, ha="right")
        axes.set_ylabel(axis)
        figure.legend(loc="outside right upper")
        drawn = svg(figure)
    return Picture(title, drawn, "; ".join(f"{name}: {_said(days, values)}" for name, values in lines.items()) + ".")


def _said(days: Sequence[str], values: Sequence[float | None]) -> str:
    return ", ".join(
        f"{day} {'not known' if value is None else shown(value)}" for day, value in zip(days, values, strict=True)
    )
