import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.answers import Verdict
from evals.montecarlo import Evidence, Policy, StepLabel, count
from evals.policies import first_success, fixed, policy

verdicts = st.lists(st.sampled_from(Verdict), min_size=16, max_size=16)
waves = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def label_from(rule, stream: list[Verdict]) -> tuple[StepLabel, int]:
    """Feeds a rule from an endless stream as it asks; the label and the number of rollouts asked for."""
    kept: list[Verdict] = []
    while True:
        answer = rule(kept)
        if isinstance(answer, StepLabel):
            return answer, len(kept)
        assert answer.start == len(kept), "a rule asks for the next indices, without a gap"
        kept += stream[answer.start : answer.stop]


@given(verdicts, waves, st.integers(1, 16))
def test_early_stop_gives_the_hard_label_of_all_k_rollouts_with_no_more_of_them(stream, sizes, k):
    brute, brute_cost = label_from(fixed(k), stream)
    early, cost = label_from(first_success(k, sizes), stream)
    assert early.hard == brute.hard
    assert cost <= brute_cost == k


@given(verdicts, waves, waves)
def test_the_label_does_not_depend_on_the_waves(stream, first, second):
    assert label_from(first_success(16, first), stream)[0] == label_from(first_success(16, second), stream)[0]


@given(verdicts, st.integers(0, 20))
def test_what_arrives_beyond_a_stop_is_ignored(stream, extra):
    label, cost = label_from(first_success(8, (2,)), stream)
    assert first_success(8, (2,))(stream[: cost + extra]) == label


def test_unknown_verdicts_leave_a_label_open_unless_there_is_a_success():
    right, wrong, unknown = Verdict.correct, Verdict.wrong, Verdict.unknown
    assert count([wrong, wrong], "fixed").hard == 0
    assert count([wrong, unknown], "fixed").hard is None
    assert count([unknown, right], "fixed").hard == 1
    assert count([unknown], "fixed").soft is None
    assert count([right, wrong, wrong, unknown], "fixed").soft == pytest.approx(1 / 3)


def test_the_last_prefix_takes_the_answers_own_verdict_and_asks_for_nothing():
    decision = policy("fixed", k=4)(Evidence(rollouts=((),), answer=Verdict.wrong))
    assert decision.owed == {0: range(0, 4)}
    assert decision.labels == (None, StepLabel(0, 1, 0, "answer"))


def test_expected_rollouts_of_the_early_stop_follow_the_geometric_law():
    """E[n] = (1 - (1 - p)^k) / p, by exact enumeration of where the first success falls."""
    p, k = 0.3, 8
    rule = first_success(k, (1,))
    expected = 0.0
    for first in range(k + 1):
        stream = [Verdict.wrong] * first + [Verdict.correct] * (16 - first)
        weight = (1 - p) ** first * (p if first < k else 1)
        expected += weight * label_from(rule, stream)[1]
    assert expected == pytest.approx((1 - (1 - p) ** k) / p)


@pytest.mark.parametrize("name", ["majority", ""])
def test_an_unknown_policy_is_refused_by_name(name):
    with pytest.raises(ValueError, match="there are binary, first_success, fixed, posterior, scan"):
        policy(name, k=4)


def test_policies_are_pure():
    decide: Policy = policy("first_success", k=4, waves=(1, 2))
    evidence = Evidence(rollouts=((Verdict.wrong,), ()), answer=Verdict.correct)
    assert decide(evidence) == decide(evidence)
    assert decide(evidence).owed == {0: range(1, 3), 1: range(0, 1)}
