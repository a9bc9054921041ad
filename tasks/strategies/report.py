"""What the strategies of a run are worth: accuracy against tokens, by difficulty, and the verifiers' own view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evals.strategies.curves import Curve, Interval, Outcomes, by_difficulty, paired_difference, turns
from storage.store import Location
from tasks.report.pictures import drawing, svg
from tasks.report.section import Block, Cell, Picture, Prose, Section, Table
from tasks.strategies.summary import counts_of, curves_of, outcomes_of

Row = Mapping[str, Any]

CEILING, REFERENCE = "pass", "majority"


def section(rows: Location) -> Section:
    """A picture and the tables of a partition's rows."""
    columns = ["problem_id", "strategy", "kind", "n", "verdict", "right", "wrong", "tokens", "score", "steps", "counts"]
    return of_rows(rows.read(columns).to_pylist())


def of_rows(rows: Sequence[Row]) -> Section:
    played = outcomes_of([dict(row) for row in rows])
    curves = curves_of([dict(row) for row in rows])
    if not played:
        return Section("Strategies", (Prose("No strategy came to an end."),))
    widest = max(each.n for each in played)
    blocks: list[Block] = [picture(curves), accuracies(curves), differences(played), difficulties(played, widest)]
    if any(score is not None for each in played for score in each.scores if each.strategy.startswith("best_of")):
        blocks.append(views(played))
    if any(row["counts"] != "{}" for row in rows):
        blocks.append(met(rows))
    return Section("Strategies", tuple(blocks))


def picture(curves: Mapping[str, Curve]) -> Picture:
    """Accuracy against tokens a problem, a line a strategy, with intervals."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    with drawing(8.0, 4.8) as (figure, axes):
        for place, (name, curve) in enumerate(curves.items()):
            points = [point for point in curve if point.accuracy is not None]
            x, y = [point.tokens for point in points], [point.accuracy or 0.0 for point in points]
            low = [
                (point.accuracy or 0) - (point.low if point.low is not None else y[i]) for i, point in enumerate(points)
            ]
            high = [
                (point.high if point.high is not None else y[i]) - (point.accuracy or 0)
                for i, point in enumerate(points)
            ]
            dashed = name in (CEILING, REFERENCE)
            axes.errorbar(
                x, y, yerr=[low, high], label=name, marker="o", markersize=3, capsize=2, linewidth=1,
                linestyle="--" if dashed else "-", color={CEILING: "0.6", REFERENCE: "0.2"}.get(name, f"C{place % 10}"),
            )  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set(xlabel="generated tokens a problem", ylabel="accuracy")
        axes.legend(fontsize=7)
        said = "; ".join(
            f"{name} {_share(curve[-1].accuracy)} at {curve[-1].tokens:,.0f}" for name, curve in curves.items()
        )
        alt = f"Accuracy against generated tokens a problem, at the largest N: {said}"
        return Picture("Accuracy against tokens", svg(figure), alt)


def accuracies(curves: Mapping[str, Curve]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (name, point.n, point.problems, round(point.tokens), point.accuracy, point.low, point.high, point.unknown)
        for name, curve in curves.items()
        for point in curve
    ]
    note = (
        "95 % intervals, Student's t over problems. Unknown verdicts are left out. Tokens are those of each alone; "
        f"“{CEILING}” is a ceiling: the truth chooses."
    )
    columns = ("strategy", "N", "problems", "tokens a problem", "accuracy", "low", "high", "unknown")
    return Table("Accuracy", columns, tuple(rows), note)


def differences(played: Sequence[Outcomes]) -> Table:
    """Each strategy minus the majority vote at its N, on the same problems."""
    votes = {each.n: each for each in played if each.strategy == REFERENCE}
    rows: list[tuple[Cell, ...]] = []
    for each in played:
        if each.n in votes and each.strategy != REFERENCE:
            found = paired_difference(each, votes[each.n])
            rows.append((each.strategy, each.n, *_cells(found), found.problems))
    return Table(
        "Difference to the majority vote at the same N",
        ("strategy", "N", "difference", "low", "high", "problems"),
        tuple(rows),
        "Paired by problem, 95 % intervals.",
    )


def difficulties(played: Sequence[Outcomes], n: int) -> Table:
    """Accuracy by the steps of the gold solution, at one N."""
    there = [each for each in played if each.n == n]
    steps = sorted({step for each in there for step in each.steps})
    rows: list[tuple[Cell, ...]] = []
    for each in there:
        found = by_difficulty(each)
        rows.append((each.strategy, *(_known(found[step].mean) if step in found else None for step in steps)))
    columns = ("strategy", *(f"{step} steps" if step else "unknown" for step in steps))
    return Table(f"Accuracy by the steps of the gold solution, N = {n}", columns, tuple(rows))


def views(played: Sequence[Outcomes]) -> Table:
    """What verifiers think of the solutions that they chose, and what is true, from one N to the next."""
    rows: list[tuple[Cell, ...]] = []
    for name in dict.fromkeys(each.strategy for each in played if each.strategy.startswith("best_of")):
        for turn in turns([each for each in played if each.strategy == name]):
            step = f"{turn.before} to {turn.after}"
            rows.append((name, step, *_cells(turn.proxy), *_cells(turn.truth), turn.over_optimised))
    columns = ("strategy", "N", "score rises", "low", "high", "accuracy rises", "low ", "high ", "over-optimised")
    note = "Over-optimised: the score rises and the accuracy falls, both beyond their intervals."
    return Table("The verifier's view against the truth", columns, tuple(rows), note)


def _cells(found: Interval) -> tuple[Cell, Cell, Cell]:
    return _known(found.mean), _known(found.low), _known(found.high)


def _known(value: float) -> float | None:
    return None if value != value else value


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def met(rows: Sequence[Row]) -> Table:
    """What strategies counted on their way: failed programs, ratings that say nothing, steps of a kept length."""
    plays = dict.fromkeys((row["strategy"], row["n"]) for row in rows)
    told = [
        (strategy, n, name, count)
        for strategy, n in plays
        for name, count in counts_of([dict(row) for row in rows], strategy, n).items()
    ]
    note = "Added up over problems; docs/strategies.md says what each name counts."
    return Table("What they met", ("strategy", "N", "what", "how often"), tuple(told), note)
