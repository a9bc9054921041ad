"""One page about a partition: what every stage committed there, in numbers, tables and pictures.

All of it is read from manifests and the rows that they name, so the page says what storage holds. A stage that
never ran there is left out; where an experiment's run shares the datasets of `run=main`, those are shown.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from flows.run.work import input_location
from flows.stage import Stage
from flows.stages import STAGES
from flows.views.headlines import headlines, overall_board
from flows.views.nights import night_over_night
from flows.views.selection import Selection
from storage.manifest import Manifest
from storage.partition import Partition
from storage.schemas import DATASETS
from storage.store import Location, Missing, Store
from tasks.report.figures import numbers
from tasks.report.html import page
from tasks.report.lineage import SHORT, dataset_of, lineage_picture
from tasks.report.section import Prose, Section, Table


@dataclass(frozen=True)
class Report:
    """What there is to say about a partition."""

    title: str
    about: str
    overview: Section
    nights: Section | None
    """None where there are no traces and labels to compare."""
    stages: tuple[Section, ...]

    def page(self) -> str:
        """As HTML."""
        return page(self.title, self.about, [self.overview, *filter(None, [self.nights]), *self.stages])


def report(store: Store, selection: Selection, baseline: datetime.date | None = None) -> tuple[Partition, str]:
    """The partition among those that fit in which something was committed last, and its page.

    `baseline`: a day to compare it with beside the night before. Raises Missing.
    """
    partition = newest(store, selection)
    return partition, report_of(store, partition, baseline).page()


def report_of(store: Store, partition: Partition, baseline: datetime.date | None = None) -> Report:
    """Of a partition in which something is committed."""
    stages = {
        stage: found
        for stage in STAGES.values()
        if (found := {name: _committed(store, name, partition) for name in stage.writes}) and all(found.values())
    }
    committed = {stage: {name: pair for name, pair in found.items() if pair} for stage, found in stages.items()}
    return Report(
        _title(partition),
        _about(committed),
        _overview(committed),
        night_over_night(store, partition, baseline) if partition.model else None,
        tuple(_section(stage, found) for stage, found in committed.items()),
    )


def newest(store: Store, selection: Selection) -> Partition:
    """Where something was committed last, among the partitions that fit: one with a model, if there is any."""
    found = [
        (partition.model is not None, manifest.committed_at, partition)
        for dataset in DATASETS
        for partition in store.partitions(dataset)
        if selection.fits(partition) and (manifest := store.at(dataset, partition).manifest())
    ]
    if not found:
        raise Missing(f"nothing is committed for {selection}; see what there is: proctor status")
    return max(found, key=lambda each: each[:2])[2]


Found = dict[str, tuple[Location, Manifest]]


def _committed(store: Store, dataset: str, partition: Partition) -> tuple[Location, Manifest] | None:
    location = input_location(store, dataset, partition)
    manifest = location.manifest()
    return (location, manifest) if manifest else None


def _title(partition: Partition) -> str:
    return " · ".join(filter(None, (str(partition.date), partition.source, partition.model, f"run {partition.run}")))


def _about(stages: dict[Stage, Found]) -> str:
    manifests = list(_manifests(stages))
    newest = max(each.committed_at for each in manifests)
    tokens = sum(each.tokens for each in manifests)
    seconds = sum(each.seconds for each in manifests)
    return (
        f"{len(manifests)} dataset{'s' if len(manifests) != 1 else ''}, the last committed at "
        f"{newest:%Y-%m-%d %H:%M} UTC; "
        f"{tokens:,} tokens and {seconds:,.0f} s in the attempts that were committed."
    )


def _overview(stages: dict[Stage, Found]) -> Section:
    """What was found, what is there, what it was made from, and what it cost."""
    found = {dataset: pair for each in stages.values() for dataset, pair in each.items()}
    board = overall_board(found["ratings"][0]) if "ratings" in found else []
    told = headlines({dataset: manifest for dataset, (_, manifest) in found.items()}, board)
    rows = tuple(
        (
            each.dataset,
            each.stage,
            each.rows,
            each.counts.get("dead", 0),
            each.tokens,
            round(each.seconds, 1),
            ", ".join(_inputs(each)),
            each.digest[:SHORT],
        )
        for each in _manifests(stages)
    )
    columns = ("dataset", "stage", "rows", "dead letters", "tokens", "seconds", "made from", "digest")
    datasets = Table("Datasets, their cost and their lineage", columns, rows)
    summary = (Table("What was found", ("part", "in short"), tuple(told)),) if told else ()
    return Section("Overview", (*summary, datasets, lineage_picture(list(_manifests(stages)))))


def _inputs(manifest: Manifest) -> list[str]:
    """Datasets, with the number of their partitions where several were read."""
    read = Counter(map(dataset_of, manifest.inputs))
    return [name if number == 1 else f"{name} of {number} partitions" for name, number in read.items()]


def _section(stage: Stage, found: Found) -> Section:
    location, manifest = found[stage.main]
    told = tuple((row["number"], row["value"]) for row in numbers(manifest))
    more = stage.section(location)
    table = Table(f"All numbers of {stage.main}", ("number", "value"), told, folded=True)
    return Section(stage.name, (Prose(stage.title), *(more.blocks if more else ()), table))


def _manifests(stages: dict[Stage, Found]) -> Iterator[Manifest]:
    return (manifest for found in stages.values() for _, manifest in found.values())
