"""Identity by content: canonical JSON, fingerprints, row ids and the seeds that derive from them.

Guarantees: equal values have equal identities on every machine and Python version, whatever the order of
their keys. A value whose JSON form is not obvious (a set, a date, NaN) raises instead of being turned into
a string.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no white space, ASCII only.

    Accepts None, bool, int, finite float, str, lists, tuples and mappings with string keys.
    Raises TypeError for any other type and ValueError for NaN and infinities, naming where they stand.
    """
    _require_plain(value, "$")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def fingerprint(value: Any) -> str:
    """32 hexadecimal digits (128 bits of SHA-256) of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()[:32]


def row_id(*parts: str | int) -> str:
    """The id of a row that is determined by `parts`: `row_id("a", "b")` differs from `row_id("ab")`."""
    return fingerprint(list(parts))


def seed_of(identity: str) -> int:
    """A sampling seed in [0, 2**31) that derives from an id of this module."""
    return int(hashlib.sha256(b"seed:" + identity.encode("ascii")).hexdigest()[:8], 16) & 0x7FFF_FFFF


def _require_plain(value: Any, place: str) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{place}: a key of type {type(key).__name__} has no canonical form; use a string")
            _require_plain(item, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _require_plain(item, f"{place}[{index}]")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{place}: {value} has no canonical form; use a finite number")
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(
            f"{place}: a value of type {type(value).__name__} has no canonical form; "
            "use null, a boolean, a number, a string, a list or an object"
        )
