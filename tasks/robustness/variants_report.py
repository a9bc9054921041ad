"""What the `perturb` stage shows of its rows: yields, refusals, a variant of each kind beside its problem, and problems
whose gold contradicts itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from evals.perturb.variant import Tier
from evals.robustness.answers import ORIGINAL
from storage.schemas import DATASETS
from storage.store import Location
from tasks.report.lineage import SHORT
from tasks.report.section import Block, Number, Prose, Section, Table

Row = Mapping[str, Any]
REASONS = 5
"""Of refusals, the most frequent ones of a kind; `refusals` has them all."""


def section(rewrites: Location) -> Section:
    """Of the location of `rewrites`; the others lie beside it. Raises Missing where one is not committed."""
    variants, refusals, faults, problems = (
        replace(rewrites, dataset=DATASETS[name], pin=None)
        for name in ("variants", "refusals", "gold_faults", "problems")
    )
    kinds = rewrites.snapshot().manifest.summary["by_kind"]
    asked = {row["problem_id"]: row for row in problems.read(["problem_id", "question", "answer"]).to_pylist()}
    return Section(
        "Variants",
        (
            _yields(kinds),
            _refusals(kinds, refusals.read(["kind", "reason", "detail"]).to_pylist()),
            *_examples(variants.read(["problem_id", "kind", "question", "answer", "changes"]).to_pylist(), asked),
            _audit(faults.read().to_pylist(), asked),
        ),
    )


def _yields(kinds: Mapping[str, Row]) -> Table:
    tiers = [tier for tier in get_args(Tier) if any(tier in each["tiers"] for each in kinds.values())]
    rows = tuple(
        (
            kind,
            each["asked"],
            _percent(each["accepted"], each["asked"]),
            _percent(each["full"], each["asked"]),
            each["variants"],
            *(each["tiers"].get(tier) for tier in tiers),
        )
        for kind, each in kinds.items()
    )
    columns = ("kind", "problems", "accepted %", "all variants %", "variants", *tiers)
    note = "The last columns are tiers, what a gold answer rests on: docs/perturb.md says what each is."
    return Table("Yields", columns, rows, note)


def _percent(part: int, whole: int) -> Number | None:
    return Number(100 * part / whole, f"{100 * part / whole:.1f}") if whole else None


def _refusals(kinds: Mapping[str, Row], refusals: Sequence[Row]) -> Table:
    details: dict[tuple[str, str], str] = {}
    for row in refusals:
        details.setdefault((row["kind"], row["reason"]), row["detail"])
    rows = tuple(
        (kind, reason, count, details.get((kind, reason)))
        for kind, each in kinds.items()
        for reason, count in [*each["refusals"].items()][:REASONS]
    )
    note = f"Up to {REASONS} of a kind. A kind that gave fewer variants than were asked for says so too."
    return Table("Why there are no more", ("kind", "reason", "refusals", "the first one's detail"), rows, note)


def _examples(variants: Sequence[Row], asked: Mapping[str, Row]) -> Iterator[Block]:
    """The first variant of each kind that changes a text; a template's own problem is among the variants."""
    seeds = {**asked, **{row["problem_id"]: row for row in variants if row["kind"] == ORIGINAL}}
    seen: set[str] = set()
    for row in variants:
        seed = seeds.get(row["problem_id"])
        if seed and row["kind"] not in seen and row["question"] != seed["question"]:
            seen.add(row["kind"])
            changes = "; ".join(f"{old} → {new}" for old, new in json.loads(row["changes"] or "[]"))
            rows = (
                ("question", seed["question"], row["question"]),
                ("gold", seed["answer"], row["answer"]),
                ("changed", None, changes),
            )
            yield Table(f"{row['kind']}, problem {row['problem_id'][:SHORT]}", ("", "original", "variant"), rows)


def _audit(faults: Sequence[Row], asked: Mapping[str, Row]) -> Block:
    if not faults:
        return Prose("Label audit: no gold solution contradicts itself or the stated answer.")
    columns = ("problem_id", "reason", "stated", "computed", "detail", "place")
    rows = tuple((*(row[name] for name in columns), asked.get(row["problem_id"], {}).get("question")) for row in faults)
    note = "Their golds may be wrong, and so may their variants' be."
    return Table("Gold solutions that contradict themselves", (*columns, "question"), rows, note)
