import datetime
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.partition import Partition
from storage.schemas import DATASETS
from tasks.engines.engine import Resources
from tasks.job import Job
from tasks.params import ProblemsParams
from tasks.problems import run
from tasks.records import SourceError, digests_of

GSM8K = Path(__file__).parents[3] / "shared" / "data" / "gsm8k_test.jsonl"
PARTITION = Partition(date=datetime.date(2026, 11, 22), source="mine")


def record(number):
    return {"question": f"What is {number} + 1?", "answer": f"{number}+1 = {number + 1}\n#### {number + 1}"}


def run_on(params, progress=lambda *_, **__: None):
    return run(Job(params, Resources(), PARTITION, inputs={}, outputs={}, progress=progress))


def read(path, **more):
    return run_on(ProblemsParams(source="file", path=str(path), **more))


def answers(outcome):
    return outcome.tables["problems"]["answer"].to_pylist()


def letters(outcome):
    return [(letter.kind, letter.place) for letter in outcome.dead]


@pytest.fixture
def jsonl(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(record(n)) + "\n" for n in range(5)))
    return path


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.Table.from_pylist([record(n) for n in range(3000)]), path, row_group_size=1000)
    return path


class TestFiles:
    def test_every_record_of_gsm8ks_test_file_is_reported(self):
        if not GSM8K.exists():
            pytest.skip(f"{GSM8K} is not here; it holds GSM8K, which the project does not ship")
        outcome = read(GSM8K)
        table = outcome.tables["problems"]
        assert table.num_rows + len(outcome.dead) == len(GSM8K.read_bytes().splitlines()) == 1319
        assert table.num_rows == 1319
        assert table.schema == DATASETS["problems"].schema
        steps = {2: 326, 3: 371, 4: 297, 5: 175, 6: 87, 7: 40, 8: 20, 9: 2, 11: 1}
        assert outcome.summary["problems_by_steps"] == {str(lines): count for lines, count in steps.items()}

    def test_bad_lines_become_dead_letters_and_the_rest_goes_on(self, jsonl):
        lines = jsonl.read_bytes().splitlines(keepends=True)
        lines[1] = b'{"question": "caf\xe9"}\n'
        lines[3] = json.dumps({"question": "x" * 1_000_000, "answer": "#### 1"}).encode() + b"\n"
        jsonl.write_bytes(b"".join(lines))
        outcome = read(jsonl)
        assert answers(outcome) == ["1", "3", "5"]
        assert letters(outcome) == [("not_utf8", "mine.jsonl:2"), ("question_too_long", "mine.jsonl:4")]
        assert outcome.counts == {"unknown": 0, "records": 5}
        assert outcome.summary["refused"] == {"not_utf8": 1, "question_too_long": 1}

    def test_a_file_without_line_ends_is_one_dead_letter(self, tmp_path):
        path = tmp_path / "mine.jsonl"
        path.write_bytes(b"x" * (40 * 2**20))
        assert letters(read(path)) == [("line_too_long", "mine.jsonl:1")]

    def test_a_line_without_end_is_read_and_so_are_windows_line_ends(self, tmp_path):
        path = tmp_path / "mine.jsonl"
        path.write_text(json.dumps(record(1)) + "\r\n" + json.dumps(record(2)), newline="")
        assert answers(read(path)) == ["2", "3"]

    def test_the_limit_counts_records(self, jsonl):
        lines = jsonl.read_text().splitlines(keepends=True)
        jsonl.write_text("".join([lines[0], "\n", *lines[1:]]))
        outcome = read(jsonl, limit=3)
        assert answers(outcome) == ["1", "2"]
        assert letters(outcome) == [("blank_line", "mine.jsonl:2")]

    def test_a_sample_leaves_the_others_out_and_counts_them(self, jsonl):
        first, second = (read(jsonl, sample=3, offset=offset) for offset in (0, 3))
        assert len(answers(first)) == 3
        assert set(answers(first)) | set(answers(second)) == set("12345")
        assert first.summary["left_out"] == 2
        assert first.counts["records"] == 5

    def test_a_folder_is_read_file_by_file(self, jsonl, parquet):
        (jsonl.parent / "notes.txt").write_text("not read")
        outcome = read(jsonl.parent)
        assert outcome.tables["problems"].num_rows == 3000
        assert {letter.kind for letter in outcome.dead} == {"duplicate_question"}
        assert outcome.dead[0].message.startswith("the question is that of mine.jsonl:1")

    def test_a_url_is_read_through_fsspec(self, jsonl):
        import fsspec

        fsspec.filesystem("memory").pipe_file("/problems/mine.jsonl", jsonl.read_bytes())
        outcome = read("memory://problems/mine.jsonl")
        assert answers(outcome) == ["1", "2", "3", "4", "5"]

    def test_columns_are_mapped(self, tmp_path):
        path = tmp_path / "mine.jsonl"
        path.write_text('{"q": "1+1?", "a": "2", "key": "x"}\n{"q": "1+2?", "a": "3", "key": "x"}\n')
        columns = {"question": "q", "answer": "a", "problem_id": "key"}
        outcome = read(path, format="columns", columns=columns)
        assert answers(outcome) == ["2"]
        assert letters(outcome) == [("duplicate_id", "mine.jsonl:2")]

    def test_an_unknown_role_of_a_column_is_an_error(self, jsonl):
        with pytest.raises(SourceError, match=r"\['query'\] are no fields of a problem; there are \['answer'"):
            read(jsonl, format="columns", columns={"query": "q"})

    @pytest.mark.parametrize(
        ("name", "says"),
        [("none.jsonl", "is not there"), ("notes.txt", "no .jsonl or .parquet file"), ("", "no .jsonl")],
    )
    def test_what_cannot_be_read_says_what_would_be_right(self, tmp_path, name, says):
        (tmp_path / "notes.txt").write_text("hello")
        with pytest.raises(SourceError, match=says):
            read(tmp_path / name)


