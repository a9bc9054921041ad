"""Jobs for tests: a store with problems and traces in it, and stages that run on an engine in this process."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from evals.problems import Graph, generate
from storage.manifest import Expected, Facts
from storage.partition import Partition
from storage.schemas import DATASETS
from storage.store import Location, Store
from tasks.engines.engine import EngineParams, Resources
from tasks.job import Job
from tasks.params import JudgeParams, LabelsParams, Params, TracesParams, TreesParams

PARTITION = Partition(date=datetime.date(2026, 1, 2), source="generated", model="fake")
FAKE = EngineParams(kind="fake", model="arithmetic")


def at(root: Path, dataset: str) -> Location:
    place = PARTITION.without_model() if dataset == "problems" else PARTITION
    return Store(root).at(dataset, place)


def commit(location: Location, table: pa.Table | Sequence[dict[str, Any]], params: Params) -> None:
    """Puts rows where a stage would read them."""
    expected = Expected(
        stage="test",
        stage_version=1,
        params=params.model_dump(mode="json"),
        fingerprint=params.fingerprint(),
        schema_version=location.dataset.version,
    )
    facts = Facts(kept_fingerprint=params.generation_fingerprint())
    with location.lease("test") as lease, location.attempt(expected) as attempt:
        attempt.write(table)
        attempt.commit(lease=lease, facts=facts)


def problem_rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    return [problem.row() | {"place": f"test:{i}"} for i, problem in enumerate(generate(count, seed), 1)]


def trace_row(problem: dict[str, Any], steps: Sequence[str], verdict: str, sample: int = 0) -> dict[str, Any]:
    return {
        "trace_id": f"{problem['problem_id'][:8]}-{sample}",
        "problem_id": problem["problem_id"],
        "sample": sample,
        "prompt": "",
        "text": "".join(steps),
        "steps": list(steps),
        "truths": None,
        "splitter": "step",
        "tokens": 1,
        "prompt_tokens": 1,
        "finish_reason": "stop",
        "mean_logprob": None,
        "extracted": None,
        "verdict": verdict,
        "reason": "exact",
        "model": "fake",
        "model_digest": "0",
        "seed": 0,
        "checker": "1",
    }


def solution(problem: dict[str, Any], wrong: int | None = None) -> list[str]:
    """Steps that compute a generated problem's answer; the one of index `wrong` errs by one."""
    graph = Graph.from_json(problem["graph"])
    values = graph.values()
    return [
        f"{values[node.left]} {node.op} {values[node.right]} = {node.value + (place == wrong)}\n"
        for place, node in enumerate(graph.nodes)
    ]


def traces_job(root: Path, params: TracesParams) -> Job[TracesParams]:
    return Job(
        params, Resources(), PARTITION, {"problems": at(root, "problems")}, {"traces": at(root, "traces")}, quiet
    )


def labels_job(root: Path, params: LabelsParams) -> Job[LabelsParams]:
    inputs = {name: at(root, name) for name in ("problems", "traces")}
    outputs = {name: at(root, name) for name in ("rollouts", "labels")}
    return Job(params, Resources(), PARTITION, inputs, outputs, quiet)


def judge_job(root: Path, params: JudgeParams, resources: Resources = Resources()) -> Job[JudgeParams]:
    inputs = {name: at(root, name) for name in ("problems", "traces")}
    outputs = {name: at(root, name) for name in ("replies", "judgements")}
    return Job(params, resources, PARTITION, inputs, outputs, quiet)


def trees_job(root: Path, params: TreesParams) -> Job[TreesParams]:
    inputs = {name: at(root, name) for name in ("problems", "traces")}
    outputs = {name: at(root, name) for name in ("tree_rollouts", "trees")}
    return Job(params, Resources(), PARTITION, inputs, outputs, quiet)


def quiet(done: int, total: int, **numbers: float) -> None:
    """Progress that nobody looks at."""


def schema_of(dataset: str) -> pa.Schema:
    return DATASETS[dataset].schema
