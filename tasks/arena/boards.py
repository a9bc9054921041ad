"""Battles on their way to leaderboards: read once, strictly, and spilled for each board that they belong to.

A refusal is by row, and counts for all boards alike; so do the caps of a user and of a prompt. A battle that names no
user, or no session, is a cluster of its own where clusters are by that. What is held in memory
is a batch, the refusals, and what the caps know of ids; the spills take some 25 bytes a battle and board.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evals.ratings.battles import Battles, sorted_by_pair
from evals.ratings.records import Admission, Reading, read, restored, spilled
from storage.rows import DeadLetter
from storage.spill import Spill
from tasks.arena.contents import CLUSTERS, OVERALL, UNKNOWN, Board, Contents, differences, members
from tasks.arena.params import RatingsParams
from tasks.decoding import layout

CAPS = ("duplicate", "user cap", "prompt cap")
"""Refusals that say nothing against the row: they are counted."""


@dataclass(frozen=True, eq=False)
class Boards:
    """The battles of each board, mapped from disk, and what became of the others."""

    battles: Mapping[Board, Battles]
    dead: list[DeadLetter] = field(default_factory=list)
    capped: Counter[str] = field(default_factory=Counter)


@contextmanager
def spilled_boards(
    batches: Iterable[pa.RecordBatch],
    boards: Sequence[Board],
    found: Contents,
    features: Sequence[str],
    params: RatingsParams,
    folder: str | Path | None = None,
) -> Iterator[Boards]:
    """The battles of all batches by board."""
    reading = Reading(
        models=tuple(sorted(found.models)),
        features=tuple(features),
        weight="weight",
        cluster=None if params.cluster == "none" else CLUSTERS[params.cluster],
        position=params.position,
    )
    admission = Admission("battle_id" if params.also else None, "user", params.per_user, "prompt_id", params.per_prompt)
    spread = {name: found.spread(name) or 1.0 for name in features}
    done, rows = Boards({}), 0
    with ExitStack() as held:
        spills = {board: held.enter_context(Spill(layout(reading), folder)) for board in boards}
        for batch in batches:
            known = batch.filter(pc.not_equal(batch["winner"], UNKNOWN))
            _append(known, spills, reading, admission, differences(known, features, params, spread), params, done, rows)
            rows += known.num_rows
        yield Boards(
            {board: restored(reading.models, spill.columns()) for board, spill in spills.items()},
            done.dead,
            done.capped,
        )


def _append(
    batch: pa.RecordBatch,
    spills: Mapping[Board, Spill],
    reading: Reading,
    admission: Admission,
    features: Mapping[str, object],
    params: RatingsParams,
    done: Boards,
    before: int,
) -> None:
    columns = ["battle_id", "prompt_id", "model_a", "model_b", "winner", "weight", "user", "session", "place"]
    table = pa.table({name: batch[name] for name in columns} | dict(features))
    in_order = bool({"online_elo", "voters"} & set(params.checks))
    battles, refused = read(table, reading, admission, before)
    good = np.ones(batch.num_rows, dtype=bool)
    good[[refusal.row for refusal in refused]] = False
    for refusal in refused:
        if refusal.kind in CAPS:
            done.capped[refusal.kind] += 1
        else:
            name, place = (batch[column][refusal.row].as_py() for column in ("battle_id", "place"))
            done.dead.append(DeadLetter(name, "ratings", refusal.kind.replace(" ", "_"), refusal.message, place))
    for board, spill in spills.items():
        here = np.flatnonzero(members(batch, board, params.drift)[good])
        if len(here):
            mine = battles if len(here) == len(battles) else battles.take(here)
            # By pair sums are faster; but some checks ask for the order of the votes.
            spill.append(spilled(mine if in_order and board == OVERALL else sorted_by_pair(mine)))
