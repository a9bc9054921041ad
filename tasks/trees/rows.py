"""Grown trees as rows of the `trees` dataset, and the numbers that people look at."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evals.identity import row_id
from evals.omegaprm import LEFT_OUT
from evals.problems import Graph
from evals.trees import Node, Tree
from evals.truth import first_error, step_truths
from storage.placed_rows import PlacedRows
from tasks.completer import Prompts
from tasks.completions import Prompt

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Grown:
    """A question with its tree, and the prompt under which it grew."""

    problem: Row
    prompt: Prompt
    prompter: Prompts
    tree: Tree

    def prefix_id(self, text: str) -> str:
        return self.prompter.continued(self.prompt, text).id


def rows_of(grown: Grown, completer: str) -> Iterator[Row]:
    """One row a node, parents before children."""
    tree = grown.tree
    ids = [_node_id(grown, node) for node in tree.nodes]
    for place, node in enumerate(tree.nodes):
        parent = tree.parents[place]
        label = node.label
        yield {
            "node_id": ids[place],
            "problem_id": grown.problem["problem_id"],
            "parent_id": None if parent is None else ids[parent],
            "depth": tree.depth(place),
            "steps": list(tree.edge(place)),
            "prefix": node.text,
            "prefix_id": grown.prefix_id(node.text) if node.verdict is None else None,
            "rollout_id": row_id(grown.prefix_id(node.origin.prefix), node.origin.index) if node.origin else None,
            "successes": label.successes,
            "failures": label.failures,
            "unknowns": label.unknowns,
            "visits": node.visits,
            "hard": label.hard,
            "soft": label.soft,
            "proven": tree.proven[place],
            "contradicted": tree.contradicted(place),
            "truth": _truth(grown, place),
            "verdict": node.verdict,
            "first_error": node.first_error,
            "stop_rule": tree.stop_rule,
            "model": completer,
        }


def _node_id(grown: Grown, node: Node) -> str:
    kind = "prefix" if node.verdict is None else "solution"
    return row_id("node", kind, grown.problem["problem_id"], node.text)


def _truth(grown: Grown, place: int) -> int | None:
    """Whether all steps of the edge to a node are right; None for the root and where the graph is not known."""
    steps = len(grown.tree.edge(place))
    if not grown.problem["graph"] or grown.tree.parents[place] is None:
        return None
    truths = step_truths(Graph.from_json(grown.problem["graph"]), grown.tree.nodes[place].path)
    return int(all(truths[-steps:]))


def summarise(forest: Sequence[Grown], rows: Sequence[Row], rollouts: PlacedRows) -> dict[str, Any]:
    """Counts, cost, and where the truth of the steps is known, how often labels and first errors agree with
    it."""
    roots = [row for row in rows if row["parent_id"] is None]
    stopped = Counter(row["stop_rule"] for row in roots)
    searched = [row for row in rows if row["verdict"] == "wrong"]
    found = [row for row in searched if row["first_error"] is not None]
    prefixes = [row for row in rows if row["verdict"] is None and row["parent_id"] is not None]
    tokens = [row["tokens"] for _, row in rollouts.items(["tokens"])]
    summary: dict[str, Any] = {
        "questions": len(roots),
        "searched_questions": sum(row["stop_rule"] not in LEFT_OUT for row in roots),
        "unfinished": stopped["budget"],
        "stop_rule": dict(sorted(stopped.items())),
        "nodes": len(rows),
        "prefixes": len(prefixes),
        "right_solutions": sum(row["verdict"] == "correct" for row in rows),
        "searches": len(searched),
        "first_errors": len(found),
        "contradictions": sum(row["contradicted"] for row in rows),
        "rollouts": len(tokens),
        "rollout_tokens": sum(tokens),
        "rollouts_per_question": len(tokens) / max(1, len(roots)),
        "rollouts_per_first_error": len(tokens) / max(1, len(found)),
    }
    known = [row for row in prefixes if row["truth"] is not None and row["hard"] is not None]
    if known:
        summary["label_accuracy"] = sum(row["hard"] == row["truth"] for row in known) / len(known)
    if pairs := [pair for grown in forest for pair in _first_errors(grown)]:
        summary["first_error_accuracy"] = sum(said == true for said, true in pairs) / len(pairs)
    return summary


def _first_errors(grown: Grown) -> Iterator[tuple[int, int]]:
    """(found, true) of each solution whose first error was found, where the truth is known."""
    if grown.problem["graph"]:
        graph = Graph.from_json(grown.problem["graph"])
        for node in grown.tree.nodes:
            if node.first_error is not None:
                yield node.first_error, first_error(step_truths(graph, node.path))
