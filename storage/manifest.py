"""The manifest of a partition: the one file that says what its data is. What it does not name does not exist.

It holds what was asked for (`Expected`: a difference there makes the partition stale), what the run says of
itself (`Facts`: recorded, makes nothing stale), and what storage saw (parts, generation, digest).
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from storage.files import Files

MANIFEST = "_manifest.json"


class Damaged(Exception):
    """A file is not what was committed, or not readable at all."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Relative to the partition's folder."""
    rows: int
    bytes: int
    sha256: str


class Expected(BaseModel):
    """What a partition has to have been made from, to count as complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    stage_version: int
    params: dict[str, Any]
    fingerprint: str
    """Of the params. The nested params are kept beside it so that a difference can be named."""
    schema_version: int
    checker: str | None = None
    inputs: dict[str, str] = {}
    """Dataset -> content digest of the manifest that was read."""
    model_digest: str | None = None
    """None: not known before the model is loaded, and not compared."""

    @field_validator("params")
    @classmethod
    def _as_json(cls, params: dict[str, Any]) -> dict[str, Any]:
        # A manifest comes back from JSON: there, tuples would be lists and look like a change.
        try:
            return dict(json.loads(json.dumps(params, allow_nan=False)))
        except TypeError as error:
            raise ValueError(f"params have to be plain JSON values: {error}") from error


class Facts(BaseModel):
    """What a run tells of itself at its commit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_digest: str | None = None
    kept_fingerprint: str = ""
    """Of what the expensive rows depend on (model, prompt, sampling, seed; no checker). Names the ledger that
    this commit compacts, and lets a later attempt keep these rows. Empty: nothing is kept."""
    counts: dict[str, int] = {}
    """`ok` + `unknown` are the rows, `dead` the dead letters; filled in where left out. Others are free."""
    tokens: int = 0
    seconds: float = 0.0
    flow_run_id: str | None = None
    code_revision: str | None = None
    summary: dict[str, Any] = {}


class Manifest(Expected, Facts):
    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    partition: str
    generation: int = Field(ge=1)
    """Counts the commits of this partition."""
    attempt: str
    parts: tuple[Part, ...]
    dead_parts: tuple[Part, ...] = ()
    committed_at: datetime.datetime
    digest: str
    """Of the content; a reader that recorded it can tell later whether the data changed."""

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


def digest_of(schema_version: int, parts: Iterable[Part]) -> str:
    lines = [f"schema {schema_version}", *(part.sha256 for part in parts)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load_manifest(files: Files, folder: str) -> tuple[Manifest | None, str | None]:
    """The manifest and the version to swap it by; (None, None) before the first commit."""
    path = f"{folder}/{MANIFEST}"
    stored = files.load(path)
    if stored is None:
        return None, None
    try:
        return Manifest.model_validate_json(stored.data), stored.version
    except ValidationError as error:
        raise Damaged(f"{files.address(path)} is no manifest that this version can read: {error}") from error
