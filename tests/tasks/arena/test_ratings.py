"""The ratings stage on imported battles."""

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from evals.bradley_terry import Scale, fit
from flows.run.work import InputsMissing
from storage.partition import Partition
from tasks.arena.ratings import NoRatings
from tests.evals.ratings.worlds import world
from tests.tasks.arena.arena_jobs import WHERE, dead, imported, rated, rows, some_votes, votes, written

FEATURES = ("style 0", "style 1")


def committed(root: Path, table: pa.Table, **given: object) -> Path:
    imported(root, written(root, table), extra=[name for name in FEATURES if name in table.column_names], **given)
    return root


def test_the_ratings_are_those_of_the_fit(tmp_path: Path) -> None:
    made = world(battles=1500)
    committed(tmp_path, votes(made))
    rated(tmp_path, cluster="none")
    found = fit(made.battles(kind=np.float32))
    expected = dict(zip(found.models, found.ratings(), strict=True))
    board = {row["model"]: row["rating"] for row in rows(tmp_path, "ratings", board="overall")}
    assert board == pytest.approx(expected, abs=1e-5)
    assert [row["rank"] for row in rows(tmp_path, "ratings", board="overall")] == [1, 2, 3, 4, 5, 6]


def test_every_category_and_language_with_enough_battles_has_a_board(tmp_path: Path) -> None:
    n = 1200
    languages = np.where(np.arange(n) % 10 == 0, "fr", "en")
    categories = np.where(np.arange(n) % 2 == 0, "math;hard", "code")
    committed(tmp_path, some_votes(n, language=languages, category=categories))
    rated(tmp_path, min_battles=200)
    boards = {row["board"]: row["battles"] for row in rows(tmp_path, "boards")}
    assert boards == {
        "overall": 1200,
        "category code": 600,
        "category hard": 600,
        "category math": 600,
        "language en": 1080,
    }
    assert {row["board"] for row in rows(tmp_path, "ratings")} == set(boards)


def test_battles_without_a_verdict_do_not_make_a_board(tmp_path: Path) -> None:
    n = 900
    table = some_votes(n, language=np.where(np.arange(n) < 300, "fr", "en"))
    winner = np.where(np.arange(n) < 200, "unknown", np.array(table["winner"]))
    committed(tmp_path, table.set_column(2, "winner", pa.array(winner)))
    rated(tmp_path, min_battles=200)
    assert {row["board"] for row in rows(tmp_path, "boards")} == {"overall", "language en"}


def test_a_board_is_what_its_battles_alone_give(tmp_path: Path) -> None:
    n = 1200
    table = some_votes(n, language=np.where(np.arange(n) % 3 == 0, "fr", "en"))
    committed(tmp_path, table)
    rated(tmp_path, min_battles=100)
    alone = tmp_path / "alone"
    alone.mkdir()
    committed(alone, table.filter(pa.compute.equal(table["language"], "fr")))
    rated(alone)
    expected = {row["model"]: row["rating"] for row in rows(alone, "ratings", board="overall")}
    assert {r["model"]: r["rating"] for r in rows(tmp_path, "ratings", board="language fr")} == pytest.approx(expected)


def test_a_board_that_its_battles_do_not_determine_is_refused_and_the_others_stand(tmp_path: Path) -> None:
    n = 1200
    table = some_votes(n, category=np.where(np.arange(n) < 300, "easy", "hard"))
    first_wins = np.where(np.arange(n) < 300, "", np.array(table["winner"]))
    a, b = np.array(table["model_a"]), np.array(table["model_b"])
    first_wins = np.where(first_wins == "", np.where(a < b, "model_a", "model_b"), first_wins)
    committed(tmp_path, table.set_column(2, "winner", pa.array(first_wins)))
    summary = rated(tmp_path, min_battles=100).manifests["ratings"].summary
    assert "every rating is unbounded" in summary["refused"]["category easy"]
    [board] = rows(tmp_path, "boards", board="category easy")
    assert board["status"] == "refused"
    assert rows(tmp_path, "ratings", board="category hard")
    assert not rows(tmp_path, "ratings", board="category easy")


