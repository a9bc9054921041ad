"""What a leaderboard may be asked beyond its ratings, as rows of `rating_checks`: each answers one question of the
overall board, and changes no rating.

firth: each model's rating without the bias of small samples; finite for the unbeaten, by the prior's word. online_elo:
each model's rating by the order of the rows, with its range over random orders. flips: the fewest votes found whose
leaving out takes the first place away. voters: users who do not vote as the ratings say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from evals.bradley_terry import Scale
from evals.identity import row_id
from evals.ratings.battles import Battles
from evals.ratings.firth import firth
from evals.ratings.flips import MOST, flip
from evals.ratings.identifiability import Unidentified
from evals.ratings.online_elo import online_elo
from evals.ratings.records import hashes
from evals.ratings.voters import Voters, voters
from tasks.arena.params import RatingsParams
from tasks.arena.rating_rows import Rated, number

Row = dict[str, Any]
SHARE = 0.05
"""Of false discoveries among the voters that are told."""
VOTERS = 1000
"""Rows of voters, at the most; the summary of a board is no place for more."""


Users = Callable[[], Iterable[pa.RecordBatch]]
"""Batches with the column `user`, anew at each call: battles know users by their hash alone."""


def check_rows(rated: Rated, scale: Scale, params: RatingsParams, users: Users) -> Iterator[Row]:
    """The rows of all checks that were asked for."""
    for check in params.checks:
        for row in _ROWS[check](rated, scale, params, users):
            known: Row = {"answer": None, "lower": None, "upper": None, "q": None, "votes": None, "note": ""} | row
            yield {
                "check_id": row_id("check", rated.board.name, check, known["subject"]),
                **rated.columns,
                "check": check,
                **known,
            }


def _firth(rated: Rated, scale: Scale, params: RatingsParams, _: object) -> Iterator[Row]:
    try:
        found = firth(rated.battles, ties="drop" if params.ties == "drop" else "half")
    except Unidentified as error:
        yield {"subject": "", "note": str(error)}
        return
    for model, rating in zip(found.models, found.ratings(scale), strict=True):
        if not np.isnan(rating):
            yield {"subject": model, "answer": float(rating)}


def _online_elo(rated: Rated, scale: Scale, params: RatingsParams, _: object) -> Iterator[Row]:
    found = online_elo(rated.battles, scale, seed=params.seed)
    for model, *values in zip(found.models, found.ratings, found.lowest, found.highest, strict=True):
        rating, lower, upper = map(number, values)
        if rating is not None:
            yield {"subject": model, "answer": rating, "lower": lower, "upper": upper, "note": found.label}


def _flips(rated: Rated, scale: Scale, params: RatingsParams, _: object) -> Iterator[Row]:
    assert rated.result is not None, "a refused board has no first place"
    try:
        found = flip(rated.result.controlled, rated.battles)
    except ValueError as error:
        yield {"subject": "", "note": str(error)}
        return
    if found is None:
        yield {
            "subject": "",
            "note": f"nothing found: the first place stands without any {MOST:,} votes that were tried",
        }
        return
    yield {
        "subject": found.rival,
        "answer": found.share,
        "votes": len(found.rows),
        "note": f"without {len(found.rows):,} votes {found.rival} stands above {found.leader}, "
        f"by {found.margin * scale.unit:.1f} points",
    }


def _voters(rated: Rated, scale: Scale, params: RatingsParams, users: Users) -> Iterator[Row]:
    assert rated.result is not None, "a refused board has nothing to vote against"
    found = voters(rated.result.controlled, _of_users(rated.battles, users()))
    told = min(int((found.q <= SHARE).sum()), VOTERS)
    names = _names(found, told, users()) if told else {}
    for place in range(told):
        model = found.model[place]
        yield {
            "subject": names[int(found.voter[place])],
            "answer": float(found.p[place]),
            "q": float(found.q[place]),
            "votes": int(found.votes[place]),
            "note": found.manner[place] + (f": {model}" if model else ""),
        }


def _of_users(battles: Battles, users: Iterable[pa.RecordBatch]) -> Battles:
    """The battles whose user is named: the others have voters of one vote, who can be told of nothing."""
    named, missing = np.empty(0, dtype=np.uint64), 0
    for batch in users:
        column = batch.column("user")
        missing += column.null_count
        named = np.union1d(named, hashes(column.drop_null()))
    return battles.take(np.flatnonzero(np.isin(np.asarray(battles.cluster), named))) if missing else battles


def _names(found: Voters, told: int, users: Iterable[pa.RecordBatch]) -> Mapping[int, str]:
    """Of those who are told, by their hash."""
    wanted = np.asarray(found.voter[:told], dtype=np.uint64)
    names: dict[int, str] = {}
    for batch in users:
        column = batch.column("user").drop_null()
        hashed = hashes(column)
        for row in np.flatnonzero(np.isin(hashed, wanted)).tolist():
            names.setdefault(int(hashed[row]), column[row].as_py())
    return names


_ROWS = {"firth": _firth, "online_elo": _online_elo, "flips": _flips, "voters": _voters}
