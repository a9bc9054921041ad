"""What the `traces` stage shows: what more samples are worth, how hard the problems are for the model, lengths, and how
the verdicts came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evals.answers import Verdict
from evals.passk import PassScore, Tally, score
from storage.store import Location
from tasks.report.pictures import drawing, svg
from tasks.report.section import Block, Cell, Picture, Section, Table

COLUMNS = ("problem_id", "verdict", "reason", "finish_reason", "tokens")
MOST = 20
"""Reasons that are shown."""


def section(traces: Location) -> Section:
    """From the committed rows."""
    rows = traces.read(COLUMNS)
    tallies = _tallies(rows)
    passed = [found for k in _ks(tallies) if (found := score(tallies, k)).value is not None]
    blocks: list[Block] = [
        *([_picture(passed)] if len(passed) > 1 else []),
        _passed(passed),
        _hardness(tallies),
        _lengths(rows),
        _reasons(rows),
    ]
    return Section("Traces", tuple(blocks))


def _tallies(rows: pa.Table) -> list[Tally]:
    """Of each problem."""
    found: dict[str, Counter[str]] = {}
    for each in _counted(rows, "problem_id", "verdict"):
        found.setdefault(each["problem_id"], Counter())[each["verdict"]] = each["count_all"]
    return [
        Tally(*(counts[verdict] for verdict in (Verdict.correct, Verdict.wrong, Verdict.unknown)))
        for counts in found.values()
    ]


def _ks(tallies: Sequence[Tally]) -> list[int]:
    """1, 2, 4 and on, up to the samples that every problem has."""
    samples = min((tally.samples for tally in tallies), default=0)
    return sorted({2**power for power in range(samples.bit_length())} | ({samples} if samples else set()))


def _picture(passed: Sequence[PassScore]) -> Picture:
    with drawing(5.0, 3.0) as (figure, axes):
        axes.plot([each.k for each in passed], [each.value or 0.0 for each in passed], "o-")
        axes.set_xscale("log", base=2)
        axes.set_xticks([each.k for each in passed], [str(each.k) for each in passed])
        axes.set(xlabel="samples k", ylabel="pass@k", ylim=(-0.02, 1.02))
        drawn = svg(figure)
    return Picture(
        "What more samples are worth", drawn, "; ".join(f"pass@{each.k} {each.value:.3f}" for each in passed) + "."
    )


def _passed(passed: Sequence[PassScore]) -> Table:
    """The bounds only where a verdict is unknown."""
    rows = tuple((each.k, each.value, *_bounds(each), each.problems) for each in passed)
    columns = ("k", "pass@k", "if unknown were wrong", "if unknown were right", "problems")
    note = "Over all ways to draw k samples (Chen et al. 2021, arXiv 2107.03374); unknown verdicts are left out."
    return Table("Chance that one of k samples is right", columns, rows, note).without_empty_columns()


def _bounds(found: PassScore) -> tuple[float | None, float | None]:
    return (found.lower, found.upper) if found.unknown else (None, None)


def _hardness(tallies: Sequence[Tally]) -> Table:
    """Labels and rewards have something to tell of those in the middle."""
    found = Counter(_class(tally) for tally in tallies)
    rows = tuple((name, found[name], found[name] / len(tallies)) for name in CLASSES if found[name])
    return Table("Problems by how often the model solves them", ("right samples", "problems", "share"), rows)


CLASSES = ("none", "fewer than half", "half or more", "all", "not known")


def _class(tally: Tally) -> str:
    if not tally.decided:
        return "not known"
    if tally.correct in (0, tally.decided):
        return "all" if tally.correct else "none"
    return "fewer than half" if 2 * tally.correct < tally.decided else "half or more"


def _lengths(rows: pa.Table) -> Table:
    told: list[tuple[Cell, ...]] = []
    for verdict in Verdict:
        of = rows.filter(pc.equal(rows["verdict"], verdict.value))
        if of.num_rows:
            quantiles = map(float, np.quantile(of["tokens"].to_numpy(), (0.5, 0.9, 1.0)))
            told.append(
                (verdict.value, of.num_rows, *quantiles, pc.sum(pc.equal(of["finish_reason"], "length")).as_py())
            )
    columns = ("verdict", "traces", "median tokens", "90 % below", "longest", "cut off at the limit")
    return Table("How long the traces are", columns, tuple(told))


def _reasons(rows: pa.Table) -> Table:
    found = _counted(rows, "verdict", "reason")
    most = sorted(found, key=lambda row: -row["count_all"])[:MOST]
    told = tuple((row["verdict"], row["reason"], row["count_all"]) for row in most)
    note = f"The {MOST} most frequent of {len(found)}." if len(found) > MOST else ""
    return Table("How the verdicts came about", ("verdict", "reason", "traces"), told, note)


def _counted(rows: pa.Table, *by: str) -> list[dict[str, Any]]:
    """Of each combination, how many rows there are, as `count_all`."""
    counted: list[dict[str, Any]] = rows.group_by(list(by)).aggregate([([], "count_all")]).to_pylist()
    return counted
