"""Estimates under stop rules, against the enumeration of every sequence of verdicts that rollouts can give."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import product
from typing import get_args

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln
from scipy.stats import beta

from evals.answers import Verdict
from evals.montecarlo import AFTER_ERROR, IMPLIED, PrefixRule, StepLabel, StopRule
from evals.policies import Prior, first_success, fixed, posterior
from evals.soft_estimates import (
    STOP_RULES,
    SoftEstimates,
    expected_rollouts,
    fitted_prior,
    mle_bias,
    pooled_estimate,
    soft_estimates,
)

RIGHT, WRONG, UNKNOWN = Verdict.correct, Verdict.wrong, Verdict.unknown
Verdicts = tuple[Verdict, ...]
Design = Callable[[int], PrefixRule]
"""A rule, given k."""

CHANCES = (0.03, 0.2, 0.5, 0.77, 0.96)
LIMITS = (1, 2, 5, 8)


def sequences(k: int, p: float, unknown: float = 0.0) -> Iterator[tuple[Verdicts, float]]:
    """Every sequence of k verdicts with its probability; p is that of a success among those that are known."""
    chance = {RIGHT: p * (1 - unknown), WRONG: (1 - p) * (1 - unknown), UNKNOWN: unknown}
    for verdicts in product([verdict for verdict in chance if chance[verdict]], repeat=k):
        yield verdicts, float(np.prod([chance[verdict] for verdict in verdicts]))


def outcomes(design: Design, k: int, p: float, unknown: float = 0.0) -> dict[StepLabel, float]:
    """Each label that the design can end in, with its probability."""
    return endings(design(k), k, p, unknown)


def endings(rule: PrefixRule, k: int, p: float, unknown: float = 0.0) -> dict[StepLabel, float]:
    found: defaultdict[StepLabel, float] = defaultdict(float)
    for verdicts, chance in sequences(k, p, unknown):
        found[label_of(rule, verdicts)] += chance
    return dict(found)


def label_of(rule: PrefixRule, verdicts: Verdicts) -> StepLabel:
    label = rule(verdicts)
    assert isinstance(label, StepLabel), f"{label} is still owed"
    return label


def estimates(labels: list[StepLabel], **settings) -> SoftEstimates:
    return soft_estimates(*columns(labels), **settings)


def columns(labels: list[StepLabel]) -> tuple[list[int], list[int], list[str]]:
    return [each.successes for each in labels], [each.failures for each in labels], [each.stop_rule for each in labels]


def expected(name: str, found: dict[StepLabel, float], **settings) -> float:
    """The estimate's mean, over the labels that have one."""
    values, chances = getattr(estimates(list(found), **settings), name), np.array(list(found.values()))
    there = ~np.isnan(values)
    return float(values[there] @ chances[there] / chances[there].sum())


def one(successes: int, failures: int, stop_rule: str, **settings) -> dict[str, float]:
    found = soft_estimates([successes], [failures], [stop_rule], **settings)
    return {name: float(getattr(found, name)[0]) for name in SoftEstimates.__slots__}


