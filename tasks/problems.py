"""The `problems` stage: generated problems, or those of a file, a folder of files, or the hub.

Guarantees: every record that was read is a row or a dead letter with its place and reason: rows and dead
letters add up to the records. What cannot be read (a line, a part of a Parquet file, one file of a folder)
leaves the rest standing. Raises SourceError where nothing can be read at all.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from evals.identity import row_id
from evals.problems import Split, generate
from evals.sources import (
    MAX_LINE_BYTES,
    Columns,
    Format,
    Reading,
    Record,
    Refusal,
    decode_lines,
    read_problems,
    shown,
)
from storage.files import open_files
from storage.rows import DeadLetter, table_of
from storage.schemas import DATASETS
from tasks.job import Job, Outcome
from tasks.params import ProblemsParams

SUFFIXES = (".jsonl", ".parquet")


class SourceError(ValueError):
    """A source of problems that cannot be read; the message says what would be right."""


@dataclass(frozen=True)
class HubSource:
    """A data set that has a short name here."""

    name: str
    configs: tuple[str | None, ...]
    format: Format


HUB = {
    "gsm8k": HubSource("openai/gsm8k", ("main",), "gsm8k"),
    "math": HubSource(
        "EleutherAI/hendrycks_math",
        (
            "algebra",
            "counting_and_probability",
            "geometry",
            "intermediate_algebra",
            "number_theory",
            "prealgebra",
            "precalculus",
        ),
        "math",
    ),
    "math500": HubSource("HuggingFaceH4/MATH-500", (None,), "math"),
}


def run(job: Job[ProblemsParams]) -> Outcome:
    params = job.params
    digests = inputs_of(params)
    rows: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    expected = params.count if params.source == "generated" else params.limit or 0
    for one in _problems(params, job.partition.source):
        if isinstance(one, Refusal):
            refused.append(one)
        else:
            rows.append(one)
        done = len(rows) + len(refused)
        if done % 500 == 0:
            job.progress(done, max(done, expected))
    records = len(rows) + len(refused)
    job.progress(records, records)
    steps = Counter(row["steps"] for row in rows)
    return Outcome(
        tables={"problems": table_of(DATASETS["problems"], rows)},
        dead=tuple(_letter(one) for one in refused),
        counts={"unknown": 0, "records": records},
        summary={
            "refused": dict(Counter(one.kind for one in refused)),
            "problems_by_steps": {str(number): steps[number] for number in sorted(steps)},
            "files": digests,
        },
    )


def inputs_of(params: ProblemsParams) -> dict[str, str]:
    """SHA-256 of each file that the parameters name, by the file's name: other content makes the rows stale.

    Empty for generated problems and the hub. Raises SourceError where there is no such file.
    """
    if params.source != "file" or params.path is None:
        return {}
    return {name: _digest(folder, name) for folder, name in _files(params.path)}


def _problems(params: ProblemsParams, source: str) -> Iterator[dict[str, Any] | Refusal]:
    if params.source == "generated":
        yield from _generated(params)
        return
    known = HUB.get(params.name or "") if params.source == "hub" else None
    reading = Reading(
        source=source,
        format=known.format if known else params.format,
        split=params.split,
        columns=_columns(params.columns),
        max_question_chars=params.max_question_chars,
    )
    records = _hub(params, known) if params.source == "hub" else _read_files(params.path or "")
    for one in read_problems(islice(records, params.limit), reading):
        yield one if isinstance(one, Refusal) else one.row()


def _generated(params: ProblemsParams) -> Iterator[dict[str, Any]]:
    """`count` different problems: a question that the generator repeats is passed over for the next."""
    tries = 10 * params.count + 1000
    seen: set[str] = set()
    split = cast(Split, params.split)
    for index, problem in enumerate(generate(tries, params.seed, split)):
        row = problem.row() | {"place": f"generated:{params.split}/{params.seed}/{index}"}
        if row["problem_id"] not in seen:
            seen.add(row["problem_id"])
            yield row
        if len(seen) == params.count:
            return
    raise SourceError(f"count={params.count}: {tries} tries gave {len(seen)} different problems; ask for fewer")


def _columns(given: dict[str, str]) -> Columns:
    roles = {"question": "question", "answer": "answer", "solution": "solution", "problem_id": "id"}
    if unknown := given.keys() - roles.keys():
        raise SourceError(f"columns: {sorted(unknown)} are no fields of a problem; there are {sorted(roles)}")
    return Columns(**{roles[field]: column for field, column in given.items()})


def _read_files(path: str) -> Iterator[Record | Refusal]:
    files = _files(path)
    for folder, name in files:
        try:
            with open_files(folder).open(name) as handle:
                yield from _parquet(handle, name) if name.endswith(".parquet") else _jsonl(handle, name)
        except SourceError as error:
            if len(files) == 1:
                raise
            yield Refusal("unreadable_file", str(error), name, shown({"path": f"{folder}/{name}"}))


def _files(path: str) -> list[tuple[str, str]]:
    """Folder and name of the file, or of each file right in the folder that can be read, by name."""
    folder, name = _parted(path)
    try:
        with open_files(folder).open(name):
            found = [(folder, name)]
    except IsADirectoryError:
        found = _in_folder(path)
    except FileNotFoundError:
        found = _in_folder(path)
        if not found:
            raise SourceError(f"{path}: is not there; give a {_SUFFIXES} file or a folder of them") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {error}") from error
    if not found or not all(name.endswith(SUFFIXES) for _, name in found):
        raise SourceError(f"{path}: is no {_SUFFIXES} file and no folder that holds one")
    return found


def _in_folder(path: str) -> list[tuple[str, str]]:
    names = sorted(open_files(path).names(""))
    return [(path.rstrip("/"), name) for name in names if name.endswith(SUFFIXES)]


def _parted(path: str) -> tuple[str, str]:
    scheme, mark, rest = path.rpartition("://")
    folder, slash, name = rest.rstrip("/").rpartition("/")
    return (scheme + mark + folder) or slash or ".", name


def _digest(folder: str, name: str) -> str:
    digest = hashlib.sha256()
    with open_files(folder).open(name) as handle:
        while block := handle.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _jsonl(handle: BinaryIO, name: str) -> Iterator[Record | Refusal]:
    return decode_lines(_lines(handle, MAX_LINE_BYTES), name, MAX_LINE_BYTES)


def _lines(handle: BinaryIO, limit: int) -> Iterator[bytes]:
    """The lines, each at most `limit` + 1 bytes of it: a file without line ends does not fill the memory."""
    while line := handle.readline(limit + 1):
        rest = line
        while len(rest) > limit and not rest.endswith(b"\n"):
            rest = handle.readline(limit + 1)
        yield line


def _parquet(handle: BinaryIO, name: str) -> Iterator[Record | Refusal]:
    try:
        file = pq.ParquetFile(handle)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{name}: is no whole Parquet file ({error}); was it cut off? Write it again") from error
    first = 1
    for group in range(file.num_row_groups):
        last = first + file.metadata.row_group(group).num_rows - 1
        yield from _row_group(file, group, name, first, last)
        first = last + 1


def _row_group(file: pq.ParquetFile, group: int, name: str, first: int, last: int) -> Iterator[Record | Refusal]:
    place = first
    try:
        for batch in file.iter_batches(batch_size=1024, row_groups=[group]):
            yield from _rows(batch, name, place)
            place += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        message = f"rows {place} to {last} cannot be read ({error}); write the file again"
        yield Refusal("unreadable_rows", message, f"{name}:{place}-{last}", shown({"row_group": group}))


def _rows(batch: pa.RecordBatch, name: str, first: int) -> Iterator[Record | Refusal]:
    columns = list(zip(batch.schema.names, batch.columns, strict=True))
    for index in range(batch.num_rows):
        place = f"{name}:{first + index}"
        try:
            yield Record(place, {column: values[index].as_py() for column, values in columns})
        except (ValueError, OverflowError) as error:
            message = f"{error}; write the row again, its text as UTF-8"
            yield Refusal("unreadable_row", message, place, shown({"columns": batch.schema.names}))


def _hub(params: ProblemsParams, known: HubSource | None) -> Iterator[Record | Refusal]:
    name = known.name if known else params.name or ""
    configs = (params.config,) if params.config or not known else known.configs
    for config in configs:
        data = _loaded(name, config, params.split)
        label = "/".join(part for part in (name, config, params.split) if part)
        for index, fields in enumerate(data, 1):
            yield Record(f"{label}:{index}", fields)


def _loaded(name: str, config: str | None, split: str) -> Iterable[dict[str, Any]]:
    import datasets

    try:
        return datasets.load_dataset(name, config, split=split)  # type: ignore[no-any-return]
    except Exception as error:  # its errors have no common class
        asked = f"data set {name!r}, config {config!r}, split {split!r}"
        raise SourceError(
            f"{asked}: cannot be loaded: {error}; short names are {', '.join(HUB)}, others are OWNER/NAME, "
            "and a machine without the hub reads files (source=file)"
        ) from error


def _letter(refusal: Refusal) -> DeadLetter:
    return DeadLetter(
        id=row_id("refusal", refusal.kind, refusal.place),
        stage="problems",
        kind=refusal.kind,
        message=refusal.message,
        place=refusal.place,
        payload=refusal.payload,
    )


_SUFFIXES = " or ".join(SUFFIXES)
