"""The experiment of docs/arena.md: voters who like long answers mislead the plain rating, and not the other one."""

import datetime
import json
from pathlib import Path

import pytest

from flows.run.execute import execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.arena.params import BattlesParams, RatingsParams
from tests.tasks.arena.arena_jobs import rows

GIVEN = json.loads((Path(__file__).parents[3] / "docs" / "simulated_voters.json").read_text())
WHERE = Partition(date=datetime.date(2026, 11, 24), source="simulated")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulation")
    store = Store(folder)
    execute(Work(STAGES["battles"], WHERE, BattlesParams.model_validate(GIVEN), store))
    execute(Work(STAGES["ratings"], WHERE, RatingsParams(placebo=True), store))
    return folder


def order(root: Path, column: str) -> list[str]:
    board = rows(root, "ratings", WHERE)
    return [row["model"] for row in sorted(board, key=lambda row: -row[column])]


def test_the_plain_rating_is_misled_and_the_controlled_one_recovers_the_planted_order(root: Path) -> None:
    planted = sorted(GIVEN["voters"]["strengths"], key=lambda name: -GIVEN["voters"]["strengths"][name])
    assert order(root, "rating") == order(root, "planted") == planted
    assert order(root, "plain") == planted[::-1]


def test_the_planted_strengths_and_biases_lie_in_their_intervals(root: Path) -> None:
    assert all(row["lower"] < row["planted"] < row["upper"] for row in rows(root, "ratings", WHERE))
    bias = GIVEN["voters"]["bias"]
    for row in rows(root, "style_effects", WHERE, placebo=False):
        assert row["lower"] < bias[row["feature"]] * row["rms"] < row["upper"], row["feature"]
        assert row["verdict"] == "positive"


def test_simulation_is_written_on_every_row(root: Path) -> None:
    for dataset in ("battles", "boards", "ratings", "style_effects", "matchups", "rank_chances"):
        assert all(row["simulated"] for row in rows(root, dataset, WHERE)), dataset


def test_another_seed_gives_other_battles_and_the_same_seed_the_same(tmp_path: Path, root: Path) -> None:
    def battles(seed: int) -> list[dict[str, object]]:
        folder = tmp_path / str(seed)
        given = GIVEN | {"battles": 50, "seed": seed}
        execute(Work(STAGES["battles"], WHERE, BattlesParams.model_validate(given), Store(folder)))
        return rows(folder, "battles", WHERE)

    first = battles(0)
    assert [r["winner"] for r in first] != [r["winner"] for r in battles(1)]
    assert len({r["battle_id"] for r in first}) == 50
