"""Trees as labelled texts for training data: a whole solution, or a single edge.

A step that no node ends with has no rollouts of its own. It is good where a success further on proves it, with
no counts and no soft label; else it is unknown. Unknown is the step of a contradicted node too: its own
rollouts and those that pass through it say different things.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evals.exports import LabelledStep, LabelledTrace, known_steps

Row = Mapping[str, Any]

PREFIX = "prefix"
"""The verdict of an edge that ends before there is an answer."""
NODE = [
    "node_id",
    "problem_id",
    "parent_id",
    "steps",
    "prefix",
    "successes",
    "failures",
    "hard",
    "soft",
    "proven",
    "contradicted",
    "verdict",
]
"""The columns of `trees` that are read here."""


def paths(questions: Mapping[str, str], nodes: Sequence[Row]) -> Iterator[LabelledTrace]:
    """The whole solutions, each with all its steps from the root on; a step that several share is in each."""
    for node, root, steps in solutions(nodes):
        yield _labelled(node, questions, root["prefix"], steps)


def solutions(nodes: Sequence[Row]) -> Iterator[tuple[Row, Row, list[LabelledStep]]]:
    """Each whole solution, the root above it, and all its steps from there on."""
    by_id = {node["node_id"]: node for node in nodes}
    for node in nodes:
        if node["verdict"] is not None:
            *_, root = line = list(_upwards(node, by_id))
            yield node, root, [step for each in reversed(line[:-1]) for step in edge_steps(each)]


def edges(
    questions: Mapping[str, str], nodes: Sequence[Row], through_first_error: bool = False
) -> Iterator[LabelledTrace]:
    """The edges, what stands before them in the prompt; each label is in one of them.

    `through_first_error`: without those behind a step that is not good.
    """
    by_id = {node["node_id"]: node for node in nodes}
    for node in nodes:
        parent = by_id.get(node["parent_id"])
        if parent is not None and (not through_first_error or _good(parent)):
            yield _labelled(node, questions, parent["prefix"], edge_steps(node))


def edge_steps(node: Row) -> list[LabelledStep]:
    """The steps of the edge to a node, labelled."""
    *inside, last = node["steps"]
    proof = True if node["proven"] else None
    own = None if node["hard"] is None else bool(node["hard"])
    hard = None if node["contradicted"] else proof or own
    counted = LabelledStep(last, hard, node["soft"], node["successes"], node["failures"])
    return [*(LabelledStep(text, proof, None, 0, 0) for text in inside), counted]


def repeated(traces: Iterable[LabelledTrace]) -> int:
    """How many known steps are in more rows than one, each counted once less than it is there."""
    met, again = set(), 0
    for trace in traces:
        written = trace.prompt
        for step in known_steps(trace.steps):
            written += step.text
            again += (trace.problem_id, written) in met
            met.add((trace.problem_id, written))
    return again


def _good(node: Row) -> bool:
    return bool(node["proven"]) and not node["contradicted"]


def _upwards(node: Row, by_id: Mapping[str, Row]) -> Iterator[Row]:
    """The node and all above it, the root last."""
    yield node
    if node["parent_id"] is not None:
        yield from _upwards(by_id[node["parent_id"]], by_id)


def _labelled(node: Row, questions: Mapping[str, str], before: str, steps: Sequence[LabelledStep]) -> LabelledTrace:
    prompt = questions[node["problem_id"]] + "\n" + before
    return LabelledTrace(node["node_id"], node["problem_id"], prompt, tuple(steps), node["verdict"] or PREFIX)
