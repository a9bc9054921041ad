"""Files of the schema of ProcessBench and PRM800K; every text here is this project's own."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.annotations import AnnotationReading, annotated
from evals.records import BadRecord

PROCESSBENCH = {
    "id": "ours-0",
    "generator": "some-model",
    "problem": "What is 2 + 3 + 3?",
    "steps": ["First, 2 + 3 = 5.", "Then 5 + 3 = 9.", r"So it is \boxed{9}."],
    "final_answer_correct": False,
    "label": 1,
}


def completion(text, rating, flagged=None):
    return {"text": text, "rating": rating, "flagged": flagged}


def step(*completions, chosen=0, human=None):
    return {"completions": list(completions), "human_completion": human, "chosen_completion": chosen}


def prm800k(steps, finish_reason="solution", **question):
    return {
        "labeler": "a",
        "timestamp": "2026-01-02T03:04:05",
        "generation": None,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {"problem": "What is 2 + 3 + 3?", "ground_truth_answer": "8", **question},
        "label": {"steps": steps, "total_time": 1, "finish_reason": finish_reason},
    }


PHASE_2 = {
    "ground_truth_solution": "2 + 3 + 3 = 8",
    "pre_generated_steps": ["I add 2 and 3.", "That is 6.", "So 9.\n\n# Answer\n\n9"],
    "pre_generated_answer": "9",
    "pre_generated_verifier_score": 0.1,
}


def read(fields, form, **more):
    return annotated(fields, AnnotationReading(form, **more))


def refused(fields, form, **more):
    with pytest.raises(BadRecord) as caught:
        read(fields, form, **more)
    return caught.value


class TestProcessBench:
    def test_steps_before_the_label_are_right_and_those_behind_it_unknown(self):
        assert read(PROCESSBENCH, "processbench").truths == (1, 0, None)
        assert read({**PROCESSBENCH, "label": -1}, "processbench").truths == (1, 1, 1)

    def test_steps_stay_as_they_are_with_a_blank_line_between_them(self):
        said = read(PROCESSBENCH, "processbench")
        assert [step.removesuffix("\n\n") for step in said.steps] == PROCESSBENCH["steps"]
        assert "".join(said.steps) == "\n\n".join(PROCESSBENCH["steps"])
        assert read(PROCESSBENCH, "processbench", separator="").steps == tuple(PROCESSBENCH["steps"])

    def test_a_solution_called_right_gives_the_gold_answer_and_no_other_does(self):
        right = {**PROCESSBENCH, "final_answer_correct": True, "label": -1}
        assert read(right, "processbench").gold == "9"
        assert read(PROCESSBENCH, "processbench").gold == ""
        unmarked = {**right, "steps": ["2 + 3 = 5", "5 + 3 = 8, for 3 of us"]}
        assert read(unmarked, "processbench").gold == "", "the last number of a text is no stated answer"

    @pytest.mark.parametrize(
        ("change", "kind"),
        [
            ({"label": 3}, "bad_label"),
            ({"label": -2}, "bad_label"),
            ({"label": None}, "bad_label"),
            ({"label": True}, "bad_label"),
            ({"label": "1"}, "bad_label"),
            ({"steps": []}, "no_steps"),
            ({"steps": "one text"}, "not_a_list"),
            ({"steps": ["a", None, "b"]}, "not_text"),
            ({"steps": ["a", " ", "b"]}, "empty"),
            ({"steps": ["a", "half \ud83d", "b"]}, "broken_unicode"),
            ({"final_answer_correct": "yes"}, "not_boolean"),
            ({"problem": None}, "field_missing"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_kind(self, change, kind):
        assert refused({**PROCESSBENCH, **change}, "processbench").kind == kind

    def test_a_bad_label_says_what_would_be_right(self):
        message = "`label` is 7; it is the first wrong one of 3 steps, counted from 0, or -1"
        assert str(refused({**PROCESSBENCH, "label": 7}, "processbench")) == message


class TestPRM800K:
    def test_phase_2_is_the_pre_generated_solution_with_the_ratings_that_were_given(self):
        alternatives = step(completion("That is 6.", -1), completion("That is 5.", 1), chosen=None)
        said = read(prm800k([step(completion("I add 2 and 3.", 0)), alternatives], "found_error", **PHASE_2), "prm800k")
        assert "".join(said.steps) == "I add 2 and 3.\nThat is 6.\nSo 9.\n\n# Answer\n\n9"
        assert said.truths == (1, 0, None)
        assert (said.correct, said.stated, said.gold, said.whole) == (None, "9", "8", True)
        assert (said.solution, said.model) == ("2 + 3 + 3 = 8", "prm800k")

    def test_a_pre_generated_step_that_nobody_rated_is_unknown(self):
        steps = [step(completion("I add 2 and 3.", 1)), step(completion("Another step.", -1))]
        assert read(prm800k(steps, "give_up", **PHASE_2), "prm800k").truths == (1, None, None)

    @pytest.mark.parametrize(("neutral", "truth"), [("good", 1), ("bad", 0), ("unknown", None)])
    def test_a_neutral_rating_counts_as_one_says(self, neutral, truth):
        record = prm800k([step(completion("I add.", 0))])
        assert read(record, "prm800k", neutral=neutral).truths == (truth,)

    def test_phase_1_is_what_was_chosen_and_written(self):
        steps = [
            step(completion("wrong", -1), completion("2 + 3 = 5", 1), chosen=1),
            step(completion("bad", -1), chosen=None, human={"text": "5 + 3 = 8", "rating": None, "source": "human"}),
            step(completion("It is 8.\n\n# Answer\n\n8", 1)),
        ]
        said = read(prm800k(steps), "prm800k")
        assert "".join(said.steps) == "2 + 3 = 5\n5 + 3 = 8\nIt is 8.\n\n# Answer\n\n8"
        assert said.truths == (1, 1, 1)
        assert (said.correct, said.whole) == (True, True)

    def test_a_solution_that_was_given_up_is_not_whole_and_ends_in_the_first_completion(self):
        steps = [step(completion("2 + 3 = 5", 1)), step(completion("5 + 3 = 9", -1), chosen=None), step(chosen=None)]
        said = read(prm800k(steps, "give_up"), "prm800k")
        assert said.steps == ("2 + 3 = 5\n", "5 + 3 = 9")
        assert said.truths == (1, 0)
        assert (said.correct, said.whole) == (None, False)

    def test_what_the_labeller_flagged_is_unknown(self):
        assert read(prm800k([step(completion("2 + 3 = 5", -1, flagged=True))]), "prm800k").truths == (None,)

    def test_the_generation_is_part_of_the_models_name(self):
        assert read({**prm800k([step(completion("a", 1))]), "generation": 9}, "prm800k").model == "prm800k-9"

    @pytest.mark.parametrize(
        ("steps", "kind"),
        [
            (None, "not_a_list"),
            ([], "no_steps"),
            (["a"], "not_an_object"),
            ([step(completion("a", 2))], "bad_rating"),
            ([step(completion("a", 1), chosen=1)], "bad_choice"),
            ([step(completion("a", 1), chosen="0")], "bad_choice"),
            ([step(completion(None, 1))], "not_text"),
            ([step("a")], "not_an_object"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_kind(self, steps, kind):
        assert refused(prm800k(steps), "prm800k").kind == kind


OWN = {"q": "2 + 3?", "parts": ["2 + 3\n", "= 5"], "view": [1, None], "ok": True, "by": "me", "gold": "5"}
NAMES = {"question": "q", "steps": "parts", "truths": "view", "correct": "ok", "model": "by", "answer": "gold"}


class TestOwnColumns:
    def test_columns_are_read_by_their_names_and_steps_stay_as_they_are(self):
        said = read(OWN, "columns", columns=NAMES)
        assert said.steps == ("2 + 3\n", "= 5")
        assert said.truths == (1, None)
        assert (said.correct, said.gold, said.model) == (True, "5", "me")

    def test_a_text_is_split_without_losing_a_character(self):
        text = "Step 1: 2 + 3 = 5\nStep 2: 5 + 3 = 8\n#### 8"
        names = {"question": "q", "text": "t", "first_error": "e"}
        said = read({"q": "2 + 3 + 3?", "t": text, "e": 1}, "columns", columns=names, splitter="step")
        assert said.steps == ("Step 1: 2 + 3 = 5\n", "Step 2: 5 + 3 = 8\n#### 8")
        assert said.truths == (1, 0)

    def test_without_a_view_of_steps_there_are_no_truths(self):
        said = read({"question": "q", "steps": ["a"]}, "columns")
        assert (said.truths, said.correct, said.model) == (None, None, "unknown")

    @pytest.mark.parametrize("view", [[1], [1, 2], [1, "0"], "10"])
    def test_truths_are_one_a_step(self, view):
        assert refused({**OWN, "view": view}, "columns", columns=NAMES).kind in {
            "bad_truths",
            "not_a_list",
        }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
SAMPLES = {
    "processbench": PROCESSBENCH,
    "prm800k": prm800k([step(completion("a", 1)), step(completion("b", 0), chosen=None)], **PHASE_2),
}


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_any_json_anywhere_is_read_or_refused_and_never_raises_anything_else(form, data):
    record = copy.deepcopy(SAMPLES[form])
    place = record
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
        if not place[key] or not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    try:
        said = annotated(record, AnnotationReading(form))
    except BadRecord:
        return
    assert len(said.truths) == len(said.steps) > 0
    assert all(step.strip() for step in said.steps)
