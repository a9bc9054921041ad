"""What the ratings stage has to show: the overall leaderboard in tables and pictures, and how the others differ.

All numbers are those of the committed rows. Leaderboards of simulated votes say so in every title.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from storage.schemas import DATASETS
from storage.store import Location
from tasks.arena import pictures
from tasks.report.section import Block, Cell, Picture, Prose, Section, Table, p_value

Row = Mapping[str, Any]
OVERALL = "overall"
PARTS = ("boards", "ratings", "style_effects", "matchups", "rank_chances", "rating_checks", "drift")
CLEAR = 0.05
"""Share of false discoveries up to which a trend is told."""


def section(ratings: Location) -> Section:
    """Of the partition whose ratings these are."""
    rows = {name: Location(ratings.fs, DATASETS[name], ratings.partition).read().to_pylist() for name in PARTS}
    return leaderboards(rows)


def leaderboards(rows: Mapping[str, Sequence[Row]]) -> Section:
    """Rows of the datasets by name; an overall board is there, or there would be no rows."""
    overall = {name: [row for row in rows[name] if row["board"] == OVERALL] for name in PARTS if name != "drift"}
    board = overall["boards"][0]
    named = _namer(bool(board["simulated"]))
    models = pictures.in_order(overall["ratings"])
    order = [row["model"] for row in models]
    blocks: list[Block | None] = [
        Prose(_what_it_is(board)),
        _standings(named, overall["ratings"]),
        _picture(named("Ratings"), pictures.ratings(overall["ratings"]), _leaders(models)),
        _picture(named("Plain ratings against style held equal"), pictures.slopes(overall["ratings"]),
                 "Lines from each model's plain rating to its rating with style held equal."),
        _shifts(named, models),
        _picture(named("What style is worth"), pictures.effects(overall["style_effects"]),
                 "Each feature's effect with its interval: the numbers of the table of effects."),
        _effects(named, overall["style_effects"]),
        _picture(named("Win rates"), pictures.win_rates(overall["matchups"], order),
                 "Matrix of the share of points that each model took from each other."),
        _picture(named("Ranks"), pictures.rank_chances(overall["rank_chances"], order),
                 "Matrix of the chance of each rank for each model."),
        _by_board(named, rows),
        _boards(named, rows["boards"]),
        _trends(named, rows["drift"]),
        *_checks(named, overall["rating_checks"]),
    ]  # fmt: skip
    return Section(named("Leaderboard"), tuple(block for block in blocks if block is not None))


def _namer(simulated: bool) -> Callable[[str], str]:
    return lambda title: f"{title} (simulation)" if simulated else title


def _what_it_is(board: Row) -> str:
    voters = "Simulated voters decided; nothing here is a measurement of a model. " if board["simulated"] else ""
    ties = {"half": "a tie is half a win", "davidson": "ties as Davidson has them", "drop": "ties are left out"}
    independent = (
        f"battles of one {board['cluster']} may depend on each other" if board["cluster"] else "all independent"
    )
    anchor = f"{board['anchor']} is {board['centre']:g}" if board["anchor"] else f"their mean is {board['centre']:g}"
    left = f" Features left out because they never differ: {', '.join(board['left_out'])}." if board["left_out"] else ""
    return (
        f"{voters}{board['battles']:,} battles, {100 * (board['ties'] or 0):.0f} % of them ties, between "
        f"{board['models']} models, of which {board['rated']} can be rated; {anchor}. {board['points']:g} points are "
        f"odds of {board['base']:g} to 1; {ties[board['tie_rule']]}; intervals of {100 * board['level']:g} %, "
        f"{independent}. The optimum is certified to {board['digits']:.1f} digits after {board['iterations']} steps."
        f"{left}"
    )


def _leaders(models: Sequence[Row]) -> str:
    told = [f"{row['model']} {row['rating']:.0f}" for row in models[:3]]
    return f"Ratings with intervals, the best on top: {', '.join(told)}."


def _picture(title: str, drawn: str | None, alt: str) -> Picture | None:
    return None if drawn is None else Picture(title, drawn, alt)


def _standings(named: Callable[[str], str], ratings: Sequence[Row]) -> Table:
    rated = pictures.in_order(ratings)
    others = [row for row in ratings if row["rating"] is None]
    planted = any(row["planted"] is not None for row in ratings)
    columns = ("model", "rating", "from", "to", "rank", "chance of best", "class", "battles", "limits")
    return Table(
        named("Leaderboard"),
        (*columns, *(("planted",) if planted else ())),
        tuple(
            (
                row["model"],
                _points(row["rating"]),
                _points(row["lower"]),
                _points(row["upper"]),
                pictures.places(row),
                _rounded(row["best"], 3),
                row["class"],
                row["battles"],
                row["method"],
                *((_rounded(row["planted"], 0),) if planted else ()),
            )
            for row in (*rated, *others)
        ),
        "Ranks in brackets are not ruled out, all at once. Models of one class cannot be told from its best. ∞: the "
        "model won all, or lost all, that could tell.",
    )


def _shifts(named: Callable[[str], str], models: Sequence[Row]) -> Table | None:
    moved = [row for row in models if row["shift"] is not None]
    if not moved:
        return None
    return Table(
        named("What each model owes to its style"),
        ("model", "plain", "style held equal", "points of style", "from", "to", "q", "rank before", "rank after"),
        tuple(
            (
                row["model"],
                _points(row["plain"]),
                _points(row["rating"]),
                *(_rounded(row[name], 1) for name in ("shift", "shift_lower", "shift_upper")),
                _rounded(row["shift_q"], 4),
                row["plain_rank"],
                row["rank"],
            )
            for row in sorted(moved, key=lambda row: -abs(row["shift"]))
        ),
        "The interval is of the shift itself: both ratings come from the same battles. q: share of false discoveries "
        "among shifts that are as clear.",
    )


def _effects(named: Callable[[str], str], effects: Sequence[Row]) -> Table | None:
    if not effects:
        return None
    return Table(
        named("Effects of style"),
        ("feature", "points", "from", "to", "z", "q", "verdict", "VIF", "log-likelihood lost", "largest move", "whose"),
        tuple(
            (
                f"{row['feature']} (control)" if row["placebo"] else row["feature"],
                *(_rounded(row[name], 2) for name in ("estimate", "lower", "upper", "z")),
                _rounded(row["q"], 4),
                row["verdict"],
                _rounded(row["inflation"], 2),
                _rounded(row["lost_loglik"], 1),
                _rounded(row["largest_move"], 1),
                row["moved_model"],
            )
            for row in effects
        ),
        "Points for one standard deviation of the difference. The last three columns: what leaving the feature out "
        "changes.",
    )


def _by_board(named: Callable[[str], str], rows: Mapping[str, Sequence[Row]]) -> Table | None:
    """Ranks of each model on each board."""
    boards = [row["board"] for row in rows["boards"] if row["status"] == "rated"]
    if len(boards) < 2:
        return None
    where = {(row["board"], row["model"]): row for row in rows["ratings"]}
    order = [row["model"] for row in pictures.in_order([r for r in rows["ratings"] if r["board"] == OVERALL])]
    return Table(
        named("Ranks by board"),
        ("model", *boards),
        tuple(
            (model, *(pictures.places(where[board, model]) if (board, model) in where else None for board in boards))
            for model in order
        ),
    )


def _boards(named: Callable[[str], str], boards: Sequence[Row]) -> Table | None:
    if len(boards) < 2:
        return None
    return Table(
        named("Boards"),
        ("board", "status", "battles", "ties", "models", "rated", "style's share of the spread", "why refused"),
        tuple(
            (
                row["board"],
                row["status"],
                row["battles"],
                _rounded(row["ties"], 3),
                row["models"],
                row["rated"],
                _rounded(row["variance_share"], 3),
                row["message"],
            )
            for row in boards
        ),
        "Boards with different shares of ties have no common scale.",
    )


def _trends(named: Callable[[str], str], drift: Sequence[Row]) -> Table | None:
    """Models whose style moves with time, by the last period's row."""
    latest: dict[tuple[str, str], Row] = {}
    for row in sorted(drift, key=lambda row: str(row["period"])):
        if row["trend_q"] is not None and row["trend_q"] <= CLEAR:
            latest[row["model"], row["feature"]] = row
    if not latest:
        return None
    return Table(
        named("Style that drifts"),
        ("model", "feature", "trend a period", "error", "q", "last period", "worth then, in points"),
        tuple(
            (
                row["model"],
                row["feature"],
                _rounded(row["trend"], 3),
                _rounded(row["trend_error"], 3),
                _rounded(row["trend_q"], 4),
                row["period"],
                _rounded(row["points"], 1),
            )
            for row in sorted(latest.values(), key=lambda row: row["trend_q"])
        ),
        "In standard deviations of the difference to the opponent. A style that grows where it pays shows a metric "
        "that became a target.",
    )


