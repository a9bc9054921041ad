"""Rewards and records: formulas checked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.recipes.knowledge import knowledge
from evals.recipes.replay import replay_count, replayed
from evals.recipes.rewards import Lengths, Reward, relative_length, reward, right_lengths
from evals.recipes.verifiable import record, refused
from tests.evals.recipes.attempts import attempt, wrong

LENGTHS = Lengths(mean=100, std=20)


class TestRewards:
    """Each expected number is worked out in its line."""

    @pytest.mark.parametrize(
        ("how", "verdict", "tokens", "expected"),
        [
            (Reward(), "correct", 70, 1.0),
            (Reward(), "wrong", 70, 0.0),
            (Reward(form="exact_length", target=100, alpha=0.01), "correct", 70, 0.7),  # 1 - .01·|100 - 70|
            (Reward(form="exact_length", target=100, alpha=0.01), "correct", 130, 0.7),  # 1 - .01·|100 - 130|
            (Reward(form="exact_length", target=100, alpha=0.01), "wrong", 110, -0.1),  # 0 - .01·10
            (Reward(form="exact_length", target=1000), "correct", 0, 0.7),  # 1 - .0003·1000
            (Reward(form="max_length", target=100, alpha=0.01), "correct", 100, 0.5),  # .01·0 + .5
            (Reward(form="max_length", target=100, alpha=0.01), "correct", 80, 0.7),  # .01·20 + .5
            (Reward(form="max_length", target=100, alpha=0.01), "correct", 170, 0.0),  # .01·-70 + .5 = -.2, clipped
            (Reward(form="max_length", target=100, alpha=0.01), "correct", 10, 1.0),  # .01·90 + .5 = 1.4, clipped
            (Reward(form="max_length", target=100, alpha=0.01), "wrong", 80, 0.0),
            (Reward(form="relative_length", alpha=0.2), "correct", 100, 0.9),  # 1 - .2·σ(0)
            (Reward(form="relative_length", alpha=0.2), "correct", 120, 1 - 0.2 / (1 + math.exp(-1))),
            (Reward(form="relative_length", alpha=0.2), "wrong", 100, 0.0),
            (Reward(form="overlong", target=100, margin=20), "correct", 80, 1.0),
            (Reward(form="overlong", target=100, margin=20), "correct", 90, 0.5),  # 1 + ((100 - 20) - 90) / 20
            (Reward(form="overlong", target=100, margin=20), "wrong", 90, -1.5),  # -1 - .5
            (Reward(form="overlong", target=100, margin=20), "correct", 101, 0.0),  # 1 - 1
            (Reward(form="overlong", target=100), "correct", 101, 0.0),  # 1 - 1, without a margin
        ],
    )
    def test_formula(self, how: Reward, verdict: str, tokens: int, expected: float) -> None:
        assert reward(how, verdict, tokens, LENGTHS) == pytest.approx(expected)

    @pytest.mark.parametrize("form", ["right", "exact_length", "max_length", "relative_length", "overlong"])
    def test_an_unknown_verdict_has_no_reward(self, form: str) -> None:
        assert reward(Reward(form=form, target=10), "unknown", 5, LENGTHS) is None  # type: ignore[arg-type]

    @given(st.integers(0, 500), st.integers(0, 500))
    def test_a_shorter_right_answer_never_gets_less_where_shorter_is_better(self, one: int, other: int) -> None:
        for how in (
            Reward(form="max_length", target=200),
            Reward(form="relative_length"),
            Reward(form="overlong", target=99, margin=9),
        ):
            short, long = (reward(how, "correct", tokens, LENGTHS) for tokens in sorted((one, other)))
            assert short is not None
            assert long is not None
            assert short >= long

    def test_equally_long_right_answers_get_the_same(self) -> None:
        assert reward(Reward(form="relative_length", alpha=0.2), "correct", 50, Lengths(50, 0)) == pytest.approx(0.9)

    def test_a_form_that_needs_a_target_says_so(self) -> None:
        with pytest.raises(ValueError, match="form='exact_length' needs `target`"):
            Reward(form="exact_length")
        with pytest.raises(ValueError, match="margin=30 is more than target=20"):
            Reward(form="overlong", target=20, margin=30)

    def test_lengths_are_those_of_the_right_attempts(self) -> None:
        assert right_lengths([80, 120]) == Lengths(100, 20)
        assert right_lengths([]) is None
        assert relative_length(150, LENGTHS) == 1.5
        assert relative_length(150, None) is None


class TestRecord:
    ATTEMPTS = (
        attempt("a", tokens=80),
        attempt("b", tokens=120),
        wrong("c", tokens=300),
        attempt("d", verdict="unknown", tokens=9),
    )

    def test_a_record_counts_and_measures_all_attempts(self) -> None:
        found = record("p", self.ATTEMPTS, None, Reward())
        assert (found.right, found.wrong, found.unknown) == (2, 1, 1)
        assert found.pass_rate == pytest.approx(2 / 3), "the unknown one is neither"
        assert found.lengths == Lengths(100, 20)
        assert found.relative_lengths == (0.8, 1.2, 3.0, 0.09)
        assert found.rewards == (1, 1, 0, None)

    def test_without_a_known_verdict_there_is_no_pass_rate(self) -> None:
        found = record("p", self.ATTEMPTS[3:], None, Reward())
        assert (found.pass_rate, found.lengths, found.knowledge) == (None, None, "undecided")

    @pytest.mark.parametrize(
        ("window", "why"),
        [((None, None), None), ((0.7, None), "too_hard"), ((None, 0.6), "too_easy"), ((2 / 3, 2 / 3), None)],
    )
    def test_a_window_of_pass_rates_includes_its_ends(
        self, window: tuple[float | None, float | None], why: str | None
    ) -> None:
        assert refused(record("p", self.ATTEMPTS, None, Reward()), *window) == why

    def test_an_unknown_pass_rate_is_in_no_window(self) -> None:
        assert refused(record("p", self.ATTEMPTS[3:], None, Reward()), 0.1, None) == "pass_rate_unknown"


class TestKnowledge:
    @pytest.mark.parametrize(
        ("sampled", "greedy", "expected"),
        [
            ("cc", "c", "always"),
            ("cw", "c", "sometimes"),
            ("ww", "c", "sometimes"),
            ("cw", "w", "only_sampled"),
            ("cc", "w", "only_sampled"),
            ("ww", "w", "never"),
            ("cc", None, "always"),
            ("cw", None, "sometimes"),
            ("ww", None, "never"),
            ("cu", "c", "undecided"),
            ("wu", "w", "undecided"),
            ("cwu", "c", "sometimes"),
            ("cwu", "w", "only_sampled"),
            ("cw", "u", "undecided"),
            ("", None, "undecided"),
            ("", "c", "always"),
        ],
    )
    def test_class(self, sampled: str, greedy: str | None, expected: str) -> None:
        word = {"c": "correct", "w": "wrong", "u": "unknown"}
        assert knowledge([word[each] for each in sampled], word[greedy] if greedy else None) == expected

    @given(
        st.lists(st.sampled_from(["correct", "wrong", "unknown"]), max_size=5),
        st.sampled_from(["correct", "wrong", "unknown", None]),
    )
    def test_a_decided_class_is_that_of_every_way_to_decide_the_unknown(
        self, sampled: list[str], greedy: str | None
    ) -> None:
        def settled(words: list[str | None]) -> list[list[str | None]]:
            ways: list[list[str | None]] = [[]]
            for word in words:
                ways = [
                    [*way, each] for way in ways for each in (["correct", "wrong"] if word == "unknown" else [word])
                ]
            return ways

        if sampled or greedy:
            classes = {knowledge(way[1:], way[0]) for way in settled([greedy, *sampled])}  # type: ignore[arg-type]
            assert knowledge(sampled, greedy) == (classes.pop() if len(classes) == 1 else "undecided")


class TestReplay:
    @given(st.integers(0, 10_000), st.floats(0, 0.95))
    def test_the_share_is_met_as_closely_as_whole_rows_allow(self, rows: int, share: float) -> None:
        count = replay_count(rows, share)
        assert abs(count - share * (rows + count)) <= 0.5 + 1e-6

    def test_a_quarter_of_the_whole_is_a_third_of_ours(self) -> None:
        assert replay_count(300, 0.25) == 100
        assert replay_count(300, 0) == 0

    def test_a_share_of_everything_is_refused(self) -> None:
        with pytest.raises(ValueError, match="share 1: 0 up to, not with, 1 is wanted"):
            replay_count(10, 1)

    def test_which_rows_depends_on_ids_and_seed_alone(self) -> None:
        ids = [f"r{i}" for i in range(50)]
        chosen = replayed(ids, 10, seed=1)
        assert chosen == sorted(chosen)
        assert len(set(chosen)) == 10
        assert {ids[place] for place in chosen} == {ids[::-1][place] for place in replayed(ids[::-1], 10, seed=1)}
        assert chosen != replayed(ids, 10, seed=2)

    def test_more_than_there_are_gives_all(self) -> None:
        assert replayed(["a", "b"], 5, seed=0) == [0, 1]
