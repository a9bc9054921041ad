import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.identity import canonical_json, fingerprint, row_id, seed_of

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), plain))
def test_the_order_of_keys_does_not_matter(value):
    assert fingerprint(value) == fingerprint(dict(reversed(list(value.items()))))


def test_the_fingerprint_of_a_known_value_never_changes():
    """A changed value would make every dataset in the world stale."""
    assert fingerprint({"b": [1, 2.5, None], "a": "é"}) == "84afbf1d4853005f9dd0c81cb1819b53"


@pytest.mark.parametrize("value", [{1, 2}, datetime.date(2026, 1, 1), b"x", {1: "a"}, object()])
def test_a_value_without_an_obvious_form_raises_and_names_its_place(value):
    with pytest.raises(TypeError, match=r"\$\.deep\[0\].*no canonical form"):
        canonical_json({"deep": [value]})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_raise(value):
    with pytest.raises(ValueError, match=r"\$\.x"):
        canonical_json({"x": value})


def test_parts_of_an_id_do_not_run_together():
    assert row_id("a", "b") != row_id("ab") != row_id("a", "b", "")


@given(st.text(), st.integers())
def test_seeds_fit_in_31_bits_and_follow_from_the_id(text, number):
    seed = seed_of(row_id(text, number))
    assert 0 <= seed < 2**31
    assert seed == seed_of(row_id(text, number))