class TestUnbiased:
    @pytest.mark.parametrize("design", [fixed, first_success])
    @pytest.mark.parametrize("k", LIMITS)
    def test_its_mean_over_all_sequences_is_p(self, design: Design, k: int) -> None:
        for p in CHANCES:
            assert expected("unbiased", outcomes(design, k, p)) == pytest.approx(p, abs=1e-12)

    @pytest.mark.parametrize("design", [fixed, first_success])
    def test_unknown_verdicts_do_not_bias_it(self, design: Design) -> None:
        for k, p, unknown in product((1, 3, 5), CHANCES, (0.1, 0.6)):
            assert expected("unbiased", outcomes(design, k, p, unknown)) == pytest.approx(p, abs=1e-12)

    @pytest.mark.parametrize("design", [fixed, first_success])
    @pytest.mark.parametrize("k", LIMITS)
    def test_it_is_the_share_of_orders_that_begin_with_a_success(self, design: Design, k: int) -> None:
        """Girshick, Mosteller and Savage: paths from the first success over all paths to where it stopped."""
        stopped = defaultdict(set)
        for verdicts, _ in sequences(k, 0.5):
            label = label_of(design(k), verdicts)
            stopped[label].add(verdicts[: label.successes + label.failures])
        shares = [Counter(path[0] for path in paths)[RIGHT] / len(paths) for paths in stopped.values()]
        assert estimates(list(stopped)).unbiased == pytest.approx(shares)

    @pytest.mark.parametrize("design", [fixed, first_success])
    @pytest.mark.parametrize("k", LIMITS)
    def test_no_other_function_of_the_counts_is_unbiased(self, design: Design, k: int) -> None:
        """k + 1 outcomes, whose probabilities are linearly independent functions of p: one solution."""
        chances = [list(outcomes(design, k, p).values()) for p in np.linspace(0.1, 0.9, k + 1)]
        assert np.shape(chances) == (k + 1, k + 1)
        assert np.linalg.matrix_rank(chances, tol=1e-14) == k + 1

    def test_it_varies_as_a_single_rollout_does(self) -> None:
        for p in CHANCES:
            found = outcomes(first_success, 8, p)
            spread = (estimates(list(found)).unbiased - p) ** 2 @ list(found.values())
            assert spread == pytest.approx(p * (1 - p))

    def test_a_limit_that_earlier_prefixes_set_leaves_it_unbiased_and_mixes_the_bias_of_the_mle(self) -> None:
        before, p, k = outcomes(first_success, 3, 0.4), 0.3, 8
        after = {
            label: endings(posterior(k, (1,), 0.2, Prior())(label if label.hard else IMPLIED), k, p) for label in before
        }
        limits = {label: max(end.successes + end.failures for end in ends) for label, ends in after.items()}
        assert len(set(limits.values())) > 1
        assert "certain" in {end.stop_rule for ends in after.values() for end in ends}
        mixture = sum(mle_bias(p, limits[label]) * chance for label, chance in before.items())
        for name, bias in (("unbiased", 0.0), ("mle", mixture)):
            mean = sum(expected(name, after[label]) * chance for label, chance in before.items())
            assert mean == pytest.approx(p + bias, abs=1e-12)


class TestMaximumLikelihood:
    @pytest.mark.parametrize("k", LIMITS)
    def test_a_first_success_biases_it_as_the_formula_says(self, k: int) -> None:
        bias = [expected("mle", outcomes(first_success, k, p)) - p for p in CHANCES]
        assert mle_bias(CHANCES, k) == pytest.approx(bias, abs=1e-12)
        assert min(bias) > (0.001 if k > 1 else -1e-12)

    @pytest.mark.parametrize("k", LIMITS)
    def test_a_fixed_number_does_not_bias_it(self, k: int) -> None:
        for p in CHANCES:
            assert expected("mle", outcomes(fixed, k, p)) == pytest.approx(p, abs=1e-12)

    def test_the_bias_tends_to_that_without_a_limit(self) -> None:
        p = np.array([0.2, 0.5, 0.9])
        assert mle_bias(p, 2000) == pytest.approx(-p * np.log(p) / (1 - p) - p, abs=1e-9)

    def test_expected_rollouts_are_counted(self) -> None:
        for k, p in product(LIMITS, CHANCES):
            found = outcomes(first_success, k, p)
            rollouts = sum((label.successes + label.failures) * chance for label, chance in found.items())
            assert expected_rollouts(p, k) == pytest.approx(rollouts)
        assert expected_rollouts(0.0, 8) == 8


class TestPosterior:
    @pytest.mark.parametrize("prior", [(1.0, 1.0), (0.5, 0.5), (2.0, 5.0)])
    @pytest.mark.parametrize("design", [fixed, first_success])
    def test_its_interval_holds_p_as_often_as_it_says_over_the_prior(self, design: Design, prior) -> None:
        """Every outcome's probability is integrated over those p that its interval holds."""
        labels = list(outcomes(design, 5, 0.5))
        ways = Counter()
        for verdicts, _ in sequences(5, 0.5):
            label = label_of(design(5), verdicts)
            ways[label, verdicts[: label.successes + label.failures]] = 1
        for level in (0.5, 0.95):
            found, held = estimates(labels, prior=prior, level=level), 0.0
            for label, low, high in zip(labels, found.low, found.high, strict=True):
                orders = sum(seen == label for seen, _ in ways)

                def joint(p: float, label: StepLabel = label) -> float:
                    return p**label.successes * (1 - p) ** label.failures * beta.pdf(p, *prior)

                held += orders * quad(joint, low, high, epsabs=1e-12, limit=200)[0]
            assert held == pytest.approx(level, abs=1e-7)

    def test_its_mean_over_the_prior_is_the_priors(self) -> None:
        def mean(p: float) -> float:
            return expected("mean", outcomes(first_success, 4, p), prior=(2.0, 5.0)) * beta.pdf(p, 2, 5)

        assert quad(mean, 1e-9, 1 - 1e-9, epsabs=1e-8)[0] == pytest.approx(2 / 7, abs=1e-6)

    def test_it_depends_on_the_counts_alone(self) -> None:
        stopped, fixed, ended = one(1, 3, "first_success"), one(1, 3, "fixed"), one(1, 3, "budget")
        assert stopped["mean"] == fixed["mean"] == ended["mean"] == pytest.approx(2 / 6)
        assert (stopped["low"], stopped["high"]) == (fixed["low"], fixed["high"]) == (ended["low"], ended["high"])

    def test_no_failures_still_leave_doubt(self) -> None:
        found = one(1, 0, "first_success", level=0.9)
        assert (found["mle"], found["mean"]) == (1.0, pytest.approx(2 / 3))
        assert (found["low"], found["high"]) == pytest.approx((0.05**0.5, 0.95**0.5)), "p is Beta(2, 1): P(p < x) = x²"


