"""The `verifier` stage: process and outcome verifiers, trained on the committed `prm` and `orm` rows.

Guarantees: what is trained on, what decides when to stop and what is told about the result are three sets of
problems; the same rows, parameters and machine give the same weights, whether or not the run was killed on the way.
Weights, card and tokenizer are committed as rows, the loss curve and every prediction on unseen problems beside them.
A row that cannot be learnt from is a dead letter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals.identity import fingerprint
from evals.verifier.splits import SPLITS
from storage.rows import table_of
from storage.schemas import DATASETS
from tasks.engines.model import ModelRef, resolve
from tasks.job import Job, Outcome
from tasks.verifier.checkpoint import Checkpoint
from tasks.verifier.chunks import chunks
from tasks.verifier.encoding import Encoder
from tasks.verifier.examples import (
    Example,
    Examples,
    Known,
    examples,
    require_rollouts_of_every_step,
    require_two_classes,
)
from tasks.verifier.network import base_context, new_network, tokenizer_of
from tasks.verifier.params import Kind, VerifierParams
from tasks.verifier.quality import Constants, chosen_cut_off, quality
from tasks.verifier.scorer import NetworkScorer
from tasks.verifier.training import batches
from tasks.verifier.weights import Card, packed
from tasks.verifier.workers import Task, train_together

ROWS: Mapping[Kind, str] = {"process": "prm", "outcome": "orm"}
TRACE = ["trace_id", "problem_id", "steps", "truths"]


class TooFewProblems(ValueError):
    """A split without examples."""


@dataclass(frozen=True)
class _Result:
    """One verifier, as rows and numbers."""

    files: Mapping[str, bytes]
    curve: list[dict[str, Any]]
    predictions: list[dict[str, Any]]
    summary: dict[str, Any]


def run(job: Job[VerifierParams]) -> Outcome:
    """Raises OneClass, SearchedLabels, TooFewProblems, and what resolving the base raises."""
    params = job.params
    base = resolve(params.base, params.revision)
    tokenizer = tokenizer_of(base.path, base.revision)
    prepared = {kind: _examples(job, kind, tokenizer, base) for kind in params.kinds}
    total = sum(params.epochs * len(batches(each.of("train"), params.batch_tokens, "")) for each in prepared.values())
    results, before = {}, 0
    for kind, each in prepared.items():
        trained = _trained(job, kind, each, base, before, total)
        before += params.epochs * len(batches(each.of("train"), params.batch_tokens, ""))
        results[kind] = _result(kind, each, trained, base, tokenizer, params)
    job.progress(total, total)
    return Outcome(
        tables={
            "verifier_predictions": table_of(DATASETS["verifier_predictions"], _all(results, "predictions")),
            "verifier_curve": table_of(DATASETS["verifier_curve"], _all(results, "curve")),
            "verifiers": table_of(
                DATASETS["verifiers"], [row for kind, each in results.items() for row in chunks(kind, each.files)]
            ),
        },
        dead=tuple(letter for each in prepared.values() for letter in each.dead),
        counts={"unknown": 0},
        summary={kind: each.summary for kind, each in results.items()},
        model_digest=base.digest,
    )


def _all(results: Mapping[Kind, _Result], name: str) -> list[dict[str, Any]]:
    return [row for each in results.values() for row in getattr(each, name)]


def _examples(job: Job[VerifierParams], kind: Kind, tokenizer: Any, base: ModelRef) -> Examples:
    """Of one kind, with something in every split."""
    params = job.params
    known = Known(
        {row["trace_id"]: row for row in job.inputs["traces"].read(TRACE).to_pylist()},
        {row["problem_id"]: row for row in job.inputs["problems"].read(["problem_id", "graph"]).to_pylist()},
    )
    context = base_context(base)
    context = min(params.max_length or context, context)
    first = set(list(known.problems)[: params.problems])
    rows = [row for row in job.inputs[ROWS[kind]].read().to_pylist() if row["problem_id"] in first]
    if kind == "process":
        require_rollouts_of_every_step(rows, params.target)
    found = examples(kind, rows, known, Encoder(tokenizer, params.prompt), params, context)
    for split in SPLITS:
        if not any(step.evidence.weight for each in found.of(split) for step in each.steps):
            problems = len({row["problem_id"] for row in rows})
            raise TooFewProblems(
                f"no {ROWS[kind]} row with evidence falls into the split {split}: there are {len(rows):,} rows of "
                f"{problems:,} problems, {len(found.dead):,} of them unusable. Take more problems, or another `seed`"
            )
    require_two_classes(kind, found.of("train"), params.target if kind == "process" else "hard")
    return found


def _trained(
    job: Job[VerifierParams], kind: Kind, found: Examples, base: ModelRef, before: int, total: int
) -> Checkpoint:
    task = Task(
        kind,
        base,
        job.params,
        _source(job, kind, base),
        found.of("train"),
        found.of("choosing"),
        job.outputs["verifiers"],
    )
    if job.resources.actors > 1:
        return train_together(task, job.resources)
    return task.train(lambda done, _, loss: job.progress(before + done, total, loss=round(loss, 4)))


def _source(job: Job[VerifierParams], kind: Kind, base: ModelRef) -> str:
    """Digest of all that the weights follow from: another one is another training."""
    digests = {name: manifest.digest for name, each in job.inputs.items() if (manifest := each.manifest())}
    return fingerprint([kind, base.digest, job.params.fingerprint(), digests])


def _result(
    kind: Kind, found: Examples, trained: Checkpoint, base: ModelRef, tokenizer: Any, params: VerifierParams
) -> _Result:
    network = new_network(base, params.dtype, params.head)
    network.load_state_dict(trained.best)
    card = Card(
        kind=kind,
        target=params.target if kind == "process" else "hard",
        head=params.head,
        base=base.name,
        base_digest=base.digest,
        prompt=params.prompt,
        max_length=params.max_length,
        dtype=params.dtype,
    )
    rows = _predictions(kind, NetworkScorer(network.eval(), tokenizer, card), found.of("choosing", "held_out"))
    chosen = chosen_cut_off([row for row in rows if row["split"] == "choosing"]) if kind == "process" else None
    card = card.model_copy(update={"cut_off": chosen.value if chosen else None})
    problems = {split: sorted({each.problem_id for each in found.of(split)}) for split in SPLITS}
    return _Result(
        packed(network, tokenizer, card, json.dumps(problems).encode()),
        _curve(kind, trained),
        rows,
        _summary(found, trained, rows, card),
    )


def _curve(kind: Kind, trained: Checkpoint) -> list[dict[str, Any]]:
    return [
        {"point_id": f"{kind}/{point.step}", "kind": kind, **asdict(point), "kept": point is trained.progress.best}
        for point in trained.progress.curve
    ]


def _predictions(kind: Kind, scorer: NetworkScorer, found: Sequence[Example]) -> list[dict[str, Any]]:
    scores = scorer.score_encoded([each.encoded for each in found])
    return [
        {
            "prediction_id": f"{kind}/{each.trace_id}/{step.index}",
            "kind": kind,
            "trace_id": each.trace_id,
            "problem_id": each.problem_id,
            "split": each.split,
            "step": step.index,
            "steps": each.whole,
            "probability": probability,
            "successes": step.successes,
            "failures": step.failures,
            "hard": step.hard,
            "truth": step.truth,
            "verdict": each.verdict,
        }
        for each, told in zip(found, scores, strict=True)
        for step, probability in zip(each.steps, told, strict=True)
    ]


def _summary(found: Examples, trained: Checkpoint, rows: Sequence[Mapping[str, Any]], card: Card) -> dict[str, Any]:
    best, learning = trained.progress.best, found.of("train")
    held_out = [row for row in rows if row["split"] == "held_out"]
    return {
        "solutions": {split: len(found.of(split)) for split in SPLITS},
        "problems": {split: len({each.problem_id for each in found.of(split)}) for split in SPLITS},
        **found.counts,
        "updates": trained.progress.step,
        "tokens_read": trained.progress.tokens,
        "kept_epoch": round(best.epoch, 3) if best else 0.0,
        "choosing_loss": round(best.choosing_loss, 6) if best else None,
        "cut_off": card.cut_off,
        "constants": asdict(_constants(learning)),
        "held_out": quality(held_out, _constants(learning), card.cut_off),
    }


def _constants(learning: Sequence[Example]) -> Constants:
    steps = [step for each in learning for step in each.steps]
    successes, outcomes = sum(s.successes for s in steps), sum(s.successes + s.failures for s in steps)
    truths = [step.truth for step in steps if step.truth is not None]
    return Constants(successes / outcomes if outcomes else 0.5, sum(truths) / len(truths) if truths else None)
