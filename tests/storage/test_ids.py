import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from storage.ids import Ids

NAMES = st.lists(st.text(max_size=3), max_size=20)


def ids(*pieces: list[str]) -> Ids:
    made = Ids()
    for piece in pieces:
        made.add(pa.array(piece, pa.utf8()))
    return made


@given(NAMES, NAMES, NAMES)
def test_an_id_is_found_where_it_came_the_first_time(first: list[str], second: list[str], asked: list[str]) -> None:
    every = first + second
    wanted = [every.index(name) if name in every else -1 for name in asked]
    assert ids(first, second).places(pa.array(asked, pa.utf8())).tolist() == wanted


@given(NAMES)
def test_repeated_ids_are_told_from_others(names: list[str]) -> None:
    made = ids(names)
    assert (len(made), made.distinct()) == (len(names), len(set(names)))
    assert made.repeated(pa.array(names, pa.utf8())) == [name for name in names if names.count(name) > 1]


def test_ids_may_be_added_after_a_question() -> None:
    made = ids(["a"])
    assert made.places(pa.array(["b"])).tolist() == [-1]
    made.add(pa.chunked_array([["b"], ["a"]]))
    assert made.places(pa.array(["b", "a"])).tolist() == [1, 0]
