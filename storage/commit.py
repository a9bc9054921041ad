"""The commit: an attempt becomes the partition's data in one step, or not at all.

Guaranteed: of two attempts that started from the same generation exactly one commits; a reader sees the old
whole or the new whole. The lease is checked first, but it is the compared swap of the manifest that decides.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable

from storage.files import Conflict, Files
from storage.ledger import LEDGER
from storage.manifest import MANIFEST, Manifest, load_manifest

_log = logging.getLogger(__name__)


class InvalidData(ValueError):
    """What an attempt wrote is not what its stage promised."""


class CommitLost(Exception):
    """Another attempt committed first; the own one was removed."""


def check_rows(place: str, rows: int, promised: int | None) -> None:
    if promised is not None and rows != promised:
        raise InvalidData(f"{place}: {rows:,} rows were written, {promised:,} were promised")


def check_unique(place: str, key: str, suspects: Iterable[str]) -> None:
    """`suspects`: all ids that may be there more than once, as often as they are."""
    twice = {name: count for name, count in Counter(suspects).items() if count > 1}
    if twice:
        repeats, examples = sum(twice.values()) - len(twice), ", ".join(list(twice)[:3])
        raise InvalidData(f"{place}: {repeats:,} rows repeat a {key} that is there already, e.g. {examples}")


def check_dead(place: str, rows: int, kinds: dict[str, int], limit: float) -> None:
    """`limit`: the share of rows that may be dead letters, 0 to 1."""
    dead = sum(kinds.values())
    share = dead / (dead + rows) if dead else 0.0
    if share > limit:
        most = ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items(), key=lambda item: -item[1])[:5])
        raise InvalidData(
            f"{place}: {dead:,} of {dead + rows:,} rows failed ({share:.1%}, allowed {limit:.1%}): {most}"
        )


def settle_counts(place: str, told: dict[str, int], rows: int, dead: int) -> dict[str, int]:
    """Fills in what storage knows and refuses what contradicts it."""
    unknown = told.get("unknown", 0)
    counts = {"ok": rows - unknown, "dead": dead, "unknown": unknown} | told
    if counts["ok"] + counts["unknown"] != rows or counts["dead"] != dead:
        raise InvalidData(
            f"{place}: {rows:,} rows and {dead:,} dead letters were written, but the counts say "
            f"ok {counts['ok']:,} + unknown {counts['unknown']:,} and dead {counts['dead']:,}"
        )
    return counts


def publish(files: Files, folder: str, manifest: Manifest, replaces: str | None) -> None:
    """Puts the manifest in the place of version `replaces`, or removes the attempt and raises CommitLost."""
    try:
        files.swap(f"{folder}/{MANIFEST}", manifest.model_dump_json(indent=1).encode(), replaces)
    except Conflict:
        _removed(files, folder, f"attempts/{manifest.attempt}")
        winner, _ = load_manifest(files, folder)
        who = f"generation {winner.generation} by attempt {winner.attempt}" if winner else "its manifest was removed"
        raise CommitLost(
            f"{files.address(folder)}: changed while attempt {manifest.attempt} was under way ({who}). Its parts were "
            "removed, its ledger too where the winner had the same; run again if the status does not say complete"
        ) from None
    except OSError:
        landed, _ = load_manifest(files, folder)
        if landed is None or landed.attempt != manifest.attempt:
            raise
        _log.warning("%s: the commit landed, though its answer was lost", files.address(folder))


def forget_ledger(files: Files, folder: str, kept_fingerprint: str) -> None:
    """After the manifest is in place."""
    if kept_fingerprint:
        _removed(files, folder, f"{LEDGER}/{kept_fingerprint}")


def _removed(files: Files, folder: str, path: str) -> None:
    """What could not be removed costs space, not correctness."""
    try:
        files.remove(f"{folder}/{path}")
    except OSError as error:
        _log.warning("%s: %s was not removed: %s", files.address(folder), path, error)
