"""The `prm` stage: training data for process and outcome reward models, out of traces and their labels, or out
of trees of prefixes.

Guarantees: every trace is in the data, or counted with the reason why it is not; one whose labels are not
those of its steps is a dead letter. Rows that a trainer's `max_length` would cut are counted by the trainer's
own rule and stay whole. Does not: train, filter or balance.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from evals.exports import (
    Export,
    Form,
    LabelledStep,
    LabelledTrace,
    Limits,
    cut_counts,
    export,
    fits,
)
from storage.rows import DeadLetter, table_of
from storage.schemas import DATASETS
from tasks.job import Job, Outcome
from tasks.params import PRMParams
from tasks.token_counter import token_counter
from tasks.trees.paths import NODE, edges, paths, repeated

Row = Mapping[str, Any]

CHUNK = 1000
"""Rows tokenized at a time."""
TRACE = ["trace_id", "problem_id", "steps", "verdict"]
LABEL = ["trace_id", "step", "text", "successes", "failures", "hard", "soft"]


_Exported = tuple[Export, list[DeadLetter], dict[str, Any]]
"""The rows, what has no row, and what else the summary tells."""


class _Unfit(Exception):
    """A trace that cannot be exported: kind and message."""


def run(job: Job[PRMParams]) -> Outcome:
    params = job.params
    form = Form(through_first_error=params.through_first_error, tag=params.tag)
    result, dead, told = _from_trees(job, form) if params.source == "trees" else _from_labels(job, form)
    summary = dict(result.counts) | told | _cuts(job, result)
    job.progress(len(result.prm), len(result.prm))
    return Outcome(
        tables={"prm": table_of(DATASETS["prm"], result.prm), "orm": table_of(DATASETS["orm"], result.orm)},
        dead=tuple(dead),
        counts={"unknown": sum(row["verdict"] == "unknown" for row in result.prm)},
        summary=summary,
    )


def _from_labels(job: Job[PRMParams], form: Form) -> _Exported:
    left_out = _left_out(job)
    traces, dead = labelled_traces(
        job.inputs["problems"].read(["problem_id", "question"]).to_pylist(),
        [row for row in job.inputs["traces"].read(TRACE).to_pylist() if row["trace_id"] not in left_out],
        [row for row in job.inputs["labels"].read(LABEL).to_pylist() if row["trace_id"] not in left_out],
    )
    told = {"left_out": len(left_out), "left_out_because": dict(Counter(left_out.values()).most_common())}
    return export(traces, form), dead, told if job.params.keep == "consensus" else {}


def _left_out(job: Job[PRMParams]) -> dict[str, str]:
    """Traces that `keep` leaves out, by id, with the reason; one that the consensus stage has no row of is `no_row`."""
    if job.params.keep == "all":
        return {}
    rows = job.inputs["consensus"].read(["trace_id", "kept", "reason"]).to_pylist()
    reasons = {row["trace_id"]: "" if row["kept"] else row["reason"] for row in rows}
    traces = job.inputs["traces"].read(["trace_id"])["trace_id"].to_pylist()
    return {name: reason for name in traces if (reason := reasons.get(name, "no_row"))}


def _from_trees(job: Job[PRMParams], form: Form) -> _Exported:
    """Outcome rows are whole solutions, whatever the other rows are."""
    rows = job.inputs["problems"].read(["problem_id", "question"]).to_pylist()
    questions = {row["problem_id"]: row["question"] for row in rows}
    everything = job.inputs["trees"].read(NODE).to_pylist()
    nodes = [node for node in everything if node["problem_id"] in questions]
    lost = sorted({node["problem_id"] for node in everything} - questions.keys())
    dead = [_letter(name, "no_problem", f"the problem {name} of a tree is not in storage") for name in lost]
    solutions = list(paths(questions, nodes))
    result = export(solutions, form)
    if job.params.tree_rows == "edges":
        single = export(edges(questions, nodes, form.through_first_error), form)
        outcomes = {name: result.counts[name] for name in ("outcomes", "outcomes_unknown")}
        return Export(single.prm, result.orm, Counter({**single.counts, **outcomes})), dead, {}
    return result, dead, {"steps_repeated": repeated(solutions)}


def labelled_traces(
    problems: Sequence[Row], traces: Sequence[Row], labels: Sequence[Row]
) -> tuple[list[LabelledTrace], list[DeadLetter]]:
    """The traces with their labels, in order, and a dead letter for each one that does not fit together."""
    questions = {row["problem_id"]: row["question"] for row in problems}
    by_trace: defaultdict[str, list[Row]] = defaultdict(list)
    for label in labels:
        by_trace[label["trace_id"]].append(label)
    found, dead = [], []
    for trace in traces:
        try:
            found.append(_labelled(trace, questions, by_trace.pop(trace["trace_id"], [])))
        except _Unfit as unfit:
            dead.append(_letter(trace["trace_id"], *unfit.args))
    for name, rows in by_trace.items():
        dead.append(_letter(name, "no_trace", f"{len(rows)} labels are of a trace that is not in storage"))
    return found, dead


def _labelled(trace: Row, questions: Mapping[str, str], labels: Sequence[Row]) -> LabelledTrace:
    if trace["problem_id"] not in questions:
        raise _Unfit("no_problem", f"its problem {trace['problem_id']} is not in storage")
    by_step = {label["step"]: label for label in labels}
    if len(by_step) != len(labels) or not by_step.keys() <= set(range(len(trace["steps"]))):
        has = f"{len(trace['steps'])} steps and labels of the steps {sorted(label['step'] for label in labels)}"
        raise _Unfit("labels_unfit", f"the trace has {has}; a step has one label or none")
    steps = [_step(index, text, by_step.get(index)) for index, text in enumerate(trace["steps"])]
    prompt = questions[trace["problem_id"]] + "\n"
    return LabelledTrace(trace["trace_id"], trace["problem_id"], prompt, tuple(steps), trace["verdict"])


def _step(index: int, text: str, label: Row | None) -> LabelledStep:
    if label is None:
        return LabelledStep(text, None, None, 0, 0)
    if label["text"] != text:
        said = f"step {index} is {text[:60]!r}, and its label is of {label['text'][:60]!r}"
        raise _Unfit("labels_unfit", f"{said}; label the traces again")
    hard = None if label["hard"] is None else bool(label["hard"])
    return LabelledStep(text, hard, label["soft"], label["successes"], label["failures"])


def _cuts(job: Job[PRMParams], result: Export) -> dict[str, int]:
    """What the trainer would cut, and the tokens of the longest row; nothing without a `max_length`."""
    if job.params.max_length is None:
        return {}
    count, bos = token_counter(job.params.tokenizer)
    limits = Limits(max_length=job.params.max_length, bos=bos)
    found = []
    for start in range(0, len(result.prm), CHUNK):
        found += fits(result.prm[start : start + CHUNK], count, limits)
        job.progress(len(found), len(result.prm))
    longest = max((fit.tokens for fit in found), default=0)
    return cut_counts(found) | {"max_length": job.params.max_length, "longest_row_tokens": longest}


def _letter(trace_id: str, kind: str, message: str) -> DeadLetter:
    return DeadLetter(trace_id, "prm", kind, message, f"trace {trace_id}", json.dumps({"trace_id": trace_id}))
