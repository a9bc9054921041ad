"""What cannot be known is refused or called unbounded: never a quiet number."""

from typing import Any

import numpy as np
import pytest

from evals.bradley_terry import fit
from evals.ratings.battles import Battles, battles_of
from evals.ratings.identifiability import Unidentified, covariates, standings, survey
from tests.evals.ratings.worlds import World, world

WIN, TIE, LOSS = 2, 1, 0


def played(models: str, *rows: tuple[str, str, int], **more: Any) -> Battles:
    first, second, score = zip(*rows, strict=True)
    return battles_of(list(models), [*map(models.index, first)], [*map(models.index, second)], score, **more)


CIRCLE = (("a", "b", WIN), ("b", "c", WIN), ("c", "a", WIN))


def test_models_that_won_all_lost_all_or_never_played_are_unbounded_and_not_rated() -> None:
    battles = played("abcdef", *CIRCLE, ("d", "a", WIN), ("d", "b", WIN), ("e", "a", LOSS))
    found = fit(battles)
    assert found.standing == ("rated", "rated", "rated", "above all", "below all", "no battles")
    assert found.theta[3:5].tolist() == [np.inf, -np.inf]
    assert np.isnan(found.theta[5])


def test_battles_against_unbounded_models_leave_the_others_where_they_are() -> None:
    alone = fit(played("abc", *CIRCLE, ("a", "b", TIE)))
    more = fit(played("abcd", *CIRCLE, ("a", "b", TIE), ("d", "a", WIN), ("d", "a", WIN)))
    np.testing.assert_allclose(more.theta[:3], alone.theta, atol=1e-12)


def test_whoever_beat_only_the_unbeaten_is_above_all_too() -> None:
    battles = played("abcde", *CIRCLE, ("d", "a", WIN), ("e", "d", WIN))
    assert fit(battles).standing[3:] == ("above all", "above all")


def test_whoever_lost_only_to_the_unbeaten_is_undetermined() -> None:
    battles = played("abcde", *CIRCLE, ("d", "a", WIN), ("d", "e", WIN))
    found = fit(battles)
    assert found.standing[3:] == ("above all", "undetermined")
    assert np.isnan(found.theta[4])


def test_a_tie_connects_both_ways_unless_it_is_dropped() -> None:
    battles = played("abcd", *CIRCLE, ("d", "a", WIN), ("d", "a", TIE))
    assert fit(battles).standing[3] == "rated"
    assert fit(battles, ties="drop").standing[3] == "above all"


def test_groups_that_never_met_are_refused_by_name() -> None:
    with pytest.raises(Unidentified, match=r"2 groups that never met.*a, b, c; d, e"):
        fit(played("abcde", *CIRCLE, ("d", "e", WIN), ("e", "d", WIN)))


def test_a_strict_order_rates_nobody() -> None:
    with pytest.raises(Unidentified, match="every rating is unbounded"):
        fit(played("ab", ("a", "b", WIN)))


@pytest.mark.parametrize("ties", ["half", "drop"])
def test_no_battles_are_refused(ties: Any) -> None:
    none = battles_of(["a", "b"], np.empty(0, int), np.empty(0, int), np.empty(0, int))
    with pytest.raises(Unidentified, match="no battle that counts"):
        fit(none, ties=ties)


def featured(made: World, **features: np.ndarray) -> Battles:
    return battles_of(made.names, made.first, made.second, made.score, made.features | features)


def test_a_feature_that_is_always_zero_is_refused() -> None:
    with pytest.raises(Unidentified, match="'flat' is 0 in every battle"):
        fit(featured(world(battles=500), flat=np.zeros(500)))


def test_a_feature_that_says_only_who_plays_is_refused() -> None:
    made = world(battles=500)
    trait = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6])
    with pytest.raises(Unidentified, match="'trait' is a fixed difference between the models"):
        fit(featured(made, trait=trait[made.first] - trait[made.second]))


def test_collinear_features_are_named() -> None:
    made = world(battles=500)
    z = made.features
    with pytest.raises(Unidentified, match=r"\['style 0', 'style 1', 'both'\] are collinear"):
        fit(featured(made, both=z["style 0"] - 2 * z["style 1"]))


def test_a_feature_that_decides_every_battle_is_refused() -> None:
    made = world(battles=500, ties=0.0)
    with pytest.raises(Unidentified, match="feature 'oracle', which may tell winners from losers"):
        fit(featured(made, oracle=np.where(made.score == 2, 1.0, -1.0)))


def test_inflation_is_that_of_a_regression_on_models_and_features() -> None:
    made = world(battles=4000)
    battles = made.battles()
    first, second = battles.ends()
    models = np.zeros((4000, 6))
    models[np.arange(4000), first], models[np.arange(4000), second] = 1, -1
    z, other = battles.columns
    found = covariates(survey(battles), battles.features)[0]
    assert found.rms == pytest.approx(np.sqrt((z**2).mean()))
    assert found.by_models == pytest.approx(1 - unexplained(z, models))
    assert found.inflation == pytest.approx(1 / unexplained(z, np.column_stack([models, other])))


def unexplained(y: np.ndarray, x: np.ndarray) -> float:
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(rest @ rest / (y @ y))


def test_style_that_goes_with_the_model_inflates() -> None:
    made = world(battles=500, seed=3)
    trait = np.linspace(-1, 1, 6)
    nearly = trait[made.first] - trait[made.second] + np.random.default_rng(0).normal(0, 0.02, 500)
    found = fit(featured(made, nearly=nearly))
    assert found.covariates[2].inflation > 100 > 5 > found.covariates[0].inflation


def test_rows_that_do_not_count_are_not_seen() -> None:
    battles = played("abc", *CIRCLE, ("a", "b", WIN), weight=[1, 1, 1, 0])
    seen = survey(battles)
    assert seen.battles.sum() == 2 * 3
    assert standings(seen, battles.models) == ("rated",) * 3
