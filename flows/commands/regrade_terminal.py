"""What `proctor regrade` says to people."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.commands.regrade import Compared
from storage.manifest import Manifest

OWING = 5
"""Traces that want generations and are named; all are counted."""


def shown(found: Sequence[Compared], limit: int) -> RenderableType:
    """Counts by class, and the first `limit` rows whose class changes, for each dataset."""
    parts: list[RenderableType] = []
    for each in found:
        parts += [Text(line, "bold" if not place else "") for place, line in enumerate(_lines(each))]
        if each.examples[:limit]:
            parts.append(_table(each, limit))
    return Group(*parts)


def ending(found: Sequence[Compared], committed: Sequence[Manifest] | None) -> str:
    """What was done, or can be. `committed`: None where nobody asked for a commit."""
    if committed:
        names = ", ".join(f"{each.dataset} (generation {each.generation})" for each in committed)
        return f"Committed: {names}. What was made of them is stale now: proctor status"
    if any(each.owed_by for each in found):
        return "--apply would commit nothing: run the stages, which generate what is owed and keep the rest."
    if any(each.stale for each in found):
        return "Nothing was committed. To commit this: --apply"
    return "All of it is current: there is nothing to commit."


def _lines(each: Compared) -> Iterator[str]:
    what = {"traces": "verdicts", "labels": "labels"}.get(each.dataset, "nodes")
    total = sum(each.changes.values())
    differ = f"{total:,} {what} differ" if each.differs else "nothing differs"
    yield f"{each.dataset} {each.partition}: {each.rows:,} compared, {differ}"
    for (old, new), rows in sorted(each.changes.items()):
        yield f"  {old} -> {new}: {rows:,}"
    or_else = ", or the search no longer comes to them" if each.dataset == "trees" else ""
    detail = "another extracted answer or reason" if each.dataset == "traces" else "other counts of rollouts"
    for count, words in (
        (each.otherwise, f"{what} stay, with {detail}"),
        (each.added, "rows come new"),
        (each.gone, f"rows go: their problem is no longer there{or_else}"),
    ):
        if count:
            yield f"  {count:,} {words}"
    if each.owed_by:
        more = f" and {len(each.owed_by) - OWING:,} more" if len(each.owed_by) > OWING else ""
        yield f"  {len(each.owed_by):,} {each.wanting} want at least {each.owed:,} generations that were not kept:"
        yield f"    {'; '.join(each.owed_by[:OWING])}{more}"
    for reason in each.stale:
        yield f"  stale: {reason}"


def _table(each: Compared, limit: int) -> Table:
    names = list(each.examples[0])
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name)
    for row in each.examples[:limit]:
        cells = ("-" if row[name] is None else str(row[name]) for name in names)
        table.add_row(*(Text(cell if len(cell) <= 24 else f"{cell[:23]}…") for cell in cells))
    if len(each.examples) > limit:
        table.caption, table.caption_justify = f"{len(each.examples) - limit:,} more: --limit", "left"
    return table
