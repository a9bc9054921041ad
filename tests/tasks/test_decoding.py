import numpy as np
import pyarrow as pa
import pytest

from evals.bradley_terry import fit
from evals.ratings.records import Admission, Reading, read
from tasks.decoding import decoded, named
from tests.evals.ratings.worlds import world

FEATURES = ("style 0", "style 1")


@pytest.fixture
def records() -> pa.Table:
    made = world(battles=3000)
    names = np.array(made.names)
    return pa.table(
        {
            "model_a": names[made.first],
            "model_b": names[made.second],
            "winner": np.array(["model_b", "tie", "model_a"])[made.score],
            "user": [f"user {n % 200}" for n in range(3000)],
            **made.features,
        }
    )


def test_battles_from_batches_are_those_of_the_whole_table(records: pa.Table, tmp_path) -> None:
    reading = Reading(named([records]), FEATURES, cluster="user", position=True)
    whole, _ = read(records, reading)
    with decoded(records.to_batches(max_chunksize=700), reading, folder=tmp_path) as got:
        assert (len(got.battles), got.rows, got.refused) == (3000, 3000, [])
        assert isinstance(got.battles.pair, np.memmap)
        np.testing.assert_allclose(fit(got.battles).x, fit(whole).x, atol=1e-9)
        assert sorted(got.battles.cluster.tolist()) == sorted(whole.cluster.tolist())


def test_a_battle_takes_25_bytes(records: pa.Table) -> None:
    with decoded([records], Reading(named([records]), FEATURES)) as got:
        columns = [got.battles.pair, got.battles.score, *got.battles.columns]
        assert sum(column.dtype.itemsize for column in columns) + 3 * 4 == 25  # with five features


def test_refusals_name_the_row_among_all_batches(records: pa.Table) -> None:
    bad = records.slice(0, 2).set_column(2, "winner", pa.array(["model_a", "nobody"]))
    batches = [records.slice(0, 1000), bad, records.slice(1000)]
    with decoded(batches, Reading(named([records]), FEATURES)) as got:
        assert [(r.row, r.kind) for r in got.refused] == [(1001, "unknown label")]
        assert len(got.battles) == got.rows - 1 == 3001


def test_rows_that_name_no_cluster_are_each_their_own_over_all_batches(records: pa.Table) -> None:
    users = [f"user {n}" if n % 3 == 0 else None for n in range(3000)]
    batches = records.set_column(3, "user", pa.array(users)).to_batches(max_chunksize=500)
    with decoded(batches, Reading(named([records]), FEATURES, cluster="user")) as got:
        assert len(np.unique(np.asarray(got.battles.cluster))) == 3000


def test_caps_hold_over_all_batches(records: pa.Table) -> None:
    batches = records.to_batches(max_chunksize=100)
    with decoded(batches, Reading(named([records]), FEATURES), Admission(user="user", per_user=4)) as got:
        assert len(got.battles) == 200 * 4


def test_models_are_named_once_and_missing_ones_not_at_all() -> None:
    table = pa.table({"model_a": ["b", None, "b"], "model_b": ["a", "c", "a"]})
    assert named([table, table]) == ("a", "b", "c")
