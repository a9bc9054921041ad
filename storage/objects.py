"""Files in an object store, through fsspec.

A PUT is atomic and durable by itself, so `write` is one PUT under a unique name. `swap` is a conditional PUT
(`If-None-Match: *` for an absent object, `If-Match: <etag>` otherwise) on S3 and what speaks its protocol.
Some such stores accept the headers and ignore them: before the first swap a probe object is written twice,
and a store that lets both pass is refused with UnsafeStore. The probe shows that conditions are honoured, not
that they hold in a race. `memory://` swaps under a lock of this process. Every other store can be read and
written, not swapped.

A request that the network refuses, breaks or loses is a ConnectionError; the client has names of its own for it, which
are no OSErrors.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Self, cast

from storage.files import Conflict, Stored, UnsafeStore, inside, version_of

_MEMORY = threading.Lock()
_BUSY_TRIES = 8


class ObjectFiles:
    def __init__(self, root: str, options: dict[str, Any]):
        import fsspec.core

        self.fs, path = fsspec.core.url_to_fs(root, use_listings_cache=False, **options)
        self.root = path.rstrip("/")
        self.protocols = {self.fs.protocol} if isinstance(self.fs.protocol, str) else set(self.fs.protocol)
        self._proved = False

    def open(self, path: str) -> BinaryIO:
        if "memory" in self.protocols:  # its open files share one position
            return io.BytesIO(self.fs.cat_file(self._at(path)))
        with self._reached(path):
            return cast(BinaryIO, _Reader(self.fs.open(self._at(path), "rb"), lambda: self._reached(path)))

    def load(self, path: str) -> Stored | None:
        try:
            with self._reached(path):
                if "s3" in self.protocols:
                    return _get(self.fs, self._at(path))
                data = bytes(self.fs.cat_file(self._at(path)))
        except FileNotFoundError:
            return None
        return Stored(data, version_of(data))

    def write(self, path: str, data: bytes) -> None:
        with self._reached(path):
            self.fs.pipe_file(self._at(path), data)

    def swap(self, path: str, data: bytes, old: str | None) -> str:
        if "memory" in self.protocols:
            return self._swap_in_memory(path, data, old)
        try:
            with self._reached(path):
                self._prove()
                return _put(self.fs, self._at(path), data, old)
        except Conflict:
            # A PUT whose answer was lost on the way is tried again by the client, and then meets itself.
            found = self.load(path)
            if found is None or found.data != data:
                raise
            return found.version

    def names(self, folder: str) -> list[str]:
        try:
            with self._reached(folder):
                found = self.fs.ls(self._at(folder), detail=False, refresh=True)
        except FileNotFoundError:
            return []
        return [name.rstrip("/").rsplit("/", 1)[-1] for name in found if name.rstrip("/") != self._at(folder)]

    def size(self, path: str) -> int:
        try:
            with self._reached(path):
                return int(self.fs.du(self._at(path), total=True))
        except FileNotFoundError:
            return 0

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError), self._reached(path):
            self.fs.rm(self._at(path), recursive=True)

    def address(self, path: str) -> str:
        return str(self.fs.unstrip_protocol(self._at(path)))

    def _at(self, path: str) -> str:
        return f"{self.root}/{inside(self.root, path)}"

    @contextlib.contextmanager
    def _reached(self, path: str) -> Iterator[None]:
        try:
            yield
        except _lost_on_the_way(self.protocols) as error:
            said = f"{type(error).__name__}: {error}"
            raise ConnectionError(
                f"{self.address(path)}: the store was not reached, or not to the end: {said}"
            ) from error

    def _swap_in_memory(self, path: str, data: bytes, old: str | None) -> str:
        with _MEMORY:
            found = self.load(path)
            if (found.version if found else None) != old:
                raise Conflict(f"{self.address(path)} was changed by another writer")
            self.write(path, data)
        return version_of(data)

    def _prove(self) -> None:
        """Raises UnsafeStore unless the store refuses what a conditional PUT must refuse."""
        if self._proved:
            return
        if "s3" not in self.protocols:
            raise UnsafeStore(
                f"{self.address('')}: no compare-and-replace is known for this kind of store, so two writers "
                "could overwrite each other. Write to a local folder or to S3; reading from here is fine"
            )
        path = self._at(f".probe-{uuid.uuid4().hex}")
        try:
            first = _put(self.fs, path, b"1", None)
            _must_refuse(self.fs, path, b"2", None, "If-None-Match: *")
            _put(self.fs, path, b"3", first)
            _must_refuse(self.fs, path, b"4", first, "If-Match")
        finally:
            self.remove(path.removeprefix(f"{self.root}/"))
        self._proved = True


class _Reader:
    """An open file whose reads fail as the store's other calls do."""

    def __init__(self, file: Any, reached: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        self._file, self._reached = file, reached

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        with self._reached():
            return bytes(self._file.read(size))

    def readinto(self, into: Any) -> int:
        with self._reached():
            return int(self._file.readinto(into))

    def readline(self, size: int = -1) -> bytes:
        with self._reached():
            return bytes(self._file.readline(size))


def _lost_on_the_way(protocols: set[str]) -> tuple[type[Exception], ...]:
    """What the client of S3 raises for a connection that was refused, broke or fell silent."""
    if "s3" not in protocols:
        return ()
    from aiohttp import ClientError
    from botocore.exceptions import BotoCoreError

    return ClientError, BotoCoreError


def _must_refuse(fs: Any, path: str, data: bytes, old: str | None, header: str) -> None:
    try:
        _put(fs, path, data, old)
    except Conflict:
        return
    raise UnsafeStore(
        f"s3://{path}: the store ignored {header}, so two writers could overwrite each other. Write to a "
        "store that honours conditional PUT (S3 does since November 2024) or to a local folder"
    )


def _put(fs: Any, path: str, data: bytes, old: str | None) -> str:
    bucket, key, _ = fs.split_path(path)
    condition = {"IfNoneMatch": "*"} if old is None else {"IfMatch": old}
    for attempt in range(_BUSY_TRIES):
        try:
            answer = fs.call_s3("put_object", Bucket=bucket, Key=key, Body=data, **condition)
            return str(answer["ETag"])
        except OSError as error:
            status, code = _refusal(error)
            if status == 412 or code == "NoSuchKey":
                raise Conflict(f"s3://{path} was changed by another writer") from error
            if status == 501:
                raise UnsafeStore(f"s3://{path}: the store does not implement conditional PUT") from error
            if status != 409:
                raise OSError(f"s3://{path} cannot be written: {error}") from error
        time.sleep(0.05 * 2**attempt)  # 409: another conditional PUT is under way; it says nothing of who won
    raise TimeoutError(f"s3://{path}: other writers kept it busy through {_BUSY_TRIES} tries")


def _get(fs: Any, path: str) -> Stored:
    """Bytes and ETag out of one GET; two requests could see two versions."""
    import fsspec.asyn

    bucket, key, _ = fs.split_path(path)

    async def get() -> Stored:
        answer = await fs._call_s3("get_object", Bucket=bucket, Key=key)
        async with answer["Body"] as body:
            return Stored(await body.read(), answer["ETag"])

    return cast(Stored, fsspec.asyn.sync(fs.loop, get))


def _refusal(error: OSError) -> tuple[int | None, str | None]:
    """HTTP status and S3's word for it, where the store answered at all."""
    answer = getattr(error.__cause__, "response", None) or {}
    return answer.get("ResponseMetadata", {}).get("HTTPStatusCode"), answer.get("Error", {}).get("Code")
