"""How many problems of a GSM8K-style file each kind of perturbation accepts, and what that costs on one core.

    python -m benchmarks.perturb_yield ../shared/data/gsm8k_test.jsonl [--json]

A line of FILE has `question` and `answer` (the annotated solution). Ten variants are asked for of every problem.
With --json the last line is {"problems", "accepted", "with_10_variants", "seconds"} of the kind `numbers`; its tiers
and refusals, and the other kinds, stand in tables above it. Seconds are CPU time.
"""

import json
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from benchmarks.workbench import arguments, report, show
from evals.perturb.kinds import KINDS, perturb
from evals.perturb.variant import Kind, Refusal, SeedProblem, Variant

COUNT = 10
SEED = 7


class Yield(NamedTuple):
    accepted: int
    full: int
    """Problems with all COUNT variants."""
    seconds: float
    tiers: Counter[str]
    reasons: Counter[str]


def main() -> None:
    parser = arguments("share of problems that each kind of perturbation accepts")
    parser.add_argument("file", type=Path)
    asked = parser.parse_args()
    problems = read(asked.file)
    yields = {kind: measure(problems, kind) for kind in KINDS}
    total = max(1, len(problems))
    rows = [(k, y.accepted, y.accepted / total, y.full, y.full / total, y.seconds) for k, y in yields.items()]
    columns = ["kind", "accepted", "share", f"with {COUNT} variants", "share", "seconds"]
    show(f"{len(problems)} problems, {COUNT} variants asked of each", columns, rows)
    numbers = yields["numbers"]
    show("numbers: accepted by tier", ["tier", "problems"], numbers.tiers.most_common())
    show("numbers: refusals", ["reason", "problems"], numbers.reasons.most_common())
    result = {
        "problems": len(problems),
        "accepted": numbers.accepted,
        "with_10_variants": numbers.full,
        "seconds": round(numbers.seconds, 2),
    }
    report(result, asked.json)


def read(path: Path) -> list[SeedProblem]:
    with path.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines if line.strip()]
    return [SeedProblem(record["question"], record["answer"]) for record in records]


def measure(problems: list[SeedProblem], kind: Kind) -> Yield:
    """One pass over the problems."""
    start = time.process_time()
    accepted = full = 0
    tiers: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for problem in problems:
        found = perturb(problem, kind, COUNT, SEED)
        variants = [each for each in found if isinstance(each, Variant)]
        accepted += bool(variants)
        full += len(variants) == COUNT
        tiers.update({each.certificate.tier for each in variants[:1]})
        if not variants:
            reasons.update(each.reason for each in found if isinstance(each, Refusal))
    return Yield(accepted, full, time.process_time() - start, tiers, reasons)


if __name__ == "__main__":
    main()
