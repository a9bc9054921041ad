"""Records are read strictly: each row is rated, or refused with a reason."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.ratings.battles import LOSS, TIE, WIN
from evals.ratings.records import Admission, Reading, hashes, read, restored, spilled

MODELS = ("ada", "bob", "cy")
GOOD = {"model_a": "bob", "model_b": "ada", "winner": "model_a", "length": 0.5, "user": "u1", "prompt": "p1", "id": "1"}


def table(*changes: dict) -> pa.Table:
    return pa.Table.from_pylist([GOOD | change for change in changes])


def reading(**more) -> Reading:
    return Reading(MODELS, ("length",), **more)


def test_a_row_is_read_from_the_side_of_the_first_model() -> None:
    battles, refused = read(table({}, {"model_a": "ada", "model_b": "cy", "winner": "tie"}), reading(position=True))
    assert refused == []
    assert battles.pair.tolist() == [0 * 3 + 1, 0 * 3 + 2]
    assert battles.score.tolist() == [LOSS, TIE]
    assert battles.features == ("length", "position")
    assert [column.tolist() for column in battles.columns] == [[-0.5, 0.5], [-1.0, 1.0]]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"winner": "A"}, "unknown label", "winner 'A' is none of model_a, model_b, tie, tie (bothbad), both_bad"),
        ({"winner": None}, "unknown label", "winner None"),
        ({"winner": "Tie"}, "unknown label", "winner 'Tie'"),
        ({"model_a": "eve"}, "unknown model", "not among the models: 'eve'"),
        ({"model_b": None}, "unknown model", "not among the models: None"),
        ({"model_b": "bob"}, "self-battle", "the same model on both sides: 'bob'"),
        ({"length": float("nan")}, "bad feature", "feature length is nan"),
        ({"length": None}, "bad feature", "feature length is None"),
        ({"length": float("inf")}, "bad feature", "feature length is inf"),
        ({"weight": -1.0}, "bad weight", "a weight is finite and at least 0, not -1.0"),
    ],
)
def test_a_hostile_row_is_refused_alone_with_its_reason(change: dict, kind: str, message: str) -> None:
    battles, refused = read(table({"weight": 1.0}, {"weight": 1.0} | change), reading(weight="weight"))
    assert len(battles) == 1
    assert [(r.row, r.kind) for r in refused] == [(1, kind)]
    assert message in refused[0].message


def test_both_bad_is_a_tie_and_other_labels_can_be_named() -> None:
    battles, _ = read(table({"winner": "tie (bothbad)"}, {"winner": "both_bad"}), reading())
    assert battles.score.tolist() == [TIE, TIE]
    own, refused = read(table({"winner": "left"}, {"winner": "model_a"}), reading(labels={"left": WIN, "right": LOSS}))
    assert own.score.tolist() == [LOSS]
    assert refused[0].message == "winner 'model_a' is none of left, right"


def test_columns_that_are_not_there_or_hold_no_numbers_are_named() -> None:
    with pytest.raises(KeyError, match="no column 'emoji'; there are model_a"):
        read(table({}), Reading(MODELS, ("emoji",)))
    with pytest.raises(ValueError, match="column 'user' holds string"):
        read(table({}), Reading(MODELS, ("user",)))


def test_dictionary_columns_and_chunks_read_the_same() -> None:
    plain = table({}, {"model_a": "cy"}, {"winner": "nonsense"})
    coded = plain.set_column(0, "model_a", plain.column("model_a").dictionary_encode())
    chunked = pa.concat_tables([coded.slice(0, 1), coded.slice(1)])
    assert read(chunked, reading())[1] == read(plain, reading())[1]
    np.testing.assert_array_equal(read(chunked, reading())[0].pair, read(plain, reading())[0].pair)


# -- duplicates and caps -----------------------------------------------------------------------------


def test_a_battle_counts_once_also_across_batches() -> None:
    admission = Admission(battle="id")
    first, refused = read(table({"id": "1"}, {"id": "2"}, {"id": "1"}), reading(), admission)
    assert (len(first), [(r.row, r.kind) for r in refused]) == (2, [(2, "duplicate")])
    second, refused = read(table({"id": "3"}, {"id": "2"}), reading(), admission)
    assert (len(second), [(r.row, r.kind) for r in refused]) == (1, [(1, "duplicate")])
    assert "'id': '2'" in refused[0].message


def test_caps_keep_the_first_of_each_user_and_prompt() -> None:
    admission = Admission(user="user", per_user=2, prompt="prompt", per_prompt=3)
    rows = [{"user": u, "prompt": p} for u, p in zip("aaabbbc", "ppqppqp", strict=True)]
    _, refused = read(table(*rows), reading(), admission)
    assert [(r.row, r.kind) for r in refused] == [
        (2, "user cap"),
        (4, "prompt cap"),
        (5, "user cap"),
        (6, "prompt cap"),
    ]
    kept = [row for row in range(7) if row not in {r.row for r in refused}]
    assert kept == by_hand(rows, 2, 3)


def by_hand(rows: list[dict], per_user: int, per_prompt: int) -> list[int]:
    users: dict[str, int] = {}
    prompts: dict[str, int] = {}
    kept = []
    for place, row in enumerate(rows):
        users[row["user"]] = users.get(row["user"], 0) + 1
        if users[row["user"]] > per_user:
            continue
        prompts[row["prompt"]] = prompts.get(row["prompt"], 0) + 1
        if prompts[row["prompt"]] <= per_prompt:
            kept.append(place)
    return kept


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("pq")), min_size=1, max_size=30), st.integers(1, 9))
def test_caps_do_not_depend_on_the_batches(rows: list[tuple[str, str]], size: int) -> None:
    records = [{"user": user, "prompt": prompt} for user, prompt in rows]
    admission, kept = Admission(user="user", per_user=2, prompt="prompt", per_prompt=4), []
    for low in range(0, len(records), size):
        batch = records[low : low + size]
        _, refused = read(table(*batch), reading(), admission)
        kept += [low + row for row in range(len(batch)) if row not in {r.row for r in refused}]
    assert kept == by_hand(records, 2, 4)


def test_a_row_that_is_refused_anyway_uses_up_no_cap() -> None:
    admission = Admission(user="user", per_user=1)
    battles, refused = read(table({"winner": "?"}, {}), reading(), admission)
    assert len(battles) == 1
    assert [r.kind for r in refused] == ["unknown label"]


@pytest.mark.parametrize("most", [1, 30])
def test_a_cap_without_a_column_is_refused(most: int) -> None:
    with pytest.raises(ValueError, match=f"user cap of {most}: of which column"):
        Admission(per_user=most)


# -- ids and spills ----------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=20))
def test_hashes_are_equal_for_equal_values_only(values: list[str | None]) -> None:
    found = hashes(pa.array(values, pa.string())).tolist()
    assert len(found) == len(values)
    for i, a in enumerate(values):
        for j, b in enumerate(values):
            assert (found[i] == found[j]) == (a == b or {a, b} == {None, "\0"})


def test_hashes_are_the_same_in_every_process_and_slice() -> None:
    values = pa.array(["", "a", "aa", "b", None])
    assert hashes(values.slice(1, 3)).tolist() == hashes(values)[1:4].tolist()
    assert len({*hashes(pa.array([f"user {n}" for n in range(200_000)])).tolist()}) == 200_000
    assert hashes(pa.array(["ada"])).tolist() == [17833459139051121052]


def test_battles_survive_a_spill() -> None:
    battles, _ = read(table({}, {"model_a": "cy"}), reading(position=True, cluster="user"))
    back = restored(MODELS, spilled(battles))
    assert (back.models, back.features) == (battles.models, battles.features)
    np.testing.assert_array_equal(back.cluster, battles.cluster)
    np.testing.assert_array_equal(back.columns, battles.columns)
