"""The kinds of perturbation, and the one function that applies them.

    >>> perturb(SeedProblem(question, solution), "numbers", count=10, seed=7)
    [Variant(...), ...]

Guarantees: the same problem, kind, count and seed give the same variants on every machine, and a larger count begins with
those of a smaller one; the variants of a problem differ from it and from each other (`identity` aside); no text raises,
what gives no variant gives a Refusal with its reason, and what gives fewer than asked says so in a last Refusal.
"""

import random
from collections.abc import Callable, Iterator
from itertools import islice

from evals.perturb.distractor import distractor
from evals.perturb.names import names, rename
from evals.perturb.numbers import instances, larger, numbers, plan
from evals.perturb.objects import objects
from evals.perturb.order import order
from evals.perturb.variant import Certificate, Draft, Kind, Refusal, Refused, SeedProblem, Variant

LONGEST_QUESTION = 6000
LOOKS = 4
"""Drafts looked at for each variant asked for, before the problem counts as exhausted."""


def identity(problem: SeedProblem, _: random.Random) -> Iterator[Draft]:
    """The seed itself, as often as asked: what a fresh sampling seed alone changes is the noise floor."""
    while True:
        yield Draft(problem.question, problem.solution, problem.answer, Certificate("text", ("text untouched",)))


def names_and_numbers(problem: SeedProblem, rng: random.Random) -> Iterator[Draft]:
    """Other names first, then other numbers. Raises Refused."""
    rename(problem, rng)
    for draft in instances(plan(problem), rng):
        renamed, mapping = rename(SeedProblem(draft.question, draft.solution), rng)
        old = draft.certificate
        certificate = Certificate(old.tier, (*old.checks, "one name a person"), mapping, old.mentions, old.graph)
        yield Draft(renamed.question, renamed.solution, draft.answer, certificate)


KINDS: dict[Kind, Callable[[SeedProblem, random.Random], Iterator[Draft]]] = {
    "identity": identity,
    "numbers": numbers,
    "names": names,
    "objects": objects,
    "names+numbers": names_and_numbers,
    "order": order,
    "distractor": distractor,
    "larger": larger,
}
"""`paraphrase` needs an engine (paraphrase.py), `template` a template (templates.py)."""


def perturb(problem: SeedProblem, kind: Kind, count: int, seed: int) -> list[Variant | Refusal]:
    """`count` variants, or those there are and a Refusal. Raises ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r} for a problem alone; there are {', '.join(KINDS)}")
    identity_ = problem.identity()
    found: list[Variant | Refusal] = []
    seen = {problem.question}
    try:
        _require_readable(problem)
        drafts = KINDS[kind](problem, random.Random(f"{seed}/{kind}/{identity_}"))
        for draft in islice(drafts, LOOKS * count + 8):
            if len(found) == count:
                break
            if kind == "identity" or draft.question not in seen:
                seen.add(draft.question)
                found.append(_variant(draft, identity_, kind, len(found), seed))
    except Refused as refused:
        return [*found, Refusal(identity_, kind, refused.reason, refused.detail)]
    if len(found) < count:
        reason = "no further variant" if found else "no instance"
        found.append(Refusal(identity_, kind, reason, f"{len(found)} of {count} were found"))
    return found


def _variant(draft: Draft, problem_id: str, kind: Kind, index: int, seed: int) -> Variant:
    return Variant(problem_id, kind, index, seed, draft.question, draft.solution, draft.answer, draft.certificate)


def _require_readable(problem: SeedProblem) -> None:
    if len(problem.question) > LONGEST_QUESTION:
        raise Refused(
            "too long", f"a question of {len(problem.question)} characters, at most {LONGEST_QUESTION} are read"
        )
    if not problem.question.strip():
        raise Refused("no question", "the question is empty")
