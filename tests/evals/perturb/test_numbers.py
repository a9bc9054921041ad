"""Resampled numbers: what a variant promises, checked without the package where that is possible."""

import random
import re
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.perturb.kinds import perturb
from evals.perturb.numbers import instances, plan
from evals.perturb.variant import Refusal, SeedProblem, Variant
from tests.evals.perturb.made import ALL, BREAD, HOURS, SHARES, computed, sources_agree


def variants(problem: SeedProblem, count: int = 10, seed: int = 7) -> list[Variant]:
    return [each for each in perturb(problem, "numbers", count, seed) if isinstance(each, Variant)]


@pytest.mark.parametrize("problem", ALL)
def test_the_gold_answer_is_what_the_certificate_computes(problem: SeedProblem) -> None:
    for variant in variants(problem):
        graph, mentions = variant.certificate.graph, variant.certificate.mentions
        assert graph
        for number, step in enumerate(graph):
            assert computed(step["postfix"], step["literals"]) == Fraction(step["value"])
            assert sources_agree(dict(step), number, graph, mentions)
        assert Fraction(variant.answer) == Fraction(graph[-1]["value"])
        assert variant.solution.endswith(f"#### {variant.answer}")


def test_every_annotation_of_the_new_solution_holds() -> None:
    for variant in variants(BREAD, 30):
        for left, right in re.findall(r"<<([\d*+-]+)=(\d+)>>", variant.solution):
            a, sign, b = re.fullmatch(r"(\d+)([*+-])(\d+)", left).groups()  # type: ignore[union-attr]
            assert {"*": int(a) * int(b), "+": int(a) + int(b), "-": int(a) - int(b)}[sign] == int(right)


def test_variants_are_distinct_and_none_is_the_seed() -> None:
    questions = [variant.question for variant in variants(BREAD, 20)]
    assert len(set(questions)) == 20
    assert BREAD.question not in questions


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_a_seed_gives_the_same_variants_and_a_longer_run_begins_with_them(seed: int) -> None:
    assert variants(SHARES, 6, seed)[:3] == variants(SHARES, 3, seed)


def test_whole_results_stay_whole_and_shares_below_the_whole() -> None:
    for variant in variants(SHARES, 20):
        assert re.fullmatch(r"\d+", variant.answer)
        percent = re.search(r"(\d+)%", variant.question)
        assert percent is not None
        assert 0 < int(percent[1]) < 100


def test_an_anchored_constant_stays() -> None:
    found = variants(HOURS)
    assert found
    assert all("*60=" in variant.solution and variant.certificate.tier == "anchored" for variant in found)
    assert all(re.search(r"\b(?:[3-9]|1\d|2[0-4]) hours", variant.question) for variant in found)


def test_a_literal_that_could_be_a_constant_is_not_resampled() -> None:
    problem = SeedProblem(
        "A shop sells 60 lamps an hour for 5 hours. How many lamps does it sell?",
        "It sells 60*5 = <<60*5=300>>300 lamps.\n#### 300",
    )
    assert all("sells 60 lamps" in variant.question for variant in variants(problem))


