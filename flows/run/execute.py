"""One stage on one partition, from its inputs to its commit. It knows nothing of Prefect: flows, tests and
faults use it.

Guarantees: what storage holds decides what is done, so a complete partition is never made again; one runner
at a time works on a partition; a failed or interrupted run leaves a record that says why, its dead letters,
and every row that was paid for. Does not retry: a second call is the retry, and generates only what is
owed.
"""

import getpass
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.run.events import Events
from flows.run.progress import Report
from flows.run.work import Work, ancestors
from storage.attempt import Attempt
from storage.lease import Lease
from storage.manifest import Facts, Manifest
from storage.partition import Partition
from storage.store import Location
from tasks.engines.engine import Resources
from tasks.job import Job, Outcome

MAX_DEAD_RATE = 0.05
"""Share of a dataset's rows that may be dead letters before the partition fails."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of a stage; the message says what was kept and how to go on."""


@dataclass(frozen=True)
class Execution:
    """What came of a call: the manifests of all that the stage writes."""

    stage: str
    partition: Partition
    manifests: Mapping[str, Manifest]
    ancestors: tuple[Manifest, ...]
    """Manifests of the inputs, and of what those were made from."""
    addresses: Mapping[str, str]
    """Dataset -> folder or URL of its partition."""
    skipped: bool
    """There was nothing to do."""
    events: Events
    """Where more of it is told."""


@dataclass(frozen=True)
class Runner:
    """Who runs, and what does not change the rows."""

    resources: Resources = field(default_factory=Resources)
    max_dead_rate: float = MAX_DEAD_RATE
    owner: str = ""
    """Named to others who want the same partition; empty takes the user's name."""
    flow_run_id: str | None = None
    again: bool = False
    """Make it even where it is complete; rows that were paid for are kept all the same."""


def execute(work: Work, runner: Runner = Runner()) -> Execution:
    """Makes what the stage writes at its partition, unless it is there already.

    Raises InputsMissing, storage's LeaseHeld where another runner is at work, InvalidData where more than
    `max_dead_rate` of the rows failed, Interrupted on Ctrl-C, and what the stage's code raises.
    """
    report = Report(work.stage.name)
    report.started()
    outcome = "failed"
    events = events_of(work, runner.flow_run_id)
    try:
        with events.until_the_end():
            inputs = work.inputs()
            manifests = None if runner.again else work.committed()
            skipped = manifests is not None
            if manifests is None:
                manifests = _under_lease(work, runner, inputs, report, events)
            else:
                report(manifests[work.stage.main].rows, manifests[work.stage.main].rows)
                events.tell("stage_skipped", rows=manifests[work.stage.main].rows)
            outcome = "complete" if skipped else "committed"
            return describe(work, manifests, skipped, events)
    finally:
        report.finished(outcome)


def events_of(work: Work, run_id: str | None = None) -> Events:
    """Those of a run; of one of its own, where Prefect has no part in it."""
    root = work.store.files.address("")
    return Events(root, work.stage.name, str(work.partition), run_id or str(uuid.uuid4()))


def describe(work: Work, manifests: Mapping[str, Manifest], skipped: bool, events: Events | None = None) -> Execution:
    """The execution that `manifests` are the result of."""
    locations = {dataset: work.location(dataset) for dataset in manifests}
    return Execution(
        stage=work.stage.name,
        partition=work.partition,
        manifests=manifests,
        ancestors=tuple(ancestors(work.store, work.reads, work.partition)),
        addresses={dataset: each.fs.address(each.folder) for dataset, each in locations.items()},
        skipped=skipped,
        events=events or events_of(work),
    )


def _under_lease(
    work: Work, runner: Runner, inputs: Mapping[str, Location], report: Report, events: Events
) -> dict[str, Manifest]:
    with ExitStack() as held:
        owner = runner.owner or getpass.getuser()
        leases = {dataset: held.enter_context(work.location(dataset).lease(owner)) for dataset in work.stage.writes}
        # Another runner may have finished between the look at storage and the lease.
        return (None if runner.again else work.committed()) or _run(work, runner, inputs, leases, report, events)


