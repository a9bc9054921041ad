"""Which committed partitions of a dataset a person wants to see."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import pyarrow as pa

from flows.run.addresses import Unclear
from storage.manifest import Manifest
from storage.partition import Partition
from storage.schemas import DATASETS, DEAD_SCHEMA
from storage.store import Location, Missing, Store


@dataclass(frozen=True)
class Selection:
    """Parts of a partition; None takes any."""

    date: datetime.date | None = None
    source: str | None = None
    model: str | None = None
    run: str | None = None
    everything: bool = False
    """All partitions that fit, not only the one that was committed last."""

    def fits(self, partition: Partition) -> bool:
        pairs = (
            (self.date, partition.date),
            (self.source, partition.source),
            (self.model if partition.model else None, partition.model),
            (self.run, partition.run),
        )
        return all(wanted in (None, there) for wanted, there in pairs)

    def __str__(self) -> str:
        parts = {"date": self.date, "source": self.source, "model": self.model, "run": self.run}
        return " ".join(f"{name}={value}" for name, value in parts.items() if value is not None) or "any partition"


def committed(store: Store, dataset: str, selection: Selection) -> list[tuple[Location, Manifest]]:
    """The locations that fit, the newest commit first; only that one unless everything is wanted. Raises Missing."""
    if dataset not in DATASETS:
        raise Unclear(f"there is no dataset {dataset!r}; there are {', '.join(DATASETS)}")
    locations = [store.at(dataset, each) for each in store.partitions(dataset) if selection.fits(each)]
    found = [(location, manifest) for location in locations if (manifest := location.manifest())]
    if not found:
        raise Missing(f"no {dataset} are committed for {selection}; see what there is: proctor status")
    found.sort(key=lambda pair: pair[1].committed_at, reverse=True)
    return found if selection.everything else found[:1]


def committed_files(store: Store, dataset: str, selection: Selection) -> list[str]:
    """The data files that the manifests of all fitting partitions name."""
    every = Selection(selection.date, selection.source, selection.model, selection.run, everything=True)
    return [file for location, _ in committed(store, dataset, every) for file in location.files()]


def dead_letters(store: Store, selection: Selection) -> list[tuple[Location, str]]:
    """Where dead letters lie: attempts that were committed, and later ones that failed, as (location, attempt)."""
    found = []
    for dataset in DATASETS:
        for partition in filter(selection.fits, store.partitions(dataset)):
            location = store.at(dataset, partition)
            manifest = location.manifest()
            newest = manifest.attempt if manifest else ""
            found += [(location, each.id) for each in location.attempts() if each.dead_parts and each.id >= newest]
    found.sort(key=lambda pair: pair[1], reverse=True)
    return found


def dead_rows(store: Store, selection: Selection) -> tuple[pa.Table, str]:
    """All dead letters that fit, the newest attempts first, and a line about them."""
    places = dead_letters(store, selection)
    tables = [DEAD_SCHEMA.empty_table(), *(location.dead(attempt) for location, attempt in places)]
    table = pa.concat_tables(tables)
    return table, f"{table.num_rows:,} dead letters of {len(places)} attempts"
