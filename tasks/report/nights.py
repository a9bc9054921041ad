"""What changed from night to night: the rates of one partition's traces and labels beside those of earlier days.

Unknown verdicts and labels are in no rate. Numbers come from committed rows alone (evals/nights.py says how).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.nights import Change, change
from evals.robustness.by_problem import ByProblem, averaged
from evals.robustness.means import Estimate, mean_of
from storage.store import Location
from tasks.report.pictures import drawing, svg
from tasks.report.section import Cell, Picture, Prose, Section, Table, p_value

_VALUES: dict[object, float] = {"correct": 1.0, "wrong": 0.0, 1: 1.0, 0: 0.0}


@dataclass(frozen=True)
class Rate:
    """A share that is followed."""

    title: str
    dataset: str
    column: str


RATES = (Rate("correct answers", "traces", "verdict"), Rate("good steps", "labels", "hard"))
_COLUMNS = ("against", "rate", "then", "now", "change", "low", "high", "p", "problems then", "problems now", "compared")


def by_problem(location: Location, column: str) -> ByProblem:
    """The mean of each problem's decided rows."""
    rows = location.read(["problem_id", column])
    values = [_VALUES.get(each, np.nan) for each in rows[column].to_pylist()]
    return averaged(np.array(rows["problem_id"].to_pylist(), dtype=np.str_), np.array(values, dtype=np.float64))


def section(nights: Sequence[Sequence[Location]], baseline: Sequence[Location] = ()) -> Section:
    """`nights` and `baseline` hold the locations of RATES, in that order; the oldest night first, this one last."""
    rates = [[by_problem(place, rate.column) for place, rate in zip(night, RATES, strict=True)] for night in nights]
    days = [str(night[0].partition.date) for night in nights]
    against = [(days[-2], rates[-2])] if len(nights) > 1 else []
    if baseline:
        named = f"{baseline[0].partition.date} (baseline)"
        against.append((named, [by_problem(place, rate.column) for place, rate in zip(baseline, RATES, strict=True)]))
    rows = tuple(
        _row(name, rate, change(then, now))
        for name, before in against
        for rate, then, now in zip(RATES, before, rates[-1], strict=True)
    )
    note = "95 % intervals, clustered by problem. Not corrected for looking at several numbers, or every night."
    table = Table(f"{days[-1]} against earlier nights", _COLUMNS, rows, note)
    first = Prose("There is no earlier night of this source, model and run to compare with.")
    return Section("Night over night", (table if rows else first, *([_trend(days, rates)] if len(nights) > 1 else [])))


def _row(name: str, rate: Rate, what: Change) -> tuple[Cell, ...]:
    told = what.difference
    numbers = (what.before.value, what.after.value, told.value, told.low, told.high, p_value(told.p))
    return (name, rate.title, *numbers, what.before.n, what.after.n, "within problems" if what.paired else "unpaired")


def _trend(days: Sequence[str], rates: Sequence[Sequence[ByProblem]]) -> Picture:
    lines = [[mean_of(night[place].values, (0, 1)) for night in rates] for place in range(len(RATES))]
    with drawing(7.0, 3.0) as (figure, axes):
        for rate, line, shift in zip(RATES, lines, (-0.05, 0.05), strict=True):
            known = [(place + shift, each) for place, each in enumerate(line) if each.value is not None]
            axes.plot([x for x, _ in known], [each.value or 0.0 for _, each in known], "o-", label=rate.title)
            colour = axes.lines[-1].get_color()
            for x, each in known:
                if each.low is not None and each.high is not None:
                    axes.plot([x, x], [each.low, each.high], color=colour, linewidth=1)
        axes.set_xticks(range(len(days)), days, rotation=30, ha="right")
        axes.set_xlim(-0.5, len(days) - 0.5)
        axes.set_ylim(-0.02, 1.02)
        axes.legend()
        drawn = svg(figure)
    said = "; ".join(
        f"{rate.title}: {', '.join(f'{day} {_said(each)}' for day, each in zip(days, line, strict=True))}"
        for rate, line in zip(RATES, lines, strict=True)
    )
    return Picture("The last nights", drawn, f"Rates with 95 % intervals, clustered by problem. {said}.")


def _said(what: Estimate) -> str:
    return "unknown" if what.value is None else f"{what.value:.3f}"
