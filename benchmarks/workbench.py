"""What the benchmarks share: a store with traces of the embedded model, and how results are printed."""

import argparse
import datetime
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.run.execute import Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.manifest import Facts
from storage.partition import Partition
from storage.store import Store
from tasks.engines.engine import Resources
from tasks.engines.runtime import ray_session
from tasks.job import Job, Outcome
from tasks.params import Params, ProblemsParams, TracesParams

PARTITION = Partition(date=datetime.date(2026, 1, 1), source="generated", model="tiny_reasoner")


@contextmanager
def workbench() -> Iterator[Store]:
    """An empty store in a temporary folder, and a Ray session for all that the benchmark runs."""
    with tempfile.TemporaryDirectory(prefix="proctor-benchmark-") as folder, ray_session():
        yield Store(folder)


def run_stage(store: Store, name: str, params: Params, resources: Resources | None = None) -> dict[str, Any]:
    """Runs a stage to its commit, start-up included; the summary of its manifest."""
    work = Work(STAGES[name], PARTITION, params, store)
    execution = execute(work, Runner(resources or Resources()))
    return dict(execution.manifests[STAGES[name].main].summary)


def make_traces(store: Store, problems: int, samples: int, seed: int = 7) -> dict[str, Any]:
    """Unseen problems, and the embedded model's traces of them at its usual temperature."""
    run_stage(store, "problems", ProblemsParams(count=problems, seed=seed))
    return run_stage(store, "traces", TracesParams(samples=samples))


def job_of(store: Store, name: str, params: Any, resources: Resources | None = None) -> Job[Any]:
    """What a stage's code would be given, for benchmarks that time the code itself."""
    work = Work(STAGES[name], PARTITION, params, store)
    outputs = {dataset: work.location(dataset) for dataset in work.stage.writes}
    return Job(params, resources or Resources(), PARTITION, work.inputs(), outputs, lambda done, total, **_: None)


def commit(store: Store, name: str, params: Params, outcome: Outcome) -> None:
    """Writes what a stage's code gave back, as a run would."""
    work = Work(STAGES[name], PARTITION, params, store)
    facts = Facts(kept_fingerprint=params.generation_fingerprint())
    digests: dict[str, str] = {}
    for dataset, table in outcome.in_memory().tables.items():
        location = work.location(dataset)
        expected = work.expected(dataset, digests)
        with location.lease("benchmark") as lease, location.attempt(expected) as attempt:
            attempt.write(table)
            digests[dataset] = attempt.commit(lease=lease, facts=facts, rows=table.num_rows).digest


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people, with numbers to three digits."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*(f"{cell:,.3f}" if isinstance(cell, float) else f"{cell}" for cell in row))
    Console().print(table)


def report(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))
