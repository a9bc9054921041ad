import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from storage.partition import Partition, slug

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
PARTITIONS = st.builds(Partition, date=st.dates(), source=NAMES, model=st.none() | NAMES, run=NAMES)


@given(PARTITIONS)
def test_a_partition_comes_back_from_its_string(partition: Partition) -> None:
    assert Partition.parse(str(partition)) == partition


@given(st.text(max_size=60) | PARTITIONS.map(str).flatmap(lambda text: st.sampled_from([text, text + "/", f" {text}"])))
def test_only_one_string_names_a_partition(text: str) -> None:
    try:
        partition = Partition.parse(text)
    except ValueError:
        return
    assert str(partition) == text


def test_the_string_has_its_keys_in_order_and_no_model_where_none_is() -> None:
    partition = Partition(date=datetime.date(2026, 11, 22), source="generated", model="tiny_reasoner")
    assert str(partition) == "date=2026-11-22/source=generated/model=tiny_reasoner/run=main"
    assert str(partition.without_model()) == "date=2026-11-22/source=generated/run=main"


@pytest.mark.parametrize(
    "text",
    [
        "date=20261122/source=a/run=main",
        "date=2026-W47-7/source=a/run=main",
        "date=2026-11-31/source=a/run=main",
        "source=a/date=2026-11-22/run=main",
        "date=2026-11-22/source=a",
        "date=2026-11-22/source=../run=main",
        "date=2026-11-22/source=a/run=main\n",
        "date=2026-11-22/source=a/model=/run=main",
    ],
)
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"YYYY-MM-DD|cannot be part of a path"):
        Partition.parse(text)


@pytest.mark.parametrize("name", ["", "..", "a/b", "ünlü", "-a", "a b", "a\n", "x" * 121])
def test_a_name_that_is_no_path_is_refused_with_what_would_be_right(name: str) -> None:
    with pytest.raises(ValidationError, match="letter or digit"):
        Partition(date=datetime.date(2026, 11, 22), source=name)


@given(st.text())
def test_a_slug_is_always_a_name(name: str) -> None:
    try:
        made = slug(name)
    except ValueError:
        assert not any(character.isascii() and character.isalnum() for character in name)
        return
    assert Partition(date=datetime.date(2026, 11, 22), source="a", model=made).model == made


def test_the_slug_of_a_hub_name_stays_readable() -> None:
    assert slug("Qwen/Qwen3-8B") == "Qwen-Qwen3-8B"
    assert slug("http://host:8000/v1#gpt 4") == "http-host-8000-v1-gpt-4"
