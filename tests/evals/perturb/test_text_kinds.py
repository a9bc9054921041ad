"""Names, objects, order, distractors and paraphrases: the text changes, the gold does not."""

import re
from collections import Counter

import pytest

from evals.perturb.kinds import KINDS, perturb
from evals.perturb.names import people
from evals.perturb.numerals import numerals
from evals.perturb.paraphrase import check, prompt
from evals.perturb.sentences import split
from evals.perturb.variant import Kind, Refusal, Refused, SeedProblem, Variant
from tests.evals.perturb.made import ALL, BREAD, FRUIT, SHARES


def variants(problem: SeedProblem, kind: Kind, count: int = 5, seed: int = 3) -> list[Variant]:
    return [each for each in perturb(problem, kind, count, seed) if isinstance(each, Variant)]


def figures(text: str) -> Counter[object]:
    return Counter(n.value for n in numerals(text))


@pytest.mark.parametrize("problem", ALL)
@pytest.mark.parametrize("kind", ["names", "objects", "order", "identity"])
def test_kinds_of_words_leave_every_number(problem: SeedProblem, kind: Kind) -> None:
    for variant in variants(problem, kind):
        assert figures(variant.question) == figures(problem.question)
        assert variant.answer == problem.answer


def test_a_person_has_one_new_name_of_the_same_pronoun_everywhere() -> None:
    for variant in variants(BREAD, "names"):
        new = variant.certificate.changes["Hannah"]
        assert "Hannah" not in variant.question + variant.solution
        assert people(variant.question) == {new: "she"}
        assert variant.solution.startswith(f"{new} bakes")


@pytest.mark.parametrize(
    "question",
    [
        "Will the 5 trains from Paris be late? How many are on time of 9?",
        "Mrs. Johnson has 5 pens. How many pens has she?",
        "In May the shop sold 5 pens. How many did it sell?",
        "He sold 5 pens for $3 each. What's the price of all pens?",
        "The Rose family owns 5 cars. How many cars are there?",
        "She has 14 Petri dishes and half as many Trek bikes. How many has she?",
    ],
)
def test_words_places_titles_and_months_are_no_first_names(question: str) -> None:
    assert people(question) == {}


