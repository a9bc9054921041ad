"""What holds for every recipe: each attempt is in rows or left with a reason, and order does not matter."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.recipes.attempts import Attempt, Selection
from evals.recipes.chained import chained
from evals.recipes.preferences import preference_pairs
from evals.recipes.rejection import rejection_sampled
from evals.recipes.search_stream import search_streams
from evals.recipes.self_output import self_output
from evals.recipes.shortest import shortest_correct
from tests.evals.recipes.attempts import attempt, many, used, wrong

Recipe = Callable[[Sequence[Attempt]], Selection[object]]


def fits(prompt: str, completion: str) -> bool:
    return len(completion) < 100


RECIPES: dict[str, Recipe] = {
    "rejection": rejection_sampled,
    "rejection of one": lambda attempts: rejection_sampled(attempts, 1, seed=3),
    "shortest": shortest_correct,
    "self_output": self_output,
    "chained": lambda attempts: chained(attempts, fits),
    "chained behind two": lambda attempts: chained(attempts, fits, wrong_attempts=2, per_problem=1),
    "search": lambda attempts: search_streams(attempts, fits),
    "preferences": preference_pairs,
    "preferences by length": lambda attempts: preference_pairs(attempts, 1, length_ratio=1.5),
}  # type: ignore[dict-item]


@pytest.mark.parametrize("name", RECIPES)
@settings(max_examples=25)
@given(many())
def test_each_attempt_is_in_rows_or_left_with_a_reason(name: str, attempts: list[Attempt]) -> None:
    selection = RECIPES[name](attempts)
    everything = {each.trace_id for each in attempts}
    assert used(selection) | selection.left.keys() == everything
    assert not used(selection) & selection.left.keys()
    assert all(selection.left.values())


@pytest.mark.parametrize("name", RECIPES)
@settings(max_examples=25)
@given(many(), st.randoms())
def test_the_order_of_the_attempts_makes_no_difference(name: str, attempts: list[Attempt], random: object) -> None:
    shuffled = list(attempts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = RECIPES[name](attempts), RECIPES[name](shuffled)
    assert sorted(map(repr, one.rows)) == sorted(map(repr, other.rows))
    assert one.left == other.left


@pytest.mark.parametrize("name", RECIPES)
@settings(max_examples=25)
@given(many())
def test_no_row_mixes_problems(name: str, attempts: list[Attempt]) -> None:
    problem = {each.trace_id: each.problem_id for each in attempts}
    for row in RECIPES[name](attempts).rows:
        ids = used(Selection([row]))
        assert len({problem[each] for each in ids}) == 1


class TestRejection:
    ATTEMPTS = (
        attempt("a", "x"),
        attempt("b", "y"),
        attempt("c", "z"),
        wrong("d", "w"),
        attempt("e", "u", verdict="unknown"),
    )

    def test_right_attempts_are_taken_and_the_others_left_by_their_verdict(self) -> None:
        selection = rejection_sampled(self.ATTEMPTS)
        assert {row.completion for row in selection.rows} == {"x", "y", "z"}
        assert selection.left == {"d": "answer_wrong", "e": "answer_unknown"}
        assert selection.rows[0].why == "right answer; 3 of 3 right attempts of its problem"

    def test_a_limit_draws_by_the_seed(self) -> None:
        chosen = {rejection_sampled(self.ATTEMPTS, 1, seed).rows[0].trace_ids for seed in range(20)}
        assert chosen == {("a",), ("b",), ("c",)}

    def test_a_lower_limit_takes_a_part_of_what_a_higher_one_takes(self) -> None:
        assert set(rejection_sampled(self.ATTEMPTS, 1).rows[0].trace_ids) <= used(rejection_sampled(self.ATTEMPTS, 2))


class TestShortest:
    def test_the_shortest_right_attempt_is_taken(self) -> None:
        attempts = [attempt("a", "x", tokens=5), attempt("b", "y", tokens=4), wrong("c", "z", tokens=1)]
        selection = shortest_correct(attempts)
        assert [row.trace_ids for row in selection.rows] == [("b",)]
        assert selection.left == {"a": "not_shortest", "c": "answer_wrong"}
        assert selection.rows[0].why == "right answer; 4 tokens, 2 right attempts have 4.5 on average"

    def test_equal_lengths_go_by_id(self) -> None:
        assert shortest_correct([attempt("b", "y"), attempt("a", "x")]).rows[0].trace_ids == ("a",)


class TestSelfOutput:
    def test_the_answer_is_not_looked_at(self) -> None:
        attempts = [wrong("a", "x"), attempt("b", "y"), attempt("c", "z", verdict="unknown")]
        chosen = {self_output(attempts, 1, seed).rows[0].verdict for seed in range(30)}
        assert chosen == {"wrong", "correct", "unknown"}


class TestChained:
    def test_the_right_attempt_follows_the_wrong_one(self) -> None:
        selection = chained([wrong("w", "1 + 1 = 3\n", "#### 3"), attempt("r", "1 + 1 = 2\n", "#### 2")], fits)
        [row] = selection.rows
        assert row.completion == "1 + 1 = 3\n#### 3\n\nThat is not right. Let me try again.\n\n1 + 1 = 2\n#### 2"
        assert (row.trace_ids, row.verdict, row.why) == (("w", "r"), "correct", "1 wrong attempt, then the right one")

    def test_a_wrong_attempt_is_used_once(self) -> None:
        selection = chained([wrong("w", "#### 3"), attempt("a", "#### 2"), attempt("b", "#### 2")], fits)
        assert len(selection.rows) == 1
        assert list(selection.left.values()) == ["too_few_wrong_attempts"]

    def test_a_chain_that_is_too_long_is_left(self) -> None:
        selection = chained([wrong("w", "long " * 20), attempt("r", "#### 2")], fits)
        assert selection.left == {"r": "over_length", "w": "no_right_attempt_left"}

    def test_a_chain_whose_stated_answer_would_be_another_is_left(self) -> None:
        selection = chained([wrong("w", "#### 3\nQuestion: x"), attempt("r", "so it is 2")], fits)
        assert selection.left["r"] == "answer_hidden"


class TestPreferences:
    def test_right_is_chosen_over_wrong(self) -> None:
        [pair] = preference_pairs([wrong("w", "y"), attempt("r", "x")]).rows
        assert (pair.chosen.trace_id, pair.rejected.trace_id) == ("r", "w")

    def test_each_attempt_is_in_one_pair_at_the_most(self) -> None:
        attempts = [attempt("r1", "x"), attempt("r2", "y"), attempt("r3", "z"), wrong("w1", "u"), wrong("w2", "v")]
        selection = preference_pairs(attempts)
        assert len(selection.rows) == 2
        assert list(selection.left.values()) == ["no_partner_left"]

    def test_with_a_ratio_the_closest_lengths_are_paired(self) -> None:
        attempts = [
            attempt("r10", tokens=10),
            attempt("r20", tokens=20),
            wrong("w11", tokens=11),
            wrong("w50", tokens=50),
        ]
        selection = preference_pairs(attempts, length_ratio=2.0)
        assert [(pair.chosen.trace_id, pair.rejected.trace_id) for pair in selection.rows] == [("r10", "w11")]
        assert selection.left == {"r20": "no_partner_left", "w50": "no_partner_left"}
        assert selection.rows[0].why.endswith("closest lengths, ratio 1.10")

    def test_problems_without_both_kinds_say_which_is_missing(self) -> None:
        assert preference_pairs([attempt("r", "x")]).left == {"r": "no_wrong_attempt"}
        assert preference_pairs([wrong("w", "x")]).left == {"w": "no_right_attempt"}

    def test_pairs_beyond_the_limit_are_left(self) -> None:
        attempts = [attempt("r1", "x"), attempt("r2", "y"), wrong("w1", "u"), wrong("w2", "v")]
        selection = preference_pairs(attempts, per_problem=1)
        assert len(selection.rows) == 1
        assert list(selection.left.values()) == ["over_limit"] * 2
