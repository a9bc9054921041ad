"""`proctor audit`: draws the sheet of an audit where there is none, and asks its steps one by one.

Guarantees: the sheet is saved after every answer, so Ctrl-C, a closed terminal or `q` keep what was answered, and the
same command goes on from there. Nothing that is shown tells the label. A sheet that holds rows which cannot be read is
not touched: saving it would lose them.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from evals.audit_sheet import SheetRow, word_of
from evals.records import Refusal
from flows.orders.parameters import ParameterError
from flows.run.work import input_location
from flows.views.selection import Selection, committed
from storage.store import Store
from tasks.audit import drawn, is_there, save, sheet_of

BACK, STOP = "<", "q"
ASK = "good, bad or unsure? (g, b, u and a note if you like; < the one before, q stop) "


def prepare(path: str, store: Store, selection: Selection, size: int, seed: int) -> list[SheetRow]:
    """The rows of the sheet at `path`, which is drawn from the newest labels that fit where it is not there yet."""
    if not is_there(path):
        location, _ = committed(store, "labels", selection)[0]
        others = {name: input_location(store, name, location.partition) for name in ("traces", "problems")}
        save(path, drawn({"labels": location, **others}, size, seed))
    rows = sheet_of(path)
    wrong = [f"{each.place}  {each.kind}  {each.message}" for each in rows if isinstance(each, Refusal)]
    if wrong:
        raise ParameterError("\n".join([f"{path}: mend these lines first:", *wrong]))
    return [row for row in rows if isinstance(row, SheetRow)]


def ask(path: str, rows: list[SheetRow], console: Console) -> None:
    """Asks what is still to be done, the first row first, and saves each answer."""
    place = _next(rows, 0)
    while place is not None:
        _show(rows[place], len(rows), console)
        said = _said(console)
        if said is None:
            return
        if said == BACK:
            place = max(0, place - 1)
            continue
        word, _, note = said.partition(" ")
        rows[place] = rows[place].answered(word_of(word) or "", note.strip())
        save(path, rows)
        place = _next(rows, place + 1)


def told(path: str, rows: Sequence[SheetRow]) -> str:
    """How far the sheet is, and what to do next."""
    done = sum(bool(row.answer) for row in rows)
    sheet = "" if path == "audit.csv" else f" --set sheet={path}"
    onwards = (
        f"Then: proctor run audit{sheet}"
        if done
        else f"Fill in `answer` (good, bad, unsure); then: proctor run audit{sheet}"
    )
    return f"{done} of {len(rows)} steps are answered in {path}. {onwards}"


def _next(rows: Sequence[SheetRow], start: int) -> int | None:
    """The first row without an answer from `start` on, else from the beginning."""
    order = [*range(start, len(rows)), *range(start)]
    return next((place for place in order if not rows[place].answer), None)


def _said(console: Console) -> str | None:
    """A line that can be taken; None where the person, or the input, ends."""
    while True:
        try:
            said = console.input(Text(ASK, "cyan")).strip()
        except EOFError:
            return None
        if said.lower() == STOP:
            return None
        if said == BACK or word_of(said.partition(" ")[0]):
            return said
        console.print(Text(f"{said!r} is none of them.", "yellow") if said else Text("Nothing was said.", "yellow"))


def _show(row: SheetRow, total: int, console: Console) -> None:
    console.print()
    console.print(Rule(f"{row.number} of {total}", style="dim"))
    parts = (("Question", row.question, ""), ("Steps before", row.steps_before, "dim"), ("This step", row.step, "bold"))
    for title, text, style in parts:
        if text.strip():
            console.print(Text(title, "underline"))
            console.print(Padding(Text(text.strip("\n"), style), (0, 0, 1, 2)))
