"""Labels by their place in the trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.places import by_place

LABEL = st.sampled_from([1, 0, None])
TRACE = st.integers(1, 9).flatmap(lambda n: st.tuples(*[st.lists(LABEL, min_size=n, max_size=n)] * 2))


def test_steps_are_counted_where_they_stand() -> None:
    first, second = by_place([([1, 0], [1, 1]), ([0], [None])])
    assert (first.step, first.good, first.bad, first.open) == (0, 1, 1, 0)
    assert (second.step, second.good, second.bad, second.open) == (1, 0, 1, 0)


def test_a_trace_has_one_first_error() -> None:
    places = by_place([([1, 0, 0], [0, 0, 0])])
    assert [place.first_errors for place in places] == [0, 1, 0]
    assert [place.true_first_errors for place in places] == [1, 0, 0]


def test_what_an_open_label_hides_is_no_first_error() -> None:
    assert not any(place.first_errors for place in by_place([([None, 0], [None, None])]))


def test_the_last_place_holds_what_comes_later() -> None:
    _, last = by_place([([1, 1, 1, 0], [1, 1, 1, 0])], most=2)
    assert (last.good, last.bad, last.first_errors, last.true_first_errors) == (2, 1, 1, 1)


def test_no_place_is_refused() -> None:
    with pytest.raises(ValueError, match="most=0"):
        by_place([], most=0)


@given(st.lists(TRACE, max_size=8), st.integers(1, 6))
def test_every_label_is_counted_once_and_places_have_no_gap(traces: list, most: int) -> None:
    places = by_place(traces, most)
    assert [place.step for place in places] == list(range(len(places)))
    assert len(places) <= most
    assert sum(place.decided + place.open for place in places) == sum(len(hard) for hard, _ in traces)
    assert sum(place.first_errors for place in places) <= len(traces)
