"""Two versions of a dataset, row by row."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import INPUTS_MISSING, USAGE
from flows.run.addresses import Unclear
from flows.run.execute import execute
from flows.run.work import Work
from flows.views.diff import Difference, Incomparable, compare
from flows.views.selection import Selection
from flows.views.versions import Version, version_named
from storage.manifest import Damaged
from storage.store import Missing, Store

Make = Callable[..., Work]
SCHEMA = pa.schema([("id", pa.utf8()), ("n", pa.int64()), ("x", pa.float64()), ("tags", pa.list_(pa.utf8()))])
ROWS = [
    {"id": "a", "n": 1, "x": 0.5, "tags": ["t"]},
    {"id": "b", "n": 2, "x": float("nan"), "tags": []},
    {"id": "c", "n": None, "x": None, "tags": None},
]


def side(name: str, rows: list[dict[str, Any]], schema: pa.Schema = SCHEMA) -> Version:
    table = pa.Table.from_pylist(rows, schema=schema)
    return Version(name, schema, lambda: iter(table.to_batches(max_chunksize=2)))


def difference(old: list[dict[str, Any]], new: list[dict[str, Any]], **more: Any) -> Difference:
    return compare(side("A", old), side("B", new), ["id"], **more)


def test_equal_versions_have_no_difference_nan_and_null_included() -> None:
    found = difference(ROWS, ROWS[::-1])
    assert (found.same, found.added, found.removed, found.changed) == (3, 0, 0, 0)
    assert found.columns == {}
    assert found.examples == ()


def test_rows_are_added_removed_and_changed() -> None:
    new = [ROWS[0] | {"n": 9, "tags": ["t", "u"]}, ROWS[2] | {"x": 1.0}, {"id": "d", "n": 4, "x": 0.0, "tags": []}]
    found = difference(ROWS, new)
    assert (found.same, found.added, found.removed, found.changed) == (0, 1, 1, 2)
    assert found.columns == {"n": 1, "x": 1, "tags": 1}
    assert found.examples == (
        {"change": "changed", "key": {"id": "a"}, "columns": {"n": [1, 9], "tags": [["t"], ["t", "u"]]}},
        {"change": "changed", "key": {"id": "c"}, "columns": {"x": [None, 1.0]}},
        {"change": "added", "key": {"id": "d"}},
        {"change": "removed", "key": {"id": "b"}},
    )


def test_an_ignored_column_changes_nothing() -> None:
    found = difference(ROWS, [row | {"n": 0} for row in ROWS], ignore=["n"])
    assert found.same == 3


def test_examples_are_limited_and_counts_are_not() -> None:
    found = difference([], [row | {"id": str(i)} for i in range(20) for row in ROWS[:1]], limit=2)
    assert (found.added, len(found.examples)) == (20, 2)


def test_columns_that_one_side_lacks_are_named() -> None:
    more = SCHEMA.append(pa.field("new", pa.utf8()))
    found = compare(side("A", ROWS), side("B", [row | {"new": "x"} for row in ROWS], more), ["id"])
    assert (found.same, found.only_in_a, found.only_in_b) == (3, (), ("new",))


row_lists = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from("abcdef"),
            "n": st.none() | st.integers(0, 2),
            "x": st.just(0.0),
            "tags": st.none() | st.lists(st.sampled_from("tu"), max_size=2),
        }
    ),
    unique_by=lambda row: row["id"],
)


@settings(max_examples=12)
@given(row_lists, row_lists)
def test_counts_are_those_of_comparing_dictionaries(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    a, b = ({row["id"]: row for row in rows} for rows in (old, new))
    found = difference(old, new, limit=100)
    changed = {name for name in a.keys() & b.keys() if a[name] != b[name]}
    assert (found.added, found.removed, found.changed) == (len(b.keys() - a), len(a.keys() - b), len(changed))
    assert {each["key"]["id"] for each in found.examples if each["change"] == "changed"} == changed
    for column, count in found.columns.items():
        assert count == sum(a[name][column] != b[name][column] for name in changed)


class TestWhatCannotBeCompared:
    def test_a_key_that_a_side_lacks(self) -> None:
        with pytest.raises(Incomparable, match=r"A has no column name for the key; it has \['id', 'n'"):
            compare(side("A", ROWS), side("B", ROWS), ["name"])

    def test_no_key(self) -> None:
        with pytest.raises(Incomparable, match="which columns name a row\\? Give --key; there are id, n, x, tags"):
            compare(side("A", ROWS), side("B", ROWS))

    def test_a_key_that_is_not_unique(self) -> None:
        with pytest.raises(Incomparable, match=r"B: several rows have the same id, e.g. a\. Give another --key"):
            difference(ROWS, [*ROWS, ROWS[0]])

    def test_several_columns_can_be_the_key(self) -> None:
        found = compare(side("A", ROWS[:2]), side("B", [ROWS[0], ROWS[0] | {"n": 7}]), ["id", "n"])
        assert (found.same, found.added, found.removed) == (1, 1, 1)

    def test_a_key_that_is_null(self) -> None:
        with pytest.raises(Incomparable, match=r"A: 1 rows have no n; a key is never null"):
            compare(side("A", ROWS), side("B", ROWS), ["n"])

    def test_columns_of_different_types(self) -> None:
        other = SCHEMA.set(1, pa.field("n", pa.utf8()))
        with pytest.raises(Incomparable, match=r"n is int64 in A and string in B\. Leave them out with --ignore"):
            compare(side("A", ROWS), side("B", [], other), ["id"])
        assert compare(side("A", ROWS), side("B", [], other), ["id"], ["n"]).removed == 3

    def test_an_unknown_column_to_ignore(self) -> None:
        with pytest.raises(Incomparable, match="neither side has a column m to ignore"):
            difference(ROWS, ROWS, ignore=["m"])


class TestVersions:
    def named(self, work: Work, text: str) -> Version:
        return version_named(text, work.store, Selection())

    def test_what_was_replaced_can_be_compared_with_what_is_there(self, work: Make) -> None:
        execute(work(count=2))
        execute(work(count=5))
        found = compare(self.named(work(), "problems@previous"), self.named(work(), "problems"))
        assert (found.same, found.added, found.key) == (2, 3, ("problem_id",))

    def test_an_attempt_is_named_by_how_its_id_begins(self, work: Make) -> None:
        first = execute(work(count=2)).manifests["problems"].attempt
        execute(work(count=5))
        assert compare(self.named(work(), f"problems@{first[:26]}"), self.named(work(), "problems")).added == 3
        with pytest.raises(Missing, match=r"2 attempts at problems/.* begin with '2'"):
            self.named(work(), "problems@2")

    def test_runs_are_compared(self, work: Make) -> None:
        execute(work(count=2))
        execute(work(count=3, where=work().partition.model_copy(update={"run": "more"})))
        assert compare(self.named(work(), "problems:main"), self.named(work(), "problems:more")).added == 1
        whole = f"problems/{work().partition}"
        assert compare(self.named(work(), whole), self.named(work(), "problems:more")).added == 1

    def test_nothing_was_replaced_yet(self, work: Make) -> None:
        execute(work())
        with pytest.raises(Missing, match="replaced nothing"):
            self.named(work(), "problems@previous")

    @pytest.mark.parametrize("text", ["nowhere.parquet", "tracks", "problems:", "problems/date=x/run=y"])
    def test_what_is_no_version_says_what_would_be_one(self, work: Make, text: str) -> None:
        with pytest.raises(Unclear, match="write "):
            self.named(work(), text)

    def test_files_and_folders_are_read_in_the_order_of_their_names(self, tmp_path: Path) -> None:
        for name, rows in (("b.parquet", ROWS[1:]), ("a.parquet", ROWS[:1])):
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / name)
        folder = version_named(str(tmp_path), Store(tmp_path), Selection())
        file = version_named(str(tmp_path / "a.parquet"), Store(tmp_path), Selection())
        assert compare(file, folder, ["id"]).added == 2
        pq.write_table(pa.table({"id": ["x"]}), tmp_path / "c.parquet")
        with pytest.raises(Unclear, match=r"has other columns or types than a\.parquet"):
            version_named(str(tmp_path), Store(tmp_path), Selection())

    def test_a_file_that_is_no_parquet_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(Missing, match=r"holds no \.parquet file"):
            version_named(str(tmp_path), Store(tmp_path), Selection())
        (tmp_path / "a.parquet").write_text("not parquet")
        with pytest.raises(Damaged, match=r"a\.parquet is no whole Parquet file"):
            version_named(str(tmp_path), Store(tmp_path), Selection())


class TestCommand:
    def told(self, work: Make, *arguments: str) -> Any:
        root = str(Path(work().store.files.address("")))
        return CliRunner(env={"COLUMNS": "150"}).invoke(app, ["diff", *arguments, "--root", root])

    def test_people_see_counts_and_the_place_where_values_differ(self, work: Make, tmp_path: Path) -> None:
        for name, end in (("a", "5"), ("b", "6")):
            text = "x" * 100 + end
            pq.write_table(pa.table({"id": ["k"], "text": [text]}), tmp_path / f"{name}.parquet")
        seen = self.told(work, str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), "--key", "id")
        assert seen.exit_code == 0, seen.output
        assert "0 same, 1 changed, 0 added, 0 removed" in seen.output
        assert f'- …{"x" * 20}5"' in seen.output
        assert f'+ …{"x" * 20}6"' in seen.output

    def test_programs_get_a_line_for_the_counts_and_one_for_each_example(self, work: Make) -> None:
        execute(work(count=1))
        execute(work(count=3))
        seen = self.told(work, "problems@previous", "problems", "--json", "--limit", "1")
        counts, example = map(json.loads, seen.output.splitlines())
        assert (counts["same"], counts["added"], counts["rows"]) == (1, 2, [1, 3])
        assert example == {"change": "added", "key": {"problem_id": "p1"}}

    def test_a_wrong_key_is_a_wrong_option(self, work: Make) -> None:
        execute(work())
        seen = self.told(work, "problems", "problems", "--key", "name")
        assert seen.exit_code == USAGE
        assert "no column name for the key" in seen.output

    def test_what_is_not_there_has_its_own_exit_code(self, work: Make) -> None:
        assert self.told(work, "sft", "sft").exit_code == INPUTS_MISSING