def test_a_question_about_letters_keeps_its_names() -> None:
    problem = SeedProblem("Hannah has 5 letters in her name, how many letters have 3 of her cards?", "#### 15")
    [refusal] = perturb(problem, "names", 1, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason in {"names matter", "no known name"}


def test_an_object_is_exchanged_in_singular_and_plural_with_its_article() -> None:
    problem = SeedProblem(
        "Tom has 5 pears and an apple. How many pears and apples has he?", "5 pears + 1 apple = 6\n#### 6"
    )
    for variant in variants(problem, "objects"):
        (old, new), (olds, news) = variant.certificate.changes.items()
        assert not re.search(rf"\b(?:{old}|{olds})\b", variant.question + variant.solution)
        article = "an" if new[0] in "aeiou" else "a"
        assert old == "pear" or f" {article} {new}." in variant.question
        assert news in variant.question


@pytest.mark.parametrize(
    "text",
    [
        "apple pie with 5 apples",
        "a statue of marble and 5 marbles",
        "the bench press of 5 benches",
        "a set of 5 mixing bowls",
        "a farm with 5 guinea pigs",
    ],
)
def test_a_compound_is_no_object(text: str) -> None:
    assert variants(SeedProblem(f"Tom has an {text}. How many has he?", "#### 5"), "objects") == []


@pytest.mark.parametrize(
    "text",
    [
        "5 blue tulips and 3 red ones",
        "5 puppies, all of them beagles",
        "5 crayons of 3 colors",
        "a dog and 5 puppies",
        "5 rodents, 3 of them hamsters",
    ],
)
def test_what_tells_objects_of_a_sort_apart_keeps_them(text: str) -> None:
    [refusal] = perturb(SeedProblem(f"Tom has {text}. How many has he?", "#### 5"), "objects", 1, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason in {"the object matters", "no exchangeable object"}


@pytest.mark.parametrize(
    "pair",
    [
        ("Boris has 9 pens.", "Maria has 3 more pens than Boris."),
        ("Maria is 3 times as old as Boris.", "Boris is 4 years older than Wanda."),
        ("Boris's bag weighs 9 kg.", "Maria's bag weighs 3 kg more than Boris's bag."),
    ],
)
def test_a_comparison_may_come_before_what_it_compares_with(pair: tuple[str, str]) -> None:
    [variant] = variants(SeedProblem(f"{pair[0]} {pair[1]} How many is that?", "#### 8"), "order")
    assert variant.question == f"{pair[1]} {pair[0]} How many is that?"


def test_independent_sentences_change_places() -> None:
    [variant] = variants(FRUIT, "order", 1)
    assert Counter(split(variant.question).parts) == Counter(split(FRUIT.question).parts)
    assert variant.question != FRUIT.question
    assert split(variant.question).parts[-1] == split(FRUIT.question).parts[-1]


@pytest.mark.parametrize(
    "question",
    [
        "Ann has 5 pens. She buys 3 pens. How many pens has she?",
        "Ann has 5 pens. Bob has 3 more. How many pens have they?",
        "A box costs $5. The box holds 3 pens. What is the price of 9 pens?",
        "Ann ate 5 plums. Ann bought 3 plums. How many plums has Ann?",
        "Dana bought 9 plums at a shop. Olga ate 2 of the fruit. How many are left?",
        "Bob has 3 pens. Cal took half of the pens. How many pens are there?",
        "Tom has 5 pens. Bob has 3 pens. He loses 2 pens. How many pens has Bob?",
        "Tim paints a room with 4 walls. The north and south walls are 9 feet high. How many feet is that?",
        "Cole hid 24 eggs in a yard. Lamar finds 5 eggs. How many eggs are hidden?",
        "Sue bakes a pie. She cuts 8 pieces. Sue and her dad each have a piece. How much is left?",
        "Kate asked for 3 boxes of chalk. The teacher agreed. Kate took 2 boxes home. How many boxes are there?",
        "Jo and Tip are 9 and 3 years old. When you add all our ages, you get 20. How old is Kim?",
        "Bob has 7 fish in a pond. 3 were red, and 4 were white. How many fish has he?",
        "Ann wrote an essay of 90 words. Bob wrote one of double length and 30 words. How many are that?",
        "Ann picked 44 flowers. Thirteen of the flowers were red. How many flowers were not?",
        "A card costs $12. When Ivan bought ten pieces, 2 were free. How much did Ivan pay?",
        "A firm has 4 vans that hold 9 people. 6 cars that hold 4 people, and 3 bikes. How many people fit in?",
    ],
)
def test_sentences_that_hang_together_stay(question: str) -> None:
    assert variants(SeedProblem(question, "#### 8"), "order") == []


@pytest.mark.parametrize("problem", ALL)
def test_a_distractor_adds_one_sentence_with_a_new_number(problem: SeedProblem) -> None:
    for variant in variants(problem, "distractor"):
        inserted = variant.certificate.changes["inserted"]
        assert variant.question.replace(inserted, "").split() == problem.question.split()
        [new] = numerals(inserted)
        assert new.value not in figures(problem.question + problem.solution)
        assert variant.solution == problem.solution


def test_a_topic_whose_numbers_the_problem_has_already_is_none() -> None:
    listed = ", ".join(str(number) for number in range(4, 21))
    problem = SeedProblem(f"Ann has boxes of {listed} pens. How many pens has Ann?", "#### 204")
    for variant in variants(problem, "distractor", 60):
        [new] = numerals(variant.certificate.changes["inserted"])
        assert new.value not in figures(problem.question)


def test_a_question_about_everything_gets_no_distractor() -> None:
    problem = SeedProblem("Ann has 5 pens and 3 cups. How many items are there?", "#### 8")
    [refusal] = perturb(problem, "distractor", 1, 1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "a vague question"


def test_a_person_does_not_stand_between_a_pronoun_and_its_person() -> None:
    for variant in variants(BREAD, "distractor", 12):
        if " named " in variant.certificate.changes["inserted"]:
            assert variant.certificate.changes["before sentence"] == "1"


def test_names_and_numbers_change_together() -> None:
    for variant in variants(BREAD, "names+numbers"):
        assert "Hannah" not in variant.question
        assert variant.certificate.graph
        assert figures(variant.question) != figures(BREAD.question)


def test_identity_is_the_seed_as_often_as_asked() -> None:
    assert [v.question for v in variants(SHARES, "identity", 4)] == [SHARES.question] * 4


def test_rows_hold_plain_values_and_one_id_each() -> None:
    rows = [variant.row() for kind in KINDS for variant in variants(BREAD, kind)]
    assert len({row["variant_id"] for row in rows}) == len(rows)
    assert all(isinstance(value, str | int) for row in rows for value in row.values())


def test_a_faithful_rewording_is_kept_with_the_gold() -> None:
    text = (
        "Each day for 6 days, Hannah bakes 14 loaves of bread. Every loaf sells for $5, and the flour costs her $120. "
        "What amount of dollars does she keep?"
    )
    assert BREAD.question in prompt(BREAD)
    draft = check(BREAD, text)
    assert (draft.question, draft.answer) == (text, "300")


def test_what_is_said_of_each_may_be_said_in_other_words() -> None:
    problem = SeedProblem("Ann earns $12 an hour. What does she earn in 5 hours?", "#### 60")
    assert check(problem, "For every hour Ann is paid $12. What does she get for 5 hours?").answer == "60"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Hannah bakes 14 loaves a day for 7 days at $5 with $120 of costs. How many dollars does she keep?",
            "other numbers",
        ),
        (
            "Emily bakes 14 loaves a day for 6 days, each sold at $5, flour $120. How many dollars does she keep?",
            "other people",
        ),
        (
            "Hannah bakes 14 loaves a day for 6 days, each sold at $5, flour $120. She keeps many dollars.",
            "no single question",
        ),
        (
            "Hannah bakes 14 loaves in a day, for 6 days, sold at $5. Flour is $120. How many dollars does she keep?",
            "other distribution",
        ),
        (BREAD.question, "not reworded"),
    ],
)
def test_an_unfaithful_rewording_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        check(BREAD, text)
    assert refused.value.reason == reason


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="no kind 'verbs'"):
        perturb(BREAD, "verbs", 1, 1)  # type: ignore[arg-type]
