"""The filters together: every text has its measures, and reasons exactly where a threshold is passed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.filters.contamination import EvaluationQuestions
from evals.filters.screen import REASONS, Filters, Text, screen

NOTHING = EvaluationQuestions([])
GOOD = Text("How many eggs?", "There are 2 + 3 = 5 eggs.\n#### 5", "p", length=20, right=True)
DEFAULTS = Filters()
OFF = Filters(
    finished=False,
    max_foreign=None,
    max_repeated_lines=None,
    max_repeated_ngrams=None,
    max_compression=None,
    duplicates=None,
    contamination=None,
)


def reasons(
    *texts: Text, filters: Filters = DEFAULTS, evaluation: EvaluationQuestions = NOTHING
) -> list[tuple[str, ...]]:
    return [each.reasons for each in screen(texts, filters, evaluation)]


@pytest.mark.parametrize(
    ("text", "filters", "reason"),
    [
        (replace(GOOD, finished=False), Filters(), "unfinished"),
        (replace(GOOD, length=21), Filters(max_length=20), "over_length"),
        (replace(GOOD, text="There are 五 eggs."), Filters(), "language_mixing"),
        (replace(GOOD, text="Wait.\n" * 3), Filters(), "repetition"),
        (replace(GOOD, text="and so it goes on " * 40), Filters(), "repetition"),
        (replace(GOOD, labelled=False), Filters(bad_steps=True), "unlabelled"),
        (replace(GOOD, labelled=True, first_bad_step=0), Filters(bad_steps=True), "bad_step"),
    ],
)
def test_a_filter_rejects_what_passes_its_threshold(text: Text, filters: Filters, reason: str) -> None:
    assert reasons(text, filters=filters) == [(reason,)]
    assert reasons(text, filters=OFF) == [()], "and nothing is rejected by a filter that is off"


def test_what_reaches_a_threshold_passes() -> None:
    assert reasons(GOOD, filters=Filters(max_length=20)) == [()]
    assert reasons(replace(GOOD, labelled=True), filters=Filters(bad_steps=True)) == [()]


def test_a_wrong_solution_may_have_bad_steps() -> None:
    wrong = replace(GOOD, right=False, labelled=True, first_bad_step=0)
    assert reasons(wrong, filters=Filters(bad_steps=True)) == [()]


def test_an_evaluation_question_is_rejected_in_the_question_and_in_the_solution() -> None:
    planted = " ".join(f"word{i}" for i in range(20))
    evaluation = EvaluationQuestions([("test/q1", planted)])
    asked, recited = replace(GOOD, question=planted), replace(GOOD, text=f"It says: {planted}")
    assert reasons(asked, recited, GOOD, evaluation=evaluation) == [("contaminated",), ("contaminated",), ()]
    assert screen([asked], OFF, evaluation)[0].contaminated_by == "test/q1", (
        "the measure is kept where the filter is off"
    )


def test_an_overlap_up_to_the_threshold_passes() -> None:
    said = [f"word{i}" for i in range(26)]  # 14 n-grams, of which one is left
    evaluation = EvaluationQuestions([("q", " ".join(said))])
    text = replace(GOOD, question=" ".join([*said[:13], "x", *said[14:]]))
    assert reasons(text, evaluation=evaluation, filters=Filters(contamination=0.1)) == [()]
    assert reasons(text, evaluation=evaluation, filters=Filters(contamination=0.05)) == [("contaminated",)]


def test_a_duplicate_names_the_first_that_passed_the_other_filters() -> None:
    first, second, third = screen([replace(GOOD, finished=False), GOOD, GOOD], Filters(), NOTHING)
    assert (first.reasons, second.reasons, third.reasons) == (("unfinished",), (), ("duplicate",))
    assert third.duplicate_of == 1


def test_all_reasons_are_told() -> None:
    bad = replace(GOOD, finished=False, text="五\n五\n五", length=99)
    assert reasons(bad, filters=Filters(max_length=20)) == [
        ("unfinished", "over_length", "language_mixing", "repetition")
    ]


texts = st.builds(
    Text,
    question=st.sampled_from(["How many?", "幾個？"]),
    text=st.text(st.sampled_from("ab 五\n5"), max_size=30),
    group=st.integers(0, 1),
    finished=st.booleans(),
    length=st.integers(1, 9) | st.none(),
    right=st.booleans(),
    labelled=st.booleans(),
    first_bad_step=st.none() | st.just(1),
)
thresholds = st.builds(
    Filters,
    finished=st.booleans(),
    max_length=st.none() | st.integers(1, 9),
    max_foreign=st.none() | st.floats(0, 1),
    duplicates=st.none() | st.sampled_from([0.5, 1.0]),
    bad_steps=st.booleans(),
)


@given(st.lists(texts, max_size=8), thresholds)
def test_every_text_has_one_result_and_known_reasons(several: list[Text], filters: Filters) -> None:
    found = screen(several, filters, NOTHING)
    assert len(found) == len(several)
    for each in found:
        assert set(each.reasons) <= set(REASONS)
        assert (each.duplicate_of is not None) == (each.reasons == ("duplicate",))


@given(st.lists(texts, max_size=8), thresholds)
def test_loosening_a_filter_never_rejects_more_by_itself(several: list[Text], filters: Filters) -> None:
    loose = filters.model_copy(update={"max_foreign": None, "duplicates": None})
    strict = filters.model_copy(update={"duplicates": None})
    for before, after in zip(screen(several, strict, NOTHING), screen(several, loose, NOTHING), strict=True):
        assert set(after.reasons) <= set(before.reasons)


@given(st.lists(texts, max_size=6))
def test_measures_do_not_depend_on_the_thresholds(several: list[Text]) -> None:
    def measures(filters: Filters) -> list[tuple[float, ...]]:
        return [
            (each.foreign, each.repeated_lines, each.repeated_ngrams, each.compression, each.contamination)
            for each in screen(several, filters, NOTHING)
        ]

    assert measures(OFF) == measures(Filters())
