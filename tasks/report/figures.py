"""What people look at of a manifest: its numbers as rows."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from storage.manifest import Manifest


def numbers(manifest: Manifest) -> list[dict[str, Any]]:
    """Counts, rates and cost of one dataset, a row each."""
    counts, dead = manifest.counts, manifest.counts.get("dead", 0)
    told: dict[str, Any] = {"rows": manifest.rows, **counts}
    if attempted := manifest.rows + dead:
        told["dead rate"] = round(dead / attempted, 6)
        told["unknown rate"] = round(counts.get("unknown", 0) / attempted, 6)
    told |= {"tokens": manifest.tokens, "seconds": round(manifest.seconds, 3)}
    if manifest.seconds > 0 and manifest.tokens:
        told["tokens a second"] = round(manifest.tokens / manifest.seconds, 1)
    good, bad = manifest.summary.get("good"), manifest.summary.get("bad")
    if isinstance(good, int) and isinstance(bad, int) and good + bad:
        told["bad share"] = round(bad / (good + bad), 6)
    for name, value in flattened(manifest.summary):
        told.setdefault(name, value)  # a summary may repeat what the manifest counts
    return [{"number": name, "value": value} for name, value in told.items()]


def measures(manifest: Manifest) -> dict[str, float | None]:
    """The same numbers by names without spaces (`dead_rate`), as gates ask for them; None: not known. No texts."""
    told = {row["number"].replace(" ", "_"): row["value"] for row in numbers(manifest)}
    return {name: each for name, each in told.items() if each is None or type(each) in (int, float)}


def flattened(summary: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`{"pass": {"1": 0.7}}` as `("pass 1", 0.7)`; lists as JSON. Tables (lists of objects) are left to the report."""
    for name, value in summary.items():
        match value:
            case Mapping():
                yield from flattened(value, f"{prefix}{name} ")
            case [Mapping(), *_]:
                continue
            case list() | tuple():
                yield prefix + name, json.dumps(value)
            case _:
                yield prefix + name, value