def _run(
    work: Work,
    runner: Runner,
    inputs: Mapping[str, Location],
    leases: Mapping[str, Lease],
    report: Report,
    events: Events,
) -> dict[str, Manifest]:
    """The first output's attempt is open while the stage's code runs, and so records how that ends."""
    first, *others = work.stage.writes
    digests = {dataset: manifest.digest for dataset, each in inputs.items() if (manifest := each.manifest())}
    committed: dict[str, Manifest] = {}
    with work.location(first).attempt(work.expected(first, digests)) as attempt:
        started = time.monotonic()
        outcome = _call(work, runner, inputs, report)
        facts = _facts(work, runner, outcome, time.monotonic() - started)
        committed[first] = _commit(work, runner, attempt, leases[first], first, outcome, facts)
        events.committed(committed[first])
    for dataset in others:
        digests |= {name: manifest.digest for name, manifest in committed.items()}
        with work.location(dataset).attempt(work.expected(dataset, digests)) as attempt:
            committed[dataset] = _commit(work, runner, attempt, leases[dataset], dataset, outcome, facts)
            events.committed(committed[dataset])
    return committed


def _call(work: Work, runner: Runner, inputs: Mapping[str, Location], report: Report) -> Outcome:
    outputs = {dataset: work.location(dataset) for dataset in work.stage.writes}
    job = Job(work.params, runner.resources, work.partition, inputs, outputs, report)
    try:
        outcome = work.stage.load()(job)
    except KeyboardInterrupt:
        raise Interrupted(_what_was_kept(work)) from None
    if set(outcome.tables) != set(work.stage.writes):
        raise TypeError(
            f"{work.stage.run} gave {sorted(outcome.tables)}; the stage declares {sorted(work.stage.writes)}"
        )
    return outcome


def _facts(work: Work, runner: Runner, outcome: Outcome, seconds: float) -> Facts:
    return Facts(
        model_digest=outcome.model_digest,
        kept_fingerprint=work.params.generation_fingerprint(),
        counts=dict(outcome.counts),
        tokens=outcome.tokens,
        seconds=seconds,
        flow_run_id=runner.flow_run_id,
        code_revision=code_revision(),
        summary=dict(outcome.summary),
    )


def _commit(
    work: Work, runner: Runner, attempt: Attempt, lease: Lease, dataset: str, outcome: Outcome, facts: Facts
) -> Manifest:
    """Counts, cost, summary and dead letters are the stage's: they go with its main dataset, and are told
    once."""
    rows = unknown = 0
    for table in _pieces(outcome.tables[dataset]):
        attempt.write(table)
        rows, unknown = rows + table.num_rows, unknown + _unknown(table)
    if dataset == work.stage.main:
        attempt.dead(outcome.dead)
    else:
        counts = {"unknown": unknown}
        facts = facts.model_copy(update={"counts": counts, "tokens": 0, "seconds": 0.0, "summary": {}})
    return attempt.commit(lease=lease, facts=facts, rows=rows, max_dead=runner.max_dead_rate)


def _pieces(rows: pa.Table | pa.RecordBatchReader) -> Iterator[pa.Table]:
    if isinstance(rows, pa.Table):
        yield rows
    else:
        yield from (pa.Table.from_batches([batch]) for batch in rows)


def _unknown(table: pa.Table) -> int:
    """Rows without a verdict, where the dataset has verdicts."""
    if "verdict" not in table.schema.names:
        return 0
    return pc.sum(pc.equal(table["verdict"], "unknown")).as_py() or 0


def _what_was_kept(work: Work) -> str:
    fingerprint = work.params.generation_fingerprint()
    try:
        rows = {dataset: work.location(dataset).ledger(fingerprint).count() for dataset in work.stage.writes}
        told = ", ".join(f"{count:,} {dataset}" for dataset, count in rows.items() if count)
        kept = told or "nothing that cost much yet"
    except Exception as error:  # an interrupt stays one, be storage out of reach
        kept = f"what was flushed, which could not be counted ({error})"
    where = f"{work.stage.name} at {work.partition}"
    return f"{where} was interrupted. Kept: {kept}. The same command goes on from there."


def code_revision() -> str | None:
    """The commit of the checkout that runs, with `-dirty` where files differ from it; None outside of one."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None
