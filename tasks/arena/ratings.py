"""The `ratings` stage: leaderboards with and without style, overall and by category and language, from battles.

Guarantees: battles are read twice in batches and never held whole; a row that cannot be read is a dead letter; a board
whose battles do not determine its ratings is refused in a row of `boards`, with the reason, and the others stand; all
numbers are those of evals/ratings, whose optimum each board's certificate tells. Where the overall board is refused,
so is the stage. A board of simulated votes says so on every row.
Does not: judge, or make a picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from evals.bradley_terry import Scale, Start
from evals.ratings.battles import POSITION, Battles, tiles
from evals.ratings.leaderboard import Rules, leaderboard
from evals.style import FEATURES
from storage.rows import table_of
from storage.schemas import DATASETS
from tasks.arena.addresses import EARLIER
from tasks.arena.boards import Boards, spilled_boards
from tasks.arena.checks import check_rows
from tasks.arena.contents import COLUMNS, OVERALL, Board, Contents, contents
from tasks.arena.drift import drift_rows
from tasks.arena.params import RatingsParams, partition_at
from tasks.arena.rating_rows import Rated, board_row, chance_rows, effect_rows, matchup_rows, rating_rows
from tasks.job import Job, Outcome

BATCH = 1 << 16


class NoRatings(ValueError):
    """The battles do not give an overall leaderboard; the message says why, and what would."""


def run(job: Job[RatingsParams]) -> Outcome:
    """Rates all boards."""
    params = job.params
    found = contents(_batches(job), params)
    if found.rows == found.unknown:
        raise NoRatings(f"{found.rows:,} battles, and a winner is known in none: there is nothing to rate")
    if found.without_cluster == found.rows:
        raise NoRatings(
            f"cluster={params.cluster}: none of {found.rows:,} battles names its {params.cluster}; cluster by another"
        )
    features, left = chosen_features(found, params)
    boards, periods = _chosen_boards(found, params)
    job.progress(0, len(boards) + len(periods))
    with spilled_boards(_batches(job), [*boards, *periods], found, features, params) as spilled:
        rated = []
        start = _earlier(job)
        for board in [*boards, *periods]:
            rated.append(_rate(board, spilled.battles[board], params, bool(found.simulated), start))
            start = start or (rated[0].result.controlled.start if rated[0].result else None)
            job.progress(len(rated), len(boards) + len(periods))
            if board == OVERALL and rated[0].result is None:
                raise NoRatings(f"{rated[0].message} ({_counted(spilled)})")
        tables = _tables(rated, params, _planted(job)) | {
            "drift": _drift(rated, spilled, params),
            "rating_checks": _checks(rated[0], job),
        }
    return Outcome(
        tables=tables,
        dead=tuple(spilled.dead),
        summary=summarise(found, spilled, rated, left),
    )


def rules_of(params: RatingsParams) -> Rules:
    anchor = None if params.anchor is None else (params.anchor, params.centre)
    names = ("ties", "l2", "level", "margin", "errors", "replicates", "ablation", "placebo", "seed")
    given = params.model_dump(include=set(names))
    return Rules(scale=Scale(params.points, params.base, params.centre, anchor), **given)


def chosen_features(found: Contents, params: RatingsParams) -> tuple[tuple[str, ...], dict[str, str]]:
    """What is held equal, and why each other feature is not. Raises NoRatings for one that nobody counted."""
    there = [*FEATURES, *sorted(set(found.missing) - set(FEATURES))]
    why = {name: _why_not(found, name) for name in there if not found.usable(name)}
    if params.features is None:
        return tuple(name for name in there if name not in why), why
    for name in params.features:
        if name not in there or found.missing[name] == found.rows:
            raise NoRatings(
                f"feature {name!r} was counted in none of {found.rows:,} battles; there are "
                f"{', '.join(each for each in there if found.missing[each] < found.rows) or 'none'}"
            )
    return params.features, {name: why.get(name, "not asked for") for name in there if name not in params.features}


def _why_not(found: Contents, name: str) -> str:
    if found.square[name] > 0 or found.missing[name] == found.rows:
        return f"not counted in {found.missing[name]:,} of {found.rows:,} battles"
    return "the same on both sides of every battle"


def _chosen_boards(found: Contents, params: RatingsParams) -> tuple[list[Board], list[Board]]:
    """Leaderboards, the overall one first; and periods, if there are several."""
    enough = [each for each, count in found.boards.most_common() if count >= params.min_battles]
    boards = sorted([each for each in enough if each.kind != "period"][: params.max_boards])
    periods = sorted(each for each in found.boards if each.kind == "period")
    return [OVERALL, *boards], periods if len(periods) > 1 else []


def _batches(job: Job[RatingsParams], columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
    yield from job.inputs["battles"].batches(columns, BATCH)
    for address in job.params.also:
        yield from job.inputs[address].batches(columns, BATCH)


def _rate(board: Board, battles: Battles, params: RatingsParams, simulated: bool, start: Start | None) -> Rated:
    still = _still(battles) if params.features is None or board != OVERALL else ()
    own = battles.with_features([name for name in battles.features if name not in still])
    rules = rules_of(params)
    if board.kind == "period":
        rules = Rules(scale=rules.scale, ties=rules.ties, l2=rules.l2, few=0, ablation=False)
    try:
        return Rated(board, own, leaderboard(own, rules, start), "", simulated, still)
    except ValueError as error:  # Unidentified, an anchor that did not play here, too few clusters
        return Rated(board, own, None, str(error), simulated, still)


def _still(battles: Battles) -> tuple[str, ...]:
    """Features of style that are zero in every battle."""
    moving = np.zeros(len(battles.features), dtype=bool)
    for tile in tiles(battles):
        moving |= (tile.features != 0).any(axis=1)
        if moving.all():
            break
    return tuple(name for name, moves in zip(battles.features, moving, strict=True) if not moves and name != POSITION)


def _earlier(job: Job[RatingsParams]) -> Start | None:
    if job.params.start is None:
        return None
    where = partition_at("ratings", job.params.start)
    ratings, effects, boards = (job.inputs[f"{name}/{where}"].read().to_pylist() for name in EARLIER)
    board = next(row for row in boards if row["board"] == OVERALL.name)
    unit = Scale(board["points"], board["base"]).unit
    strengths = {row["model"]: row["rating"] for row in ratings if row["board"] == OVERALL.name}
    worth = [row for row in effects if row["board"] == OVERALL.name and not row["placebo"]]
    return Start(
        {name: (rating - board["centre"]) / unit for name, rating in strengths.items() if rating is not None},
        {row["feature"]: row["estimate"] / unit / row["rms"] for row in worth},
        None if board["nu"] is None else float(np.log(board["nu"])),
    )


def _planted(job: Job[RatingsParams]) -> Mapping[str, float]:
    """The strengths that simulated voters were given."""
    manifest = job.inputs["battles"].manifest()
    return dict(manifest.summary.get("planted", {})) if manifest else {}


def _tables(rated: list[Rated], params: RatingsParams, planted: Mapping[str, float]) -> dict[str, pa.Table]:
    rules = rules_of(params)
    boards = [each for each in rated if each.board.kind != "period"]
    good = [each for each in boards if each.result]
    rows: dict[str, list[dict[str, Any]]] = {
        "boards": [board_row(each, params) for each in boards],
        "ratings": [row for each in good for row in rating_rows(each, rules, planted)],
        "style_effects": [row for each in good for row in effect_rows(each, params.margin)],
        "matchups": [row for each in good for row in matchup_rows(each, rules)],
        "rank_chances": [row for each in good for row in chance_rows(each)],
    }
    return {name: table_of(DATASETS[name], each) for name, each in rows.items()}


def _drift(rated: list[Rated], spilled: Boards, params: RatingsParams) -> pa.Table:
    periods = [(each, spilled.battles[each.board]) for each in rated if each.board.kind == "period"]
    return table_of(DATASETS["drift"], list(drift_rows(periods, rated[0], rules_of(params), params.drift)))


def _checks(overall: Rated, job: Job[RatingsParams]) -> pa.Table:
    rows = check_rows(overall, rules_of(job.params).scale, job.params, lambda: _batches(job, ["user"]))
    return table_of(DATASETS["rating_checks"], list(rows))


def _counted(spilled: Boards) -> str:
    return f"{len(spilled.battles[OVERALL]):,} battles count, {len(spilled.dead):,} were refused"


def summarise(found: Contents, spilled: Boards, rated: list[Rated], left: Mapping[str, str]) -> dict[str, Any]:
    """What people look at first."""
    whole = rated[0]
    assert whole.result is not None, "the overall board is rated"
    refused = {each.board.name: each.message for each in rated if not each.result}
    return {
        "simulated": bool(found.simulated),
        "judges": dict(found.judges.most_common(5)),
        "battles": len(whole.battles),
        "winner_unknown": found.unknown,
        "without_cluster": found.without_cluster,
        "left_out": {kind: count for kind, count in spilled.capped.items()},
        "models": len(whole.battles.models),
        "not_rated": {
            name: standing
            for name, standing in zip(whole.battles.models, whole.result.controlled.standing, strict=True)
            if standing != "rated"
        },
        "features": list(whole.battles.features),
        "features_left_out": dict(left),
        "boards": sum(1 for each in rated if each.result and each.board.kind != "period"),
        "refused": refused,
        "certificate": str(whole.result.controlled.certificate),
        "best": whole.battles.models[int(np.nanargmax(whole.result.ranks.best))],
    }
