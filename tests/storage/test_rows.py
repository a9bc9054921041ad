import json
import pickle
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.rows import LETTER_BYTES, BadRow, DeadLetter, SchemaMismatch, dead_table, first_of_each, table_of
from storage.schemas import DATASETS, DEAD_SCHEMA
from tests.storage.samples import orm, orms

ORM, PRM = DATASETS["orm"], DATASETS["prm"]


def prm(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "trace_id": "trace-1",
        "problem_id": "problem-1",
        "prompt": "2 + 2?",
        "completions": ["It is", " 4"],
        "labels": [True, True],
        "soft_labels": [0.5, 1.0],
        "successes": [1, 2],
        "failures": [1, 0],
        "tagged": "It is <s> 4 <s>",
        "tagged_labels": "It is + 4 +",
        "verdict": "correct",
    }
    return row | changes


def refused(row: dict[str, Any]) -> BadRow:
    with pytest.raises(BadRow) as caught:
        table_of(PRM, [prm(trace_id="trace-0"), row])
    return caught.value


def test_rows_become_a_table_of_the_declared_schema() -> None:
    assert table_of(PRM, [prm()]).schema == PRM.schema


def test_nul_characters_and_texts_of_a_megabyte_pass() -> None:
    texts = ["a\0b", "ü" * 2**20, ""]
    table = table_of(ORM, [orm(number, text) for number, text in enumerate(texts)])
    assert table["completion"].to_pylist() == texts


def test_a_lone_surrogate_is_named_by_row_and_column() -> None:
    error = refused(prm(tagged="4 \ud83d"))
    assert (error.dataset, error.row_id, error.column) == ("prm", "trace-1", "tagged")
    assert "character 2" in str(error)
    assert "UTF-8" in str(error)


def test_a_lone_surrogate_is_found_in_a_list_and_in_the_id_itself() -> None:
    assert refused(prm(completions=["fine", "\udc00"])).column == "completions"
    str(refused(prm(trace_id="\ud800"))).encode()  # the message itself can be written


@pytest.mark.parametrize(
    ("changes", "column", "why"),
    [
        ({"successes": [1.5, 2]}, "successes", "is no list<"),
        ({"successes": [2**40]}, "successes", "too large"),
        ({"labels": "yes"}, "labels", "is no list<"),
        ({"verdict": 3}, "verdict", "3 is no string"),
        ({"verdict": None}, "verdict", "never null"),
        ({"verdict": b"\xff"}, "verdict", "is no string"),
        ({"extra": 1}, "extra", "not declared in v1"),
    ],
)
def test_a_value_that_does_not_fit_is_named(changes: dict[str, Any], column: str, why: str) -> None:
    error = refused(prm(**changes))
    assert (error.row_id, error.column) == ("trace-1", column)
    assert why in error.why


def test_a_missing_column_is_named() -> None:
    row = prm()
    del row["verdict"]
    assert refused(row).column == "verdict"


def test_a_bad_row_comes_back_from_another_process() -> None:
    error = refused(prm(verdict=3))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.row_id) == (str(error), error.row_id)


def test_a_table_with_other_columns_is_refused_with_their_names() -> None:
    table = table_of(ORM, orms(2)).rename_columns(["trace_id", "problem_id", "prompt", "answer", "label"])
    with pytest.raises(SchemaMismatch, match=r"missing \['completion'\], not declared \['answer'\]"):
        table_of(ORM, table)


def test_a_table_with_another_type_is_refused_with_both() -> None:
    table = table_of(ORM, orms(2))
    table = table.set_column(4, "label", pa.array([1, 0]))
    with pytest.raises(SchemaMismatch, match="label is int64, should be bool"):
        table_of(ORM, table)


def test_a_table_may_have_its_columns_in_another_order() -> None:
    table = table_of(ORM, orms(2))
    assert table_of(ORM, table.select(sorted(ORM.schema.names))) == table


def test_dead_letters_can_say_anything_and_are_cut() -> None:
    letters = [
        DeadLetter("1", "prm", "bad", "half \ud800 of a pair", payload=json.dumps("ü" * LETTER_BYTES)),
        DeadLetter("2", "prm", "bad", "ü" * LETTER_BYTES),
    ]
    table = dead_table(letters)
    assert table.schema == DEAD_SCHEMA
    assert table["message"][0].as_py() == r"half \ud800 of a pair"
    assert len(table["message"][1].as_py().encode()) == LETTER_BYTES


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9))))
def test_the_first_row_of_an_id_wins_and_order_stays(rows: list[tuple[str, int]]) -> None:
    table = pa.table({"id": pa.array([row[0] for row in rows], pa.utf8()), "n": [row[1] for row in rows]})
    firsts: dict[str, int] = {}
    for key, number in rows:
        firsts.setdefault(key, number)
    once = first_of_each(table, "id")
    assert dict(zip(once["id"].to_pylist(), once["n"].to_pylist(), strict=True)) == firsts
    assert once["id"].to_pylist() == list(firsts)
