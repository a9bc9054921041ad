"""Template files in GSM-Symbolic's form, made for these tests, and hostile ones."""

import time
from typing import Any

import pytest

from evals.perturb.template_expressions import evaluate
from evals.perturb.templates import instantiate
from evals.perturb.variant import Refusal, Variant

QUESTION = """{name,Ann} has {x,5} pens and buys {y,3} more on {d,Monday}. How many pens are there?
#init:
- name = sample(names)
- d = sample(holidays)
- $x = range(2, 20)
- $y = range(2, 20)
#conditions:
- x > y
- is_int((x + y) / 2)
#answer: {answer}"""
SOLUTION = "{name} has {x}+{y} = <<{x}+{y}={x+y}>>{x+y} pens.\n#### {x+y}"


def record(answer: str = "x + y", init: str = "range(2, 20)", stated: str = "8") -> dict[str, Any]:
    question = QUESTION.replace("{answer}", answer).replace("range(2, 20)", init)
    return {"id_orig": 1, "question_annotated": question, "answer_annotated": SOLUTION, "answer": f"#### {stated}"}


def test_instances_fulfil_the_conditions_and_state_the_answer() -> None:
    found = instantiate(record(), 20, seed=3)
    assert len({v.question for v in found if isinstance(v, Variant)}) == 20
    for variant in found:
        assert isinstance(variant, Variant)
        x, y = (int(variant.certificate.changes[name]) for name in "xy")
        assert x > y
        assert (x + y) % 2 == 0
        assert variant.answer == str(x + y)
        assert f"has {x} pens and buys {y} more on Monday" in variant.question
        assert variant.solution.endswith(f"= <<{x}+{y}={x + y}>>{x + y} pens.\n#### {x + y}")


def test_the_same_seed_gives_the_same_instances() -> None:
    assert instantiate(record(), 5, 9) == instantiate(record(), 5, 9)
    assert instantiate(record(), 5, 9) != instantiate(record(), 5, 10)


def test_a_template_that_contradicts_its_own_answer_is_refused() -> None:
    [refusal] = instantiate(record(stated="9"), 5, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "contradictory template"


@pytest.mark.parametrize(
    "hostile",
    [
        "().__class__.__bases__[0]", "9**9**9**9", "[x for x in range(10**9)]", "(lambda: 1)()", "range(10**12)",
        "__import__('os').system('ls')", "'a' * 10**9", "1/0", "(" * 199 + ")" * 199, "10**100", "round(5, -10**9)",
        "open('x')", "f'{x}'", "x if", "sum(range(10000), range(10000))", "eval('1')", "x := 3", "max(*range(9))",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["answer", "init"])
def test_a_hostile_expression_is_refused_at_once(hostile: str, place: str) -> None:
    start = time.process_time()
    found = instantiate(record(**{place: hostile}), 3, 1)
    assert all(isinstance(each, Refusal) and each.reason for each in found)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("broken", [{}, {"question_annotated": "a", "answer_annotated": "b", "answer": "#### 1"}])
def test_what_is_no_template_is_refused(broken: dict[str, Any]) -> None:
    [refusal] = instantiate(broken, 1, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "no template"


def test_expressions_are_exact() -> None:
    assert evaluate("0.1 + 0.2 == 0.3", {}) is True
    assert evaluate("divides(12, n) and not divides(n, 5)", {"n": 4}) is True
    assert evaluate("10 if 2 < x <= 5 else 0", {"x": 5}) == 10


def test_no_instance_divides_the_smaller_by_the_larger() -> None:
    shared = {
        "question_annotated": "{n,24} slices for {k,4} friends?\n#init:\n- $n = range(2, 40)\n- $k = range(2, 40)\n"
        "#conditions:\n- divides(n, k)\n#answer: n // k",
        "answer_annotated": "#### {n//k}",
        "answer": "#### 6",
    }
    found = instantiate(shared, 20, seed=1)
    assert all(isinstance(each, Variant) and each.answer != "0" for each in found)
    assert evaluate("divides(4, 12)", {}) is False
    assert evaluate("divides(4, 0)", {}) is False


def template(conditions: str = "", text: str = "", solution: str = SOLUTION, init: str = "") -> dict[str, Any]:
    question = f"{{x,5}} pens and {{y,3}} pens{text}\n#init:\n- $x = range(2, 20)\n- $y = range(2, 20)\n{init}\n"
    return record() | {
        "question_annotated": f"{question}#conditions:\n{conditions}\n#answer: x + y",
        "answer_annotated": solution,
    }


@pytest.mark.parametrize(
    "endless",
    [
        template("\n".join(["- sum(range(9999)) > 0"] * 700 + ["- x > 100"])),
        template(init="\n".join(f"- $z{i} = np.arange(0, 1, 1/9999)" for i in range(50))),
        template("- sum(np.arange(0, 1, 1/9999)) > 3\n- x > 100"),
        template("- " + "+".join(["7**40"] * 50) + " < 0"),
        template(text="{sum(range(9999))}" * 900),
        template(solution="{sum(range(9999))}" * 900),
        template(text="{" + " " * 15_000),
        template(text="{a ," + " " * 12_000),
        template(init="- $x " + " " * 9_000 + "y"),
    ],
)
def test_a_template_that_costs_more_than_a_template_should_is_refused_at_once(endless: dict[str, Any]) -> None:
    start = time.process_time()
    found = instantiate(endless, 5, 1)
    assert all(isinstance(each, Refusal) and each.reason for each in found)
    assert time.process_time() - start < 1
