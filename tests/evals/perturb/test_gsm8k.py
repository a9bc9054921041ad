"""Yields on GSM8K itself, where its files lie beside the checkout; its text is nowhere in the project."""

import json
from pathlib import Path

import pytest

from evals.perturb.kinds import perturb
from evals.perturb.variant import Kind, SeedProblem, Variant

FILE = Path(__file__).parents[3].parent / "shared/data/gsm8k_test.jsonl"


@pytest.fixture(scope="module")
def problems() -> list[SeedProblem]:
    if not FILE.exists():
        pytest.skip(f"{FILE} is not there")
    records = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()[::4]]
    return [SeedProblem(record["question"], record["answer"]) for record in records]


@pytest.mark.parametrize(
    ("kind", "accepted", "full"),
    [("numbers", 0.6, 0.4), ("names", 0.6, 0.6), ("distractor", 0.6, 0.6), ("order", 0.03, 0.0)],
)
def test_enough_problems_are_accepted(problems: list[SeedProblem], kind: Kind, accepted: float, full: float) -> None:
    """On every fourth problem; the measured yields of the whole file are in docs/perturb.md."""
    counts = [sum(isinstance(each, Variant) for each in perturb(p, kind, 10, 7)) for p in problems]
    assert sum(count > 0 for count in counts) >= accepted * len(counts)
    assert sum(count == 10 for count in counts) >= full * len(counts)
