"""A tree of prefixes as a picture for people: SVG to look at closely, Mermaid where only text can be shown.

Both are made of rows of the `trees` dataset of one question. A box is a node: its own steps and how many of its
rollouts succeeded; the colour is that share, from red over yellow to green. The step at which a searched
solution first went wrong has a heavy border, and a contradicted node a dashed one. Right solutions below one
prefix are one box together, and so are wrong ones that went wrong before it.
"""

from __future__ import annotations

import html
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.store import Location
from tasks.report.markdown import label
from tasks.report.section import Picture, Prose, Section

Row = Mapping[str, Any]

WIDE = 230
"""Pixels of a box."""
LINE = 15
GAP = 10
STEP = WIDE + 50
"""Pixels from one depth to the next."""
LETTERS = 34
"""Of a line in a box."""
LINES = 4
"""Of the text of a box, at the most."""
GREY = (225, 225, 225)
RED, YELLOW, GREEN = (239, 138, 128), (250, 224, 144), (140, 204, 140)
LARGEST_TEXT = 60
"""Boxes of a Mermaid graph that are still readable."""


@dataclass
class Box:
    """One node, or several solutions below one."""

    name: str
    lines: list[str]
    counts: str
    colour: tuple[int, ...]
    first_error: bool = False
    contradicted: bool = False
    end: bool = False
    children: list[Box] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> float:
        return LINE * (len(self.lines) + 1) + 12


def svg(rows: Sequence[Row], question: str = "") -> str:
    """The picture of one question's tree. Raises ValueError where the rows are not those of one tree."""
    root = boxes(rows)
    above = textwrap.wrap(question, 110)
    top = 20 + LINE * (len(above) + 2)
    height = _place(root, 20, top) + GAP
    everything = list(_all(root))
    width = max(720.0, max(box.x for box in everything) + WIDE + 20)
    drawn = [_edge(box, child) for box in everything for child in box.children]
    drawn += [_box(box) for box in everything]
    title = [_text(20, 24 + LINE * line, text) for line, text in enumerate(above)]
    legend = _text(20, 24 + LINE * len(above), _legend(rows), "fill:#666")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="DejaVu Sans, Arial, sans-serif" font-size="11">\n'
        + '<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join([*title, legend, *drawn])
        + "\n</svg>\n"
    )


def mermaid(rows: Sequence[Row]) -> str:
    """The same as the text of a Mermaid graph."""
    root = boxes(rows)
    lines = ["flowchart LR"]
    for box in _all(root):
        said = "<br/>".join(label(line) for line in [*box.lines, box.counts])
        left, right = ("([", "])") if box.end else ("[", "]")
        lines.append(f'    {box.name}{left}"{said}"{right}')
        border = ",stroke:#900,stroke-width:4px" if box.first_error else ",stroke:#555"
        border += ",stroke-dasharray:5 4" if box.contradicted else ""
        lines.append(f"    style {box.name} fill:{_hex(box.colour)}{border},color:#111")
    lines += [f"    {box.name} --> {child.name}" for box in _all(root) for child in box.children]
    return "\n".join(lines)


def section(trees: Location) -> Section:
    """The tree that says most of those at a location, and how to see another one."""
    rows = best_to_show(trees.read().to_pylist())
    if not rows:
        return Section("Trees", (Prose("No question was searched."),))
    name = rows[0]["problem_id"]
    alt = f"The tree of problem {name}: {_legend(rows)}"
    others = Prose("Those of other problems: proctor draw PROBLEM_ID")
    return Section("Trees", (Picture(f"Problem {name}", svg(rows), alt), others))


def best_to_show(rows: Sequence[Row]) -> list[Row]:
    """The rows of the tree that says most: the largest that is still readable, else the smallest there is."""
    trees: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        trees[row["problem_id"]].append(row)
    sizes = {name: len(list(_all(boxes(tree)))) for name, tree in trees.items()}
    readable = [name for name, size in sizes.items() if size <= LARGEST_TEXT]
    if not sizes:
        return []
    name = max(readable, key=sizes.__getitem__) if readable else min(sizes, key=sizes.__getitem__)
    return trees[name]


def boxes(rows: Sequence[Row]) -> Box:
    """The root's box, with all others below it."""
    below: defaultdict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        below[row["parent_id"]].append(row)
    if len(below[None]) != 1:
        raise ValueError(f"{len(below[None])} roots among {len(rows)} rows: give the rows of one problem's tree")
    errors = _first_errors(rows, below)

    def made(row: Row) -> Box:
        box = _node_box(row, row["node_id"] in errors)
        children = below[row["node_id"]]
        right = [child for child in children if child["verdict"] == "correct"]
        late = [child for child in children if child["verdict"] == "wrong" and child["node_id"] not in errors]
        late = late if len(late) > 1 else []
        box.children = [made(child) for child in children if child not in right and child not in late]
        if late:
            box.children.append(_ends_box("w", row, f"✗ {len(late)} wrong solutions", RED))
        if right:
            box.children.append(_ends_box("r", row, f"✓ {len(right)} right solution{'s' * (len(right) > 1)}", GREEN))
        return box

    return made(below[None][0])


