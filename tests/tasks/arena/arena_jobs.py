"""Stages of the arena on a store of its own, by the house's own `execute`: inputs, attempt, commit."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.run.execute import Execution, Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.arena.params import BattleImport, BattlesParams, RatingsParams
from tests.evals.ratings.worlds import World, world

WHERE = Partition(date=datetime.date(2026, 11, 24), source="votes")
LABELS = np.array(["model_b", "tie", "model_a"])


def votes(made: World, **columns: Any) -> pa.Table:
    """The battles of a world as a file of votes."""
    names = np.array(made.names)
    return pa.table(
        {
            "model_a": names[made.first],
            "model_b": names[made.second],
            "winner": LABELS[made.score],
            **made.features,
            **columns,
        }
    )


def some_votes(battles: int = 1200, models: int = 5, **columns: Any) -> pa.Table:
    return votes(world(battles=battles, models=models), **columns)


def written(folder: Path, table: pa.Table, name: str = "votes.parquet") -> Path:
    path = folder / name
    pq.write_table(table, path)
    return path


def lines(folder: Path, records: Sequence[Any], name: str = "votes.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def imported(root: Path, path: Path | str, where: Partition = WHERE, dead: float = 1.0, **given: Any) -> Execution:
    given.setdefault("extra", ())
    params = BattlesParams(imported=BattleImport(path=str(path), **given))
    return execute(Work(STAGES["battles"], where, params, Store(root)), Runner(max_dead_rate=dead))


def rated(root: Path, where: Partition = WHERE, **given: Any) -> Execution:
    return execute(Work(STAGES["ratings"], where, RatingsParams(**given), Store(root)), Runner(max_dead_rate=1.0))


def rows(root: Path, dataset: str, where: Partition = WHERE, **equal: Any) -> list[dict[str, Any]]:
    """Committed rows in which columns have these values."""
    found = Store(root).at(dataset, where).read().to_pylist()
    return [row for row in found if all(row[name] == value for name, value in equal.items())]


def dead(root: Path, dataset: str, where: Partition = WHERE) -> list[dict[str, Any]]:
    return list(Store(root).at(dataset, where).dead().to_pylist())
