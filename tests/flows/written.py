"""All that lies under a root, as a person or a program would read it."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq


def written(root: Path) -> Iterator[tuple[str, str]]:
    """Each file's path and content; a Parquet file's as rows, for its bytes are compressed."""
    for path in sorted(each for each in root.rglob("*") if each.is_file()):
        yield str(path), path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            yield f"{path} as rows", "\n".join(map(str, pq.ParquetFile(path).read().to_pylist()))


def places_with(secret: str, root: Path) -> list[str]:
    return [path for path, text in written(root) if secret in text]
