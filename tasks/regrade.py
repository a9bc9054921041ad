"""The traces, labels and trees stages on what was kept: today's checker and today's gold answers, no model.

Guarantees: the stages' own code decides, so the rows are those that a rerun of the stage would commit, as far as the
kept rows reach. What a rerun would have to generate is a dead letter of kind `owed`, counted as `owed`; `traces`,
`labels` and `trees`, which are for commits, raise StillOwed instead. A dead letter of the committed traces and labels
stays one, for its reason; a prefix of a tree that was refused is owed.
Imported traces are read from their files again: what the file says of an answer stays the verdict.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from evals.identity import row_id
from evals.prompts import user_text
from tasks import traces as traces_stage
from tasks.completions import Prompt
from tasks.engines.engine import Identity
from tasks.engines.kept_engine import OWED, KeptEngine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.labels import label
from tasks.params import LabelsParams, TracesParams, TreesParams
from tasks.traces import sample
from tasks.trees.stage import grow


class StillOwed(RuntimeError):
    """Rows are needed that were not kept: the stage itself has to run."""


def traces(job: Job[TracesParams]) -> Outcome:
    """All traces with today's verdicts. Raises StillOwed."""
    return _complete(preview_traces(job))


def labels(job: Job[LabelsParams]) -> Outcome:
    """All rollouts with today's verdicts and the labels that they give. Raises StillOwed."""
    return _complete(preview_labels(job))


def trees(job: Job[TreesParams]) -> Outcome:
    """All rollouts of the trees with today's verdicts and the trees that they give. Raises StillOwed."""
    return _complete(preview_trees(job))


def preview_traces(job: Job[TracesParams]) -> Outcome:
    """As `traces`, but samples that were not kept are dead letters."""
    if job.params.imported:
        return traces_stage.run(job)
    style = job.params.prompt
    problems = job.inputs["problems"].read(["problem_id", "question"]).to_pylist()
    rows = job.outputs["traces"].read(["problem_id", "prompt"]).to_pylist()
    rendered = {row["problem_id"]: row["prompt"] for row in rows}
    prompts = {
        user_text(each["question"], style): rendered[each["problem_id"]]
        for each in problems
        if each["problem_id"] in rendered
    }
    refusals = _refusals(job, "traces")
    engine = KeptEngine(_identity(job, "traces", "model"), prompts, refusals | _without_a_trace(job, set(rendered)))
    return _graded(job, job.params.grading_seconds, engine, lambda grader: sample(job, engine, grader))


def preview_labels(job: Job[LabelsParams]) -> Outcome:
    """As `labels`, but traces whose rollouts do not suffice are dead letters: no budget keeps them from asking.

    Where a budget ended some labels, there is none left: what was kept decides, and what it does not decide stays open.
    """
    manifest = job.outputs["labels"].manifest()
    spent = manifest is not None and manifest.summary.get("cut_by_budget")
    job = replace(job, params=job.params.model_copy(update={"budget": 0 if spent else None}))
    engine = KeptEngine(_identity(job, "labels", "completer"), refusals=_refusals(job, "labels"))
    prompts = KeptPrompts(job, _written(job))
    return _graded(job, job.params.grading_seconds, engine, lambda grader: label(job, engine, grader, prompts))


def preview_trees(job: Job[TreesParams]) -> Outcome:
    """As `trees`, but a search that wants rollouts which were not kept goes on as if the engine had refused them, and
    each such prefix is a dead letter. A budget that left questions unfinished is spent, as that of labels is."""
    manifest = job.outputs["trees"].manifest()
    spent = manifest is not None and manifest.summary.get("unfinished")
    job = replace(job, params=job.params.model_copy(update={"budget": 0 if spent else None}))
    engine = KeptEngine(_identity(job, "trees", "model"))
    nodes = job.outputs["trees"].read(["problem_id", "prefix", "prefix_id"]).to_pylist()
    known = ((row["problem_id"], row["prefix"], row["prefix_id"]) for row in nodes if row["prefix_id"] is not None)
    prompts = KeptPrompts(job, known)
    return _graded(job, job.params.grading_seconds, engine, lambda grader: grow(job, engine, grader, prompts))


class KeptPrompts:
    """Names prefixes as their rollouts are named, by the rows on record: the text of a prompt, for which a chat
    template would be needed, is known to the model's run alone."""

    def __init__(self, job: Job[Any], known: Iterable[tuple[str, str, str]]) -> None:
        """`known`: problem, what was written, and the prefix's id."""
        problems = job.inputs["problems"].read(["problem_id", "question"]).to_pylist()
        questions = {each["problem_id"]: each["question"] for each in problems}
        self._ids = {(questions[name], text): prefix for name, text, prefix in known if name in questions}

    async def prompt(self, question: str) -> Prompt:
        return Prompt(self._ids.get((question, ""), ""), question, special_tokens=False)

    def continued(self, prompt: Prompt, written: str) -> Prompt:
        """Its text is not the one that the model saw: nothing is generated from it."""
        known = self._ids.get((prompt.text, written))
        return replace(prompt, id=known or row_id("not kept", prompt.text, written))


def _written(job: Job[LabelsParams]) -> Iterator[tuple[str, str, str]]:
    """By the labels on record: problem, the trace up to a step, and the prefix's id."""
    written: dict[str, str] = {}
    columns = ["trace_id", "problem_id", "step", "text", "prefix_id"]
    table = job.outputs["labels"].read(columns).sort_by([("trace_id", "ascending"), ("step", "ascending")])
    for row in table.to_pylist():
        written[row["trace_id"]] = written.get(row["trace_id"], "") + row["text"]
        yield row["problem_id"], written[row["trace_id"]], row["prefix_id"]


def _graded(
    job: Job[Any], seconds: float, engine: KeptEngine, stage: Callable[[Grader], Awaitable[Outcome]]
) -> Outcome:
    async def run() -> Outcome:
        async with Grader(job.resources.graders, seconds) as grader:
            return await stage(grader)

    outcome = asyncio.run(run())
    return replace(outcome, counts={**outcome.counts, OWED: len(engine.owed)})


def _complete(outcome: Outcome) -> Outcome:
    owed = [letter.place for letter in outcome.dead if letter.kind == OWED]
    if owed:
        raise StillOwed(f"{len(owed)} rows need what was not kept, the first at {owed[0]}; run the stage instead")
    return replace(outcome, counts={name: count for name, count in outcome.counts.items() if name != OWED})


def _identity(job: Job[Any], dataset: str, column: str) -> Identity:
    manifest = job.outputs[dataset].manifest()
    assert manifest is not None, "what is regraded was committed"
    names = job.outputs[dataset].read([column])[column]
    return Identity(name=names[0].as_py() if len(names) else "", digest=manifest.model_digest or "")


def _refusals(job: Job[Any], dataset: str) -> dict[str, tuple[str, str]]:
    return {row["id"]: (row["kind"], row["message"]) for row in job.outputs[dataset].dead().to_pylist()}


def _without_a_trace(job: Job[Any], there: set[str]) -> dict[str, tuple[str, str]]:
    """Refusals by problem, where none of its samples came: its prompt, and so the ids of its requests, are not on
    record."""
    found = {}
    for row in job.outputs["traces"].dead().to_pylist():
        _, problem, *_ = f"{row['place']} ".split(" ")  # "problem ID sample 3"
        if problem not in there:
            found[problem] = (row["kind"], row["message"])
    return found
