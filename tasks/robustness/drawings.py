"""Pictures of a robustness report: changes with their intervals, problems by kinds, accuracy by steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.report.pictures import drawing, svg
from tasks.report.section import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = Mapping[str, Any]
FELL, ROSE, STILL = "#b2182b", "#2166ac", "#777777"
OTHERS = ("#e08214", "#35978f", "#8073ac")
"""Of other models."""
MOST_PROBLEMS = 150
"""Rows of the heat map that can be told apart."""


def forest(
    changes: Sequence[Row], net: Sequence[Row], margin: float, words: Mapping[str, str], others: Sequence[Row] = ()
) -> Picture:
    """A line a kind: the change with its interval; hollow, the change net of identity; grey, the margin. Below it, the
    changes of `others`, each model in a colour."""
    rows = [row for row in sorted(changes, key=lambda row: -(row["estimate"] or 0)) if row["estimate"] is not None]
    floors = {row["kind"]: row["estimate"] for row in net}
    models = list(dict.fromkeys(row["against"] for row in others))
    places = {row["kind"]: place * (1 + 0.5 * len(models)) for place, row in enumerate(rows)}
    with drawing(7.0, 1.2 + 0.34 * len(rows) * (1 + 0.5 * len(models))) as (figure, axes):
        axes.axvspan(-100 * margin, 100 * margin, color="0.92", zorder=0)
        axes.axvline(0, color="0.4", linewidth=0.8)
        for row in rows:
            colour = {"falls": FELL, "rises": ROSE}.get(words.get(row["kind"], "").partition(",")[0], STILL)
            _line(axes, row, places[row["kind"]], colour, "o")
            if floors.get(row["kind"]) is not None:
                place = places[row["kind"]]
                axes.plot(100 * floors[row["kind"]], place, "o", markerfacecolor="white", markeredgecolor=colour)
        for number, model in enumerate(models, start=1):
            for row in others:
                if row["against"] == model and row["kind"] in places and row["estimate"] is not None:
                    _line(axes, row, places[row["kind"]] - 0.4 * number, OTHERS[(number - 1) % len(OTHERS)], "s")
            axes.plot([], [], "s-", color=OTHERS[(number - 1) % len(OTHERS)], label=model)
        if models:
            axes.plot([], [], "o-", color=FELL, label=f"{rows[0]['model']} (this model)" if rows else "this model")
            axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        axes.set_yticks(list(places.values()), list(places))
        axes.set_xlabel("change of the accuracy against the original, points")
        axes.margins(y=0.5 / max(len(rows), 1))
        drawn = svg(figure)
    hollow = " A hollow mark is the change net of identity." if floors else ""
    beside = "".join(f" {model}: {_said([row for row in others if row['against'] == model])}." for model in models)
    said = f"Points with intervals: {_said(rows)}.{beside} Grey: within the margin.{hollow}"
    return Picture("Change by kind", drawn, said)


def _line(axes: Axes, row: Row, place: float, colour: str, mark: str) -> None:
    """An interval and its middle."""
    if row["low"] is not None and row["high"] is not None:
        axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=colour, linewidth=2)
    axes.plot(100 * row["estimate"], place, mark, color=colour, markersize=6 if mark == "o" else 4)


def _said(rows: Sequence[Row]) -> str:
    known = [row for row in rows if row["estimate"] is not None]
    return "; ".join(f"{row['kind']} {100 * row['estimate']:+.1f} {_limits(row)}".rstrip() for row in known)


def _limits(row: Row) -> str:
    return "" if row["low"] is None or row["high"] is None else f"[{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"


def heat_map(flips: Sequence[Row]) -> Picture:
    """A row a problem, those that fell most on top, a column a kind; the colour is the change, grey is no trial."""
    kinds = sorted({row["kind"] for row in flips})
    changes: dict[str, dict[str, float]] = {}
    for row in flips:
        if row["change"] is not None:
            changes.setdefault(row["problem_id"], {})[row["kind"]] = row["change"]
    order = sorted(changes, key=lambda problem: (sum(changes[problem].values()) / len(changes[problem]), problem))
    shown = order if len(order) <= MOST_PROBLEMS else [*order[: MOST_PROBLEMS // 2], *order[-MOST_PROBLEMS // 2 :]]
    values = np.array([[changes[problem].get(kind, np.nan) for kind in kinds] for problem in shown])
    with drawing(7.0, 1.5 + 0.04 * max(len(shown), 20)) as (figure, axes):
        axes.grid(visible=False)
        axes.set_facecolor("0.8")
        if len(shown):
            image = axes.imshow(100 * values, aspect="auto", cmap="RdBu", vmin=-100, vmax=100, interpolation="none")
            figure.colorbar(image, ax=axes, label="change, points", shrink=0.7)
        axes.set_xticks(range(len(kinds)), kinds, rotation=30, ha="right")
        axes.set_yticks([])
        axes.set_ylabel(f"{len(shown)} of {len(order)} problems")
        drawn = svg(figure)
    left = "" if shown is order else f" Left out: {len(order) - len(shown)} problems in the middle."
    fell = sum(sum(each.values()) < 0 for each in changes.values())
    return Picture("Change by problem", drawn, f"{fell} of {len(order)} problems fall on average over the kinds.{left}")


def by_steps(rows: Sequence[Row]) -> Picture:
    """Accuracy against the steps of the gold solution, a line a kind; the original is black, with its interval."""
    lines: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: int(row["part"])):
        if row["estimate"] is not None:
            lines.setdefault(row["kind"], []).append(row)
    with drawing() as (figure, axes):
        for kind, points in lines.items():
            x, y = [int(row["part"]) for row in points], [100 * row["estimate"] for row in points]
            own = {"color": "black", "linewidth": 2.5, "zorder": 3} if kind == "original" else {"alpha": 0.8}
            axes.plot(x, y, marker="o", markersize=3, label=kind, **own)
            bounded = [row for row in points if row["low"] is not None]
            if kind == "original" and bounded:
                low, high = ([100 * row[side] for row in bounded] for side in ("low", "high"))
                axes.fill_between([int(row["part"]) for row in bounded], low, high, color="0.85", zorder=0)
        axes.set_xticks(sorted({int(row["part"]) for row in rows}))
        axes.set_xlabel("steps of the gold solution")
        axes.set_ylabel("accuracy, %")
        axes.set_ylim(-2, 102)
        if lines:
            axes.legend(fontsize=7, ncols=2)
        drawn = svg(figure)
    original = ", ".join(f"{row['part']}: {100 * row['estimate']:.0f} %" for row in lines.get("original", []))
    return Picture("Accuracy by steps", drawn, f"Originals by the steps of their gold solution: {original}.")
