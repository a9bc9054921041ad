"""Which partition a person means: what they left out is taken from the parameters and from what storage
holds.

    date     today (UTC) where problems are made; else the latest day that has the stage's inputs
    source   what the problems' parameters name; else the only one there is
    model    what the traces' parameters name; else the only one that has the stage's inputs

Where several would fit, nothing is guessed: Unclear lists them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from flows.run.work import MAIN_RUN, InputsMissing
from flows.stage import Stage
from flows.stages import writer_of
from storage.partition import BadName, Partition, checked_name, slug
from storage.store import Store
from tasks.arena.params import BattleImport, BattlesParams
from tasks.params import Params, ProblemsParams, TracesParams
from tasks.records import Origin
from tasks.robustness.params import TrialsParams


class Unclear(ValueError):
    """More than one partition fits, or none; the message names the option that decides."""


@dataclass(frozen=True)
class Wanted:
    """The parts of a partition that were given."""

    date: datetime.date | None = None
    source: str | None = None
    model: str | None = None
    run: str = MAIN_RUN

    def __post_init__(self) -> None:
        for option in ("source", "model", "run"):
            try:
                checked_name(getattr(self, option) or MAIN_RUN)
            except BadName as error:
                raise Unclear(f"--{option} {error}") from None

    def fits(self, partition: Partition) -> bool:
        """Whether `partition` has what was given; an experiment may read what run=main holds."""
        return (
            self.date in (None, partition.date)
            and self.source in (None, partition.source)
            and (partition.model is None or self.model in (None, partition.model))
            and partition.run in (self.run, MAIN_RUN)
        )


def address(stage: Stage, params: Params, wanted: Wanted, store: Store) -> Partition:
    """The partition at which `stage` is to work."""
    own = own_source(params)
    if own is not None:
        return Partition(date=wanted.date or today(), source=wanted.source or own, run=wanted.run)
    dataset = read_last(stage, params)
    there = inputs_there(dataset, wanted, store)
    source = wanted.source or only(stage, dataset, "source", {each.source for each in there})
    there = [each for each in there if each.source == source]
    model = (wanted.model or _model_name(stage, params, there)) if stage.of_model else None
    there = [each for each in there if each.model in (None, model)]
    date = wanted.date or max((each.date for each in there), default=None)
    if date is None:
        raise Unclear(f"no {dataset} of source {source} are committed; run that stage first, or give --date")
    return Partition(date=date, source=source, model=model, run=wanted.run)


def with_model(stage: Stage, params: Params, partition: Partition, store: Store) -> Partition:
    """`partition` with the model that it needs: its own, the parameters', or the only one that has the
    inputs."""
    if partition.model is not None or not stage.of_model:
        return partition
    wanted = Wanted(partition.date, partition.source, None, partition.run)
    model = _model_name(stage, params, inputs_there(read_last(stage, params), wanted, store))
    return partition.model_copy(update={"model": model})


def own_source(params: Params) -> str | None:
    """What rows are called that are made of no dataset; None where a stage reads one."""
    match params:
        case ProblemsParams():
            return source_name(params)
        case BattlesParams(imported=BattleImport() as origin):
            return source_name(origin)
        case BattlesParams() if params.simulated:
            return "simulated"
        case _:
            return None


def source_name(origin: Origin) -> str:
    """A partition's `source` for such records: `generated`, a file's name, a hub data set's name."""
    named = {"file": PurePosixPath(origin.path or "").stem, "hub": origin.name or ""}
    return slug(named[origin.source]) if origin.source in named else origin.source


def today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def read_last(stage: Stage, params: Params) -> str:
    """The input that decides where a stage works: the others lie beside it. It is one of a model's, if there is any."""
    reads = (*stage.reads, *params.also_reads())
    return [
        *(each for each in reads if not writer_of(each).of_model),
        *(each for each in reads if writer_of(each).of_model),
    ][-1]


def inputs_there(dataset: str, wanted: Wanted, store: Store) -> list[Partition]:
    """Committed partitions of `dataset` that fit."""
    fitting = [each for each in store.partitions(dataset) if wanted.fits(each)]
    return [each for each in fitting if store.at(dataset, each).manifest() is not None]


def only(stage: Stage, dataset: str, option: str, values: Iterable[str]) -> str:
    there = sorted(values)
    if len(there) == 1:
        return there[0]
    if not there:
        made = writer_of(dataset).name
        raise InputsMissing(f"{stage.name} reads {dataset}; none are committed here. First: proctor run {made}")
    raise Unclear(f"{stage.name} needs --{option}; there are {', '.join(there)}")


def _model_name(stage: Stage, params: Params, there: list[Partition]) -> str:
    if isinstance(params, TracesParams | TrialsParams):
        return slug(params.engine.model)
    return only(stage, read_last(stage, params), "model", {each.model for each in there if each.model})
