"""What comes in and out of a perturbation: a seed problem, its variants with their certificates, refusals.

Variants and refusals are rows: `row()` gives plain values, the certificate as JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from evals.identity import row_id

Kind = Literal[
    "identity",
    "numbers",
    "names",
    "objects",
    "names+numbers",
    "order",
    "distractor",
    "larger",
    "paraphrase",
    "template",
]
Tier = Literal["clean", "tied", "unused", "anchored", "text", "template"]
"""How much the gold answer rests on, from least to most. "clean": each number has one source and every number of
the question is used; "tied": some have several sources, which all give the same; "unused": the question has numbers
that the solution does not use; "anchored": constants that only words stand for. "text": the gold is the seed
problem's, only words were touched. "template": computed by a human-made template's own expression."""


class Refused(Exception):
    """Why a problem gets no variant: a short reason to count by, and the place with the value seen."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class SeedProblem:
    """A question and its gold solution; GSM8K's annotations are needed for the kinds that change numbers."""

    question: str
    solution: str
    problem_id: str = ""

    @property
    def answer(self) -> str:
        """What follows the last `####`, without commas; empty where there is none."""
        return self.solution.rpartition("####")[2].strip().replace(",", "") if "####" in self.solution else ""

    def identity(self) -> str:
        return self.problem_id or row_id("problem", self.question)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why the variant's gold answer is right, in plain values that can be checked without this package."""

    tier: Tier
    checks: tuple[str, ...]
    """Names of the checks that passed."""
    changes: Mapping[str, str] = field(default_factory=dict)
    """What replaced what: names, objects, the inserted sentence, the order."""
    mentions: tuple[Mapping[str, Any], ...] = ()
    """The question's numbers: place, old and new value, why frozen."""
    graph: tuple[Mapping[str, Any], ...] = ()
    """The steps: expression, sources of each literal, new literals and value."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """A variant before it has an index."""

    question: str
    solution: str
    answer: str
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Variant:
    """A perturbed problem with its gold answer and solution."""

    problem_id: str
    kind: Kind
    index: int
    seed: int
    question: str
    solution: str
    answer: str
    certificate: Certificate

    def row(self) -> dict[str, Any]:
        """Plain values for the `variants` dataset."""
        return {
            "variant_id": row_id("variant", self.problem_id, self.kind, self.seed, self.index, self.question),
            "problem_id": self.problem_id,
            "kind": self.kind,
            "index": self.index,
            "seed": self.seed,
            "question": self.question,
            "solution": self.solution,
            "answer": self.answer,
            "tier": self.certificate.tier,
            "certificate": self.certificate.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a problem has no (further) variant of a kind."""

    problem_id: str
    kind: Kind
    reason: str
    detail: str

    def row(self) -> dict[str, Any]:
        return asdict(self)
