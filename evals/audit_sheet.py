"""The sheet of an audit: a CSV that a person fills in, written and read as text.

One row a step, with its question and the steps before it; nothing of its label, of the answer's verdict or of what
any model thought of it. The person writes into `answer` (good, bad, unsure, or g, b, u) and, if they like, `note`;
only these and `label_id` matter. Spreadsheets may save the sheet with commas, semicolons or tabs, and with a byte
order mark. What cannot be read is a Refusal with its line; a row without an answer is one that is still to be done.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from evals.records import Refusal, shown

COLUMNS = ("label_id", "number", "question", "steps_before", "step", "answer", "note")
ANSWERS = {"good": 1, "bad": 0, "unsure": None}
"""A person's words, and the human label that each stands for."""
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""How texts begin that are written behind a quote: as a formula does, or as one that has a quote before it already."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A step to be judged, or that was."""

    label_id: str
    number: int
    """From 1."""
    question: str
    steps_before: str
    step: str
    answer: str = ""
    """A key of ANSWERS; empty while it is to be done."""
    note: str = ""
    line: int = 0
    """Where the row begins in the sheet that it was read from, from 1."""

    def answered(self, answer: str, note: str) -> "SheetRow":
        return replace(self, answer=answer, note=note)


class NoSheet(ValueError):
    """A text that is no sheet at all; the message says what would be."""


def write_sheet(rows: Sequence[SheetRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        texts = (row.question, row.steps_before, row.step, row.answer, row.note)
        writer.writerow((row.label_id, row.number, *map(_inert, texts)))
    return text.getvalue()


def read_sheet(text: str, name: str) -> Iterator[SheetRow | Refusal]:
    """Each row, or what is wrong with it; `name` is the file's, for its place. Raises NoSheet."""
    body = text.removeprefix("\ufeff")
    header = body.partition("\n")[0].strip()
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    try:
        columns = [column.strip().lower() for column in next(reader, [])]
        if not {"label_id", "answer"} <= set(columns):
            raise NoSheet(f"{name}:1: the columns are {columns}; a sheet has label_id and answer")
        if strange := set(columns) - set(COLUMNS):
            raise NoSheet(f"{name}:1: {sorted(strange)} are no columns of a sheet; remarks go into note")
        seen: dict[str, int] = {}
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(dict(zip(columns, cells, strict=False)), name, line, seen)
            line = reader.line_num + 1
    except csv.Error as error:
        raise NoSheet(f"{name}:{reader.line_num}: is no CSV: {error}; save the sheet again as CSV") from None


def word_of(text: str) -> str | None:
    """The answer that a person's word means, by its beginning; None where it means none."""
    said = text.strip().lower()
    found = [word for word in ANSWERS if said and word.startswith(said)]
    return found[0] if len(found) == 1 else None


def _row(cells: dict[str, str], name: str, line: int, seen: dict[str, int]) -> SheetRow | Refusal:
    place, label_id, said = f"{name}:{line}", cells.get("label_id", "").strip(), cells.get("answer", "").strip()
    word = word_of(said) if said else ""
    if not label_id:
        return Refusal("no_label_id", "`label_id` is empty; copy it from the sheet that was drawn", place, shown(cells))
    if label_id in seen:
        message = f"its `label_id` is that of line {seen[label_id]} too; a step is judged once"
        return Refusal("judged_twice", message, place, shown(cells))
    seen[label_id] = line
    if word is None:
        message = f"`answer` is {said!r}; write {', '.join(ANSWERS)}, or nothing yet"
        return Refusal("unknown_word", message, place, shown(cells))
    number = cells.get("number", "")
    return SheetRow(
        label_id=label_id,
        number=int(number) if number.isdecimal() else len(seen),
        question=_freed(cells.get("question", "")),
        steps_before=_freed(cells.get("steps_before", "")),
        step=_freed(cells.get("step", "")),
        answer=word,
        note=_freed(cells.get("note", "")).strip(),
        line=line,
    )


def _inert(text: str) -> str:
    """A spreadsheet would run a text that begins as a formula does."""
    return f"'{text}" if _FORMULA.match(text) else text


def _freed(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