def _node_box(row: Row, first_error: bool) -> Box:
    text = "".join(row["steps"])
    steps = text.strip().splitlines() or (["the question"] if row["parent_id"] is None else ["(nothing)"])
    known = row["successes"] + row["failures"]
    counts = f"{row['successes']} of {known} right" + (f", {row['unknowns']} unknown" if row["unknowns"] else "")
    if row["verdict"] is not None:
        counts = f"✗ {row['verdict']} answer"
    if row["contradicted"]:
        counts += " · contradicted"
    return Box(
        name=f"n{row['node_id'][:12]}",
        lines=_shortened(steps),
        counts=counts + (" · first error" if first_error else ""),
        colour=_colour(row["soft"]),
        first_error=first_error,
        contradicted=row["contradicted"],
        end=row["verdict"] is not None,
    )


def _ends_box(kind: str, parent: Row, said: str, colour: tuple[int, ...]) -> Box:
    return Box(f"{kind}{parent['node_id'][:12]}", [said], "", colour, end=True)


def _first_errors(rows: Sequence[Row], below: Mapping[str | None, Sequence[Row]]) -> set[str]:
    """Nodes that end with the first bad step of a searched solution."""
    by_id = {row["node_id"]: row for row in rows}
    found = set()
    for row in rows:
        if row["first_error"] is None:
            continue
        line = [row]
        while (parent := line[-1]["parent_id"]) is not None:
            line.append(by_id[parent])
        steps = 0
        for node in reversed(line):
            steps += len(node["steps"])
            if steps > row["first_error"]:
                found.add(node["node_id"])
                break
    return found


def _place(box: Box, x: float, y: float) -> float:
    """Lays out a box and those below it from `y` down; gives back where the next may begin."""
    box.x = x
    end = y
    for child in box.children:
        end = _place(child, x + STEP, end)
    end = max(end, y + box.height + GAP)
    middles = [child.y + child.height / 2 for child in box.children] or [y + box.height / 2]
    box.y = max(y, (middles[0] + middles[-1] - box.height) / 2)
    return max(end, box.y + box.height + GAP)


def _all(box: Box) -> list[Box]:
    return [box, *(each for child in box.children for each in _all(child))]


def _box(box: Box) -> str:
    border = "stroke:#990000;stroke-width:3" if box.first_error else "stroke:#777;stroke-width:1"
    border += ";stroke-dasharray:5 4" if box.contradicted else ""
    shape = (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{WIDE}" height="{box.height:.1f}" '
        f'rx="{14 if box.end else 3}" style="fill:{_hex(box.colour)};{border}"/>'
    )
    lines = [_text(box.x + 8, box.y + 16 + LINE * line, text) for line, text in enumerate(box.lines)]
    counts = _text(box.x + 8, box.y + 16 + LINE * len(box.lines), box.counts, "fill:#444;font-size:10px")
    return "\n".join([shape, *lines, counts])


def _edge(parent: Box, child: Box) -> str:
    x1, y1 = parent.x + WIDE, parent.y + parent.height / 2
    x2, y2 = child.x, child.y + child.height / 2
    middle = (x1 + x2) / 2
    path = f"M{x1:.1f},{y1:.1f} C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    return f'<path d="{path}" style="fill:none;stroke:#999"/>'


def _text(x: float, y: float, text: str, style: str = "fill:#111") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" style="{style}">{html.escape(text)}</text>'


def _legend(rows: Sequence[Row]) -> str:
    root = next(row for row in rows if row["parent_id"] is None)
    prefixes = sum(row["verdict"] is None for row in rows)
    searched = sum(row["verdict"] == "wrong" for row in rows)
    return (
        f"{prefixes} prefixes, {searched} wrong solutions searched, ended by: {root['stop_rule']}. "
        "Colour: share of right rollouts. Heavy border: first error. Dashed: contradicted."
    )


def _shortened(steps: Sequence[str]) -> list[str]:
    """At most LINES lines; of more, the last is kept, in which the node ends."""
    lines = [textwrap.shorten(step, LETTERS, placeholder="…") for step in steps]
    return lines if len(lines) <= LINES else [*lines[: LINES - 2], f"… {len(lines) - LINES + 1} more", lines[-1]]


def _colour(share: float | None) -> tuple[int, ...]:
    if share is None:
        return GREY
    low, high, part = (RED, YELLOW, share * 2) if share < 0.5 else (YELLOW, GREEN, share * 2 - 1)
    return tuple(round(a + (b - a) * part) for a, b in zip(low, high, strict=True))


def _hex(colour: tuple[int, ...]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
