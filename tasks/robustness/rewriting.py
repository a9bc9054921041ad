"""The kind `paraphrase`: a model rewords each question, and what comes back is checked before it is a variant.

Guarantees: a rewording is generated once and is in the ledger before it is checked; every run checks what was kept
anew, so a better check costs nothing. One that loses or changes a number, a quantity word or a name is a refusal with
what it changed; so is one that the token limit cut off, that never came or that says an earlier one again. Those that
pass beyond the variants asked for are in `rewrites` alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from evals.perturb.paraphrase import check, prompt
from evals.perturb.variant import Draft, Refusal, Refused, SeedProblem, Variant
from storage.rows import DeadLetter
from storage.schemas import DATASETS
from tasks.completions import Prompter, for_each
from tasks.engines.engine import Engine
from tasks.job import Job
from tasks.replies import Replies
from tasks.robustness.params import PerturbParams, RewriterParams

RENDERING = 256
"""Prompts that are rendered at a time."""


@dataclass(frozen=True)
class Reworded:
    """What a rewriter gave: by problem id its variants, then what was refused."""

    found: Mapping[str, list[Variant | Refusal]]
    replies: pa.Table
    dead: tuple[DeadLetter, ...] = ()
    tokens: int = 0
    generated: int = 0
    model_digest: str | None = None


NOTHING = Reworded({}, DATASETS["rewrites"].schema.empty_table())


async def reword(job: Job[PerturbParams], problems: Sequence[SeedProblem], engine: Engine) -> Reworded:
    """Rewordings of the problems, as far as engine and budget allow."""
    rewriter = job.params.rewriter
    assert rewriter is not None, "the parameters see to it"
    prompter = Prompter(engine, "zero_shot", rewriter.chat, rewriter.seed, rewriter.sampling)
    prompts = {}

    async def render(problem: SeedProblem) -> None:
        prompts[problem.problem_id] = await prompter.turn(prompt(problem))

    await for_each(problems, RENDERING, render)
    ordered = [prompts[problem.problem_id] for problem in problems]
    kept = job.kept("rewrites")
    with job.ledger("rewrites") as ledger:
        replies = Replies(engine, rewriter, ledger, kept, ordered, "perturb")

        async def ask(problem: SeedProblem) -> None:
            await replies.ask(prompts[problem.problem_id], problem.problem_id, f"problem {problem.problem_id}")
            job.progress(0, len(problems), rewordings=replies.generated)

        await for_each(problems, _in_flight(job, rewriter), ask)
    found = {each.problem_id: _checked(each, replies.of(prompts[each.problem_id]), job.params) for each in problems}
    return Reworded(
        found, replies.table(), tuple(replies.dead), replies.tokens, replies.generated, engine.identity.digest
    )


def _in_flight(job: Job[PerturbParams], rewriter: RewriterParams) -> int:
    """Problems at a time; a server is asked no more than it takes."""
    http = rewriter.engine.kind == "http"
    requests = job.resources.concurrency if http else job.resources.actors * job.resources.window
    return requests // rewriter.samples + 1


def _checked(
    problem: SeedProblem, replies: Sequence[dict[str, Any] | str], params: PerturbParams
) -> list[Variant | Refusal]:
    """The first so many different rewordings that pass, then why there are no more and what the others did not keep."""
    wanted = params.count("paraphrase")
    drafts: dict[str, Draft] = {}
    refusals = []

    def refuse(reason: str, detail: str) -> None:
        refusals.append(Refusal(problem.problem_id, "paraphrase", reason, detail))

    for sample, reply in enumerate(replies):
        try:
            draft = _read(problem, reply)
        except Refused as refused:
            refuse(refused.reason, f"rewording {sample}: {refused.detail}")
            continue
        if draft.question in drafts:
            refuse("a repeated rewording", f"rewording {sample} is word for word an earlier one")
        drafts.setdefault(draft.question, draft)
    chosen = list(drafts.values())[:wanted]
    if len(chosen) < wanted and not refusals:
        refuse("no further variant", f"{len(chosen)} of {wanted}, as many as rewordings were asked for")
    variants = [
        Variant(
            problem.problem_id, "paraphrase", i, params.seed, each.question, each.solution, each.answer,
            each.certificate,
        )
        for i, each in enumerate(chosen)
    ]  # fmt: skip
    return [*variants, *refusals]


def _read(problem: SeedProblem, reply: dict[str, Any] | str) -> Draft:
    if isinstance(reply, str):
        raise Refused({"no_reply": "no reply"}.get(reply, reply), "the engine gave none")
    if reply["finish_reason"] == "length":
        raise Refused("truncated", f"the token limit ended it after {reply['tokens']} tokens")
    return check(problem, reply["text"])
