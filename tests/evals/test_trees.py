"""Trees of prefixes: who is whose parent, and what a success further on proves."""

from evals.answers import Verdict
from evals.trees import Node, Rollout, Tree, in_order

RIGHT, WRONG, UNKNOWN = Verdict.correct, Verdict.wrong, Verdict.unknown


def prefix(*path: str, right: int = 0, wrong: int = 0, unknown: int = 0) -> Node:
    verdicts = [RIGHT] * right + [WRONG] * wrong + [UNKNOWN] * unknown
    return Node(path, tuple(Rollout("…", 1, verdict) for verdict in verdicts))


def end(*path: str, verdict: Verdict) -> Node:
    return Node(path, verdict=verdict)


ROOT = prefix(right=2, wrong=2)
GOOD = prefix("a\n", "b\n", right=1, wrong=3)
BAD = prefix("a\n", "b\n", "c\n", wrong=4)


def place_of(tree: Tree, node: Node) -> int:
    return tree.nodes.index(node)


def test_a_node_hangs_below_the_longest_prefix_that_it_passes_through():
    tree = in_order([ROOT, BAD, GOOD, end("a\n", "b\n", "c\n", "d\n", verdict=WRONG), prefix("x\n", wrong=4)], "")
    assert [node.text for node in tree.nodes] == ["", "a\nb\n", "a\nb\nc\n", "a\nb\nc\nd\n", "x\n"]
    assert tree.parents == (None, 0, 1, 2, 0)
    assert [tree.depth(place) for place in range(5)] == [0, 1, 2, 3, 1]
    assert [tree.edge(place) for place in range(5)] == [(), ("a\n", "b\n"), ("c\n",), ("d\n",), ("x\n",)]
    assert tree.leaves() == [3, 4]


def test_text_that_stops_inside_a_step_is_no_parent():
    tree = in_order([ROOT, prefix("1", wrong=4), prefix("12\n", right=4)], "")
    assert tree.parents == (None, 0, 0)


def test_a_whole_solution_is_nobodys_parent():
    tree = in_order([ROOT, end("a\n", verdict=WRONG), prefix("a\n", "b\n", right=1)], "")
    assert tree.parents == (None, 0, 0)


def test_steps_inside_an_edge_are_proven_by_a_success_at_its_end():
    tree = in_order([ROOT, GOOD, BAD], "")
    steps = tree.route(place_of(tree, BAD))
    assert [(step.text, step.hard) for step in steps] == [("a\n", 1), ("b\n", 1), ("c\n", 0)]
    assert [step.label and step.label.successes for step in steps] == [None, 1, 0]


def test_steps_inside_an_edge_to_a_failure_are_unknown():
    tree = in_order([ROOT, BAD, end("a\n", "b\n", "c\n", "d\n", "e\n", verdict=WRONG)], "")
    assert [step.hard for step in tree.route(2)] == [None, None, 0, None, 0]


def test_a_right_solution_proves_all_its_steps():
    tree = in_order([ROOT, end("a\n", "b\n", verdict=RIGHT)], "")
    assert [step.hard for step in tree.route(1)] == [1, 1]


def test_a_success_below_a_bad_node_is_told_and_takes_its_label_away():
    tree = in_order([ROOT, GOOD, BAD, end(*BAD.path, "d\n", "e\n", verdict=RIGHT)], "")
    bad = place_of(tree, BAD)
    assert tree.contradicted(bad)
    assert BAD.label.hard == 0, "its own counts stay as they are"
    assert [step.hard for step in tree.route(bad + 1)] == [1, 1, None, 1, 1]
    assert [tree.contradicted(place) for place in range(4)] == [False, False, True, False]


def test_a_failure_below_a_bad_node_is_no_contradiction():
    tree = in_order([ROOT, BAD, end(*BAD.path, "d\n", verdict=WRONG)], "")
    assert not any(tree.contradicted(place) for place in range(3))


def test_unknown_rollouts_leave_a_node_open_until_a_success_below_proves_it():
    doubtful = prefix("a\n", wrong=3, unknown=1)
    assert in_order([ROOT, doubtful], "").route(1)[0].hard is None
    proven = in_order([ROOT, doubtful, end("a\n", "b\n", verdict=RIGHT)], "")
    assert proven.route(1)[0].hard == 1
    assert not proven.contradicted(1)
