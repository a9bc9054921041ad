"""Which earlier nights a partition is compared with: the same source, model and run on earlier days.

`night_over_night` makes what the UI and `proctor report` show of it.
"""

from __future__ import annotations

import datetime

from flows.run.addresses import Unclear
from flows.stages import place
from storage.partition import Partition
from storage.store import Location, Store
from tasks.arena.report import OVERALL
from tasks.report.figures import measures
from tasks.report.nights import RATES, section
from tasks.report.section import Section
from tasks.report.trends import Night, followed, trends

NIGHTS = 14
"""How far back the trend reaches, this night counted."""


def night_over_night(store: Store, partition: Partition, baseline: datetime.date | None = None) -> Section | None:
    """None where the partition has no traces and labels. Raises Unclear where the baseline's day has none."""
    this = _committed(store, partition)
    if not this:
        return None
    chosen = baseline_of(store, partition, baseline) if baseline else []
    days = sorted({each.date for each in store.partitions(RATES[0].dataset) if _same(each, partition)})
    earlier = [night for day in days if day < partition.date and (night := _committed(store, _on(partition, day)))]
    nights = [*earlier[-(NIGHTS - 1) :], this]
    told = section(nights, chosen)
    return Section(told.title, (*told.blocks, *trends([_night(store, each[0].partition) for each in nights])))


def baseline_of(store: Store, partition: Partition, day: datetime.date) -> list[Location]:
    """What is compared of the baseline's day. Raises Unclear where that is not committed."""
    chosen = _committed(store, _on(partition, day))
    if not chosen:
        raise Unclear(f"the baseline {_on(partition, day)} has no committed traces and labels")
    return chosen


def _night(store: Store, partition: Partition) -> Night:
    """What trends show of it, as far as it is committed."""
    manifests = {name: store.at(name, place(name, partition)).manifest() for name in followed()}
    ratings = store.at("ratings", place("ratings", partition))
    rows = ratings.read(["board", "model", "rating"]).to_pylist() if ratings.manifest() else []
    return Night(
        partition.date,
        {name: measures(manifest) for name, manifest in manifests.items() if manifest},
        {row["model"]: row["rating"] for row in rows if row["board"] == OVERALL and row["rating"] is not None},
    )


def _committed(store: Store, partition: Partition) -> list[Location]:
    """The locations of all that is followed; empty where one of them is not committed."""
    places = [store.at(rate.dataset, partition) for rate in RATES]
    return [place.pinned() for place in places] if all(place.manifest() for place in places) else []


def _same(one: Partition, other: Partition) -> bool:
    return _on(one, other.date) == other


def _on(partition: Partition, day: datetime.date) -> Partition:
    return partition.model_copy(update={"date": day})
