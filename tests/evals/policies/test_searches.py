"""Scan, binary search and posterior: where they look for the first bad step, and what they say of the others."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.montecarlo import Evidence, StepLabel, cut_short
from evals.policies import Prior, policy
from evals.policies.posterior import probability_right
from evals.policies.scan import NOTHING_YET
from tests.evals.policies.traces import RIGHT, UNKNOWN, WRONG, alike, followed

SEARCHES = ["scan", "binary", "posterior"]
streams = st.lists(st.lists(st.sampled_from([RIGHT, WRONG, UNKNOWN]), min_size=8, max_size=8), min_size=0, max_size=9)


def hards(labels: tuple[StepLabel, ...]) -> list[int | None]:
    return [label.hard for label in labels]


def first_bad(labels: tuple[StepLabel, ...]) -> int:
    return next(step for step, label in enumerate(labels) if label.hard == 0)


@pytest.mark.parametrize("name", SEARCHES)
@given(st.integers(0, 9), st.integers(0, 9))
def test_the_first_bad_step_is_found_where_rollouts_speak_plainly(name: str, good: int, bad: int) -> None:
    labels, _ = followed(policy(name, k=16), alike(good, good + bad), WRONG)
    assert first_bad(labels) == good
    assert hards(labels)[:good] == [1] * good


@pytest.mark.parametrize("name", SEARCHES)
@given(streams, st.sampled_from([RIGHT, WRONG, UNKNOWN]), st.booleans())
def test_a_bad_step_was_shown_by_rollouts_and_all_before_it_are_good(name, streams, answer, skip_right) -> None:
    labels, _ = followed(policy(name, k=8, skip_right=skip_right), streams, answer)
    assert len(labels) == len(streams) + 1
    for label in labels[:-1]:
        assert label.hard != 0 or (label.failures and not label.successes)
    if 0 in hards(labels[:-1]) and not any(UNKNOWN in each for each in streams):
        assert hards(labels)[: first_bad(labels)] == [1] * first_bad(labels)


@pytest.mark.parametrize("name", SEARCHES)
@given(streams)
def test_a_right_answer_is_its_own_proof_and_costs_nothing(name, streams) -> None:
    labels, asked = followed(policy(name, k=8), streams, RIGHT)
    assert hards(labels) == [1] * (len(streams) + 1)
    assert sum(asked) == 0
    assert {label.stop_rule for label in labels[:-1]} <= {"implied"}


def test_scan_asks_for_nothing_behind_the_first_bad_step() -> None:
    labels, asked = followed(policy("scan", k=4), alike(2, 6), WRONG)
    assert asked == [1, 1, 4, 0, 0, 0]
    assert [label.stop_rule for label in labels] == ["first_success"] * 2 + ["exhausted"] + ["after_error"] * 3 + [
        "answer"
    ]


def test_scan_may_be_asked_to_look_at_traces_with_a_right_answer() -> None:
    labels, asked = followed(policy("scan", k=4, skip_right=False), alike(1, 2), RIGHT)
    assert asked == [1, 4]
    assert hards(labels) == [1, 0, 1], "a contradiction is told, not mended"


def test_binary_search_asks_about_the_logarithm_of_the_steps() -> None:
    labels, asked = followed(policy("binary", k=4, waves=(1,), probe=4), alike(700, 1000), WRONG)
    assert first_bad(labels) == 700
    assert sum(1 for each in asked if each) <= math.ceil(math.log2(1000 + 1))
    assert labels[10].stop_rule == "implied"
    assert labels[990].stop_rule == "after_error"


def test_a_wrong_turn_costs_a_probe_and_the_step_that_is_called_bad_all_k_rollouts() -> None:
    labels, asked = followed(policy("binary", k=8, waves=(1,), probe=2), alike(1, 7), WRONG)
    assert asked == [1, 8, 0, 2, 0, 0, 0]
    assert [label.stop_rule for label in labels[:3]] == ["first_success", "exhausted", "after_error"]
    _, plainly = followed(policy("binary", k=8, waves=(1,), probe=8), alike(1, 7), WRONG)
    assert plainly == [1, 8, 0, 8, 0, 0, 0]


def test_a_step_that_a_probe_misjudged_is_cleared_by_its_confirmation() -> None:
    late = [[RIGHT] * 8, [WRONG] * 3 + [RIGHT] * 5, [WRONG] * 8, [WRONG] * 8]
    labels, asked = followed(policy("binary", k=8, waves=(1,), probe=2), late, WRONG)
    assert first_bad(labels) == 2
    assert asked == [1, 4, 8, 0]


def test_binary_search_passes_over_a_right_prefix_that_it_does_not_ask_about() -> None:
    hard_start = [[WRONG] * 16, [RIGHT] * 16, [RIGHT] * 16, [WRONG] * 16]
    by_halves, _ = followed(policy("binary", k=16), hard_start, WRONG)
    in_order, _ = followed(policy("scan", k=16), hard_start, WRONG)
    assert (first_bad(by_halves), first_bad(in_order)) == (3, 0)


@pytest.mark.parametrize("name", SEARCHES)
def test_unknown_verdicts_that_could_hide_a_success_end_the_search_undecided(name: str) -> None:
    labels, _ = followed(policy(name, k=4), [[UNKNOWN] * 4] * 3, WRONG)
    assert 0 not in hards(labels[:-1])
    assert None in hards(labels[:-1])


def test_posterior_asks_more_of_a_negative_where_the_model_rarely_succeeds() -> None:
    able = [[RIGHT] * 64, [WRONG] * 64, [WRONG] * 64]
    weak = [[WRONG] * 6 + [RIGHT] * 58, [WRONG] * 64, [WRONG] * 64]
    decide = policy("posterior", k=64, waves=(1,), error=0.2)
    (labels, plain), (_, doubtful) = (followed(decide, each, WRONG) for each in (able, weak))
    assert labels[1].stop_rule == "certain"
    assert plain[1] < doubtful[1]


def test_the_posterior_is_that_of_the_formula() -> None:
    """Beta(1, 1), no recovery: q(n) = 1 / (n + 1), so that P = r / (r + (1 - r)(n + 1))."""
    flat = Prior(right=0.7, successes=1, failures=1, recovery=0)
    for n in range(20):
        assert probability_right(n, NOTHING_YET, flat) == pytest.approx(0.7 / (0.7 + 0.3 * (n + 1)))
    once = StepLabel(1, 0, 0, "first_success")
    assert probability_right(3, once, flat) == pytest.approx(0.7 * 0.1 / (0.7 * 0.1 + 0.3))  # B(2,4)/B(2,1) = 1/10


@pytest.mark.parametrize("settings", [{"error": 0.0}, {"prior": Prior(right=1.0)}, {"prior": Prior(recovery=1.0)}])
def test_probabilities_that_are_none_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="probability"):
        policy("posterior", k=4, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*SEARCHES, "fixed", "first_success"])
def test_policies_are_pure(name: str) -> None:
    decide = policy(name, k=4)
    evidence = Evidence(rollouts=((WRONG,), (), (RIGHT,)), answer=WRONG)
    assert decide(evidence) == decide(evidence)


def test_what_a_search_has_proved_stands_when_the_budget_ends_it() -> None:
    proved = (WRONG, WRONG, WRONG, RIGHT, RIGHT)
    evidence = Evidence(((), (), proved, (), (WRONG,), ()), WRONG)
    decision = policy("binary", k=8, waves=(1,), probe=8)(evidence)
    assert decision.owed == {4: range(1, 2)}
    labels = cut_short(decision, evidence)
    assert labels[2] == StepLabel(1, 3, 0, "first_success"), "what a wave brought behind the success is not counted"
    assert [label.stop_rule for label in labels] == ["implied"] * 2 + ["first_success"] + ["budget"] * 3 + ["answer"]
    assert hards(labels) == [1, 1, 1, None, None, None, 0]
