"""Template files in GSM-Symbolic's form: a JSON file a template, or many in a JSONL file.

Guarantees: what is no JSON object is a refusal with its place, and leaves the rest standing. Raises SourceError where
there is no file at all. Whether an object is a template, evals/perturb/templates.py tells.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from evals.records import MAX_LINE_BYTES, BadRecord, Record, Refusal, shown
from storage.files import open_files
from tasks.records import digest_of, files_of, jsonl_records
from tasks.robustness.params import PerturbParams

SUFFIXES = (".json", ".jsonl")


def templates(path: str) -> Iterator[Record | Refusal]:
    """Each object of the file, or of the files right in the folder; a record's place names it."""
    for folder, name in files_of(path, SUFFIXES):
        with open_files(folder).open(name) as handle:
            found = jsonl_records(handle, name) if name.endswith(".jsonl") else _decoded(handle, name)
            yield from map(_storable, found)


def digests_of(params: PerturbParams) -> dict[str, str]:
    """SHA-256 of each template file, by its name. Raises SourceError where there is none."""
    return {n: digest_of(folder, n) for folder, n in files_of(params.templates, SUFFIXES)} if params.templates else {}


def _decoded(handle: BinaryIO, name: str) -> Iterator[Record | Refusal]:
    content = handle.read(MAX_LINE_BYTES + 1)
    try:
        if len(content) > MAX_LINE_BYTES:
            raise ValueError(f"more than {MAX_LINE_BYTES} bytes")
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        yield Refusal("not_json", f"{error}; write one object, or a list of them", name, shown({}))
        return
    many = isinstance(value, list)
    for number, each in enumerate(value if many else [value], 1):
        place = f"{name}:{number}" if many else name
        yield Record(place, each) if isinstance(each, dict) else Refusal("no_object", "is no object", place, shown({}))


def _storable(record: Record | Refusal) -> Record | Refusal:
    """A record whose texts UTF-8 can hold, else a refusal."""
    try:
        if isinstance(record, Record):
            _encoded(record.fields)
        return record
    except UnicodeEncodeError as error:
        bad = BadRecord("bad_text", f"half of a surrogate pair at {error.start}; decode with errors='replace'")
        return Refusal(bad.kind, str(bad), record.place, shown({}))
    except RecursionError:
        return Refusal("not_json", "nested too deeply; a template is an object of texts", record.place, shown({}))


def _encoded(fields: Any) -> None:
    json.dumps(fields, ensure_ascii=False).encode()
