"""A piece of work, one stage on one partition with its parameters, and what storage says of it.

An input is read from the partition's own run; a run that has none of its own reads the one of `run=main`,
so that an experiment need not copy what it shares. All of it is told from manifests, leases and attempts:
Prefect is not asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from evals.answers import CHECKER
from flows.stage import Stage
from flows.stages import place, writer_of
from storage.manifest import Expected, Manifest
from storage.partition import Partition
from storage.schemas import DATASETS
from storage.secrets import refuse_secrets
from storage.status import State, Status, differences
from storage.store import Location, Store
from tasks.engines.engine import EngineParams
from tasks.engines.model import embedded, resolve
from tasks.params import Params, TracesParams

MAIN_RUN = "main"


class InputsMissing(Exception):
    """A stage's input was never committed; the message says which, and the command that makes it."""


class Busy(Exception):
    """Another runner is at work on the same partition; the message says who."""


@dataclass(frozen=True)
class Work:
    """What is to be done, or was done. Raises SecretGiven where a parameter holds a secret."""

    stage: Stage
    partition: Partition
    params: Params
    store: Store

    def __post_init__(self) -> None:
        refuse_secrets(f"the parameters of {self.stage.name}", self.params.model_dump(mode="json"))

    def location(self, dataset: str) -> Location:
        """Where the stage writes `dataset`."""
        return self.store.at(dataset, place(dataset, self.partition))

    @property
    def reads(self) -> tuple[str, ...]:
        """The datasets that are needed: those of the stage, then those of its parameters."""
        return (*self.stage.reads, *self.params.also_reads())

    def inputs(self) -> dict[str, Location]:
        """What the stage reads, as it is now whatever others commit meanwhile. Raises InputsMissing."""
        found = {dataset: input_location(self.store, dataset, self.partition) for dataset in self.reads}
        found |= self.stage.locations_elsewhere(self.params, self.store, self.partition)
        missing = [dataset for dataset, location in found.items() if location.manifest() is None]
        if missing:
            raise InputsMissing("\n".join(_missing(self.stage, found[dataset]) for dataset in missing))
        return {dataset: location.pinned() for dataset, location in found.items()}

    def expected(self, dataset: str, digests: Mapping[str, str]) -> Expected:
        """What `dataset` has to have been made from; `digests` are those of the inputs and of earlier outputs."""
        return Expected(
            stage=self.stage.name,
            stage_version=self.stage.version,
            params=self.params.model_dump(mode="json"),
            fingerprint=self.params.fingerprint(),
            schema_version=DATASETS[dataset].version,
            checker=CHECKER if self.stage.grades else None,
            inputs={**self.stage.source_digests(self.params), **digests},
            model_digest=model_digest(self.params),
        )

    def committed(self) -> dict[str, Manifest] | None:
        """The manifests of all outputs where they are what is wanted, else None. A lease does not matter here."""
        found: dict[str, Manifest] = {}
        digests = input_digests(self.store, self.reads, self.partition)
        digests |= _elsewhere(self.stage, self.params, self.store, self.partition)
        for dataset in self.stage.writes:
            manifest = self.location(dataset).manifest()
            if manifest is None or any(differences(manifest, self.expected(dataset, digests))):
                return None
            found[dataset] = manifest
            digests[dataset] = manifest.digest
        return found

    def status(self) -> Status:
        """The state of all outputs, measured against the parameters that are wanted now."""
        digests = input_digests(self.store, self.reads, self.partition)
        digests |= _elsewhere(self.stage, self.params, self.store, self.partition)
        states = []
        for dataset in self.stage.writes:
            location = self.location(dataset)
            states.append(location.status(self.expected(dataset, digests)))
            if manifest := location.manifest():
                digests[dataset] = manifest.digest
        return _combined(states)

    def check_idle(self) -> None:
        """A first look at the leases, which decide later; raises Busy."""
        now = status(self.store, self.stage, self.partition)
        if now.state == "running":
            raise Busy(f"{self.stage.name} at {self.partition} is running: {'; '.join(now.reasons)}")


def model_digest(params: Params) -> str | None:
    """The digest of the model that the parameters name, where it lies on this machine; a hub is not asked."""
    engine = getattr(params, "engine", None)
    if isinstance(params, TracesParams) and params.imported:
        return None
    if not isinstance(engine, EngineParams) or engine.kind != "vllm":
        return None
    on_disk = engine.model in embedded() or Path(engine.model, "config.json").is_file()
    return resolve(engine.model).digest if on_disk else None


def input_location(store: Store, dataset: str, partition: Partition) -> Location:
    """Where a stage that works at `partition` reads `dataset`, be it there or not."""
    own = store.at(dataset, place(dataset, partition))
    if partition.run == MAIN_RUN or own.manifest() is not None:
        return own
    shared = store.at(dataset, place(dataset, partition.model_copy(update={"run": MAIN_RUN})))
    return own if shared.manifest() is None else shared


