"""The golds of `numbers` are held against a template's own formula, and a formula that says otherwise is noticed."""

from collections import Counter
from typing import Any

from benchmarks.perturb_templates import compared

TEXT = "{name,Ann} has {x,31} pens and buys {y,4} boxes of {z,12} pens. How many pens does {name,Ann} have?"


def record(formula: str = "x + y * z", stated: str = "79") -> dict[str, Any]:
    init = "#init:\n- name = sample(names)\n- $x = range(9, 99)\n- $y = range(3, 9)\n- $z = range(9, 99)\n"
    solution = "She buys 4*12=<<4*12=48>>48 pens and has 31+48=<<31+48=79>>79.\n#### "
    return {
        "question": "Ann has 31 pens and buys 4 boxes of 12 pens. How many pens does Ann have?",
        "answer": solution + stated,
        "question_annotated": f"{TEXT}\n{init}#answer: {formula}",
        "answer_annotated": "#### {x + y * z}",
    }


def verdicts(template: dict[str, Any]) -> Counter[str]:
    return Counter(verdict for verdict, _ in compared(template))


def test_golds_are_what_the_formula_gives() -> None:
    [(verdict, count)] = verdicts(record()).items()
    assert verdict == "agree"
    assert count > 10


def test_a_formula_that_is_right_at_the_defaults_alone_differs() -> None:
    assert verdicts(record("x + 48"))["differ"] > 10


def test_number_words_are_read_beyond_the_range_of_the_template() -> None:
    init = "- t_txt, t_val = range_str(4, 6, 1, numbers)\n#answer: x + t_val * z"
    words = record() | {
        "question": record()["question"].replace("4 boxes", "four boxes"),
        "question_annotated": record()["question_annotated"]
        .replace("{y,4}", "{t_txt,four}")
        .replace("#answer: x + y * z", init),
    }
    [(verdict, count)] = verdicts(words).items()
    assert verdict == "agree"
    assert count > 10


def test_what_cannot_be_compared_is_said() -> None:
    assert verdicts(record("x + y")) == {"no formula at the defaults": 1}
    assert verdicts(record("x + y * w")) == {"no formula at the defaults": 1}
    assert verdicts(record(stated="80")) == {"refused by numbers": 1}
    other = record() | {"question_annotated": record()["question_annotated"].replace("buys", "gets")}
    assert verdicts(other) == {"no formula at the defaults": 1}