_CHECKS = {
    "firth": ("Ratings without the bias of small samples (Firth)", ("model", "rating")),
    "online_elo": ("Online Elo, which depends on the order of the battles", ("model", "rating", "lowest", "highest")),
    "flips": ("What the first place hangs on", ("rival", "votes", "share of all", "")),
    "voters": ("Voters who do not vote as the ratings say", ("user", "votes", "p", "q", "most of all")),
}


def _checks(named: Callable[[str], str], rows: Sequence[Row]) -> list[Table]:
    """One table for each check that was asked for and has something to say."""
    made = []
    for check, (title, columns) in _CHECKS.items():
        mine = sorted((r for r in rows if r["check"] == check), key=lambda r: (check != "voters") * -(r["answer"] or 0))
        if mine:
            why = " ".join(sorted({row["note"] for row in mine if row["note"] and check in {"firth", "online_elo"}}))
            made.append(Table(named(title), columns, tuple(_check(row) for row in mine), why))
    return made


def _check(row: Row) -> tuple[Cell, ...]:
    match row["check"]:
        case "firth":
            return row["subject"], _points(row["answer"])
        case "online_elo":
            return row["subject"], *(_points(row[name]) for name in ("answer", "lower", "upper"))
        case "flips":
            return row["subject"], row["votes"], _rounded(row["answer"], 5), row["note"]
        case _:
            return row["subject"], row["votes"], p_value(row["answer"]), p_value(row["q"]), row["note"]


def _points(value: float | None) -> Cell:
    return _rounded(value, 0)


def _rounded(value: float | None, digits: int) -> Cell:
    """A number of so many decimals; infinity as a sign, which makes the column one of texts."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return round(value, digits) if digits else round(value)
