"""A tree of reasoning: steps that share what came before them. Made of traces here, or of any tree search.

Guarantees: reading the texts from the root to an end gives a trace's text byte for byte; trees may be as deep as traces
have steps (nothing here recurses).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from evals.recipes.attempts import Attempt


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A step and what was tried after it. Nodes are equal only to themselves."""

    text: str
    children: tuple[Node, ...] = ()
    value: float | None = None
    """Estimated chance to arrive at the right answer from here, 0 to 1; of an end 1 (right) or 0 (wrong). None:
    not known."""
    ids: tuple[str, ...] = ()
    """Traces that end here."""


def walk(root: Node) -> Iterator[Node]:
    """Every node, parents before their children."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def tree_of(attempts: Iterable[Attempt]) -> Node:
    """The attempts at one problem as one tree, its root an empty text; branches in the order of the attempts.

    A step's value is its hard label; where two attempts that share it disagree, a success has proved it good. An
    attempt that ends where another one goes on becomes an end of its own with an empty text.
    """
    drafts = [_Draft("")]
    for attempt in attempts:
        place = 0
        for index, step in enumerate(attempt.steps):
            place = drafts[place].children.setdefault(step, len(drafts))
            if place == len(drafts):
                drafts.append(_Draft(step))
            if index < len(attempt.hard) and (label := attempt.hard[index]) is not None:
                drafts[place].value = max(float(label), drafts[place].value or 0.0)
        drafts[place].ends.append(attempt)
    return _built(drafts)


@dataclass(slots=True)
class _Draft:
    text: str
    children: dict[str, int] = field(default_factory=dict)
    value: float | None = None
    ends: list[Attempt] = field(default_factory=list)


def _built(drafts: list[_Draft]) -> Node:
    """Children come after their parents in the list, so from its end on all of a node's children are there."""
    built: dict[int, Node] = {}
    for place, draft in reversed(list(enumerate(drafts))):
        children = tuple(built[child] for child in draft.children.values())
        ids = tuple(attempt.trace_id for attempt in draft.ends)
        if not draft.ends:
            built[place] = Node(draft.text, children, draft.value)
        elif children:
            built[place] = Node(draft.text, (*children, Node("", (), _end_value(draft.ends), ids)), draft.value)
        else:
            built[place] = Node(draft.text, (), _end_value(draft.ends), ids)
    return built[0]


def _end_value(ends: list[Attempt]) -> float | None:
    known = {attempt.verdict for attempt in ends} & {"correct", "wrong"}
    return float("correct" in known) if known else None