class TestRules:
    def test_labels_without_rollouts_have_no_soft_estimate(self) -> None:
        for stop_rule in ("implied", "after_error", "budget", "fixed", "exhausted", "certain", "answer"):
            assert all(np.isnan(value) for value in one(0, 0, stop_rule).values()), stop_rule

    def test_a_budgets_counts_have_no_unbiased_estimate(self) -> None:
        """One success and one failure: of two rollouts it is s / n, of those up to a success 0, and the row does
        not say which."""
        found = one(1, 1, "budget")
        assert np.isnan(found.pop("unbiased"))
        assert not any(np.isnan(list(found.values())))
        assert (one(1, 1, "fixed")["unbiased"], one(1, 1, "first_success")["unbiased"]) == (0.5, 0.0)

    def test_a_whole_trace_is_known_exactly(self) -> None:
        assert set(one(1, 0, "answer").values()) == {1.0}
        assert set(one(0, 1, "answer").values()) == {0.0}

    @pytest.mark.parametrize(
        ("successes", "failures", "stop_rule"),
        [
            (1, 0, "tired"),
            (-1, 2, "fixed"),
            (0, 3, "first_success"),
            (2, 3, "first_success"),
            (1, 3, "exhausted"),
            (1, 3, "certain"),
            (1, 1, "answer"),
            (1, 0, "implied"),
            (0, 1, "after_error"),
            (float("nan"), 1, "fixed"),
        ],
    )
    def test_a_label_that_cannot_be_is_refused_with_its_place(self, successes, failures, stop_rule) -> None:
        with pytest.raises(ValueError, match=r"label 1 has .*" + stop_rule):
            soft_estimates([0, successes], [8, failures], ["fixed", stop_rule])

    def test_wrong_columns_priors_and_levels_are_refused(self) -> None:
        with pytest.raises(ValueError, match="one length"):
            soft_estimates([1, 2], [1], ["fixed"])
        with pytest.raises(ValueError, match="prior="):
            soft_estimates([1], [1], ["fixed"], prior=(0.0, 1.0))
        with pytest.raises(ValueError, match="level=95"):
            soft_estimates([1], [1], ["fixed"], level=95)

    def test_no_labels_have_no_estimates(self) -> None:
        assert all(len(getattr(soft_estimates([], [], []), name)) == 0 for name in SoftEstimates.__slots__)


CHANCE = np.repeat([0.1, 0.7], 50_000)
MEAN = 0.4
K = 8


@pytest.fixture(scope="module")
def rollouts() -> np.ndarray:
    return np.random.default_rng(0).random((len(CHANCE), K)) < CHANCE[:, None]


@pytest.fixture(scope="module")
def stopped(rollouts) -> tuple[np.ndarray, np.ndarray, list[str]]:
    return stopped_at_first_success(rollouts)


