"""Records of files, folders of files and the hub.

Guarantees: what cannot be read (a line, a part of a Parquet file, one file of a folder) is a refusal with its place
and leaves the rest standing. Raises SourceError where nothing can be read at all. Does not know what a record means.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from evals.identity import row_id
from evals.records import MAX_LINE_BYTES, Record, Refusal, decode_lines, shown
from evals.sources import Format
from storage.files import open_files
from storage.rows import DeadLetter

SUFFIXES = (".jsonl", ".parquet")


class SourceError(ValueError):
    """A source that cannot be read; the message says what would be right."""


class Origin(Protocol):
    """The fields of parameters that say where records are: ProblemsParams has them, and ImportParams."""

    @property
    def source(self) -> str: ...
    @property
    def path(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def config(self) -> str | None: ...
    @property
    def split(self) -> str: ...
    @property
    def limit(self) -> int | None: ...


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
    "gsm_plus": HubSource("qtli/GSM-Plus", (None,), "gsm_plus"),
    "arc_challenge": HubSource("allenai/ai2_arc", ("ARC-Challenge",), "arc"),
    "arc_easy": HubSource("allenai/ai2_arc", ("ARC-Easy",), "arc"),
    "logiqa": HubSource("lucasmccabe/logiqa", (None,), "logiqa"),
    "hotpotqa": HubSource("hotpotqa/hotpot_qa", ("distractor",), "hotpotqa"),
    "processbench": HubSource("Qwen/ProcessBench", (None,), "processbench"),
}


def records_of(origin: Origin) -> Iterator[Record | Refusal]:
    """The records of a file, a folder or the hub, at most `limit` of them, each as it is read or with what is wrong."""
    records = _hub(origin) if origin.source == "hub" else _read_files(origin.path or "")
    return islice(records, origin.limit)


def digests_of(origin: Origin, suffixes: tuple[str, ...] = SUFFIXES) -> dict[str, str]:
    """SHA-256 of each file that the parameters name, by the file's name: other content makes the rows stale.

    Empty where they name no file. Raises SourceError where there is no such file.
    """
    if origin.source != "file" or origin.path is None:
        return {}
    return {name: digest_of(folder, name) for folder, name in files_of(origin.path, suffixes)}


def known_on_the_hub(origin: Origin) -> HubSource | None:
    """What a short name stands for."""
    return HUB.get(origin.name or "") if origin.source == "hub" else None


def letter(stage: str, refusal: Refusal) -> DeadLetter:
    return DeadLetter(
        id=row_id("refusal", refusal.kind, refusal.place),
        stage=stage,
        kind=refusal.kind,
        message=refusal.message,
        place=refusal.place,
        payload=refusal.payload,
    )


def _read_files(path: str) -> Iterator[Record | Refusal]:
    files = files_of(path)
    for folder, name in files:
        try:
            with open_files(folder).open(name) as handle:
                yield from _parquet(handle, name) if name.endswith(".parquet") else jsonl_records(handle, name)
        except SourceError as error:
            if len(files) == 1:
                raise
            yield Refusal("unreadable_file", str(error), name, shown({"path": f"{folder}/{name}"}))


def files_of(path: str, suffixes: tuple[str, ...] = SUFFIXES) -> list[tuple[str, str]]:
    """Folder and name of the file, or of each file right in the folder that can be read. Raises SourceError."""
    folder, name = parted(path)
    kinds = " or ".join(suffixes)
    try:
        with open_files(folder).open(name):
            found = [(folder, name)]
    except IsADirectoryError:
        found = _in_folder(path, suffixes)
    except FileNotFoundError:
        found = _in_folder(path, suffixes)
        if not found:
            raise SourceError(f"{path}: is not there; give a {kinds} file or a folder of them") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {error}") from error
    if not found or not all(name.endswith(suffixes) for _, name in found):
        raise SourceError(f"{path}: is no {kinds} file and no folder that holds one")
    return found


def _in_folder(path: str, suffixes: tuple[str, ...]) -> list[tuple[str, str]]:
    names = sorted(open_files(path).names(""))
    return [(path.rstrip("/"), name) for name in names if name.endswith(suffixes)]


def parted(path: str) -> tuple[str, str]:
    """Folder, or the part of a URL that stands for it, and name. Raises SourceError for what no file can be called."""
    if "\0" in path:
        raise SourceError(f"{path!r}: holds a NUL, which no file's name can; give a file or a folder")
    scheme, mark, rest = path.rpartition("://")
    folder, slash, name = rest.rstrip("/").rpartition("/")
    if name == "..":
        return path, ""
    return (scheme + mark + folder) or slash or ".", name


def digest_of(folder: str, name: str) -> str:
    """SHA-256 of a file. Raises FileNotFoundError."""
    digest = hashlib.sha256()
    with open_files(folder).open(name) as handle:
        while block := handle.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def jsonl_records(handle: BinaryIO, name: str) -> Iterator[Record | Refusal]:
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


def _hub(origin: Origin) -> Iterator[Record | Refusal]:
    known = known_on_the_hub(origin)
    name = known.name if known else origin.name or ""
    configs = (origin.config,) if origin.config or not known else known.configs
    for config in configs:
        data = _loaded(name, config, origin.split)
        label = "/".join(part for part in (name, config, origin.split) if part)
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
