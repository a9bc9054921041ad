"""Rows and expectations that storage's tests share; runs in child processes too."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.manifest import Expected, Facts, Manifest
from storage.partition import Partition
from storage.rows import DeadLetter
from storage.store import Location, Store

DAY = Partition(date=datetime.date(2026, 11, 22), source="generated", model="tiny_reasoner")


class NoLease:
    """Lets two writers reach the commit, where the manifest itself has to decide."""

    def check(self) -> None:
        pass


def orm(number: int, completion: str = "so it is 4") -> dict[str, Any]:
    return {
        "trace_id": f"trace-{number:04d}",
        "problem_id": "problem-1",
        "prompt": "2 + 2?",
        "completion": completion,
        "label": True,
    }


def orms(count: int, completion: str = "so it is 4") -> list[dict[str, Any]]:
    return [orm(number, completion) for number in range(count)]


def expected(**changes: Any) -> Expected:
    fields: dict[str, Any] = {
        "stage": "prm",
        "stage_version": 1,
        "params": {"sampling": {"temperature": 0.8, "stop": ["\n\n"]}, "keep": True},
        "fingerprint": "f" * 32,
        "schema_version": 1,
        "checker": "1",
        "inputs": {"labels": "a" * 64},
    }
    return Expected(**(fields | changes))


def location(root: str | Path, dataset: str = "orm", partition: Partition = DAY, **options: Any) -> Location:
    return Store(root, **options).at(dataset, partition)


def attempted(
    place: Location, *writes: list[dict[str, Any]], dead: Sequence[DeadLetter] = (), **commit: Any
) -> Manifest:
    with place.lease("test") as lease, place.attempt(expected()) as attempt:
        for rows in writes:
            attempt.write(rows)
        attempt.dead(dead)
        return attempt.commit(lease=lease, **commit)


def committed(place: Location, count: int = 3, completion: str = "so it is 4", **facts: Any) -> Manifest:
    return attempted(place, orms(count, completion), facts=Facts(**facts))
