"""Trees of prefixes: who is whose parent, and what a success further on proves."""

from evals.answers import Verdict
from evals.trees import Node, Rollout, in_order

RIGHT, WRONG, UNKNOWN = Verdict.correct, Verdict.wrong, Verdict.unknown


def prefix(*path: str, right: int = 0, wrong: int = 0, unknown: int = 0) -> Node:
    verdicts = [RIGHT] * right + [WRONG] * wrong + [UNKNOWN] * unknown
    return Node(path, tuple(Rollout("…", 1, verdict) for verdict in verdicts))


def end(*path: str, verdict: Verdict) -> Node:
    return Node(path, verdict=verdict)


ROOT = prefix(right=2, wrong=2)
GOOD = prefix("a\n", "b\n", right=1, wrong=3)
BAD = prefix("a\n", "b\n", "c\n", wrong=4)


def test_a_node_hangs_below_the_longest_prefix_that_it_passes_through():
    tree = in_order([ROOT, BAD, GOOD, end("a\n", "b\n", "c\n", "d\n", verdict=WRONG), prefix("x\n", wrong=4)], "")
    assert [node.text for node in tree.nodes] == ["", "a\nb\n", "a\nb\nc\n", "a\nb\nc\nd\n", "x\n"]
    assert tree.parents == (None, 0, 1, 2, 0)
    assert [tree.depth(place) for place in range(5)] == [0, 1, 2, 3, 1]
    assert [tree.edge(place) for place in range(5)] == [(), ("a\n", "b\n"), ("c\n",), ("d\n",), ("x\n",)]


def test_text_that_stops_inside_a_step_is_no_parent():
    tree = in_order([ROOT, prefix("1", wrong=4), prefix("12\n", right=4)], "")
    assert tree.parents == (None, 0, 0)


def test_a_whole_solution_is_nobodys_parent():
    tree = in_order([ROOT, end("a\n", verdict=WRONG), prefix("a\n", "b\n", right=1)], "")
    assert tree.parents == (None, 0, 0)


def test_a_success_proves_every_prefix_on_its_way():
    tree = in_order([ROOT, GOOD, BAD, prefix("a\n", unknown=4), end(*BAD.path, "d\n", verdict=WRONG)], "")
    assert {node.text: proven for node, proven in zip(tree.nodes, tree.proven, strict=True)} == {
        "": True,
        "a\n": True,
        "a\nb\n": True,
        "a\nb\nc\n": False,
        "a\nb\nc\nd\n": False,
    }
    assert not any(tree.contradicted(place) for place in range(5)), "a doubtful node is proven, not contradicted"


def test_a_success_below_a_bad_node_is_told():
    tree = in_order([ROOT, GOOD, BAD, end(*BAD.path, "d\n", "e\n", verdict=RIGHT)], "")
    assert [tree.contradicted(place) for place in range(4)] == [False, False, True, False]
    assert tree.nodes[2].label.hard == 0, "its own counts stay as they are"


def test_a_right_solution_proves_itself():
    assert in_order([ROOT, end("a\n", verdict=RIGHT), end("b\n", verdict=WRONG)], "").proven == (True, True, False)
