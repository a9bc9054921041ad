"""From committed training rows to what a verifier is trained and judged on.

Guarantees: a row becomes an example, or a dead letter with the reason; steps that the context does not hold are left
out and counted, never a step in the middle; a problem's rows lie in one split. Raises OneClass where the training
split has nothing to tell apart.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.truth import known_truths
from evals.verifier.likelihood import NOTHING, Evidence, evidence
from evals.verifier.splits import Split, split_of
from storage.rows import DeadLetter
from tasks.verifier.encoding import Encoded, Encoder
from tasks.verifier.params import Kind, VerifierParams

Row = Mapping[str, Any]
CHUNK = 1000
"""Rows tokenized at a time."""


class OneClass(ValueError):
    """The labels to train on are all good, or all bad."""


class SearchedLabels(ValueError):
    """A target asks for rollouts of every step, and a search chose the steps that have any."""


@dataclass(frozen=True, slots=True)
class Step:
    """One labelled step: what is learnt from it, what the rollouts said, what is known to be true."""

    index: int
    evidence: Evidence
    successes: int
    failures: int
    hard: bool
    truth: int | None


@dataclass(frozen=True, slots=True)
class Example:
    """A solution's first steps; `encoded.places[i]` is where `steps[i]` ends."""

    trace_id: str
    problem_id: str
    split: Split
    encoded: Encoded
    steps: tuple[Step, ...]
    whole: int
    """Steps of the whole trace."""
    verdict: str


@dataclass(slots=True)
class Examples:
    """What came of the rows of one dataset."""

    found: list[Example] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def of(self, *splits: Split) -> list[Example]:
        return [each for each in self.found if each.split in splits]


@dataclass(frozen=True, slots=True)
class Known:
    """What there is about the traces beside the training rows."""

    traces: Mapping[str, Row]
    problems: Mapping[str, Row]


class _Unfit(Exception):
    """A row that nothing can be learnt from: kind and message."""


def examples(
    kind: Kind, rows: Sequence[Row], known: Known, encoder: Encoder, params: VerifierParams, context: int
) -> Examples:
    """The examples of the `prm` or `orm` rows, in their order."""
    result = Examples()
    for start in range(0, len(rows), CHUNK):
        taken = []
        for row in rows[start : start + CHUNK]:
            try:
                taken.append((row, *_labelled(kind, row, known, params)))
            except _Unfit as unfit:
                result.dead.append(_letter(kind, row, *unfit.args))
        items = [(row["prompt"], texts) for row, texts, _ in taken]
        for (row, _, steps), encoded in zip(taken, encoder.encode(items), strict=True):
            _add(result, kind, row, steps, encoded, known, params, context)
    return result


def require_two_classes(kind: Kind, train: Sequence[Example], target: str) -> None:
    """Raises OneClass."""
    good = sum(step.evidence.successes for each in train for step in each.steps)
    bad = sum(step.evidence.failures for each in train for step in each.steps)
    if good and bad:
        return
    seen = f"{len(train):,} solutions to train on, " + (
        "all good" if good else "all bad" if bad else "without evidence"
    )
    raise OneClass(
        f"the {kind} verifier (target={target}) has {seen}: there is nothing to tell apart. Take problems that the "
        "model solves sometimes, more traces a problem, or labels with counts"
    )


def require_rollouts_of_every_step(rows: Sequence[Row], target: str) -> None:
    """Raises SearchedLabels where `counts` or `soft` would learn from `prm` rows of a search for first errors.

    Such rows have steps that are good without a rollout, for something further on arrived: no other policy makes them.
    The steps that do have counts are then those that the search doubted, and their shares are no sample of all steps.
    """
    labelled = [pair for row in rows for pair in zip(row["labels"], row["successes"], row["failures"], strict=False)]
    implied = sum(good and not successes + failures for good, successes, failures in labelled)
    if target not in ("counts", "soft") or not implied:
        return
    raise SearchedLabels(
        f"target={target}: {implied:,} of {len(labelled):,} labelled steps are good by implication, without a rollout, "
        "so the labels come from a search (policy=scan, binary or posterior, or trees), and the steps with rollouts "
        "are those that it doubted. Train with target=hard, or on labels of every step (policy=first_success or fixed)"
    )


