import pytest

from evals.problems import Graph, Node
from evals.truth import equations, first_error, known_truths, step_faults, step_truths

GRAPH = Graph(
    quantities={"a": 6, "b": 12, "c": 5},
    nodes=(Node("t", "a", "*", "b", 72), Node("l", "t", "-", "c", 67)),
)


@pytest.mark.parametrize(
    ("steps", "truths"),
    [
        (["Step 1: 6 * 12 = 72\n", "Step 2: 72 - 5 = 67\n#### 67"], [True, True]),
        (["Step 1: 6 * 12 = 74\n", "Step 2: 74 - 5 = 69\n#### 69"], [False, False]),
        (["Step 1: 6 * 12 = 74\n", "Step 2: No, 6 * 12 = 72\n", "Step 3: 72 - 5 = 67\n#### 67"], [False, True, True]),
        (["Step 1: 6 + 12 = 18\n", "Step 2: 18 - 5 = 13\n#### 13"], [False, False]),
        (["Step 1: 72 - 5 = 67\n#### 67"], [False]),
        (["Step 1: 6 * 12 = 72\n", "Step 2: 72 - 5 = 67\n#### 76"], [True, False]),
        (["Step 1: 6 * 12 = 72\n", "Step 2: 72 - 5 = 67\n#### -67"], [True, False]),
        (["Step 1: I multiply.\n", "Step 2: 6 * 12 = 72"], [False, True]),
        (["The trays hold 6 * 12 = <<6*12=72>>72 rolls.\n", "So $72 - $5 = $67."], [True, True]),
    ],
    ids=["right", "wrong result", "corrected", "not of the graph", "result from nowhere", "wrong answer line",
         "lost sign", "no equation", "annotated"],
)  # fmt: skip
def test_steps_are_judged_by_equation_operands_and_graph(steps, truths):
    assert step_truths(GRAPH, steps) == truths


def test_a_division_must_be_exact_and_not_by_zero():
    assert equations("67 / 5 = 13")[0].holds() is False
    assert equations("5 / 0 = 0")[0].holds() is False
    assert equations("65 / 5 = 13")[0].holds() is True


def test_digits_without_end_are_no_number():
    """Python refuses to read more than 4,300 of them, and one runaway trace must not end a run."""
    endless = "1" * 5000
    for step in (f"6 * 12 = {endless}", f"{endless} - 5 = 67", f"6 * 12 = 72\n#### {endless}"):
        assert step_truths(GRAPH, [step]) == [False]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("6 * 12 = 74", "6 * 12 = 74 does not hold"),
        ("7 * 12 = 84", "in 7 * 12 = 84, 7 is neither in the question nor a result of a right step"),
        ("6 + 12 = 18", "6 + 12 = 18 is no step of the problem's computation"),
        ("I multiply.", "it states no equation"),
        ("6 * 12 = 72\n#### 72", "the answer 72 is not 67"),
        ("6 * 12 = 72\n#### 0,067", ""),
        ("6 * 12 = 72", ""),
    ],
)
def test_a_wrong_step_says_what_is_wrong_first(step, fault):
    assert step_faults(GRAPH, [step]) == [fault]


def test_the_first_error_is_minus_one_where_there_is_none():
    assert first_error([True, False, False]) == 1
    assert first_error([True]) == -1


def test_what_people_said_goes_before_the_graph_and_without_both_nothing_is_known():
    steps = ["6 * 12 = 72", "72 - 5 = 66"]
    assert known_truths(GRAPH.to_json(), steps) == [1, 0]
    assert known_truths(GRAPH.to_json(), steps, [0, None]) == [0, None]
    assert known_truths("", steps) == [None, None]
