"""A store with problems, variants and trials of known truth in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage.manifest import Expected, Facts
from storage.store import Location, Store
from tasks.engines.engine import Resources
from tasks.job import Job
from tasks.params import Params
from tasks.robustness.effects_params import RobustnessParams
from tests.evals.robustness.trials import Columns
from tests.tasks.jobs import PARTITION, problem_rows, quiet

SHARED = ("problems", "variants", "gold_faults")


def at(root: Path, dataset: str, model: str = "fake") -> Location:
    place = PARTITION.model_copy(update={"model": model})
    return Store(root).at(dataset, place.without_model() if dataset in SHARED else place)


def commit(
    location: Location,
    rows: list[dict[str, Any]],
    variants: str | None = None,
    summary: Mapping[str, Any] | None = None,
) -> None:
    expected = Expected(
        stage="test", stage_version=1, params={}, fingerprint="", schema_version=location.dataset.version,
        inputs={"variants": variants} if variants else {},
    )  # fmt: skip
    with location.lease("test") as lease, location.attempt(expected) as attempt:
        attempt.write(rows)
        facts = Facts(kept_fingerprint=Params().generation_fingerprint(), summary=dict(summary or {}))
        attempt.commit(lease=lease, facts=facts)


def committed(root: Path, columns: Columns, model: str = "fake", variants: str = "v1") -> None:
    """Commits the trials, with the problems and variants that they are of."""
    named = dict(zip(dict.fromkeys(columns["problem_id"]), problem_rows(len(set(columns["problem_id"]))), strict=True))
    trials = [
        trial_row(dict(zip(columns, row, strict=True)), place)
        for place, row in enumerate(zip(*columns.values(), strict=True))
    ]
    commit(at(root, "trials", model), trials, variants)
    if model == "fake":
        commit(at(root, "problems"), [row | {"problem_id": name} for name, row in named.items()])
        varied = {row["variant_id"]: row for row in trials if row["variant_id"]}
        commit(at(root, "variants"), [variant_row(row) for row in varied.values()])


def trial_row(row: dict[str, Any], place: int) -> dict[str, Any]:
    varied = row["kind"] != "original"
    return {
        **row,
        "trial_id": f"t{place}",
        "variant_id": f"{row['kind']}/{row['problem_id']}/{row['index']}" if varied else None,
        "sample": 0 if varied else place,
        "text": f"{row['kind']}: {row['verdict']}",
        "prompt_tokens": 1,
        "seed": 0,
        "extracted": None,
        **dict.fromkeys(("prompt_style", "prompt", "finish_reason", "reason", "model", "model_digest", "checker"), ""),
    }


def variant_row(trial: dict[str, Any]) -> dict[str, Any]:
    named = ("variant_id", "problem_id", "kind", "index", "steps", "digits", "carries")
    return {
        **{name: trial[name] for name in named},
        "seed": 0,
        "question": f"variant {trial['variant_id']} <b>?",
        "answer": "7",
        "numbers": [1.0],
        **dict.fromkeys(("solution", "tier", "changes", "certificate"), ""),
    }


def job(root: Path, params: RobustnessParams) -> Job[RobustnessParams]:
    inputs = {name: at(root, name) for name in ("problems", "variants", "trials")}
    inputs |= {f"trials/model={model}": at(root, "trials", model) for model in params.against}
    return Job(params, Resources(), PARTITION, inputs, {n: at(root, n) for n in ("effects", "flips")}, quiet)