def test_models_that_won_or_lost_all_are_reported_as_unbounded(tmp_path: Path) -> None:
    table = pa.concat_tables(
        [
            some_votes(600).select(["model_a", "model_b", "winner"]),
            pa.table({"model_a": ["star"] * 8, "model_b": ["model 0"] * 8, "winner": ["model_a"] * 8}),
        ]
    )
    committed(tmp_path, table)
    summary = rated(tmp_path).manifests["ratings"].summary
    [star] = rows(tmp_path, "ratings", model="star")
    assert summary["not_rated"] == {"star": "above all"}
    assert (star["rating"], star["upper"], star["rank"], star["method"]) == (np.inf, np.inf, None, "profile")
    assert 0 < star["lower"] < 5000


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_models_of_infinite_ratings_that_met_warn_nobody_and_have_no_expectation(tmp_path: Path) -> None:
    pairs = [("star", "model 0")] * 8 + [("moon", "star")] * 3
    more = pa.table({"model_a": [a for a, _ in pairs], "model_b": [b for _, b in pairs], "winner": ["model_a"] * 11})
    lengths = {"length_a": np.arange(611) % 7, "length_b": np.arange(611) % 5}
    table = pa.concat_tables([some_votes(600).select(["model_a", "model_b", "winner"]), more])
    for name, values in lengths.items():
        table = table.append_column(name, pa.array(values))
    committed(tmp_path, table)
    rated(tmp_path)
    [met] = rows(tmp_path, "matchups", board="overall", model="moon", opponent="star")
    assert met["expected"] is None


def test_groups_that_never_met_are_refused_by_name(tmp_path: Path) -> None:
    two = pa.table(
        {"model_a": ["a", "a", "c", "c"], "model_b": ["b", "b", "d", "d"], "winner": ["model_a", "model_b"] * 2}
    )
    committed(tmp_path, two)
    with pytest.raises(NoRatings, match="never met"):
        rated(tmp_path)


def test_a_feature_that_nobody_counted_is_refused_with_those_that_are_there(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(300))
    with pytest.raises(NoRatings, match="'bold' was counted in none of 300 battles; there are style 0, style 1"):
        rated(tmp_path, features=("bold",))


def test_a_feature_that_never_differs_is_refused_if_asked_for_and_left_out_if_not(tmp_path: Path) -> None:
    n = 600
    table = some_votes(n, headers_a=np.full(n, 2), headers_b=np.full(n, 2))
    committed(tmp_path, table)
    summary = rated(tmp_path).manifests["ratings"].summary
    assert summary["features_left_out"]["headers"] == "the same on both sides of every battle"
    with pytest.raises(NoRatings, match="'headers' is 0 in every battle"):
        rated(tmp_path, features=("headers",))


def test_an_anchor_that_did_not_play_is_refused(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(300))
    with pytest.raises(NoRatings, match="the anchor 'gpt' is not among the models"):
        rated(tmp_path, anchor="gpt")


def test_battles_without_a_verdict_are_counted_and_rate_nobody(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(300).set_column(2, "winner", pa.array(["unknown"] * 300)))
    with pytest.raises(NoRatings, match="a winner is known in none"):
        rated(tmp_path)


def test_a_battle_without_the_features_is_a_dead_letter(tmp_path: Path) -> None:
    n = 400
    length = pa.array([None if i == 7 else i % 50 for i in range(n)], pa.int32())
    committed(tmp_path, some_votes(n, length_a=length, length_b=np.arange(n) % 31))
    rated(tmp_path)
    [letter] = dead(tmp_path, "ratings")
    assert (letter["kind"], letter["place"]) == ("bad_feature", "votes.parquet:8")


def test_users_and_prompts_are_capped_and_counted(tmp_path: Path) -> None:
    n = 600
    table = some_votes(n, user=[f"u{i % 50}" for i in range(n)], prompt_id=[f"p{i}" for i in range(n)])
    committed(tmp_path, table)
    summary = rated(tmp_path, per_user=5).manifests["ratings"].summary
    assert (summary["battles"], summary["left_out"]) == (250, {"user cap": 350})


