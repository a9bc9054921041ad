"""Template files in GSM-Symbolic's form, made for these tests, and hostile ones."""

import time
from fractions import Fraction
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
        "sample(range(10**12))", "sample([1, 2], 10**9)", "sample(5)", "sample([])", "range_str(1, 10**9, 1, numbers)",
        "range_str(1, 9, 1, 7)", "sample(names, count=2)", "names[0]", "9" * 1900, "-" * 1900 + "1", "1+" * 900 + "x",
        "(" * 900 + "1" + ")" * 900, "ensure_int('a')", "ensure_int(1/3)", "[" * 150 + "]" * 150,
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


@pytest.mark.parametrize("where", ["question_annotated", "answer"])
def test_a_number_of_thousands_of_digits_is_refused(where: str) -> None:
    template = written("{x,5} pens", "- $x = range(2, 9)", "x", "5")
    [refusal] = instantiate(template | {where: template[where].replace("5", "9" * 5000)}, 3, 1)
    assert isinstance(refusal, Refusal)
    assert len(refusal.detail) < 200


def written(
    question: str, init: str, formula: str, stated: str, solution: str = "", conditions: str = ""
) -> dict[str, Any]:
    return {
        "question_annotated": f"{question}\n#init:\n{init}\n#conditions:\n{conditions}\n#answer: {formula}",
        "answer_annotated": f"{solution}\n#### {{{formula}}}",
        "answer": f"#### {stated}",
    }


def instances(template: dict[str, Any], count: int = 10) -> list[Variant]:
    found = instantiate(template, count, seed=2)
    assert all(isinstance(each, Variant) for each in found), found[-1]
    return [each for each in found if isinstance(each, Variant)]


PAIRS = "- m_txt, m_val = range_str(2, 9, 1, numbers)\n- $x = range(5, 50)"


def test_a_word_and_the_number_that_it_stands_for_are_drawn_together() -> None:
    template = written("Ann has {x,5} pens, Bob has {m_txt,three} times as many.", PAIRS, "m_val * x", "15")
    words = ["two", "three", "four", "five", "six", "seven", "eight"]
    for variant in instances(template):
        drawn = variant.certificate.changes
        assert f"Bob has {drawn['m_txt']} times" in variant.question
        assert variant.answer == str((words.index(drawn["m_txt"]) + 2) * int(drawn["x"]))


def test_what_a_word_of_the_text_stands_for_is_held_against_the_stated_answer() -> None:
    [refusal] = instantiate(written("{m_txt,three} times {x,5}", PAIRS, "m_val * x", "16"), 3, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "contradictory template"
    assert "gives 15" in refusal.detail


def test_a_hidden_value_is_not_certified_as_checked_at_the_defaults() -> None:
    shown = instances(written("{x,5} and {m_txt,three}", PAIRS, "m_val * x", "15"))
    hidden = instances(written("{x,5} and some", PAIRS, "m_val * x", "15"))
    assert "defaults give the stated answer" in shown[0].certificate.checks
    assert "defaults give the stated answer" not in hidden[0].certificate.checks


def test_shares_stay_shares_in_the_text_and_are_exact_in_the_answer() -> None:
    init = "- $f = sample(fractions)\n- part, share = sample(fraction_alnum)\n- $n = range(10, 90)"
    question = "Of {n,12} pens {f,1/3} are red. {part,half} of those are new."
    template = written(question, init, "ensure_int(n * f * share)", "2", conditions="- is_int(n * f)")
    for variant in instances(template):
        drawn = variant.certificate.changes
        assert f"{drawn['f']} are red" in variant.question
        assert Fraction(variant.answer) == int(drawn["n"]) * Fraction(drawn["f"]) * Fraction(drawn["share"])
        assert drawn["part"].capitalize() in variant.question


def test_functions_of_two_arguments_stand_in_a_solution() -> None:
    template = written("{x,2.5} dollars", "- $x = arange(1, 9, 0.25)", "x * 4", "10", "{round(x, 1)} and {max(x, 3)}")
    assert all("{" not in variant.solution for variant in instances(template))


def test_rare_values_are_found_by_searching_among_those_that_a_condition_rests_on() -> None:
    init = "- name = sample(names)\n- $a = range(100, 200)\n- $b = range(2, 200)"
    conditions = "- a == b + 97\n- b % 3 == 0"
    template = written("{name,Ann}: {a,121} {b,24}", init, "a + b", "145", conditions=conditions)
    assert len({variant.question for variant in instances(template)}) == 10


def test_an_instance_whose_annotation_does_not_hold_is_none() -> None:
    init = "- $x = range(2, 30)\n- $y = range(2, 30)"
    some = written("{x,12} by {y,4}", init, "x", "12", "<<{x}*{y}={x*y//10*10}>>")
    assert all(int(v.certificate.changes["x"]) * int(v.certificate.changes["y"]) % 10 == 0 for v in instances(some))
    [never] = instantiate(written("{x,12} by {y,4}", init, "x", "12", "<<{x}+{y}={x+y+1}>>"), 5, 1)
    assert isinstance(never, Refusal)
    assert never.reason == "no instance"
    assert "does not hold" in never.detail


def test_two_things_of_the_text_do_not_become_one_and_two_shares_may() -> None:
    init = "- a = sample(['pens', 'cups', 'hats'])\n- b = sample(['cups', 'hats'])\n- f = sample(fractions)\n"
    init += "- g = sample(fractions)\n- $x = range(10, 99)"
    template = written("{a,pens} and {b,cups}: {x,12}, {f,1/2}, {g,1/3}", init, "x", "12")
    drawn = [variant.certificate.changes for variant in instances(template, 60)]
    assert all(each["a"] != each["b"] for each in drawn)
    assert any(each["f"] == each["g"] for each in drawn)


def test_a_template_whose_conditions_are_too_rare_is_not_called_hostile() -> None:
    init = "\n".join(f"- ${v} = range(2, 400)" for v in "abc")
    conditions = "- a * b == c * 391\n- a + b == c + 21"
    template = written("{a,17} {b,23} {c,1}", init, "a + b + c", "41", conditions=conditions)
    refusal = instantiate(template, 5, 1)[-1]
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, "rare conditions" in refusal.detail) == ("too much work", True)
