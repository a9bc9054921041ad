"""Further questions to a leaderboard, asked of the stage."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from evals.ratings.online_elo import online_elo
from storage.store import Store
from tasks.arena.params import RatingsParams
from tasks.arena.report import section
from tasks.report.section import Table
from tests.evals.ratings.worlds import world
from tests.tasks.arena.arena_jobs import WHERE, imported, rated, rows, some_votes, votes, written


def by_users(battles: int = 3000, users: int = 30) -> pa.Table:
    """User 3 always takes the first answer."""
    made = world(battles=battles, models=5, effects=())
    user = np.arange(battles) % users
    table = votes(made, user=[f"user-{u}" for u in user])
    winner = np.where(user == 3, "model_a", np.array(table["winner"]))
    return table.set_column(table.column_names.index("winner"), "winner", pa.array(winner))


def test_all_checks_are_answered_and_told(tmp_path: Path) -> None:
    imported(tmp_path, written(tmp_path, by_users()))
    rated(tmp_path, cluster="user", position=True, checks=("firth", "online_elo", "flips", "voters"))
    told = {check: rows(tmp_path, "rating_checks", check=check) for check in ("firth", "online_elo", "flips", "voters")}
    ratings = {row["model"]: row["rating"] for row in rows(tmp_path, "ratings", board="overall")}
    assert {row["subject"]: row["answer"] for row in told["firth"]} == pytest.approx(ratings, abs=3)
    assert all(row["lower"] < row["upper"] and "order" in row["note"] for row in told["online_elo"])
    assert [(row["subject"], row["note"]) for row in told["voters"]] == [("user-3", "first side")]
    [flip] = told["flips"]
    assert flip["votes"] == round(flip["answer"] * 3000)
    titles = [block.title for block in section(Store(tmp_path).at("ratings", WHERE)).blocks if isinstance(block, Table)]
    assert len([title for title in titles if "Elo" in title or "Firth" in title or "first place" in title]) == 3


def test_votes_without_a_user_are_no_voters_and_hide_none(tmp_path: Path) -> None:
    """Each a voter of one vote, they would make q of whoever is told so many times larger."""
    table = by_users(900)
    more = votes(world(battles=40_000, models=5, effects=()), user=pa.nulls(40_000, pa.utf8()))
    imported(tmp_path, written(tmp_path, pa.concat_tables([table, more.select(table.column_names)])))
    rated(tmp_path, cluster="user", position=True, checks=("voters",))
    [told] = rows(tmp_path, "rating_checks")
    assert told["subject"] == "user-3"
    assert told["q"] == pytest.approx(30 * told["answer"])


def test_online_elo_is_that_of_the_rows_in_their_order(tmp_path: Path) -> None:
    made = world(battles=500, models=5, effects=())
    imported(tmp_path, written(tmp_path, votes(made)))
    rated(tmp_path, checks=("online_elo",))
    expected = dict(zip(made.names, online_elo(made.battles()).ratings.tolist(), strict=True))
    told = {row["subject"]: row["answer"] for row in rows(tmp_path, "rating_checks")}
    assert told == pytest.approx(expected)


def test_nothing_is_checked_that_was_not_asked_for(tmp_path: Path) -> None:
    imported(tmp_path, written(tmp_path, some_votes()))
    rated(tmp_path)
    assert rows(tmp_path, "rating_checks") == []


def test_an_unbeaten_leader_is_rated_by_firth_and_has_no_votes_to_flip(tmp_path: Path) -> None:
    table = some_votes(400, models=4)
    more = [{"model_a": "unbeaten", "model_b": "model 0", "winner": "model_a"}] * 5
    imported(tmp_path, written(tmp_path, pa.concat_tables([table.select([0, 1, 2]), pa.Table.from_pylist(more)])))
    rated(tmp_path, checks=("firth", "flips"))
    firth = {row["subject"]: row["answer"] for row in rows(tmp_path, "rating_checks", check="firth")}
    assert 1000 < firth["unbeaten"] < 3000
    [flip] = rows(tmp_path, "rating_checks", check="flips")
    assert flip["answer"] is None
    assert "without a finite rating" in flip["note"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"checks": ("voters",)}, "needs cluster=user"),
        ({"checks": ("firth",), "ties": "davidson"}, "not davidson"),
        ({"checks": ("flips", "flips")}, "asked for twice"),
    ],
)
def test_checks_that_cannot_be_made_are_refused_before_the_run(given, said) -> None:
    with pytest.raises(ValidationError, match=said):
        RatingsParams(**given)
