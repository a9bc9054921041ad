"""Making room: the garbage of all partitions that fit, listed or removed by one planner (storage/garbage.py)."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.views.selection import Selection
from storage.garbage import Garbage, collect, garbage
from storage.lease import LeaseHeld, LeaseLost
from storage.manifest import Damaged
from storage.store import Location, Store


@dataclass(frozen=True)
class Swept:
    """What was found, or removed."""

    garbage: Sequence[tuple[Location, Garbage]]
    passed_over: Sequence[str]
    """Why partitions cannot be judged, or swept to the end."""
    removed: bool

    @property
    def bytes(self) -> int:
        return sum(each.bytes for _, each in self.garbage)


def sweep(store: Store, selection: Selection, keep: int, remove: bool = False) -> Swept:
    """A partition that is being written, whose records cannot be read, or that is not ours to remove, keeps nobody from
    sweeping the others."""
    found: list[tuple[Location, Garbage]] = []
    passed_over = []
    for location in store.locations():
        if not selection.fits(location.partition):
            continue
        try:
            these = collect(location, keep, f"gc of {getpass.getuser()}") if remove else garbage(location, keep)
            found += [(location, each) for each in these]
        except (Damaged, LeaseHeld, LeaseLost, OSError) as error:
            passed_over.append(str(error))
    return Swept(found, passed_over, remove)


def as_json(what: Swept) -> list[dict[str, str | int | bool]]:
    """One object for each folder."""
    return [
        {
            "path": location.fs.address(f"{location.folder}/{each.path}"),
            "why": each.why,
            "bytes": each.bytes,
            "removed": what.removed,
        }
        for location, each in what.garbage
    ]


def shown(what: Swept) -> RenderableType:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("folder", "what it is"):
        table.add_column(name, overflow="fold")
    table.add_column("bytes", justify="right", no_wrap=True)
    for location, each in what.garbage:
        table.add_row(Text(f"{location.folder}/{each.path}"), each.why, f"{each.bytes:,}")
    done = "were removed" if what.removed else "can go; --apply removes them"
    ending = Text(f"{len(what.garbage):,} folders, {what.bytes:,} bytes {done}", "bold")
    left_alone = [Text(f"left alone: {reason}", "yellow") for reason in what.passed_over]
    return Group(*([table] if what.garbage else []), *left_alone, ending)
