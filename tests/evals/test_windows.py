"""A part of a set that moves through it."""

from hypothesis import given
from hypothesis import strategies as st

from evals.windows import window

IDS = [f"p{number}" for number in range(10)]


def test_windows_that_follow_one_another_hold_everything_once() -> None:
    parts = [window(IDS, 5, offset, seed=3) for offset in (20, 25)]
    assert parts[0] | parts[1] == set(IDS)
    assert not parts[0] & parts[1]


def test_a_window_goes_on_from_the_beginning() -> None:
    assert window(IDS, 4, 8, seed=0) == window(IDS, 2, 8, seed=0) | window(IDS, 2, 0, seed=0)


def test_another_seed_shuffles_anew() -> None:
    assert window(IDS, 5, 0, seed=0) != window(IDS, 5, 0, seed=1)


@given(st.sets(st.text(max_size=3), max_size=8), st.integers(1, 12), st.integers(0, 10**6), st.integers(0, 5))
def test_a_window_has_its_size_whatever_the_order_of_the_ids(ids: set[str], size: int, offset: int, seed: int) -> None:
    found = window(sorted(ids), size, offset, seed)
    assert found <= ids
    assert len(found) == min(size, len(ids))
    assert found == window(sorted(ids, reverse=True), size, offset, seed)