class TestParquet:
    def test_rows_are_read_with_their_numbers(self, parquet):
        table = read(parquet).tables["problems"]
        assert table.num_rows == 3000
        assert table["place"].to_pylist()[::2999] == ["mine.parquet:1", "mine.parquet:3000"]

    @pytest.mark.parametrize("keep", [0, 3, 100, -1])
    def test_a_truncated_file_is_a_clear_error(self, parquet, keep):
        parquet.write_bytes(parquet.read_bytes()[:keep])
        with pytest.raises(SourceError, match=r"mine\.parquet: is no whole Parquet file .* was it cut off\?"):
            read(parquet)

    def test_beside_whole_files_a_truncated_one_is_a_dead_letter(self, parquet):
        (parquet.parent / "cut.parquet").write_bytes(parquet.read_bytes()[:-10])
        outcome = read(parquet.parent)
        assert outcome.tables["problems"].num_rows == 3000
        assert letters(outcome) == [("unreadable_file", "cut.parquet")]

    def test_a_damaged_part_leaves_the_rest(self, parquet):
        place = pq.read_metadata(parquet).row_group(1).column(0).data_page_offset
        data = bytearray(parquet.read_bytes())
        data[place : place + 200] = b"\xff" * 200
        parquet.write_bytes(data)
        outcome = read(parquet)
        assert outcome.tables["problems"].num_rows == 2000
        assert letters(outcome) == [("unreadable_rows", "mine.parquet:1001-2000")]

    def test_text_that_is_not_utf8_is_refused_by_row(self, tmp_path):
        good = record(1)
        texts = pa.array([good["question"].encode(), b"caf\xe9"]).view(pa.utf8())
        pq.write_table(pa.table({"question": texts, "answer": [good["answer"]] * 2}), tmp_path / "mine.parquet")
        outcome = read(tmp_path / "mine.parquet")
        assert answers(outcome) == ["2"]
        assert letters(outcome) == [("unreadable_row", "mine.parquet:2")]

    def test_columns_of_other_types_are_refused_by_row(self, tmp_path):
        pq.write_table(pa.table({"question": ["1+1?"], "answer": [2]}), tmp_path / "mine.parquet")
        assert letters(read(tmp_path / "mine.parquet")) == [("not_text", "mine.parquet:1")]


class TestHub:
    """`datasets` reads a local folder by the same call as a data set of the hub."""

    def test_a_split_is_read_through_datasets(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
        (tmp_path / "set").mkdir()
        pq.write_table(pa.Table.from_pylist([record(n) for n in range(3)]), tmp_path / "set" / "test.parquet")
        outcome = run_on(ProblemsParams(source="hub", name=str(tmp_path / "set"), split="test"))
        assert answers(outcome) == ["1", "2", "3"]
        assert outcome.tables["problems"]["place"][0].as_py().endswith("set/test:1")
        assert set(outcome.tables["problems"]["split"].to_pylist()) == {"test"}

    def test_what_is_not_there_is_named(self, tmp_path):
        with pytest.raises(SourceError, match="short names are gsm8k, math, math500"):
            run_on(ProblemsParams(source="hub", name=str(tmp_path / "none")))


class TestGenerated:
    def test_as_many_different_problems_as_asked_for(self):
        table = run_on(ProblemsParams(count=300)).tables["problems"]
        assert table.num_rows == len(set(table["problem_id"].to_pylist())) == 300
        assert table["place"][0].as_py() == "generated:test/0/0"

    def test_fewer_are_the_first_of_more(self):
        more, fewer = (run_on(ProblemsParams(count=n, seed=3)).tables["problems"] for n in (40, 10))
        assert more.slice(0, 10).equals(fewer)

    def test_held_out_patterns_are_marked(self):
        table = run_on(ProblemsParams(count=20, split="held_out")).tables["problems"]
        assert set(table["held_out"].to_pylist()) == {True}


class TestInputs:
    def test_a_changed_file_has_another_digest(self, jsonl):
        params = ProblemsParams(source="file", path=str(jsonl))
        before = digests_of(params)
        assert list(before) == ["mine.jsonl"]
        assert read(jsonl).summary["files"] == before
        jsonl.write_text(jsonl.read_text() + "\n")
        assert digests_of(params) != before

    def test_generated_problems_have_none(self):
        assert digests_of(ProblemsParams()) == {}


def test_progress_ends_at_the_total(jsonl):
    told = []
    run_on(ProblemsParams(source="file", path=str(jsonl)), lambda done, total, **_: told.append((done, total)))
    assert told == [(5, 5)]
