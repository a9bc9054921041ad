"""Pictures of trees: what a person must be able to see."""

import re
from xml.etree import ElementTree

import pytest

from tasks.trees.drawing import LARGEST_TEXT, best_to_show, boxes, mermaid, svg
from tests.tasks.trees.test_paths import NODES, node

SVG = "{http://www.w3.org/2000/svg}"
TREE = [row | {"first_error": 2 if row["node_id"] == "lost" else None} for row in NODES]


def texts(drawn: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(drawn).iter(f"{SVG}text")]


def styles(drawn: str) -> list[str]:
    boxes = list(ElementTree.fromstring(drawn).iter(f"{SVG}rect"))[1:]
    return [box.attrib["style"] for box in boxes]


def test_every_node_is_a_box_with_its_steps_and_counts():
    told = texts(svg(TREE, "How many eggs?"))
    assert told[0] == "How many eggs?"
    for text in ("the question", "2 of 4 right", "a", "b", "3 of 4 right", "c", "0 of 4 right · first error", "#### 6"):
        assert text in told, text
    assert len(styles(svg(TREE))) == len(TREE)


def test_the_first_error_alone_has_a_heavy_border():
    heavy = ["stroke-width:3" in style for style in styles(svg(TREE))]
    assert heavy == [False, False, True, False, False]


def test_colour_goes_from_red_to_green_with_the_share_of_right_rollouts():
    found = [styles(svg([node("root", None, right=right, wrong=8 - right)]))[0] for right in range(9)]
    channels = [re.match("fill:#(..)(..)", style) for style in found]
    green_minus_red = [int(each[2], 16) - int(each[1], 16) for each in channels if each]
    assert green_minus_red == sorted(green_minus_red)
    assert green_minus_red[0] < 0 < green_minus_red[-1]
    assert len(set(green_minus_red)) == 9


def test_a_contradicted_node_is_dashed_and_says_so():
    drawn = svg([*TREE[:2], TREE[2] | {"contradicted": True, "proven": True}, *TREE[3:]])
    assert [("dasharray" in style) for style in styles(drawn)] == [False, False, True, False, False]
    assert "0 of 4 right · contradicted · first error" in texts(drawn)


def test_right_solutions_below_one_prefix_are_one_box():
    more = [node(f"home{i}", "good", f"y{i}\n", right=1, verdict="correct") for i in range(3)]
    assert "✓ 4 right solutions" in texts(svg([*TREE, *more]))
    assert len(styles(svg([*TREE, *more]))) == len(TREE)


def test_solutions_that_went_wrong_before_a_prefix_are_one_box_below_it():
    late = [node(f"late{i}", "bad", f"y{i}\n", wrong=1, verdict="wrong", first_error=2) for i in range(3)]
    here = [node(f"here{i}", "good", f"z{i}\n", wrong=1, verdict="wrong", first_error=2) for i in range(3)]
    drawn = svg([*TREE, *late, *here])
    assert "✗ 4 wrong solutions" in texts(drawn)
    assert len(styles(drawn)) == len(TREE) + len(here), "what goes wrong in its own edge is a box of its own"


def test_boxes_do_not_overlap():
    wide = [node(f"w{i}", "root", *(f"step {i}.{j}\n" for j in range(i))) for i in range(1, 8)]
    deep = [node(f"d{i}", "good" if i == 0 else f"d{i - 1}", "x\n", wrong=4) for i in range(6)]
    drawn = ElementTree.fromstring(svg([*TREE, *wide, *deep]))
    found = [
        tuple(float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        for box in list(drawn.iter(f"{SVG}rect"))[1:]
    ]
    assert len(found) == len(TREE) + 13
    for place, (x, y, width, height) in enumerate(found):
        for x2, y2, _, height2 in found[place + 1 :]:
            assert abs(x - x2) >= width or y + height <= y2 or y2 + height2 <= y
        assert x + width <= float(drawn.attrib["width"])
        assert y + height <= float(drawn.attrib["height"])


def test_any_text_gives_a_picture_that_can_be_read():
    nasty = [node("root", None, right=1), node("n", "root", 'a < b & "c" `d`; #\n', wrong=1)]
    assert 'a < b & "c" `d`; #' in texts(svg(nasty, "<script>"))
    label = mermaid(nasty).splitlines()[3]
    assert re.fullmatch(r' +nn\["a #60; b #38; #34;c#34; #96;d#96;#59; #35;<br/>0 of 1 right"\]', label)


def test_the_mermaid_text_has_the_same_boxes_and_edges():
    lines = mermaid(TREE).splitlines()
    assert lines[0] == "flowchart LR"
    edges = [line.strip() for line in lines if "-->" in line]
    assert edges == ["nroot --> ngood", "ngood --> nbad", "ngood --> rgood", "nbad --> nlost"]
    assert [line.split()[1] for line in lines if "stroke-width:4px" in line] == ["nbad"]


def test_the_tree_that_says_most_is_the_largest_readable_one():
    lone = [row | {"problem_id": "p2"} for row in NODES[:1]]
    huge = [node("r", None, right=1, wrong=1)] + [node(f"h{i}", "r", "x", wrong=1) for i in range(LARGEST_TEXT)]
    huge = [row | {"problem_id": "p3"} for row in huge]
    assert best_to_show([*lone, *TREE, *huge]) == TREE
    assert best_to_show(huge) == huge
    assert best_to_show([]) == []


def test_rows_of_two_trees_are_refused():
    with pytest.raises(ValueError, match="2 roots among 2 rows"):
        boxes([NODES[0], NODES[0] | {"node_id": "other"}])