def input_digests(store: Store, datasets: Iterable[str], partition: Partition) -> dict[str, str]:
    """Content digests of those of the inputs that are committed now."""
    manifests = {dataset: input_location(store, dataset, partition).manifest() for dataset in datasets}
    return {dataset: manifest.digest for dataset, manifest in manifests.items() if manifest}


def _elsewhere(stage: Stage, params: Params, store: Store, partition: Partition) -> dict[str, str]:
    """Content digests of what the parameters ask for at other addresses."""
    found = stage.locations_elsewhere(params, store, partition)
    return {address: manifest.digest for address, each in found.items() if (manifest := each.manifest())}


def ancestors(store: Store, datasets: Iterable[str], partition: Partition) -> list[Manifest]:
    """Manifests of these inputs and of what those were made from, each once, the oldest first."""
    found: dict[str, Manifest] = {}
    for dataset in datasets:
        location = input_location(store, dataset, partition)
        manifest = location.manifest()
        if manifest is not None:
            above = ancestors(store, filter(DATASETS.__contains__, manifest.inputs), location.partition)
            found.update({each.dataset: each for each in (*above, manifest)})
    return list(found.values())


def status(store: Store, stage: Stage, partition: Partition) -> Status:
    """The state of all that a stage writes at `partition`, measured against the parameters it was made with.

    Stale are then other versions of the stage, the schema or the checker, and inputs that changed since.
    """
    found: dict[str, Manifest] = {}
    states = []
    for dataset in stage.writes:
        location = store.at(dataset, place(dataset, partition))
        manifest = location.manifest()
        states.append(location.status(_as_it_was_asked(store, stage, partition, manifest, found)))
        if manifest:
            found[dataset] = manifest
    return _combined(states)


def _as_it_was_asked(
    store: Store,
    stage: Stage,
    partition: Partition,
    manifest: Manifest | None,
    earlier: Mapping[str, Manifest],
) -> Expected:
    digests = {name: each.digest for name, each in earlier.items()}
    return Expected(
        stage=stage.name,
        stage_version=stage.version,
        params=manifest.params if manifest else {},
        fingerprint=manifest.fingerprint if manifest else "",
        schema_version=DATASETS[manifest.dataset if manifest else stage.main].version,
        checker=CHECKER if stage.grades else None,
        inputs=input_digests(store, _reads(stage, manifest), partition)
        | _sources(store, stage, partition, manifest)
        | digests,
        model_digest=_model_digest(stage, manifest),
    )


def _reads(stage: Stage, manifest: Manifest | None) -> dict[str, None]:
    """What the stage always reads, and what was read beside it when the data was made."""
    then = manifest.inputs if manifest else {}
    return dict.fromkeys([*stage.reads, *(name for name in then if name in DATASETS and name not in stage.writes)])


def _model_digest(stage: Stage, manifest: Manifest | None) -> str | None:
    try:
        return model_digest(stage.params.model_validate(manifest.params)) if manifest else None
    except (ValidationError, FileNotFoundError):  # made when the parameters had other fields, or the model was whole
        return None


def _sources(store: Store, stage: Stage, partition: Partition, manifest: Manifest | None) -> dict[str, str]:
    """Digests of the files and of the other addresses that the data was read from, as they are now."""
    recorded = {name: digest for name, digest in manifest.inputs.items() if name not in DATASETS} if manifest else {}
    if not manifest or not (recorded or stage.elsewhere):
        return {}
    try:
        params = stage.params.model_validate(manifest.params)
        return stage.source_digests(params) | _elsewhere(stage, params, store, partition)
    except Exception:  # moved, or on another machine: nothing is known that would make the data stale
        return recorded


_WORST_FIRST: tuple[State, ...] = ("running", "failed", "stale", "missing", "complete")


def _combined(states: list[Status]) -> Status:
    """One state for a stage with several outputs: the worst, with all reasons."""
    worst = min((each.state for each in states), key=_WORST_FIRST.index)
    reasons = dict.fromkeys(reason for each in states for reason in each.reasons)
    return Status(state=worst, reasons=tuple(reasons))


def _missing(stage: Stage, location: Location) -> str:
    dataset, where = location.dataset.name, location.partition
    model = f" --model {where.model}" if where.model else ""
    address = f"--date {where.date} --source {where.source}{model} --run {where.run}"
    return (
        f"{stage.name} reads {dataset}, and nothing is committed at {dataset}/{where}. Make it with:\n"
        f"  proctor run {writer_of(dataset).name} {address}"
    )