@pytest.mark.parametrize(
    ("question", "solution", "reason"),
    [
        ("Ann has 5 pens.", "She has 5.\n#### 5", "no annotations"),
        ("Ann has 5 pens.", "She has <<5*2=11>>11.\n#### 11", "contradictory annotation"),
        ("Ann has 5 pens.", "<<5*2=10>>10\nminus 4\n#### 6", "answer is not the last step"),
        ("Ann has 5 pens.", "<<5*37=185>>185\n#### 185", "a number without a source"),
        ("Ann has 5 pens and 7 cups.", "<<5+7=12>>12\n<<5*7=35>>35\n#### 35", "a step that nothing uses"),
        ("Ann has 5 pens.", "<<5*" + "9" * 400 + "=1>>1\n#### 1", "unreadable annotation"),
        ("Ann has 5 pens.", "<<" + "(" * 100 + "5" + ")" * 100 + "*2=10>>10\n#### 10", "unreadable annotation"),
        ("Ann has 5 pens.", "<<5.__class__*2=10>>10\n#### 10", "unreadable annotation"),
        ("Ann has 5 pens.", "no end", "no answer"),
        ("", "<<5*2=10>>10\n#### 10", "no question"),
        (
            "Ann has 13 liters of juice and 25 liters of tea. She spills 4 liters of juice. Of the 34 liters left, how "
            "many would 3 cups of the juice that she has now cost at $2 a liter?",
            "<<13-4=9>>9\n<<9*2=18>>18\n<<18+25-25=18>>18\n#### 18",
            "an implied number",
        ),
        ("Ann rounds 9 pens up to the nearest 4. How many?", "<<9*4=36>>36\n#### 36", "rounding"),
    ],
)
def test_what_cannot_be_certified_is_refused_with_its_reason(question: str, solution: str, reason: str) -> None:
    [refusal] = perturb(SeedProblem(question, solution), "numbers", 3, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert refusal.row()["detail"]


def test_two_sources_of_one_literal_change_together_or_not_at_all() -> None:
    problem = SeedProblem(
        "Tina has 6 boxes with 6 pens each. She buys 15 pens. How many pens has she?",
        "She has 6*6 = <<6*6=36>>36 pens.\nThen she has 36+15 = <<36+15=51>>51 pens.\n#### 51",
    )
    found = variants(problem)
    assert found
    for variant in found:
        boxes, pens = re.search(r"(\d+) boxes with (\d+) pens", variant.question).groups()  # type: ignore[union-attr]
        assert boxes == pens


@given(st.integers(10, 99), st.integers(3, 9), st.integers(10, 99))
@settings(max_examples=40, deadline=None)
def test_the_old_values_give_back_the_old_text(a: int, b: int, c: int) -> None:
    """`plan` renders the seed at its own values and refuses where that is not the seed, byte for byte."""
    problem = SeedProblem(
        f"Maria sorts {a} cards into {b} rows each and finds {c} cards more. How many cards has she?",
        f"She has {a}*{b} = <<{a}*{b}={a * b}>>{a * b} cards.\n"
        f"In all {a * b} + {c} = <<{a * b}+{c}={a * b + c}>>{a * b + c}.\n"
        f"#### {a * b + c}",
    )
    result = perturb(problem, "numbers", 1, 0)
    assert all(not isinstance(each, Refusal) or each.reason != "no round trip" for each in result)


@pytest.mark.parametrize(
    "parts",
    ["14 hens in a barn and 22 hens outside, which makes 36 hens", "14 red hens and 22 brown hens, so it has 36 hens"],
)
def test_a_total_that_the_text_states_beside_its_parts_stays(parts: str) -> None:
    problem = SeedProblem(
        f"A farm has {parts}. A hen eats 5 cups of corn at $3 a cup. How much does the corn cost?",
        "They eat 36*5 = <<36*5=180>>180 cups.\nThe corn costs 180*3 = $<<180*3=540>>540.\n#### 540",
    )
    found = variants(problem)
    assert found
    assert all(parts in variant.question for variant in found)


def test_an_unused_limit_is_not_crossed() -> None:
    problem = SeedProblem(
        "Ted has $200 with him. He buys 3 books for $16 each and 5 pencils for $4 each. How much does he spend?",
        "Books cost 3*16 = <<3*16=48>>48.\n"
        "Pencils cost 5*4 = <<5*4=20>>20.\nHe spends 48+20 = <<48+20=68>>68.\n#### 68",
    )
    found = variants(problem, 20)
    assert found
    assert all(int(each.answer) < 200 for each in found)


def test_a_count_of_something_that_no_step_uses_is_not_resampled_with_its_twin() -> None:
    problem = SeedProblem(
        "Each of 20 hens gets 3 cups of feed in 3 separate meals. In the morning they get 15 cups and at noon 25 cups. "
        "How many cups do they get in the evening?",
        "They get 20*3 = <<20*3=60>>60 cups.\nThat leaves 60-15-25 = <<60-15-25=20>>20 cups.\n#### 20",
    )
    found = variants(problem)
    assert found
    assert all("3 cups of feed in 3 separate meals" in each.question for each in found)


def test_numbers_that_break_a_step_without_annotation_are_no_instance() -> None:
    problem = SeedProblem(
        "Ann, Bo and Cy share 50 plums. Bo has 25 plums, 8 more than Ann. How many more plums than Cy has Bo?",
        "There are 50 - 25 = <<25=25>>25 plums left.\nAnn has 25 - 8 = <<25-8=17>>17 plums.\n"
        "Cy has 25 - 17 = <<25-17=8>>8 plums.\nBo has 25 - 8 = <<25-8=17>>17 more.\n#### 17",
    )
    [refusal] = perturb(problem, "numbers", 3, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "no instance"  # 50 - 25 = 25 holds for hardly any other number of plums


def test_a_number_said_once_is_not_resampled_where_a_step_multiplies_it_by_itself() -> None:
    problem = SeedProblem(
        "A ticket costs $4. Eva and all her friends go, as many as she has fingers without thumbs on one hand, and she "
        "pays $25 for snacks. How much does she pay?",
        "Tickets cost 4*4 = <<4*4=16>>16.\nShe pays 16+25 = <<16+25=41>>41.\n#### 41",
    )
    found = variants(problem)
    assert found
    assert all("A ticket costs $4." in variant.question for variant in found)


def test_nobody_becomes_older_than_people_are() -> None:
    problem = SeedProblem(
        "Ann is 9 years old. Her father is 4 times as old, and his mother 27 years older than he. How old is she?",
        "The father is 9*4 = <<9*4=36>>36.\nHis mother is 36+27 = <<36+27=63>>63.\n#### 63",
    )
    found = variants(problem, 20)
    assert found
    assert all(int(variant.answer) <= 100 for variant in found)


def test_an_answer_stays_below_the_number_of_what_it_counts() -> None:
    problem = SeedProblem(
        "A pupil must solve 70% of the questions of two tests. The first has 70 questions, and 42 of them were right. "
        "The second has 40 questions. How many questions of it must be right?",
        "There are 70+40 = <<70+40=110>>110.\nOf them 110*70/100 = <<110*70/100=77>>77 must be right.\n"
        "That leaves 77-42 = <<77-42=35>>35.\n#### 35",
    )
    found = variants(problem, 20)
    assert found
    for variant in found:
        size = re.search(r"second has (\d+)", variant.question)
        assert size is not None
        assert int(variant.answer) < int(size[1])


def test_words_per_minute_grow_as_they_did() -> None:
    problem = SeedProblem(
        "Jo types 46 words per minute (WPM). After lessons it is 52 WPM. What is half of the sum?",
        "The sum is 46+52 = <<46+52=98>>98, and half of it 98/2 = <<98/2=49>>49.\n#### 49",
    )
    found = variants(problem, 20)
    assert found
    for variant in found:
        first, then = map(int, re.findall(r"\d+", variant.question))
        assert first < then


def test_larger_is_refused_where_nothing_may_grow() -> None:
    problem = SeedProblem(
        "Ann is 9 years old. Bob is twice as old. How old are they together?",
        "Bob is 9*2 = <<9*2=18>>18.\nTogether 9+18 = <<9+18=27>>27.\n#### 27",
    )
    [refusal] = perturb(problem, "larger", 3, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "nothing may grow"


def test_larger_numbers_have_more_digits_and_right_answers() -> None:
    found = [each for each in perturb(BREAD, "larger", 5, 3) if isinstance(each, Variant)]
    assert found
    for variant in found:
        for step in variant.certificate.graph:
            assert computed(step["postfix"], step["literals"]) == Fraction(step["value"])
    assert max(len(variant.answer) for variant in found) > len(BREAD.answer)


@given(st.text(max_size=300), st.text(max_size=300))
@settings(deadline=None)
def test_no_text_raises(question: str, solution: str) -> None:
    for kind in ("numbers", "names", "objects", "order", "distractor"):
        assert perturb(SeedProblem(question, f"{solution}\n#### 5"), kind, 2, 1)  # type: ignore[arg-type]


def test_drawing_keeps_every_rule_of_the_plan() -> None:
    made = plan(BREAD)
    drafts = list(islice(instances(made, random.Random(1)), 5))
    assert len({draft.question for draft in drafts}) == 5
