"""Records as files have them, and the fields of a record, read with an eye for what can be wrong.

Guarantees: every line that goes in comes out once, in order, as a record or as a refusal that names its place, what
is wrong and what would be right; no content of a line raises anything else. A field that is not what it should be
raises BadRecord, from which the reader of a format makes a refusal. Does not: read files, or know a format.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LINE_BYTES = 16 * 2**20
PAYLOAD_CHARS = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """One object as the file has it. `place` is `file:n`: its line, or its row in a Parquet file, from 1."""

    place: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that cannot be read. `payload` is JSON: the record, or the line that holds none."""

    kind: str
    message: str
    place: str
    payload: str


class BadRecord(Exception):
    """What is wrong with a record, as a word to count by and a sentence for whoever mends it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message

    def refusal(self, record: Record) -> Refusal:
        return Refusal(self.kind, self.message, record.place, shown(record.fields))


def decode_lines(lines: Iterable[bytes], name: str, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Record | Refusal]:
    """A record or a refusal for each line of a JSONL file, blank lines included.

    Lines may keep their line ends; a byte order mark is passed over.
    """
    for number, line in enumerate(lines, start=1):
        try:
            yield Record(f"{name}:{number}", _decode(line.removeprefix(b"\xef\xbb\xbf"), max_line_bytes))
        except BadRecord as bad:
            yield Refusal(bad.kind, bad.message, f"{name}:{number}", shown({"line": _lenient(line)}))


def text_of(fields: Mapping[str, Any], column: str) -> str:
    """The text of a field, white space around it taken off; raises BadRecord where there is none."""
    value = fields.get(column)
    if value is None:
        has = ", ".join(map(str, fields)) or "none"
        raise BadRecord("field_missing", f"`{column}` is missing or null; the record's fields are: {has[:200]}")
    return storable(value, f"`{column}`").strip()


def storable(value: object, name: str) -> str:
    """The value as it is, if it is a text, not blank, that other tools can hold; else raises BadRecord."""
    if not isinstance(value, str):
        raise BadRecord("not_text", f'{name} is {cut(repr(value), 40)}; write it as text, as in "18"')
    if not value.strip():
        raise BadRecord("empty", f"{name} is empty; write its text")
    if "\0" in value:
        place = value.index("\0") + 1
        raise BadRecord("nul_character", f"{name} holds a NUL character at character {place}; remove it")
    if SURROGATE.search(value):
        raise BadRecord("broken_unicode", f"{name} holds half a surrogate pair; write the whole character")
    return value


def optional_text_of(fields: Mapping[str, Any], column: str) -> str:
    """As `text_of`; empty where the field is missing, null or empty."""
    return "" if fields.get(column) in (None, "") else text_of(fields, column)


def shown(fields: Mapping[str, Any]) -> str:
    """A record as JSON, for whoever mends it; what JSON cannot hold is shown as Python writes it."""
    text = json.dumps(dict(fields), ensure_ascii=False, default=repr)
    return cut(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def cut(text: str, limit: int = PAYLOAD_CHARS) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _decode(line: bytes, max_line_bytes: int) -> Mapping[str, Any]:
    if len(line) > max_line_bytes:
        raise BadRecord("line_too_long", f"the line has over {max_line_bytes:,} bytes, which is the limit")
    try:
        text = line.decode("utf-8").strip()
        value = json.loads(text) if text else None
    except UnicodeDecodeError as error:
        seen = f"byte 0x{line[error.start]:02x} at byte {error.start + 1}"
        raise BadRecord("not_utf8", f"{seen} is not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        seen = f"{error.msg} at column {error.colno}"
        raise BadRecord("not_json", f"{seen}; write one JSON object on a line") from None
    except (RecursionError, ValueError) as error:
        raise BadRecord("not_json", f"{error}; write one JSON object on a line, its values plain text") from None
    if not text:
        raise BadRecord("blank_line", "the line is blank; write one JSON object on a line")
    if not isinstance(value, dict):
        raise BadRecord("not_an_object", f"the line holds a JSON {type(value).__name__}; write an object: {{...}}")
    return value


def _lenient(line: bytes) -> str:
    return line[: 4 * PAYLOAD_CHARS].decode("utf-8", "backslashreplace").rstrip("\r\n")


SURROGATE = re.compile("[\ud800-\udfff]")
