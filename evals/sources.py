"""Records of GSM8K, MATH and other files, turned into problems or refusals.

Guarantees: every record that goes in comes out once, in order, as a problem or as a refusal that names its
place, what is wrong and what would be right; no content of a record raises. A question has the same id on
every machine. Does not: read files, judge whether a gold answer is right, or find the same question in other
words.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from evals.answers import parse_number
from evals.identity import row_id

Format = Literal["gsm8k", "math", "columns"]

MAX_QUESTION_CHARS = 20_000
MAX_LINE_BYTES = 16 * 2**20
PAYLOAD_CHARS = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """One object as the file has it. `place` is `file:n`: its line, or its row in a Parquet file, from 1."""

    place: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that cannot be a problem. `payload` is JSON: the record, or the line that holds none."""

    kind: str
    message: str
    place: str
    payload: str


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A row of the `problems` dataset."""

    problem_id: str
    source: str
    question: str
    answer: str
    """The gold answer alone: `18`, `\\frac{1}{2}`."""
    solution: str
    """The gold text that ends in the answer, as the source writes it; empty where the source has none."""
    split: str
    place: str
    pattern: str = ""
    """MATH's subject and level; empty for other sources."""
    held_out: bool = False
    steps: int = 0
    """Lines of a GSM8K solution; 0 where unknown."""
    graph: str = ""

    def row(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which field of a record plays which part, for files in neither GSM8K's nor MATH's form."""

    question: str = "question"
    answer: str = "answer"
    solution: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How the records of one source are read."""

    source: str
    format: Format
    split: str = ""
    columns: Columns = Columns()
    max_question_chars: int = MAX_QUESTION_CHARS


def read_problems(records: Iterable[Record | Refusal], reading: Reading) -> Iterator[ProblemRow | Refusal]:
    """One problem or refusal for each record, in order; a refusal passes through.

    The first of several records with one question (white space apart) or one id is kept; the others are
    refused.
    """
    questions: dict[str, tuple[str, str]] = {}
    ids: dict[str, str] = {}
    for record in records:
        if isinstance(record, Refusal):
            yield record
            continue
        try:
            problem = _problem(record, reading)
            _require_new_id(record, reading.columns.id, ids)
            _require_new_question(problem, questions)
        except _Bad as bad:
            yield Refusal(bad.kind, bad.message, record.place, shown(record.fields))
        else:
            yield problem


def decode_lines(lines: Iterable[bytes], name: str, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Record | Refusal]:
    """A record or a refusal for each line of a JSONL file, blank lines included.

    Lines may keep their line ends; a byte order mark is passed over.
    """
    for number, line in enumerate(lines, start=1):
        try:
            yield Record(f"{name}:{number}", _decode(line.removeprefix(b"\xef\xbb\xbf"), max_line_bytes))
        except _Bad as bad:
            yield Refusal(bad.kind, bad.message, f"{name}:{number}", shown({"line": _lenient(line)}))


def last_boxed(text: str) -> str | None:
    r"""What the last `\boxed{...}`, `\fbox{...}` or `\boxed 7` holds; None without one or without its end."""
    marks = list(_BOXED.finditer(text))
    if not marks:
        return None
    rest = text[marks[-1].end() :].lstrip()
    return _braced(rest) if rest.startswith("{") else _BARE_END.split(rest, maxsplit=1)[0]


def shown(fields: Mapping[str, Any]) -> str:
    """A record as JSON, for whoever mends it; what JSON cannot hold is shown as Python writes it."""
    text = json.dumps(dict(fields), ensure_ascii=False, default=repr)
    return _cut(text.encode("utf-8", "backslashreplace").decode("utf-8"))


class _Bad(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


def _decode(line: bytes, max_line_bytes: int) -> Mapping[str, Any]:
    if len(line) > max_line_bytes:
        raise _Bad("line_too_long", f"the line has over {max_line_bytes:,} bytes, which is the limit")
    try:
        text = line.decode("utf-8").strip()
        value = json.loads(text) if text else None
    except UnicodeDecodeError as error:
        seen = f"byte 0x{line[error.start]:02x} at byte {error.start + 1}"
        raise _Bad("not_utf8", f"{seen} is not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        seen = f"{error.msg} at column {error.colno}"
        raise _Bad("not_json", f"{seen}; write one JSON object on a line") from None
    except (RecursionError, ValueError) as error:
        raise _Bad("not_json", f"{error}; write one JSON object on a line, its values plain text") from None
    if not text:
        raise _Bad("blank_line", "the line is blank; write one JSON object on a line")
    if not isinstance(value, dict):
        raise _Bad("not_an_object", f"the line holds a JSON {type(value).__name__}; write an object: {{...}}")
    return value


def _problem(record: Record, reading: Reading) -> ProblemRow:
    draft = _DRAFTS[reading.format](record.fields, reading.columns)
    if len(draft.question) > reading.max_question_chars:
        seen, limit = len(draft.question), reading.max_question_chars
        raise _Bad("question_too_long", f"the question has {seen:,} characters; the limit is {limit:,}")
    return ProblemRow(
        problem_id=row_id("problem", reading.source, draft.question),
        source=reading.source,
        question=draft.question,
        answer=draft.answer,
        solution=draft.solution,
        split=reading.split,
        place=record.place,
        pattern=draft.pattern,
        steps=draft.steps,
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    question: str
    answer: str
    solution: str = ""
    pattern: str = ""
    steps: int = 0


def _gsm8k(fields: Mapping[str, Any], _: Columns) -> _Draft:
    text = _text(fields, "answer")
    worked, *golds = _GSM8K_MARK.split(text)
    if len(golds) != 1:
        raise _Bad("gold_missing", f"`answer` has {len(golds)} lines `#### ...`; it must end in one: #### 18")
    steps = sum(bool(line.strip()) for line in worked.splitlines())
    return _Draft(_text(fields, "question"), _number(golds[0]), text, steps=steps)


def _math(fields: Mapping[str, Any], _: Columns) -> _Draft:
    question, solution = _text(fields, "problem"), _text(fields, "solution")
    # Newer copies of MATH carry the answer in a column of its own, freed of the box.
    answer = _optional(fields, "answer") or (last_boxed(solution) or "").strip()
    if not answer:
        raise _Bad("gold_missing", r"`solution` has no closed \boxed{...} with content; write \boxed{18}")
    return _Draft(question, answer, solution, pattern=_subject_and_level(fields))


def _columns(fields: Mapping[str, Any], columns: Columns) -> _Draft:
    answer = _text(fields, columns.answer)
    gold = answer if _is_expression(answer) else _number(answer)
    solution = _optional(fields, columns.solution) if columns.solution else ""
    return _Draft(_text(fields, columns.question), _without_grouping(gold), solution)


_DRAFTS = {"gsm8k": _gsm8k, "math": _math, "columns": _columns}


def _text(fields: Mapping[str, Any], column: str) -> str:
    value = fields.get(column)
    if value is None:
        has = ", ".join(map(str, fields)) or "none"
        raise _Bad("field_missing", f"`{column}` is missing or null; the record's fields are: {has[:200]}")
    if not isinstance(value, str):
        raise _Bad("not_text", f'`{column}` is {_cut(repr(value), 40)}; write it as text, as in "18"')
    if not value.strip():
        raise _Bad("empty", f"`{column}` is empty; a problem needs its text")
    if "\0" in value:
        place = value.index("\0") + 1
        raise _Bad("nul_character", f"`{column}` holds a NUL character at character {place}; remove it")
    if _SURROGATE.search(value):
        raise _Bad("broken_unicode", f"`{column}` holds half a surrogate pair; write the whole character")
    return value.strip()


def _optional(fields: Mapping[str, Any], column: str) -> str:
    return "" if fields.get(column) in (None, "") else _text(fields, column)


def _subject_and_level(fields: Mapping[str, Any]) -> str:
    """`Algebra Level 5`, whether the copy of MATH writes `Level 5` or 5; empty for what it does not say."""
    level = fields.get("level")
    said = [fields.get("type", fields.get("subject")), f"Level {level}" if isinstance(level, int) else level]
    return " ".join(_SURROGATE.sub("?", one).replace("\0", "?") for one in said if isinstance(one, str) and one)


def _number(text: str) -> str:
    gold = _without_grouping(text.strip())
    if parse_number(gold) is None:
        seen = _cut(text.strip(), 60)
        raise _Bad("gold_unparsable", f"the gold answer {seen!r} does not parse; write 18, -3, 2.5 or 1/2")
    return gold


def _without_grouping(text: str) -> str:
    """`1,450,000` becomes `1450000`; a list such as `1,2` is left as it is."""
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def _is_expression(text: str) -> bool:
    """Whether a grader could read the text as mathematics: it has no words but the names of functions."""
    words = _WORD.findall(_COMMAND.sub(" ", text))
    return bool(_CONTENT.search(text)) and all(word.lower() in _FUNCTIONS for word in words)


def _require_new_id(record: Record, column: str | None, ids: dict[str, str]) -> None:
    if column is None:
        return
    value = record.fields.get(column)
    if not isinstance(value, str | int):
        raise _Bad("field_missing", f"`{column}` is {_cut(repr(value), 40)}; an id is a text or an integer")
    if (key := str(value)) in ids:
        seen = f"`{column}` {_cut(key, 60)!r}"
        raise _Bad("duplicate_id", f"{seen} is that of {ids[key]} too; an id must stand once")
    ids[key] = record.place


def _require_new_question(problem: ProblemRow, questions: dict[str, tuple[str, str]]) -> None:
    key = row_id(" ".join(problem.question.split()))
    if key in questions:
        place, answer = questions[key]
        gold = "" if answer == problem.answer else f", where the gold answer is {_cut(answer, 40)!r}"
        raise _Bad("duplicate_question", f"the question is that of {place}{gold}; a question must stand once")
    questions[key] = problem.place, problem.answer


def _braced(text: str) -> str | None:
    """The content of the group that opens `text`; None if it is not closed. Escaped braces count as text."""
    depth = 0
    for mark in _BRACE.finditer(text):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if depth == 0 and mark[0] == "}":
            return text[1 : mark.start()]
    return None


def _lenient(line: bytes) -> str:
    return line[: 4 * PAYLOAD_CHARS].decode("utf-8", "backslashreplace").rstrip("\r\n")


def _cut(text: str, limit: int = PAYLOAD_CHARS) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


_GSM8K_MARK = re.compile(r"^[ \t]*####", re.MULTILINE)
_BOXED = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])")
_BARE_END = re.compile(r"[\s$]")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_GROUPED = re.compile(r"[-+]?\$?\d{1,3}(,\d{3})+(\.\d+)?")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_CONTENT = re.compile(r"[^\W_]|\\[A-Za-z]+|∞")
_FUNCTIONS = {"sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan"}
_FUNCTIONS |= {"log", "exp", "sqrt", "max", "min", "mod", "gcd", "lcm"}
