"""A tree of prefixes of solutions, with what their rollouts reached.

A node is a prefix of whole steps with its rollouts, or an end: a whole solution with its verdict. A node's
parent is the longest other prefix in the tree that its own steps pass through, so an edge spans one step or
several. Guarantees: every text is one node, however many searches met it; steps joined are the text byte for
byte; a success below a node that never succeeded itself is told (`contradicted`), and neither label is
changed for it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from evals.answers import Verdict
from evals.montecarlo import StepLabel, count


@dataclass(frozen=True, slots=True)
class Rollout:
    """A continuation of a prefix, to its end."""

    text: str
    tokens: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Origin:
    """Which rollout a solution was: of the prefix with this text, the one of this index."""

    prefix: str
    index: int


@dataclass(frozen=True)
class Node:
    """A prefix, or where `verdict` is set, a whole solution."""

    path: tuple[str, ...]
    """All its steps, from the beginning of the answer."""
    rollouts: tuple[Rollout, ...] = ()
    visits: int = 0
    """N(s): rollouts of this prefix that were searched."""
    verdict: Verdict | None = None
    origin: Origin | None = None
    """Of a whole solution."""
    first_error: int | None = None
    """Of a wrong solution that was searched to the end: the place in `path` of its first bad step."""

    @cached_property
    def text(self) -> str:
        return "".join(self.path)

    @cached_property
    def label(self) -> StepLabel:
        """The counts of its rollouts; of a whole solution, its own verdict."""
        if self.verdict is not None:
            return count([self.verdict], "answer")
        return count([rollout.verdict for rollout in self.rollouts], "fixed")


@dataclass(frozen=True)
class Tree:
    """Nodes, the root first; every parent stands before its children."""

    nodes: tuple[Node, ...]
    stop_rule: str

    @cached_property
    def parents(self) -> tuple[int | None, ...]:
        """By node, the place of its parent."""
        prefixes = {node.text: place for place, node in enumerate(self.nodes) if node.verdict is None}

        def parent(node: Node) -> int | None:
            shorter = ("".join(node.path[:length]) for length in range(len(node.path) - 1, -1, -1))
            return next((prefixes[text] for text in shorter if text in prefixes), None)

        return tuple(parent(node) for node in self.nodes)

    @cached_property
    def children(self) -> dict[int, list[int]]:
        found: defaultdict[int, list[int]] = defaultdict(list)
        for place, parent in enumerate(self.parents):
            if parent is not None:
                found[parent].append(place)
        return dict(found)

    @cached_property
    def proven(self) -> tuple[bool, ...]:
        """By node, whether it or any node below it succeeded: what succeeds from further on also succeeds from
        here."""
        proven = [node.label.hard == 1 for node in self.nodes]
        for place in sorted(range(len(self.nodes)), key=lambda place: -len(self.nodes[place].text)):
            parent = self.parents[place]
            if parent is not None and proven[place]:
                proven[parent] = True
        return tuple(proven)

    def contradicted(self, place: int) -> bool:
        """None of the node's own rollouts succeeded, and a solution that passes through it did."""
        return self.nodes[place].label.hard == 0 and self.proven[place]

    def depth(self, place: int) -> int:
        """Edges from the root."""
        parent = self.parents[place]
        return 0 if parent is None else 1 + self.depth(parent)

    def edge(self, place: int) -> tuple[str, ...]:
        """The steps from the parent to the node; of the root, the steps that it starts from."""
        return self.nodes[place].path[self._start(place) :]

    def _start(self, place: int) -> int:
        """How many of the node's steps its parent has; counted in text, as a parent may be cut elsewhere."""
        parent = self.parents[place]
        if parent is None:
            return 0
        length, path = len(self.nodes[parent].text), self.nodes[place].path
        return next(steps for steps in range(len(path) + 1) if sum(map(len, path[:steps])) >= length)


def in_order(nodes: Sequence[Node], stop_rule: str) -> Tree:
    """The tree of these nodes, depth first, siblings in the order in which they are given; the root is
    nodes[0]."""
    loose = Tree(tuple(nodes), stop_rule)

    def below(place: int) -> Iterator[int]:
        yield place
        for child in loose.children.get(place, ()):
            yield from below(child)

    return Tree(tuple(loose.nodes[place] for place in below(0)), stop_rule)