def test_users_that_nobody_named_are_not_one_user(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(300))
    assert rated(tmp_path, per_user=5).manifests["ratings"].summary["battles"] == 300


def test_votes_without_a_user_do_not_make_one_cluster(tmp_path: Path) -> None:
    """As one cluster they would answer for each other, and all errors would be a third of what they are."""
    n = 2000
    committed(tmp_path, some_votes(n, user=[f"u{i}" if i < 200 else None for i in range(n)]))
    rated(tmp_path, cluster="none")
    alone = {row["model"]: row["error"] for row in rows(tmp_path, "ratings", board="overall")}
    summary = rated(tmp_path, cluster="user").manifests["ratings"].summary
    assert {r["model"]: r["error"] for r in rows(tmp_path, "ratings", board="overall")} == pytest.approx(
        alone, rel=0.01
    )
    assert summary["without_cluster"] == 1800


def test_clusters_that_no_battle_names_are_refused(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(300))
    with pytest.raises(NoRatings, match="cluster=session: none of 300 battles names its session"):
        rated(tmp_path, cluster="session")


def test_a_feature_that_only_the_later_battles_have_is_left_out_and_refuses_no_battle(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(400).drop_columns(["style 0"]))
    day = Partition(date=datetime.date(2026, 11, 25), source="votes")
    imported(tmp_path, written(tmp_path, some_votes(500), "day.parquet"), day, extra=FEATURES)
    summary = rated(tmp_path, also=(f"battles/{day}",)).manifests["ratings"].summary
    assert summary["features_left_out"]["style 0"] == "not counted in 400 of 900 battles"
    assert summary["battles"] == 900


def test_a_feature_that_is_the_same_where_it_was_counted_is_called_so(tmp_path: Path) -> None:
    n = 300
    headers = pa.array([None if i == 7 else 2 for i in range(n)], pa.int32())
    committed(tmp_path, some_votes(n, headers_a=headers, headers_b=headers))
    left = rated(tmp_path).manifests["ratings"].summary["features_left_out"]
    assert left["headers"] == "the same on both sides of every battle"


def test_a_day_that_is_added_starts_from_the_day_before_and_comes_to_the_same(tmp_path: Path) -> None:
    table = some_votes(3000).append_column("battle_id", pa.array([str(i) for i in range(3000)]))
    committed(tmp_path, table.slice(0, 2700))
    rated(tmp_path)
    day = Partition(date=datetime.date(2026, 11, 25), source="votes")
    path = written(tmp_path, table.slice(2600), "day.parquet")  # 100 of them again
    imported(tmp_path, path, day, extra=FEATURES)
    further = {"also": (f"battles/{WHERE}",)}
    warm = rated(tmp_path, day, start=f"ratings/{WHERE}", **further).manifests["ratings"]
    warmly = rows(tmp_path, "ratings", day)
    [passes] = [row["passes"] for row in rows(tmp_path, "boards", day)]
    rated(tmp_path, day, **further)
    [cold] = [row["passes"] for row in rows(tmp_path, "boards", day)]
    assert warm.summary["left_out"] == {"duplicate": 100}
    assert warm.summary["battles"] == 3000
    assert {r["model"]: r["rating"] for r in warmly} == pytest.approx(
        {r["model"]: r["rating"] for r in rows(tmp_path, "ratings", day)}, abs=1e-5
    )
    assert passes <= cold


def test_an_earlier_result_that_is_not_there_is_named(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(100))
    with pytest.raises(InputsMissing, match="nothing is committed at ratings"):
        rated(tmp_path, start="ratings/date=2026-11-01/source=votes/run=main")


