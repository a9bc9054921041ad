"""Stream-of-search traces: wrong branches, the way back, and the branch that arrives, in one completion.

Stream of Search (arXiv 2404.03683) trains on serialised searches with their dead ends. Here the tree is walked depth
first: at every node first the branches that do not arrive, then the one that does. A branch is left at its first step
of value 0, where labels know it, else at its wrong end; what is not known to be wrong is not walked.

Guarantees: the completion ends with a right end, and states its answer; every dead end is followed by a sentence that
names the step to go on from; steps are verbatim.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evals.extraction import find_answer
from evals.recipes.attempts import Attempt, Demonstration, Fits, Selection, by_problem
from evals.recipes.step_tree import Node, tree_of, walk


@dataclass(frozen=True, slots=True)
class Stream:
    """A walk that arrived."""

    text: str
    dead_ends: int
    ids: tuple[str, ...]
    """Traces of the branches that were walked, the right one last."""
    answer_from: str
    """The text of the right branch alone."""


def way_back(steps: int) -> str:
    """What is said after a dead end; `steps` of the path still stand."""
    place = f"step {steps}" if steps else "the start"
    return f"That does not lead to the answer. Back to {place}.\n"


def stream(root: Node, max_dead_ends: int) -> Stream | None:
    """The depth-first walk through a tree to a right end; None where it has none."""
    arrives, fails = _where_branches_lead(root)
    if root not in arrives or not root.children:
        return None
    pieces, ids, dead_ends, lost = [root.text], [], 0, False
    path: list[tuple[Node, Iterator[Node]]] = [(root, _ordered(root, arrives))]
    while True:
        _, rest = path[-1]
        child = next(rest, None)
        if child is None:  # all of its branches failed
            path.pop()
            continue
        doomed = child not in arrives
        if doomed and (child not in fails or dead_ends == max_dead_ends):
            continue
        if lost:
            pieces.append(_on_a_new_line(pieces[-1], way_back(len(path) - 1)))
        pieces.append(child.text)
        lost = doomed and (child.value == 0 or not child.children)
        if lost:
            dead_ends += 1
            ids += _ids(child)
        elif child.children:
            path.append((child, _ordered(child, arrives)))
        else:
            branch = "".join(each.text for each, _ in path) + child.text
            return Stream("".join(pieces), dead_ends, (*ids, *child.ids), branch)


def search_streams(attempts: Iterable[Attempt], fits: Fits, max_dead_ends: int = 2) -> Selection[Demonstration]:
    """One stream for each problem whose attempts make a tree with a dead end and a right end."""
    selection: Selection[Demonstration] = Selection()
    for problem_id, group in by_problem(attempts).items():
        group = sorted(group, key=lambda attempt: attempt.trace_id)
        walked, refused = _longest(tree_of(group), max_dead_ends, group[0].prompt, fits)
        if walked is None or refused:
            selection.left.update((attempt.trace_id, refused or "") for attempt in group)
            continue
        selection.rows.append(
            Demonstration(
                recipe="search",
                problem_id=problem_id,
                trace_ids=walked.ids,
                prompt=group[0].prompt,
                completion=walked.text,
                verdict="correct",
                why=f"depth-first search; dead ends before the right branch: {walked.dead_ends}",
                tokens=None,
            )
        )
        selection.left.update((each.trace_id, "not_walked") for each in group if each.trace_id not in walked.ids)
    return selection


def _longest(root: Node, max_dead_ends: int, prompt: str, fits: Fits) -> tuple[Stream | None, str | None]:
    """The walk with the most dead ends that fits, or the last one with the reason why it does not."""
    for dead_ends in range(max_dead_ends, 0, -1):
        walked = stream(root, dead_ends)
        refused = _refused(walked, prompt, fits)
        if refused != "over_length":
            break
    return walked, refused


def _refused(walked: Stream | None, prompt: str, fits: Fits) -> str | None:
    if walked is None:
        return "no_right_attempt"
    if not walked.dead_ends:
        return "no_dead_end"
    if not fits(prompt, walked.text):
        return "over_length"
    stated, meant = find_answer(walked.text), find_answer(walked.answer_from)
    return None if stated and meant and stated.text == meant.text else "answer_hidden"


def _where_branches_lead(root: Node) -> tuple[set[Node], set[Node]]:
    """Nodes from which a right end is reached, and those from which something known to be wrong is."""
    arrives: set[Node] = set()
    fails: set[Node] = set()
    for node in reversed(list(walk(root))):  # children first
        if (not node.children and node.value == 1) or any(child in arrives for child in node.children):
            arrives.add(node)
        if node.value == 0 or any(child in fails for child in node.children):
            fails.add(node)
    return arrives, fails


def _ordered(node: Node, arrives: set[Node]) -> Iterator[Node]:
    """Branches that do not arrive first; else in the tree's order."""
    return iter(sorted(node.children, key=lambda child: child in arrives))


def _on_a_new_line(before: str, sentence: str) -> str:
    return sentence if not before or before.endswith("\n") else f"\n{sentence}"


def _ids(branch: Node) -> list[str]:
    return [name for node in walk(branch) for name in node.ids]
