import random
import re
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.patterns import PATTERNS
from evals.patterns.pattern import NAMES, WORDS, pattern
from evals.problems import OPERATIONS, Graph, generate, right_order
from evals.truth import step_truths


def mask(question: str) -> str:
    """What is left of a question when names, objects, units and numbers are masked."""
    numbers = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    text = re.sub(r"\d[\d,]*", "#", question.lower())
    text = re.sub(rf"\b({numbers})\b", "#", text)
    for name, _ in NAMES:
        text = re.sub(rf"\b{name.lower()}\b", "@", text)
    for word in (word for options in WORDS.values() for word in options):
        text = re.sub(rf"\b{word}\b", "%", text)
    units = "dollars?|cents?|miles?|meters?|kilometers?|liters?|kilograms?|minutes?|hours?|days?|weeks?|months?"
    return re.sub(r"\b(she|he|her|his|him)\b", "~", re.sub(rf"\b({units})\b", "u", text))


def test_at_least_forty_surface_patterns_stay_distinct_when_masked():
    shapes: dict[str, set[str]] = {}
    for problem in generate(4000, seed=3, split="test"):
        shapes.setdefault(problem.pattern, set()).add(mask(problem.question))
    owners: dict[str, str] = {}
    for name, masked in shapes.items():
        for shape in masked:
            assert owners.setdefault(shape, name) == name, f"{name} and {owners[shape]} look alike when masked"
    assert len(shapes) >= 40


def test_patterns_have_two_to_six_steps_and_all_four_operations():
    steps = {len(p.steps) for p in PATTERNS.values()}
    assert steps == {2, 3, 4, 5, 6}
    assert {s.op for p in PATTERNS.values() for s in p.steps} == set(OPERATIONS)
    assert 5 <= sum(p.held_out for p in PATTERNS.values()) < len(PATTERNS) / 2


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_every_number_of_a_pattern_stands_in_its_text_and_is_used_by_a_step(name):
    p = PATTERNS[name]
    slots = set(re.findall(r"\{([a-z])\}", p.text))
    operands = {o for s in p.steps for o in (s.left, s.right)}
    assert slots == set(p.ranges)
    assert slots <= operands
    assert {s.name for s in p.steps[:-1]} <= operands, "a result that nothing uses is no step of this problem"


def test_the_same_seed_gives_the_same_problems_and_a_longer_run_only_adds():
    short = [p.row() for p in generate(20, seed=5)]
    assert short == [p.row() for p in islice(generate(40, seed=5), 20)]
    assert short != [p.row() for p in generate(20, seed=6)]


def test_training_and_test_problems_never_share_pattern_and_numbers():
    def keys(split):
        return {(p.pattern, tuple(sorted(p.graph.quantities.items()))) for p in generate(4000, seed=1, split=split)}

    assert not keys("train") & keys("test")
    assert {name for name, _ in keys("held_out")} == {name for name, p in PATTERNS.items() if p.held_out}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["train", "test", "held_out"]))
def test_gold_solutions_are_right_in_every_style_and_order(seed, split):
    (problem,) = generate(1, seed=seed, split=split)
    orders = [problem.graph.nodes, right_order(problem.graph, random.Random(seed))]
    for text in [
        problem.solution(),
        *(problem.write(s, o) for s in ("concise", "explained") for o in orders),
    ]:
        steps = re.split(r"(?<=\n)(?=Step \d+:)", text)
        assert len(steps) == len(problem.graph.nodes)
        assert step_truths(problem.graph, steps) == [True] * len(steps)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_annotations_evaluate_to_what_they_state(seed):
    (problem,) = generate(1, seed=seed)
    marks = re.findall(r"<<(\d+)([-+*/])(\d+)=(\d+)>>(\d+)", problem.solution())
    assert len(marks) == len(problem.graph.nodes)
    for left, op, right, result, written in marks:
        assert OPERATIONS[op](int(left), int(right)) == int(result) == int(written)
    assert marks[-1][3] == problem.answer


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_a_graph_survives_its_json_and_no_two_values_are_equal(seed):
    (problem,) = generate(1, seed=seed)
    assert Graph.from_json(problem.graph.to_json()) == problem.graph
    found = list(problem.graph.values().values())
    given_numbers = [v for k, v in problem.graph.quantities.items() if not k.isdigit()]
    assert len(set(found)) >= len(given_numbers) + len(problem.graph.nodes)


def test_no_braces_or_brackets_are_left_in_a_question():
    for problem in generate(500, seed=9, split="train"):
        assert not re.search(r"[{}\[\]|]", problem.question + problem.solution())
        assert problem.question[0] == problem.question[0].upper()


def test_a_malformed_step_names_its_pattern_and_line():
    with pytest.raises(ValueError, match="pattern odd: 'x is a' is not of the form"):
        pattern("odd", "{a}", "x is a", a=(1, 2))