def test_style_that_grows_month_by_month_shows_as_a_trend(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    n, months = 4000, 5
    made = world(battles=n, models=4, effects=())
    month = np.arange(n) * months // n
    grows = np.where(made.first == 0, 1.0, 0.0) - np.where(made.second == 0, 1.0, 0.0)
    verbosity = 0.2 * grows * month + draw.normal(0, 0.5, n)
    at = [datetime.datetime(2026, 1 + int(m), 1 + int(i) % 28, tzinfo=datetime.UTC) for i, m in enumerate(month)]
    table = votes(made, verbosity=verbosity, at=pa.array(at))
    imported(tmp_path, written(tmp_path, table), extra=("verbosity",))
    rated(tmp_path, drift="month")
    drift = rows(tmp_path, "drift")
    assert sorted({row["period"] for row in drift}) == [f"2026-0{m}" for m in range(1, 6)]
    moved = {row["model"]: (row["trend"] > 0, row["trend_q"] < 0.001) for row in drift}
    assert moved["model 0"] == (True, True)
    means = [row["mean"] for row in drift if row["model"] == "model 0"]
    assert means == sorted(means)


def test_a_month_without_votes_counts_in_the_trend(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    n, months = 3000, np.array([1, 2, 10])
    made = world(battles=n, models=4, effects=())
    month = months[np.arange(n) * 3 // n]
    verbosity = 0.1 * month * ((made.first == 0) * 1.0 - (made.second == 0)) + draw.normal(0, 0.1, n)
    at = pa.array([datetime.datetime(2026, int(m), 5, tzinfo=datetime.UTC) for m in month])
    imported(tmp_path, written(tmp_path, votes(made, verbosity=verbosity, at=at)), extra=("verbosity",))
    rated(tmp_path, drift="month")
    [effect] = rows(tmp_path, "style_effects", board="overall")
    trend = {row["model"]: row["trend"] for row in rows(tmp_path, "drift")}
    assert trend["model 0"] * effect["rms"] == pytest.approx(0.1, abs=0.005)


def test_pairs_add_up_and_ranks_are_certain_to_be_some(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(900))
    rated(tmp_path, placebo=True)
    matchups = rows(tmp_path, "matchups", board="overall")
    assert sum(row["battles"] for row in matchups) == 2 * 900
    there = {(row["model"], row["opponent"]): row for row in matchups}
    for (model, opponent), row in there.items():
        assert row["score"] + there[opponent, model]["score"] == pytest.approx(1)
        assert row["expected"] + there[opponent, model]["expected"] == pytest.approx(1)
    chances = rows(tmp_path, "rank_chances", board="overall")
    for model in {row["model"] for row in chances}:
        assert sum(row["chance"] for row in chances if row["model"] == model) == pytest.approx(1)
    [placebo] = rows(tmp_path, "style_effects", placebo=True)
    assert abs(placebo["z"]) < 4


@pytest.mark.parametrize("given", [{"ties": "davidson"}, {"ties": "drop"}, {"errors": "bootstrap", "replicates": 50}])
def test_the_other_choices_give_a_leaderboard(tmp_path: Path, given: dict[str, object]) -> None:
    committed(tmp_path, some_votes(900))
    rated(tmp_path, **given)
    board = rows(tmp_path, "ratings", board="overall")
    assert all(row["lower"] < row["rating"] < row["upper"] for row in board)


def test_base_e_makes_ratings_2_3026_times_as_wide(tmp_path: Path) -> None:
    committed(tmp_path, some_votes(900))
    widths = []
    for base in (10.0, float(np.e)):
        rated(tmp_path, base=base)
        board = [row["rating"] for row in rows(tmp_path, "ratings", board="overall")]
        widths.append(max(board) - min(board))
    assert widths[1] / widths[0] == pytest.approx(Scale(base=float(np.e)).unit / Scale().unit)


def test_the_normalisation_is_the_one_asked_for(tmp_path: Path) -> None:
    n = 900
    draw = np.random.default_rng(1)
    table = some_votes(n, length_a=draw.integers(10, 90, n), length_b=draw.integers(10, 90, n))
    committed(tmp_path, table)
    rms = {}
    for normalisation in ("difference", "ratio", "ratio_plus_one", "density", "tanh"):
        rated(tmp_path, features=("length",), normalisation=normalisation)
        [effect] = rows(tmp_path, "style_effects", feature="length")
        rms[normalisation] = effect["rms"]
    assert rms["difference"] > 1 > rms["ratio"] > rms["ratio_plus_one"] == rms["density"]
    assert 0.5 < rms["tanh"] < 1
