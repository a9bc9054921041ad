"""The consensus stage: which traces rollouts and judge agree on, and why the others go.

Guarantees: every trace has one row with its reason, or is a dead letter where its labels or judgements are of other
steps than it has. A step without a label or a judgement is open, never right or wrong.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evals.consensus import Opinions, compare, summarise
from storage.rows import DeadLetter, table_of
from storage.schemas import DATASETS
from tasks.job import Job, Outcome
from tasks.judgements import LABELS
from tasks.params import ConsensusParams

Row = Mapping[str, Any]
Rows = Mapping[int, Row]
"""By step."""


class _Unfit(Exception):
    """Rows that are not of the trace's steps: kind and message."""


def run(job: Job[ConsensusParams]) -> Outcome:
    traces = job.inputs["traces"].read(["trace_id", "problem_id", "steps"]).to_pylist()
    labels = _by_trace(job.inputs["labels"].read(["trace_id", "step", "text", "hard", "truth"]).to_pylist())
    judged = _by_trace(job.inputs["judgements"].read(["trace_id", "step", "text", "verdict", "judge"]).to_pylist())
    rows, opinions, dead = [], [], []
    for trace in traces:
        name = trace["trace_id"]
        try:
            said = _compared(trace, labels.get(name, ()), judged.get(name, ()))
        except _Unfit as unfit:
            dead.append(_letter(name, *unfit.args))
            continue
        opinions.append(said)
        rows.append(_row(trace, said, next((row["judge"] for row in judged.get(name, ())), "")))
    job.progress(len(traces), len(traces))
    return Outcome(
        tables={"consensus": table_of(DATASETS["consensus"], rows)},
        dead=tuple(dead),
        counts={"unknown": sum(said.reason in ("rollouts_open", "judge_unknown") for said in opinions)},
        summary=summarise(opinions),
    )


def _by_trace(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["trace_id"]].append(row)
    return found


def _compared(trace: Row, labels: Sequence[Row], judged: Sequence[Row]) -> Opinions:
    if not trace["steps"]:
        raise _Unfit("no_steps", "it is empty, and nobody has an opinion on that")
    label_of, verdict_of = _by_step(trace, labels, "labels"), _by_step(trace, judged, "judgements")

    def each(rows: Rows, value: Callable[[Row], int | None]) -> list[int | None]:
        return [value(rows[step]) if step in rows else None for step in range(len(trace["steps"]))]

    return compare(
        each(label_of, lambda row: row["hard"]),
        each(verdict_of, lambda row: LABELS[row["verdict"]]),
        each(label_of, lambda row: row["truth"]),
    )


def _by_step(trace: Row, rows: Sequence[Row], what: str) -> Rows:
    by_step = {row["step"]: row for row in rows}
    if len(by_step) != len(rows) or not by_step.keys() <= set(range(len(trace["steps"]))):
        said = f"{len(trace['steps'])} steps and {what} of the steps {sorted(row['step'] for row in rows)}"
        raise _Unfit(f"{what}_unfit", f"the trace has {said}; a step has one or none")
    for step, row in by_step.items():
        if row["text"] != trace["steps"][step]:
            said = f"step {step} is {trace['steps'][step][:60]!r}, and its {what} are of {row['text'][:60]!r}"
            raise _Unfit(f"{what}_unfit", f"{said}; make them again from these traces")
    return by_step


def _row(trace: Row, said: Opinions, judge: str) -> dict[str, Any]:
    return {
        "trace_id": trace["trace_id"],
        "problem_id": trace["problem_id"],
        "steps": len(trace["steps"]),
        "kept": said.kept,
        "reason": said.reason,
        "first_error_rollouts": said.rollouts,
        "first_error_judge": said.judge,
        "first_error_truth": said.truth,
        "judge": judge,
    }


def _letter(trace_id: str, kind: str, message: str) -> DeadLetter:
    return DeadLetter(trace_id, "consensus", kind, message, f"trace {trace_id}", json.dumps({"trace_id": trace_id}))
