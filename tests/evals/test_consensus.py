import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.consensus import REASONS, compare, contradicts, quality, summarise

LABELS = st.sampled_from([1, 0, None])


@pytest.mark.parametrize(
    ("hard", "judged", "reason", "first_errors"),
    [
        ([1, 1, 1], [1, 1, 1], "agree", (-1, -1)),
        ([1, 0, 0], [1, 0, 1], "agree", (1, 1)),
        ([1, 0, None], [1, 0, None], "agree", (1, 1)),
        ([1, 0, 0], [1, 1, 0], "disagree", (1, 2)),
        ([1, 0, 0], [1, 1, 1], "disagree", (1, -1)),
        ([1, 1, 1], [0, 0, 0], "disagree", (-1, 0)),
        ([1, None, 0], [1, 1, 0], "rollouts_open", (None, 2)),
        ([None, None], [1, 0], "rollouts_open", (None, 1)),
        ([1, 0, 0], [None, 0, 0], "judge_unknown", (1, None)),
        ([1, 1, 1], [1, 1, None], "judge_unknown", (-1, None)),
        ([0, 1, 1], [0, 0, 0], "contradiction", (0, 0)),
        ([1, 0, None, 1], [1, 0, 0, 0], "contradiction", (1, 1)),
        ([None, 0, 1], [None, 0, 0], "contradiction", (None, None)),
        ([None, 0], [None, 0], "rollouts_open", (None, None)),
    ],
)
def test_a_trace_is_kept_where_both_name_the_same_first_error_and_else_has_one_reason(
    hard, judged, reason, first_errors
):
    said = compare(hard, judged)
    assert (said.reason, (said.rollouts, said.judge)) == (reason, first_errors)
    assert said.kept == (reason == "agree")


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=8))
def test_what_either_side_leaves_open_is_never_kept(pairs):
    hard, judged = zip(*pairs, strict=True)
    said = compare(hard, judged)
    assert said.reason in REASONS
    if said.kept:
        assert said.rollouts == said.judge is not None
        assert not contradicts(hard)


def test_opinions_about_different_steps_are_refused():
    with pytest.raises(ValueError, match="2 labels, 3 verdicts and 0 truths"):
        compare([1, 1], [1, 1, 1])


class TestSummary:
    TRACES = (
        compare([1, 0, 0], [1, 0, 0], [1, 0, 0]),  # kept, right
        compare([1, 0, 0], [1, 1, 0], [1, 1, 0]),  # rollouts too early, the judge right
        compare([1, 1, 1], [1, 1, 1], [1, 1, 1]),  # kept, right, none
        compare([1, 0, 0], [1, 0, 0], [0, 0, 0]),  # kept, both wrong
        compare([1, None, 0], [1, 1, 1], [1, 1, 1]),
        compare([1, 1, 1], [0, 0, 0]),  # truth unknown
    )

    def test_every_trace_is_kept_or_counted_with_its_reason(self):
        summary = summarise(self.TRACES)
        assert (summary["traces"], summary["kept"], summary["share_kept"]) == (6, 3, 0.5)
        assert sum(summary["reasons"].values()) == 6
        assert summary["reasons"]["disagree"] == 2
        assert summary["judge_later"] == 1

    def test_quality_is_told_before_and_after_where_the_truth_is_known(self):
        summary = summarise(self.TRACES)
        before, after = summary["before"], summary["after"]
        assert (before["traces"], before["named"], before["precision"]) == (5, 3, 1 / 3)
        assert before["accuracy"] == 2 / 5
        assert (after["traces"], after["named"], after["precision"]) == (3, 2, 1 / 2)
        assert after["accuracy"] == 2 / 3

    def test_nothing_is_claimed_where_no_truth_is_known_or_nothing_was_kept(self):
        assert "before" not in summarise(self.TRACES[-1:])
        assert summarise(())["kept"] == 0
        assert "share_kept" not in summarise(())
        assert "precision" not in quality(())
