"""What the recipe stage reads, in the form that the pure recipes take it.

Guarantees: every trace is an attempt, or a dead letter where it does not fit its problem or its labels; evaluation
questions are those of every other partition of problems, whatever made them, whose split is one of those asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evals.exports import LabelledTrace
from evals.filters.screen import Text
from evals.filters.words import words
from evals.prompts import PromptStyle
from evals.recipes.attempts import Attempt
from storage.partition import Partition
from storage.rows import DeadLetter
from storage.store import Location, Store
from tasks.job import Job
from tasks.params import TracesParams
from tasks.prm import LABEL, labelled_traces
from tasks.recipe.params import RecipeParams

Row = Mapping[str, Any]
TRACE = ["trace_id", "problem_id", "prompt", "text", "steps", "tokens", "finish_reason", "extracted", "verdict"]


@dataclass(frozen=True)
class Corpus:
    """Problems, and attempts at them in the order of the traces."""

    problems: Mapping[str, Row]
    attempts: tuple[Attempt, ...]
    finish: Mapping[str, str]
    """Trace id to the reason why its text ends."""
    unanswered: frozenset[str]
    """Traces that state no answer."""
    greedy: Mapping[str, str]
    """Problem id to the verdict of its attempt at temperature 0."""
    style: PromptStyle
    labelled: bool
    """Whether step labels were read."""
    dead: tuple[DeadLetter, ...]


def read_corpus(job: Job[RecipeParams]) -> Corpus:
    """Raises ValueError where the greedy run is none."""
    problems = job.inputs["problems"].read(["problem_id", "question", "answer", "split"]).to_pylist()
    traces = job.inputs["traces"].read(TRACE).to_pylist()
    labels = job.inputs["labels"].read(LABEL).to_pylist() if "labels" in job.inputs else []
    fitting, dead = labelled_traces(problems, traces, labels)
    rows = {row["trace_id"]: row for row in traces}
    return Corpus(
        problems={row["problem_id"]: row for row in problems},
        attempts=tuple(_attempt(rows[each.trace_id], each) for each in fitting),
        finish={name: row["finish_reason"] for name, row in rows.items()},
        unanswered=frozenset(name for name, row in rows.items() if row["extracted"] is None),
        greedy=_greedy(job),
        style=_style(job.inputs["traces"]),
        labelled="labels" in job.inputs,
        dead=tuple(replace(letter, stage="recipe") for letter in dead),
    )


def elsewhere(params: RecipeParams, store: Store, partition: Partition) -> dict[str, Location]:
    """What is read of other partitions, by address: evaluation sets, and the greedy run's traces."""
    found: dict[str, Location] = {}
    for each in store.partitions("problems") if params.filters.contamination is not None else ():
        location = store.at("problems", each)
        manifest = location.manifest()
        splits = params.filters.evaluation_splits
        if manifest and manifest.params.get("split", splits) in (splits, *splits):  # not told: its rows decide
            found[f"problems/{each}"] = location
    if params.greedy_run is not None:
        greedy = partition.model_copy(update={"run": params.greedy_run})
        found[f"traces/{greedy}"] = store.at("traces", greedy)
    return found


def evaluation_sets(job: Job[RecipeParams]) -> dict[str, list[tuple[str, str]]]:
    """Questions of each evaluation set, as (name, text), by the set's address. The recipe's own problems are none."""
    own = job.inputs["problems"].partition
    splits = job.params.filters.evaluation_splits
    found = {}
    for address, location in job.inputs.items():
        if not address.startswith("problems/") or location.partition == own:
            continue
        rows = location.read(["problem_id", "question", "split"]).to_pylist()
        asked = [(f"{address}: {row['problem_id']}", row["question"]) for row in rows if row["split"] in splits]
        if asked:
            found[address] = asked
    return found


def texts(corpus: Corpus, lengths: Sequence[int | None]) -> list[Text]:
    """The attempts as they are screened; `lengths` are tokens of prompt and text. Duplicates are looked for among the
    solutions of one question that have the same verdict: a right one must not go because a wrong one looks like it."""
    return [_text(corpus, attempt, length) for attempt, length in zip(corpus.attempts, lengths, strict=True)]


def _text(corpus: Corpus, attempt: Attempt, length: int | None) -> Text:
    question = corpus.problems[attempt.problem_id]["question"]
    known = any(label is not None for label in attempt.hard)
    return Text(
        question=question,
        text=attempt.text,
        group=(" ".join(words(question)), attempt.verdict),
        finished=corpus.finish[attempt.trace_id] != "length" and attempt.trace_id not in corpus.unanswered,
        length=length,
        right=attempt.verdict == "correct",
        labelled=known if corpus.labelled else None,
        first_bad_step=first_bad_step(attempt),
    )


def first_bad_step(attempt: Attempt) -> int | None:
    """Counted from 0; None where no step is labelled 0."""
    return next((step for step, label in enumerate(attempt.hard) if label is False), None)


def _attempt(row: Row, labelled: LabelledTrace) -> Attempt:
    return Attempt(
        trace_id=row["trace_id"],
        problem_id=row["problem_id"],
        prompt=row["prompt"],
        text=row["text"],
        steps=tuple(row["steps"]),
        verdict=row["verdict"],
        tokens=row["tokens"],
        hard=tuple(step.hard for step in labelled.steps),
    )


def _style(traces: Location) -> PromptStyle:
    manifest = traces.manifest()
    assert manifest is not None, "inputs are committed"
    return TracesParams.model_validate(manifest.params).prompt


def _greedy(job: Job[RecipeParams]) -> dict[str, str]:
    location = next((each for address, each in job.inputs.items() if address.startswith("traces/")), None)
    manifest = location.manifest() if location else None
    if location is None or manifest is None:
        return {}
    temperature = TracesParams.model_validate(manifest.params).sampling.temperature
    if temperature != 0:
        raise ValueError(f"greedy_run={job.params.greedy_run!r} was sampled at temperature {temperature}; 0 is greedy")
    rows = location.read(["problem_id", "sample", "verdict"]).to_pylist()
    return {row["problem_id"]: row["verdict"] for row in rows if row["sample"] == 0}
