"""A blind review of perturbations: solve variants before their gold is shown, then compare.

    python -m benchmarks.perturb_review ask ../shared/data/gsm8k_test.jsonl --kind numbers --seed 11 > sheet.csv
    python -m benchmarks.perturb_review compare ../shared/data/gsm8k_test.jsonl sheet.csv > verdicts.csv
    python -m benchmarks.perturb_review bounds docs/perturb_review.csv

`ask` writes a sheet with the questions of randomly drawn variants and two empty columns, `answer` and `oddity` (what
reads wrong, empty where nothing does). A reader fills both; neither gold nor original question stands in the sheet.
`compare` makes the same variants again and writes a row a variant for docs/perturb_review.csv: `right` where the answer
is the gold (or what the oddity begins with: "implausible: …", "ambiguous: …"), `differs` where not. The reader then
settles each `differs`:

- wrong: the gold does not answer the question, and the seed's gold answered the seed's;
- seed: the gold is as wrong as the seed's own; misread: the gold is right, the reader was not;
- ambiguous: another reading gives another answer; implausible: the gold is right, but the text is no longer sensible.

`bounds` counts verdicts by kind, and by tier where there are several, with the one-sided 95 % Clopper-Pearson limit on
*wrong*. A variant is the third that `perturb(..., count=3, seed)` gives, or the last there is. With `--kind template`,
a line of FILE is a template in GSM-Symbolic's form.
"""

import argparse
import csv
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from benchmarks.workbench import show
from evals.answers import Verdict
from evals.answers import compare as same_answer
from evals.perturb.kinds import KINDS, perturb
from evals.perturb.templates import instantiate
from evals.perturb.variant import Kind, SeedProblem, Variant

SHEET = ("kind", "seed", "row", "question", "answer", "oddity")
REVIEW = ("kind", "round", "seed", "row", "tier", "verdict", "reason", "blind", "read")
ODD = ("implausible", "ambiguous")
"""Verdicts that a reader may reach before seeing any gold."""
TRIED = 3
LEVEL = 0.95


def main() -> None:
    asked = _arguments().parse_args()
    if asked.command == "bounds":
        return show("verdicts of the review", *table(_rows(asked.review)))
    records = [json.loads(line) for line in asked.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if asked.command == "ask":
        return _write(SHEET, sheet(records, asked.kind, asked.seed, asked.count))
    _write(REVIEW, verdicts(records, _rows(asked.sheet), asked.round))


def sheet(records: list[dict[str, Any]], kind: Kind, seed: int, count: int) -> list[dict[str, Any]]:
    """Questions alone, of `count` problems drawn at random among those that have a variant, or of all that have."""
    rows = list(range(len(records)))
    random.Random(f"{seed}/{kind}").shuffle(rows)
    asked: list[dict[str, Any]] = []
    for row in rows:
        variant = variant_of(records[row], kind, seed) if len(asked) < count else None
        if variant:
            empty = {"answer": "", "oddity": ""}
            asked.append({"kind": kind, "seed": seed, "row": row, "question": variant.question, **empty})
    return asked


def variant_of(record: Mapping[str, Any], kind: Kind, seed: int) -> Variant | None:
    found = (
        instantiate(record, TRIED, seed)
        if kind == "template"
        else perturb(SeedProblem(record["question"], record["answer"]), kind, TRIED, seed)
    )
    variants = [each for each in found if isinstance(each, Variant)]
    return variants[-1] if variants else None


def verdicts(
    records: list[dict[str, Any]], answered: Iterable[Mapping[str, str]], round_: int
) -> Iterator[dict[str, Any]]:
    """Rows for the review file. Raises ValueError for a sheet that is not filled, or whose questions are no longer
    those that the rules give."""
    for each in answered:
        kind, seed, row = each["kind"], int(each["seed"]), int(each["row"])
        place = f"{kind}, seed {seed}, row {row}"
        if not each["answer"].strip():
            raise ValueError(f"{place}: the column answer is empty; it needs the reader's own answer before any gold")
        variant = variant_of(records[row], kind, seed)  # type: ignore[arg-type]
        if variant is None or variant.question != each["question"]:
            raise ValueError(f"{place}: another question stands in the sheet than the rules give now; ask again")
        verdict, reason = _judged(each["answer"].strip(), variant.answer, each["oddity"].strip())
        yield {
            "kind": kind, "round": round_, "seed": seed, "row": row, "tier": variant.certificate.tier,
            "verdict": verdict, "reason": reason, "blind": "yes", "read": each["answer"].strip(),
        }  # fmt: skip


def _judged(read: str, gold: str, oddity: str) -> tuple[str, str]:
    """Verdict and reason."""
    if same_answer(read, gold) is not Verdict.correct:
        return "differs", "; ".join(filter(None, [f"gold {gold}", oddity]))
    word, colon, rest = oddity.partition(": ")
    return (word, rest) if colon and word in ODD else ("right", oddity)


def at_most(wrong: int, of: int) -> float:
    """The one-sided 95 % limit on the share of wrong golds (Clopper and Pearson 1934)."""
    return float(binomtest(wrong, of, alternative="less").proportion_ci(LEVEL, method="exact").high)


def table(rows: Iterable[Mapping[str, str]]) -> tuple[list[str], list[tuple[object, ...]]]:
    """Column names and a line for each kind and tier, read blind or not, and for all tiers of a kind."""
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for row in rows:
        for tier in (row["tier"], "all tiers"):
            counts.setdefault((row["kind"], row["blind"], tier), Counter())[row["verdict"]] += 1
    several = Counter((kind, blind) for kind, blind, _ in counts)
    lines: list[tuple[object, ...]] = []
    for (kind, blind, tier), found in sorted(counts.items()):
        if tier == "all tiers" and several[kind, blind] == 2:
            continue
        read, wrong = found.total(), found["wrong"]
        others = ", ".join(f"{found[name]} {name}" for name in sorted(found) if name not in ("right", "wrong"))
        lines.append((kind, blind, tier, read, wrong, others, f"{100 * at_most(wrong, read):.1f} %"))
    return ["kind", "blind", "tier", "read", "wrong", "others", "wrong at most"], lines


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="a blind review of perturbations")
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="write a sheet of questions without gold")
    ask.add_argument("file", type=Path)
    ask.add_argument("--kind", required=True, choices=[*KINDS, "template"])
    ask.add_argument("--seed", required=True, type=int)
    ask.add_argument("--count", default=50, type=int)
    compare = commands.add_parser("compare", help="compare a filled sheet with the gold")
    compare.add_argument("file", type=Path)
    compare.add_argument("sheet", type=Path)
    compare.add_argument("--round", default=1, type=int)
    bounds = commands.add_parser("bounds", help="count verdicts and bound the share of wrong golds")
    bounds.add_argument("review", type=Path)
    return parser


if __name__ == "__main__":
    main()