def _labelled(kind: Kind, row: Row, known: Known, params: VerifierParams) -> tuple[list[str], tuple[Step, ...]]:
    trace = known.traces.get(row["trace_id"])
    if trace is None:
        raise _Unfit("no_trace", "its trace is not in storage: make the training data again")
    truths = _truths(trace, known)
    if kind == "outcome":
        last, right = len(trace["steps"]) - 1, bool(row["label"])
        step = Step(last, evidence("hard", right, None, 0, 0), int(right), int(not right), right, int(right))
        return list(trace["steps"]), (step,)
    lengths = {name: len(row[name]) for name in ("completions", "labels", "soft_labels", "successes", "failures")}
    if len(set(lengths.values())) > 1 or not lengths["labels"]:
        said = ", ".join(f"{name} {count}" for name, count in lengths.items())
        raise _Unfit("labels_unfit", f"a step has one label, one share and two counts; there are {said}")
    return list(row["completions"]), tuple(_step(row, i, trace, truths, params) for i in range(lengths["labels"]))


def _truths(trace: Row, known: Known) -> list[int | None]:
    problem = known.problems.get(trace["problem_id"], {"graph": ""})
    return known_truths(problem["graph"], trace["steps"], trace["truths"])


def _step(row: Row, index: int, trace: Row, truths: Sequence[int | None], params: VerifierParams) -> Step:
    truth = truths[index] if index < len(truths) else None
    hard, successes, failures = bool(row["labels"][index]), row["successes"][index], row["failures"][index]
    if params.target == "truth":
        told = NOTHING if truth is None else evidence("hard", bool(truth), None, 0, 0)
    else:
        try:
            told = evidence(params.target, hard, row["soft_labels"][index], successes, failures)
        except ValueError as error:
            raise _Unfit("labels_unfit", f"step {index}: {error}") from error
        if params.target == "counts" and index == len(trace["steps"]) - 1:
            told = Evidence(told.successes * params.answer_weight, told.failures * params.answer_weight)
    return Step(index, told, successes, failures, hard, truth)


def _add(
    result: Examples,
    kind: Kind,
    row: Row,
    steps: tuple[Step, ...],
    encoded: Encoded,
    known: Known,
    params: VerifierParams,
    context: int,
) -> None:
    cut = encoded.cut(context)
    if len(cut.places) < len(encoded.places):
        if kind == "outcome" or not cut.places:
            said = f"{len(encoded.ids):,} tokens; the verifier holds {context:,}, and no label within them"
            result.dead.append(_letter(kind, row, "too_long", said))
            return
        result.counts["rows_cut"] += 1
        result.counts["steps_cut"] += len(encoded.places) - len(cut.places)
    kept = steps[: len(cut.places)] if kind == "process" else steps
    if kind == "outcome":
        cut = Encoded(cut.ids, cut.places[-1:], cut.start)
    result.counts["steps_without_evidence"] += sum(step.evidence == NOTHING for step in kept)
    split = split_of(row["problem_id"], params.choosing, params.held_out, params.seed)
    whole = len(known.traces[row["trace_id"]]["steps"])
    verdict = row["verdict"] if kind == "process" else ("correct" if row["label"] else "wrong")
    result.found.append(Example(row["trace_id"], row["problem_id"], split, cut, kept, whole, verdict))


def _letter(kind: Kind, row: Row, reason: str, message: str) -> DeadLetter:
    payload = json.dumps({"trace_id": row["trace_id"]})
    return DeadLetter(
        f"{kind}/{row['trace_id']}", "verifier", reason, message, f"{kind} row {row['trace_id']}", payload
    )
