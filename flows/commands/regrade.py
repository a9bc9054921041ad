"""`proctor regrade`: what today's checker and today's gold answers make of committed traces, labels and trees.

Looking changes nothing in storage. `apply` commits through the same lease, attempt and manifest as a run of the stages,
and commits nothing at all where a stage would have to generate: a changed verdict can make a policy want rollouts that
were never made. Neither loads an engine, Ray or Prefect. Rows that depend on more than a verdict that changed (another
version of the stage, another model, other files) are for the stage itself: CannotRegrade says so.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from flows.run.execute import Runner, execute
from flows.run.work import Work, input_location, status
from flows.stages import STAGES
from flows.views.selection import Selection, committed
from storage.manifest import Manifest
from storage.status import differences
from storage.store import Location, Missing, Store
from tasks.engines.engine import Resources
from tasks.job import Job, Outcome

OWED = "owed"
"""The kind of the dead letters of tasks/regrade.py for what was not kept."""


class CannotRegrade(Exception):
    """The stage itself has to run; the message says why, and where."""


@dataclass(frozen=True)
class Compared:
    """A dataset of a partition as it is, and as it would be."""

    dataset: str
    partition: str
    stale: tuple[str, ...]
    """Why it is not what it would be made as today; empty where it is complete."""
    rows: int
    """That are on both sides."""
    changes: Mapping[tuple[str, str], int]
    """Old and new class (verdict; good, bad or open) -> rows."""
    otherwise: int
    """Rows of the same class that differ in the extracted answer or its reason, or in the counts of rollouts."""
    added: int
    gone: int
    """Rows of problems that are no longer there; of trees also nodes that the search no longer comes to."""
    owed: int
    """Generations that are wanted and were not kept: the next ones, as later ones depend on what they say."""
    owed_by: tuple[str, ...]
    """The traces that want them: their problem and sample; of trees the prefixes."""
    examples: tuple[Mapping[str, Any], ...]
    """The rows whose class changes, in the order of the dataset."""

    @property
    def wanting(self) -> str:
        """What wants generations."""
        return "prefixes" if self.dataset == "trees" else "traces"

    @property
    def differs(self) -> bool:
        return bool(self.changes or self.otherwise or self.added or self.gone or self.owed_by)


@dataclass(frozen=True)
class Instead(Location):
    """A location that is read as if `table` had been committed there."""

    table: pa.Table | None = None

    def read(self, columns: Sequence[str] | None = None, verify: bool = False) -> pa.Table:
        assert self.table is not None
        return self.table.select(columns) if columns else self.table


def works(store: Store, selection: Selection) -> tuple[Work, ...]:
    """The traces stage, and those of the labels and trees that there are, at the partition that was committed last of
    those that fit, with the parameters that they were committed with. Raises Missing, CannotRegrade."""
    found = [pair for dataset in ("labels", "trees", "traces") for pair in _committed(store, dataset, selection)]
    if not found:
        raise Missing(f"no traces are committed for {selection}; see what there is: proctor status")
    newest, _ = max(found, key=lambda pair: pair[1].committed_at)
    places = [input_location(store, "traces", newest.partition)]
    made_of_them = (store.at(dataset, newest.partition) for dataset in ("labels", "trees"))
    places += [location for location in made_of_them if location.manifest()]
    return tuple(_work(store, location) for location in places)


def look(todo: Sequence[Work]) -> tuple[Compared, ...]:
    """What would differ; the labels are those that the traces as they would be give."""
    found, traces = [], None
    for work in todo:
        outcome = _preview(work, traces)
        traces = outcome.tables.get("traces", traces)
        found.append(_compared(work, outcome))
    return tuple(found)


def apply(todo: Sequence[Work], seen: Sequence[Compared], max_dead_rate: float) -> list[Manifest]:
    """Commits what `look` saw; gives the new manifests, none where all was complete. Raises CannotRegrade, and what
    execute does."""
    if owing := [each for each in seen if each.owed_by]:
        what = "; ".join(
            f"{each.dataset} of {len(each.owed_by):,} {each.wanting} want at least {each.owed:,}" for each in owing
        )
        first = " and ".join(f"proctor run {work.stage.name}" for work in todo)
        raise CannotRegrade(
            f"{what} generations that were not kept. Nothing was committed. To generate them, with the parameters that "
            f"these were made with: {first}"
        )
    done: list[Manifest] = []
    for work in todo:
        stage = replace(work.stage, run=f"tasks.regrade:{work.stage.name}")
        execution = execute(replace(work, stage=stage), Runner(max_dead_rate=max_dead_rate))
        if not execution.skipped:
            done += execution.manifests.values()
    return done


def _committed(store: Store, dataset: str, selection: Selection) -> list[tuple[Location, Manifest]]:
    try:
        return committed(store, dataset, selection)
    except Missing:
        return []


def _work(store: Store, location: Location) -> Work:
    stage, manifest = STAGES[location.dataset.name], location.manifest()
    if manifest is None:
        raise Missing(f"the labels' traces are gone: {location.partition}; make them again: proctor run traces")
    where = f"{stage.name} at {location.partition}"
    try:
        work = Work(stage, location.partition, stage.params.model_validate(manifest.params), store)
    except ValidationError:
        raise CannotRegrade(f"{where}: its parameters have other fields by now; run the stage") from None
    # What changed beside the checker, the datasets that it reads, and parameters that there were not when it was made:
    # of those, the defaults hold, as in a run with the settings of then.
    now = work.expected(stage.name, manifest.inputs | stage.source_digests(work.params))
    then = {name: getattr(manifest, name) for name in ("checker", "params", "fingerprint")}
    if changed := list(differences(manifest, now.model_copy(update=then))):
        raise CannotRegrade(f"{where} would not differ by its verdicts alone ({'; '.join(changed)}); run the stage")
    return work


def _preview(work: Work, traces: pa.Table | None) -> Outcome:
    inputs = work.inputs()
    if "traces" in inputs and traces is not None:
        at = inputs["traces"]
        inputs["traces"] = Instead(at.fs, at.dataset, at.partition, at.pin, table=traces)
    outputs = {dataset: work.location(dataset) for dataset in work.stage.writes}
    job = Job(work.params, Resources(), work.partition, inputs, outputs, _quiet)
    outcome: Outcome = replace(work.stage, run=f"tasks.regrade:preview_{work.stage.name}").load()(job)
    return outcome.in_memory()


def _compared(work: Work, outcome: Outcome) -> Compared:
    dataset = work.stage.name
    old, new = work.location(dataset).read(), outcome.tables[dataset]
    letters = [letter for letter in outcome.dead if letter.kind == OWED]
    owing = {letter.id for letter in letters}
    key = work.location(dataset).dataset.key
    after = {row[key]: row for row in new.to_pylist()}
    before = {row[key]: row for row in old.to_pylist()}
    pairs = [(row, after[name]) for name, row in before.items() if name in after]
    turned = [(was, now) for was, now in pairs if _class(was) != _class(now)]
    return Compared(
        dataset=dataset,
        partition=str(work.partition),
        stale=_changed(work),
        rows=len(pairs),
        changes=Counter((_class(was), _class(now)) for was, now in turned),
        otherwise=sum(_class(was) == _class(now) and _details(was) != _details(now) for was, now in pairs),
        added=len(after.keys() - before.keys()),
        gone=sum(name not in after and row.get("trace_id") not in owing for name, row in before.items()),
        owed=outcome.counts.get(OWED, 0),
        owed_by=tuple(letter.place for letter in letters),
        examples=tuple(_example(was, now) for was, now in turned),
    )


def _changed(work: Work) -> tuple[str, ...]:
    now = status(work.store, work.stage, work.partition)
    if now.state == "running":
        return ()
    return tuple(reason for reason in now.reasons if not reason.startswith("attempt "))


def _class(row: Mapping[str, Any]) -> str:
    """The verdict of a solution, or the label of a step or a prefix."""
    return str(row["verdict"]) if row.get("verdict") else {1: "good", 0: "bad", None: "open"}[row["hard"]]


def _details(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a verdict, or a label, rests on."""
    names = ("extracted", "reason") if "extracted" in row else ("successes", "failures", "unknowns")
    return {name: row[name] for name in names}


def _example(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    place = {name: now[name] for name in ("trace_id", "node_id", "problem_id", "sample", "step") if name in now}
    return {**place, "old": _class(was), "new": _class(now), **_details(now)}


def as_json_lines(found: Sequence[Compared], limit: int) -> Iterator[str]:
    """For programs: an object for each dataset, then one for each of the first `limit` rows whose class changes."""
    for each in found:
        changes = [{"old": old, "new": new, "rows": rows} for (old, new), rows in sorted(each.changes.items())]
        names = ("dataset", "partition", "stale", "rows", "differs", "otherwise", "added", "gone", "owed", "owed_by")
        yield json.dumps({name: getattr(each, name) for name in names} | {"changes": changes})
        yield from (json.dumps({"dataset": each.dataset, **row}) for row in each.examples[:limit])


def _quiet(done: int, total: int, **numbers: float) -> None:
    """Looking takes seconds, and is no run that anybody watches."""