def stopped_at_first_success(rollouts: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
    arrived = rollouts.any(axis=1)
    failures = np.where(arrived, rollouts.argmax(axis=1), rollouts.shape[1])
    return arrived.astype(int), failures, np.where(arrived, "first_success", "exhausted").tolist()


class TestPooled:
    """100,000 prefixes, half of them with p = 0.1 and half with p = 0.7; at most 8 rollouts each."""

    def test_of_fixed_rollouts_both_estimate_the_mean(self, rollouts) -> None:
        s = rollouts.sum(axis=1)
        found = pooled_estimate(s, K - s, ["fixed"] * len(s))
        assert found.ratio == pytest.approx(found.unbiased)
        assert found.unbiased == pytest.approx(MEAN, abs=0.003)

    def test_after_first_successes_the_ratio_weighs_by_expected_rollouts(self, stopped) -> None:
        found = pooled_estimate(*stopped)
        weighted = np.average(CHANCE, weights=expected_rollouts(CHANCE, K))
        assert found.unbiased == pytest.approx(MEAN, abs=0.007), "four standard errors of 100,000 rollouts"
        assert found.ratio == pytest.approx(weighted, abs=0.003)
        assert weighted == pytest.approx(0.221, abs=0.001)

    def test_the_mean_of_the_mle_is_as_much_too_high_as_its_bias(self, stopped) -> None:
        mean, bias = np.nanmean(soft_estimates(*stopped).mle), mle_bias(CHANCE, K).mean()
        assert mean == pytest.approx(MEAN + bias, abs=0.005)
        assert bias == pytest.approx(0.129, abs=0.001)

    def test_of_equal_prefixes_the_ratio_is_p(self) -> None:
        for k, p in product(LIMITS, CHANCES):
            found = outcomes(first_success, k, p)
            successes = sum(label.successes * chance for label, chance in found.items())
            assert successes / expected_rollouts(p, k) == pytest.approx(p)

    def test_a_choice_by_stop_rule_estimates_nothing(self, stopped) -> None:
        s, f, rules = (np.asarray(column)[np.asarray(stopped[2]) == "first_success"] for column in stopped)
        assert pooled_estimate(s, f, rules.tolist()).unbiased > MEAN + 0.1

    def test_what_was_not_rolled_out_is_counted_apart(self) -> None:
        found = pooled_estimate(
            [1, 0, 0, 0, 1, 0],
            [0, 4, 0, 0, 0, 0],
            ["first_success", "exhausted", "implied", "budget", "answer", "fixed"],
        )
        assert (found.unbiased, found.ratio, found.prefixes, found.left_out) == (0.5, 1 / 5, 2, 4)
        nothing = pooled_estimate([0, 0], [0, 0], ["implied", "after_error"])
        assert (nothing.unbiased, nothing.ratio, nothing.prefixes, nothing.left_out) == (None, None, 0, 2)

    def test_a_row_cut_by_the_budget_leaves_no_unbiased_mean(self) -> None:
        found = pooled_estimate([1, 0], [0, 2], ["first_success", "budget"])
        assert (found.unbiased, found.ratio, found.prefixes) == (None, 1 / 3, 2)


class TestFittedPrior:
    @pytest.mark.parametrize("prior", [(2.0, 5.0), (0.4, 0.3)])
    def test_it_is_that_of_the_prefixes_under_either_rule(self, prior) -> None:
        dice = np.random.default_rng(1)
        rollouts = dice.random((40_000, K)) < dice.beta(*prior, 40_000)[:, None]
        s = rollouts.sum(axis=1)
        for labels in (stopped_at_first_success(rollouts), (s, K - s, ["fixed"] * len(s))):
            a, b = fitted_prior(*labels)
            assert (a, b) == (pytest.approx(prior[0], rel=0.1), pytest.approx(prior[1], rel=0.1))
            assert a / (a + b) == pytest.approx(prior[0] / sum(prior), abs=0.01)

    def test_nothing_is_more_likely_nearby(self, stopped) -> None:
        """Half the prefixes have one p and half another: no Beta, and the best one is found all the same."""
        s, f, rules = (column[::100] for column in stopped)
        a, b = fitted_prior(s, f, rules)

        def likelihood(a: float, b: float) -> float:
            return float((betaln(a + s, b + f) - betaln(a, b)).sum())

        around = [likelihood(a * x, b * y) for x, y in product((0.97, 1.0, 1.03), repeat=2)]
        assert likelihood(a, b) == max(around)

    def test_equal_prefixes_leave_hardly_any_spread(self) -> None:
        a, b = fitted_prior([2] * 50, [6] * 50, ["fixed"] * 50)
        assert 1000 < a + b < 10001
        assert a / (a + b) == pytest.approx(0.25, abs=1e-3)

    @pytest.mark.parametrize(
        ("s", "f", "rules"),
        [
            ([], [], []),
            ([3, 1], [5, 0], ["fixed", "answer"]),
            ([1, 0], [0, 1], ["fixed", "fixed"]),
        ],
    )
    def test_too_few_rollouts_are_refused(self, s, f, rules) -> None:
        with pytest.raises(ValueError, match="prefixes with rollouts"):
            fitted_prior(s, f, rules)


def test_every_rule_of_a_label_is_known_here() -> None:
    assert set(get_args(StopRule)) == set(STOP_RULES)
    assert all(np.isnan(estimates([IMPLIED, AFTER_ERROR]).mean))
