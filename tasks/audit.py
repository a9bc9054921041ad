"""The audit stage: what a person said of labelled steps, from the sheet that they filled in.

Guarantees: a row of the sheet is an audit, is still to be done (`blank` counts these), or is a dead letter with its
line. Labels are today's: a sheet that was drawn before they changed is judged against what they are now. Also draws
the sheet (`drawn`), for `proctor audit`. Raises SourceError where there is no sheet.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow.compute as pc

from evals.audit_sheet import ANSWERS, NoSheet, SheetRow, read_sheet, write_sheet
from evals.audits import Audit, draw, judge_labels
from evals.records import Refusal, shown
from storage.files import open_files
from storage.rows import table_of
from storage.schemas import DATASETS
from storage.store import Location
from tasks.job import Job, Outcome
from tasks.params import AuditParams
from tasks.records import SourceError, digest_of, letter, parted

TOLD = ("label_id", "trace_id", "problem_id", "step", "hard")


def run(job: Job[AuditParams]) -> Outcome:
    """Reads the sheet and joins it to the labels."""
    table = job.inputs["labels"].read(TOLD)
    labels = {row["label_id"]: row for row in table.to_pylist()}
    rows: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    blank = 0
    for one in sheet_of(job.params.sheet):
        if isinstance(one, Refusal):
            refused.append(one)
        elif not one.answer:
            blank += 1
        elif (label := labels.get(one.label_id)) is None:
            message = "no such label is committed here; is it the sheet of another partition?"
            refused.append(Refusal("no_label", message, _place(job.params, one), shown(asdict(one))))
        else:
            rows.append(_audit_row(one, label, _place(job.params, one)))
    judged = [row for row in rows if row["hard"] is not None]
    classes = {value: pc.sum(pc.equal(table["hard"], value)).as_py() or 0 for value in (0, 1)}
    audit = judge_labels([row["hard"] for row in judged], [row["human"] for row in judged], classes, job.params.level)
    return Outcome(
        tables={"audits": table_of(DATASETS["audits"], rows)},
        dead=tuple(letter("audit", one) for one in refused),
        counts={"unknown": sum(row["human"] is None for row in rows)},
        summary=summarise(audit) | {"blank": blank, "refused": dict(Counter(one.kind for one in refused))},
    )


def inputs_of(params: AuditParams) -> dict[str, str]:
    """The digest of the sheet: once more of it is filled in, the audit is stale."""
    folder, name = parted(params.sheet)
    try:
        return {name: digest_of(folder, name)}
    except FileNotFoundError:
        raise _missing(params.sheet) from None


def summarise(audit: Audit) -> dict[str, Any]:
    """Precision of each class and agreement of all labels, each with its interval as [low, high]."""
    told: dict[str, Any] = {}
    for name, each in (("good", audit.good), ("bad", audit.bad)):
        told[name] = {"labels": each.labels, "audited": each.audited, "unsure": each.unsure}
        if each.precision:
            told[name] |= {"precision": each.precision.value, "interval": [each.precision.low, each.precision.high]}
    if audit.agreement:
        told |= {"agreement": audit.agreement.value, "interval": [audit.agreement.low, audit.agreement.high]}
    return told


def sheet_of(path: str) -> list[SheetRow | Refusal]:
    """The rows of a sheet. Raises SourceError where there is none, or where it cannot be read."""
    folder, name = parted(path)
    stored = open_files(folder).load(name)
    if stored is None:
        raise _missing(path)
    try:
        return list(read_sheet(stored.data.decode("utf-8"), name))
    except UnicodeDecodeError as error:
        seen = f"byte 0x{stored.data[error.start]:02x} at byte {error.start + 1}"
        raise SourceError(f"{path}: {seen} is not UTF-8; save the sheet as CSV with UTF-8") from None
    except NoSheet as error:
        raise SourceError(str(error)) from None


def is_there(path: str) -> bool:
    folder, name = parted(path)
    return open_files(folder).load(name) is not None


def save(path: str, rows: Sequence[SheetRow]) -> None:
    """Writes a sheet as a whole, or not at all."""
    folder, name = parted(path)
    open_files(folder).write(name, write_sheet(rows).encode("utf-8"))


def _missing(path: str) -> SourceError:
    return SourceError(f"{path}: is not there; draw it: proctor audit {path}")


def drawn(inputs: Mapping[str, Location], size: int, seed: int) -> list[SheetRow]:
    """The steps that an audit of these labels, traces and problems asks for, in the order in which to ask."""
    labels = inputs["labels"].read(TOLD).to_pylist()
    traces = {row["trace_id"]: row["steps"] for row in inputs["traces"].read(["trace_id", "steps"]).to_pylist()}
    problems = inputs["problems"].read(["problem_id", "question"]).to_pylist()
    questions = {row["problem_id"]: row["question"] for row in problems}
    # Labels of traces that were replaced since have no text to show.
    there = [row for row in labels if row["trace_id"] in traces and row["problem_id"] in questions]
    chosen = [there[place] for place in draw([row["hard"] for row in there], size, seed)]
    return [
        _sheet_row(number, row, traces[row["trace_id"]], questions[row["problem_id"]])
        for number, row in enumerate(chosen, 1)
    ]


def _sheet_row(number: int, label: dict[str, Any], steps: Sequence[str], question: str) -> SheetRow:
    before, step = "".join(steps[: label["step"]]), steps[label["step"]]
    return SheetRow(label["label_id"], number, question, before, step)


def _place(params: AuditParams, row: SheetRow) -> str:
    return f"{parted(params.sheet)[1]}:{row.line}"


def _audit_row(row: SheetRow, label: dict[str, Any], place: str) -> dict[str, Any]:
    human = ANSWERS[row.answer]
    known = human is not None and label["hard"] is not None
    return {
        **label,
        "human": human,
        "agrees": human == label["hard"] if known else None,
        "note": row.note,
        "place": place,
    }
