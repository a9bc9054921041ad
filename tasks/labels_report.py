"""What the `labels` stage shows: where steps go wrong, how right the labels are where that is known, what they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from evals.places import Place, Values, by_place
from evals.robustness.means import SHARE, mean_of
from storage.store import Location
from tasks.report.pictures import drawing, svg
from tasks.report.section import Block, Cell, Picture, Prose, Section, Table

COLOURS = {"good": "#59a14f", "bad": "#e15759", "open": "#c8c8c8"}
"""As `proctor show labels` has them."""


def section(labels: Location) -> Section:
    """From the committed rows; how the kinds of step fared is in the manifest."""
    pinned = labels.pinned()
    places = by_place(_traces(pinned))
    counted = _counted(pinned)
    known = any(row["truth"] is not None for row in counted)
    blocks: list[Block] = [
        Prose(
            "A step is good when a rollout from it reached the gold answer, and bad when none of them did. Open is "
            "what was not decided: it is behind the first bad step, its rollouts have no verdict, or the budget ended."
        ),
        _picture(places),
        _places(places, known),
        *([_truths(counted)] if known else []),
        _stops(counted),
        *_kinds(pinned.snapshot().manifest.summary.get("kinds", {})),
    ]
    return Section("Labels", tuple(blocks))


def _traces(labels: Location) -> Iterator[tuple[Values, Values]]:
    """(hard labels, truths) of each trace; its steps lie together, in their order."""
    batches = labels.batches(["trace_id", "hard", "truth"])
    rows = (row for batch in batches for row in batch.to_pylist())
    for _, those in groupby(rows, key=itemgetter("trace_id")):
        steps = list(those)
        yield [row["hard"] for row in steps], [row["truth"] for row in steps]


Counted = Mapping[str, Any]
"""A problem's labels that are alike: BY, how many `labels`, and how many `verdicts` of rollouts they had."""
BY = ("problem_id", "hard", "truth", "stop_rule")
VERDICTS = ("successes", "failures", "unknowns")


def _counted(labels: Location) -> list[Counted]:
    """Far fewer than labels, which are too many to hold as Python's objects."""
    grouped = (
        labels.read([*BY, *VERDICTS])
        .group_by(list(BY))
        .aggregate([([], "count_all"), *((name, "sum") for name in VERDICTS)])
    )
    return [
        row | {"labels": row["count_all"], "verdicts": sum(row[f"{name}_sum"] for name in VERDICTS)}
        for row in grouped.to_pylist()
    ]


def _picture(places: Sequence[Place]) -> Picture:
    names = _names(places)
    with drawing(7.0, 3.0) as (figure, axes):
        below = np.zeros(len(places))
        for kind, colour in COLOURS.items():
            counts = np.array([getattr(place, kind) for place in places])
            axes.bar(names, counts, bottom=below, color=colour, label=kind, width=0.8)
            below += counts
        axes.set(xlabel="step of the trace", ylabel="labels")
        axes.grid(axis="x", visible=False)
        axes.legend()
        drawn = svg(figure)
    said = "; ".join(
        f"step {name}: {place.good:,} good, {place.bad:,} bad, {place.open:,} open"
        for name, place in zip(names, places, strict=True)
    )
    return Picture("Labels by the place of the step", drawn, f"{said}.")


def _names(places: Sequence[Place]) -> list[str]:
    return [str(place.step + 1) for place in places]


def _places(places: Sequence[Place], known: bool) -> Table:
    columns = ["step", "labels", "good", "bad", "open", "bad of the decided", "first bad label"]
    columns += ["first wrong step in truth"] if known else []
    rows = tuple(
        (
            place.step + 1,
            place.decided + place.open,
            place.good,
            place.bad,
            place.open,
            place.bad / place.decided if place.decided else None,
            place.first_errors,
            *([place.true_first_errors] if known else []),
        )
        for place in places
    )
    note = (
        "Steps counted from 1; the last row holds later ones too, if there are any. A first error is counted in a "
        "trace once, and not where an open label comes before it."
    )
    return Table("Where steps go wrong", tuple(columns), rows, note)


def _truths(counted: Sequence[Counted]) -> Table:
    """Of each class, the share that is what it says; intervals have the problems as clusters."""
    told: list[tuple[Cell, ...]] = []
    for name, value in (("good", 1), ("bad", 0)):
        found: dict[str, Counter[bool]] = {}
        for row in counted:
            if row["hard"] == value and row["truth"] is not None:
                found.setdefault(row["problem_id"], Counter())[row["truth"] == value] += row["labels"]
        agreed, others = (sum(each[agrees] for each in found.values()) for agrees in (True, False))
        estimate = mean_of(np.array([each[True] / each.total() for each in found.values()]), SHARE)
        shares = (estimate.value, estimate.low, estimate.high)
        told.append((name, agreed + others, agreed, others, *map(_rounded, shares)))
    columns = ("label", "steps", "as in truth", "not so", "agreement", "low", "high")
    note = "A mean over problems, each counting the same, with its 95 % interval, clustered by problem."
    return Table("Labels against the known truth of their steps", columns, tuple(told), note)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _stops(counted: Sequence[Counted]) -> Table:
    """Why each prefix got no more rollouts, and how many verdicts it had."""
    found: dict[str, Counter[str]] = {}
    for row in counted:
        sums = found.setdefault(row["stop_rule"], Counter())
        sums.update({"labels": row["labels"], "verdicts": row["verdicts"], f"hard {row['hard']}": row["labels"]})
    told = tuple(
        (rule, sums["labels"], sums["hard 1"], sums["hard 0"], sums["verdicts"] / sums["labels"])
        for rule, sums in sorted(found.items(), key=lambda each: -each[1]["labels"])
    )
    columns = ("stop rule", "labels", "good", "bad", "verdicts a label")
    note = (
        "implied: something further on reached the answer, which proves the step. answer: the whole trace, which is "
        "its own verdict. after_error: behind the first bad step. The others are the policy's own."
    )
    return Table("Why a step got no more rollouts", columns, told, note)


def _kinds(told: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    if not told:
        return []
    rows = tuple((kind, each["steps"], each.get("good"), each.get("agreement")) for kind, each in told.items())
    columns = ("kind of step", "steps", "good of the decided", "agreement with the truth")
    note = "A step may have several kinds, or none; they are told from its words by rules."
    return [Table("Labels by what a step does", columns, rows, note).without_empty_columns()]
