"""The `robustness` stage: what perturbations did to a model, from its committed trials alone.

Guarantees: every trial is counted in `effects`, and every problem of every kind has a row in `flips`; nothing is
generated, and the same trials give the same rows. Where models are compared, both answered the same variants: another
model's trials that were made of other ones are refused. Does not: decide what is a fall that matters; `margin` says
that."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evals.identity import row_id
from evals.perturb.difficulty import difficulty
from evals.robustness.answers import COLUMNS, ORIGINAL, Answers, answers
from evals.robustness.by_problem import Floats, Names, weights
from evals.robustness.conclusions import conclusions
from evals.robustness.effects import Effect, Rules, effects
from evals.robustness.means import Estimate
from evals.robustness.models import differences_in_changes
from evals.robustness.shift import ks_distance
from storage.partition import Partition, slug
from storage.rows import table_of
from storage.schemas import DATASETS
from storage.store import Location, Store
from tasks.job import Job, Outcome
from tasks.robustness.effects_params import RobustnessParams
from tasks.robustness.flip_rows import flip_rows

Row = dict[str, Any]


def run(job: Job[RobustnessParams]) -> Outcome:
    """Raises ValueError where there are no trials of originals, or other models were asked other variants."""
    rules = Rules(**job.params.model_dump(include={"margin", "level", "replicates", "seed"}))
    ours = _answers(job.inputs["trials"])
    model = str(job.partition.model)
    found = [*effects(ours, rules), *number_distances(job.inputs)]
    rows = [effect_row(each, model) for each in found]
    for other, location in _others(job).items():
        rows += [effect_row(each, model, other) for each in differences_in_changes(ours, _answers(location), rules)]
    flips = flip_rows(job.inputs, model)
    job.progress(len(rows), len(rows))
    return Outcome(
        tables={name: table_of(DATASETS[name], each) for name, each in (("effects", rows), ("flips", flips))},
        counts={"unknown": sum(row["estimate"] is None for row in rows)},
        summary=summary(ours, found, flips, rules),
    )


def elsewhere(params: RobustnessParams, store: Store, partition: Partition) -> dict[str, Location]:
    """The trials of the models that are compared with, by address."""
    places = [partition.model_copy(update={"model": slug(model)}) for model in params.against]
    return {f"trials/{place}": store.at("trials", place) for place in places}


def number_distances(inputs: Mapping[str, Location]) -> list[Effect]:
    """How far the numbers of a kind's questions are from those of the same problems: Kolmogorov's distance."""
    problems = inputs["problems"].read(["problem_id", "question", "solution"]).to_pylist()
    variants = inputs["variants"].read(["problem_id", "kind", "numbers"]).to_pylist()
    known = {row["problem_id"]: difficulty(row["question"], row["solution"] or "").numbers for row in problems}
    known |= {row["problem_id"]: tuple(row["numbers"]) for row in variants if row["kind"] == ORIGINAL}
    found = []
    for kind in sorted({row["kind"] for row in variants} - {ORIGINAL}):
        rows = [(row["problem_id"], row["numbers"]) for row in variants if row["kind"] == kind]
        before = [(name, known[name]) for name in dict.fromkeys(name for name, _ in rows) if name in known]
        (names, numbers), (seeds, old) = _flat(rows), _flat(before)
        if len(numbers) and len(old):
            distance = ks_distance(old, numbers, weights(seeds), weights(names))
            found.append(Effect(kind, "numbers_ks", Estimate(distance, n=len(before))))
    return found


def _flat(rows: Sequence[tuple[str, Sequence[float]]]) -> tuple[Names, Floats]:
    """An entry a number, with its problem's name."""
    names = np.repeat(np.asarray([name for name, _ in rows], dtype=np.str_), [len(numbers) for _, numbers in rows])
    return names, np.asarray([number for _, numbers in rows for number in numbers], dtype=np.float64)


def effect_row(effect: Effect, model: str, against: str | None = None) -> Row:
    found = effect.found
    return {
        "effect_id": row_id("effect", model, effect.kind, effect.measure, effect.group, against or ""),
        "model": model,
        "kind": effect.kind,
        "measure": effect.measure,
        "part": effect.group,
        "against": against,
        "estimate": found.value,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "p_adjusted": effect.p_adjusted,
        "problems": found.n,
    }


def summary(kinds: Mapping[str, Answers], found: Sequence[Effect], flips: Sequence[Row], rules: Rules) -> Row:
    """What people look at first: how much each kind changes, and what may be said of it."""
    measured = {(each.kind, each.measure): each.found for each in found}
    told = {}
    for each in conclusions(found, rules):
        change = measured[each.kind, "change"]
        told[each.kind] = {
            "change": change.value,
            "low": change.low,
            "high": change.high,
            "conclusion": each.word,
            **({"doubts": list(each.doubts)} if each.doubts else {}),
        }
    return {
        "accuracy": measured[ORIGINAL, "accuracy"].value,
        "trials": {kind: len(each) for kind, each in kinds.items()},
        "unknown_trials": sum(int(each.arm().unknown.sum()) for each in kinds.values()),
        "margin": rules.margin,
        "kinds": told,
        "flips": dict(Counter(row["direction"] for row in flips)),
    }


def _answers(trials: Location) -> dict[str, Answers]:
    return answers(trials.read(list(COLUMNS)).to_pydict())


def _others(job: Job[RobustnessParams]) -> dict[str, Location]:
    """By model. Raises ValueError where the variants were other ones."""
    mine = _variants_of(job.inputs["trials"])
    found = {}
    for address, location in job.inputs.items():
        if address.startswith("trials/"):
            if (theirs := _variants_of(location)) != mine:
                raise ValueError(
                    f"{address} answers variants {theirs}, and these trials {mine}: run trials again for one of them"
                )
            found[str(location.partition.model)] = location
    return found


def _variants_of(trials: Location) -> str:
    """The digest of the variants that were answered."""
    manifest = trials.manifest()
    assert manifest is not None, "inputs are committed"
    return manifest.inputs.get("variants", "")
