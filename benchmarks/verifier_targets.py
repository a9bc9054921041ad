"""What a verifier learns from which label: hard, soft or counts, of the same traces, and from the truth as a ceiling;
with a head on the hidden state, and with one on confidence.

    python -m benchmarks.verifier_targets --root data --run main --run early --problems 1000 --json

The labels of each run train a process verifier with each head and target: those of `main` may have all k rollouts,
those of `early` stop at the first success. All are judged on the same held-out problems, against the rollouts of the
first run, which should have all k, and against the known truth. Best-of-N takes all samples of a problem.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import product
from typing import Any, get_args

from flows.run.work import input_location
from flows.stages import place
from storage.partition import Partition
from storage.store import Location, Store
from tasks.engines.engine import Resources
from tasks.job import Job
from tasks.verifier.params import Head, VerifierParams
from tasks.verifier.quality import Constants, quality
from tasks.verifier.train import run

READS = ("problems", "traces", "prm", "orm")
WRITES = ("verifier_predictions", "verifier_curve", "verifiers")
SHOWN = ("brier", "brier_constant", "brier_truth", "brier_truth_constant", "auroc_truth", "first_error_f1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default="data")
    parser.add_argument("--partition", help="of the first run; left out: the newest with training data")
    parser.add_argument("--run", action="append", dest="runs", help="whose labels; may be repeated")
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--head", action="append", dest="heads", choices=get_args(Head), help="may be repeated")
    parser.add_argument("--epochs", type=int, default=VerifierParams().epochs)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    store = Store(asked.root)
    partition = Partition.parse(asked.partition) if asked.partition else store.partitions("prm")[-1]
    rows: list[dict[str, Any]] = []
    for head, (name, target) in product(asked.heads or get_args(Head), _cases(asked.runs or ["main"])):
        params = VerifierParams(
            target=target, head=head, kinds=("process",), problems=asked.problems, epochs=asked.epochs
        )
        found = _measured(store, partition, name, params, rows)
        rows.append({"labels": name, "head": head, "target": target, **found})
        print(_line(rows[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"targets": rows}) if asked.json else "\n".join(map(_line, rows)))


def _cases(runs: list[str]) -> list[tuple[str, Any]]:
    return [*((name, target) for name in runs for target in ("hard", "soft", "counts")), (runs[0], "truth")]


_reference: dict[str, Mapping[str, Any]] = {}
"""The first run's labels of the held-out steps, against which all are judged."""


def _measured(
    store: Store, partition: Partition, name: str, params: VerifierParams, before: list[dict[str, Any]]
) -> dict[str, Any]:
    began = time.monotonic()
    where = partition.model_copy(update={"run": name})
    with tempfile.TemporaryDirectory() as scratch:
        outputs = {dataset: Store(scratch).at(dataset, where) for dataset in WRITES}
        outcome = run(Job(params, Resources(), where, _inputs(store, where), outputs, lambda done, total, **_: None))
    rows = [row for row in outcome.tables["verifier_predictions"].to_pylist() if row["split"] == "held_out"]
    if not before:
        _reference.update({row["prediction_id"]: row for row in rows})
    judged = [
        row | {key: _reference[row["prediction_id"]][key] for key in ("successes", "failures", "hard")}
        for row in rows
        if row["prediction_id"] in _reference
    ]
    told = outcome.summary["process"]
    first = before[0]["constants"] if before else told["constants"]
    numbers = quality(judged, Constants(**first), told["cut_off"])
    return {"seconds": round(time.monotonic() - began), "constants": first, **numbers}


def _inputs(store: Store, where: Partition) -> dict[str, Location]:
    return {dataset: input_location(store, dataset, place(dataset, where)).pinned() for dataset in READS}


def _line(row: Mapping[str, Any]) -> str:
    best = row["best_of_n"]
    numbers = [f"{row.get(name) or float('nan'):.4f}" for name in SHOWN]
    chosen = [f"{name} {best[name]:.3f}" for name in ("pass@1", "last", "min", "product", "mean", "pass@n")]
    cells = [row["labels"], row["head"], row["target"], *numbers, " · ".join(chosen), f"{row['seconds']} s"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
