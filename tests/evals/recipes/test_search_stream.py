"""Stream-of-search traces: depth first, the way back told, the right branch last."""

from hypothesis import given

from evals.extraction import find_answer
from evals.recipes.attempts import Attempt, by_problem
from evals.recipes.search_stream import search_streams, stream, way_back
from evals.recipes.step_tree import Node, tree_of, walk
from tests.evals.recipes.attempts import attempt, many, wrong


def fits(prompt: str, completion: str) -> bool:
    return True


def end(text: str, value: float | None, name: str = "") -> Node:
    return Node(text, (), value, (name or text.strip(),))


class TestTree:
    def test_attempts_share_the_steps_that_they_share(self) -> None:
        tree = tree_of([attempt("a", "x\n", "y\n"), wrong("b", "x\n", "z\n")])
        [shared] = tree.children
        assert (tree.text, shared.text) == ("", "x\n")
        assert [(each.text, each.value, each.ids) for each in shared.children] == [
            ("y\n", 1, ("a",)),
            ("z\n", 0, ("b",)),
        ]

    def test_values_are_labels_and_a_success_wins(self) -> None:
        tree = tree_of([wrong("a", "x\n", "y\n", hard=(False, False)), attempt("b", "x\n", "z\n", hard=(True, True))])
        assert tree.children[0].value == 1

    def test_a_step_without_label_has_no_value(self) -> None:
        assert tree_of([attempt("a", "x\n", "y\n", hard=(None, True))]).children[0].value is None

    def test_an_attempt_that_ends_inside_another_keeps_its_own_end(self) -> None:
        tree = tree_of([wrong("a", "x\n"), attempt("b", "x\n", "y\n")])
        assert [(each.text, each.value, each.ids) for each in tree.children[0].children] == [
            ("y\n", 1, ("b",)),
            ("", 0, ("a",)),
        ]

    @given(many())
    def test_paths_to_ends_spell_the_attempts(self, attempts: list[Attempt]) -> None:
        for group in by_problem(attempts).values():
            spelled: dict[str, str] = {}
            paths = [(tree_of(group), "")]
            while paths:
                node, before = paths.pop()
                spelled.update(dict.fromkeys(node.ids, before + node.text))
                paths += [(child, before + node.text) for child in node.children]
            assert spelled == {each.trace_id: each.text for each in group}

    def test_a_trace_of_ten_thousand_steps_is_no_problem(self) -> None:
        steps = [f"{i}\n" for i in range(10_000)]
        tree = tree_of([attempt("a", *steps), wrong("b", *steps[:-1], "no\n")])
        assert sum(1 for _ in walk(tree)) == 10_002
        walked = stream(tree, 2)
        assert walked is not None
        assert walked.text.endswith(f"no\n{way_back(9999)}9999\n")


class TestStream:
    def test_wrong_branches_come_first_and_the_way_back_is_told(self) -> None:
        tree = Node("", (Node("a\n", (end("b\n", 1), end("c\n", 0))), end("d\n", 0)))
        walked = stream(tree, 5)
        assert walked is not None
        assert walked.text == f"d\n{way_back(0)}a\nc\n{way_back(1)}b\n"
        assert (walked.dead_ends, walked.ids, walked.answer_from) == (2, ("d", "c", "b"), "a\nb\n")

    def test_a_branch_is_left_at_its_first_step_of_value_0(self) -> None:
        tree = Node("", (Node("bad\n", (end("further\n", 0),), 0.0), end("good\n", 1)))
        walked = stream(tree, 5)
        assert walked is not None
        assert walked.text == f"bad\n{way_back(0)}good\n"
        assert walked.ids == ("further", "good")

    def test_without_values_a_branch_is_walked_to_its_wrong_end(self) -> None:
        walked = stream(Node("", (Node("bad\n", (end("further", 0),)), end("good\n", 1))), 5)
        assert walked is not None
        assert walked.text == f"bad\nfurther\n{way_back(0)}good\n"

    def test_the_way_back_from_two_exhausted_levels_is_told_once(self) -> None:
        tree = Node("", (Node("a\n", (Node("b\n", (end("c\n", 0),)),)), end("good\n", 1)))
        walked = stream(tree, 5)
        assert walked is not None
        assert walked.text == f"a\nb\nc\n{way_back(0)}good\n"

    def test_a_label_that_a_right_end_contradicts_is_not_believed(self) -> None:
        walked = stream(Node("", (Node("a\n", (end("good\n", 1),), 0.0),)), 5)
        assert walked is not None
        assert walked.text == "a\ngood\n"

    def test_what_is_not_known_to_be_wrong_is_not_walked(self) -> None:
        walked = stream(Node("", (Node("a\n", (end("cut off", None),)), end("good\n", 1))), 5)
        assert walked is not None
        assert walked.text == "good\n"

    def test_dead_ends_are_limited(self) -> None:
        walked = stream(Node("", (*(end(f"{i}\n", 0) for i in range(5)), end("good\n", 1))), 2)
        assert walked is not None
        assert walked.dead_ends == 2

    def test_a_tree_without_a_right_end_has_no_stream(self) -> None:
        assert stream(Node("", (end("a\n", 0),)), 2) is None
        assert stream(Node("", (), 1.0), 2) is None, "a root alone is no attempt"


class TestRows:
    def test_a_row_names_the_traces_it_walked(self) -> None:
        attempts = [wrong("w", "x\n", "y\n", "#### 3"), attempt("r", "x\n", "#### 2"), attempt("s", "z\n", "#### 2")]
        selection = search_streams(attempts, fits)
        [row] = selection.rows
        assert row.completion == f"x\ny\n#### 3\n{way_back(1)}#### 2"
        assert row.trace_ids == ("w", "r")
        assert row.why == "depth-first search; dead ends before the right branch: 1"
        assert selection.left == {"s": "not_walked"}

    def test_dead_ends_are_left_out_until_the_row_fits(self) -> None:
        attempts = [wrong("v", "#### 3"), wrong("w", "x" * 40, "#### 3"), attempt("r", "#### 2")]
        [row] = search_streams(attempts, lambda prompt, completion: len(completion) < 80).rows
        assert row.trace_ids == ("v", "r")
        assert not search_streams(attempts, lambda prompt, completion: len(completion) < 20).rows

    def test_problems_without_a_detour_or_an_arrival_say_so(self) -> None:
        assert search_streams([attempt("r", "x\n", "#### 2")], fits).left == {"r": "no_dead_end"}
        assert search_streams([wrong("w", "x\n", "#### 2")], fits).left == {"w": "no_right_attempt"}

    @given(many())
    def test_a_stream_states_the_right_answer(self, attempts: list[Attempt]) -> None:
        for row in search_streams(attempts, fits).rows:
            stated = find_answer(row.completion)
            assert stated is not None
            assert stated.text == "5"
