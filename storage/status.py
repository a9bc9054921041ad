"""What state a partition is in, told from storage alone, with the reasons in words.

complete: the manifest was made from what is expected. stale: it was not; each difference is named. running: a
live lease. failed: the last attempt came after the manifest and did not commit. missing: none of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from storage.attempt import AttemptRecord
from storage.lease import Holder, is_live
from storage.manifest import Expected, Manifest

_ABSENT = object()

State = Literal["missing", "complete", "stale", "running", "failed"]


class Status(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    state: State
    reasons: tuple[str, ...] = ()


def assess(expected: Expected, manifest: Manifest | None, holder: Holder | None, last: AttemptRecord | None) -> Status:
    """`manifest`: of the newest schema version that has one. `last`: the newest attempt that is left."""
    changes = tuple(differences(manifest, expected)) if manifest else ()
    if holder and is_live(holder):
        return Status(state="running", reasons=(str(holder),))
    if manifest and not changes:
        return Status(state="complete")
    if last and (manifest is None or last.id > manifest.attempt) and last.state != "committed":
        return Status(state="failed", reasons=(_failure(last), *changes))
    return Status(state="stale", reasons=changes) if manifest else Status(state="missing")


def differences(manifest: Manifest, expected: Expected) -> Iterator[str]:
    """Every field that makes the manifest's data stale, as "field: old -> new"."""
    named = [
        ("stage", manifest.stage, expected.stage),
        ("stage version", manifest.stage_version, expected.stage_version),
        ("schema version", manifest.schema_version, expected.schema_version),
        ("checker", manifest.checker, expected.checker),
    ]
    if expected.model_digest is not None:
        named.append(("model digest", manifest.model_digest, expected.model_digest))
    yield from (_change(name, old, new) for name, old, new in named if old != new)
    params = list(_nested("params", manifest.params, expected.params))
    yield from params
    if not params and manifest.fingerprint != expected.fingerprint:
        yield _change("fingerprint", manifest.fingerprint, expected.fingerprint)
    for name in sorted(manifest.inputs.keys() | expected.inputs.keys()):
        old, new = manifest.inputs.get(name), expected.inputs.get(name)
        if old != new:
            yield _change(f"input {name}", old and old[:12], new and new[:12])


def _nested(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _nested(f"{path}.{key}", old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):  # True == 1 in Python, not in JSON
        yield _change(path, old, new)


def _failure(attempt: AttemptRecord) -> str:
    said = attempt.error
    if attempt.state == "running":
        last = f"{attempt.heartbeat:%Y-%m-%d %H:%M:%S} UTC"
        said = f"stopped without a word after {last} (host {attempt.host}, pid {attempt.pid})"
    return f"attempt {attempt.id}: {said}"


def _change(name: str, old: object, new: object) -> str:
    before, after = _brief(old), _brief(new)
    return f"{name}: {before} -> {after}" if before != after else f"{name}: changed, {before}"


def _brief(value: object) -> str:
    if value is None or value is _ABSENT:
        return "none" if value is None else "absent"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
