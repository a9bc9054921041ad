"""A sheet shows questions and no gold; what a reader filled in is compared with the gold of the same variants."""

import re

import pytest

from benchmarks.perturb_review import at_most, sheet, table, variant_of, verdicts

RECORDS = [
    {
        "question": f"Ann has {a} pens and buys {b} boxes of {c} pens. How many pens does Ann have?",
        "answer": f"She buys {b}*{c}=<<{b}*{c}={b * c}>>{b * c} pens.\nShe has {a}+{b * c}=<<{a}+{b * c}={a + b * c}>>"
        f"{a + b * c} pens.\n#### {a + b * c}",
    }
    for a, b, c in [(31, 4, 12), (45, 6, 13), (52, 7, 16)]
] + [{"question": "How many?", "answer": "#### 1"}]


def solved(question: str) -> int:
    a, b, c = map(int, re.findall("[0-9]+", question))
    return a + b * c


def filled(answer: str | None = None, oddity: str = "") -> list[dict[str, str]]:
    asked = sheet(RECORDS, "numbers", seed=5, count=9)
    return [
        {k: str(v) for k, v in each.items()}
        | {"answer": answer or f"{solved(each['question'])} pens", "oddity": oddity}
        for each in asked
    ]


def test_a_sheet_has_the_questions_of_all_problems_with_a_variant_and_neither_gold_nor_original() -> None:
    asked = sheet(RECORDS, "numbers", seed=5, count=9)
    assert {each["row"] for each in asked} == {0, 1, 2}
    for each in asked:
        assert set(each) == {"kind", "seed", "row", "question", "answer", "oddity"}
        assert each["answer"] == each["oddity"] == ""
        assert each["question"] != RECORDS[each["row"]]["question"]
    assert sheet(RECORDS, "numbers", seed=5, count=2) == asked[:2]


def test_a_template_is_asked_like_a_problem() -> None:
    text = "{x,5} pens and {y,3} pens: how many?\n#init:\n- $x = range(2, 99)\n- $y = range(2, 99)\n#answer: x + y"
    template = {"question_annotated": text, "answer_annotated": "#### {x+y}", "answer": "#### 8"}
    [asked] = sheet([template], "template", seed=1, count=5)
    x, y = map(int, re.findall("[0-9]+", asked["question"]))
    [row] = verdicts([template], [{k: str(v) for k, v in asked.items()} | {"answer": str(x + y)}], 1)
    assert (row["verdict"], row["tier"]) == ("right", "template")


def test_an_answer_that_is_the_gold_is_right_however_it_is_written() -> None:
    rows = list(verdicts(RECORDS, filled(oddity="a box of pens"), round_=7))
    assert [(r["verdict"], r["reason"], r["blind"], r["round"]) for r in rows] == [
        ("right", "a box of pens", "yes", 7)
    ] * 3


def test_an_answer_that_is_not_the_gold_differs_and_both_are_kept() -> None:
    for row in verdicts(RECORDS, filled("7"), round_=1):
        variant = variant_of(RECORDS[row["row"]], "numbers", 5)
        assert variant
        assert (row["verdict"], row["read"], row["reason"]) == ("differs", "7", f"gold {variant.answer}")


def test_what_a_reader_found_implausible_before_the_gold_is_the_verdict_of_a_right_answer_only() -> None:
    assert {(r["verdict"], r["reason"]) for r in verdicts(RECORDS, filled(oddity="implausible: too many"), 1)} == {
        ("implausible", "too many")
    }
    assert {r["verdict"] for r in verdicts(RECORDS, filled("7", "implausible: too many"), 1)} == {"differs"}


def test_a_sheet_without_an_answer_or_of_other_rules_is_refused_by_its_place() -> None:
    [first, *_] = filled()
    with pytest.raises(ValueError, match=f"numbers, seed 5, row {first['row']}: the column answer is empty"):
        list(verdicts(RECORDS, [first | {"answer": " "}], 1))
    with pytest.raises(ValueError, match="another question stands in the sheet"):
        list(verdicts(RECORDS, [first | {"question": "What else?"}], 1))


def test_the_limit_is_clopper_and_pearsons() -> None:
    assert at_most(0, 51) == pytest.approx(1 - 0.05 ** (1 / 51))  # where nothing is wrong it has this form
    assert at_most(1, 35) == pytest.approx(0.129, abs=0.0005)
    assert at_most(4, 4) == 1


def test_verdicts_are_counted_by_kind_and_by_tier_where_there_are_several() -> None:
    said = [("numbers", "clean", "right"), ("numbers", "tied", "wrong"), ("numbers", "tied", "seed")]
    said += [("names", "text", "right")] * 2
    rows = [{"kind": k, "tier": t, "verdict": v, "blind": "yes"} for k, t, v in said]
    _, lines = table(rows)
    assert [line[:6] for line in lines] == [
        ("names", "yes", "text", 2, 0, ""),
        ("numbers", "yes", "all tiers", 3, 1, "1 seed"),
        ("numbers", "yes", "clean", 1, 0, ""),
        ("numbers", "yes", "tied", 2, 1, "1 seed"),
    ]
