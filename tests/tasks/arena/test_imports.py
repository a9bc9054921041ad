"""Battles that there are already: what is read, what is refused, and that each refusal says why."""

import datetime
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from evals.records import MAX_LINE_BYTES
from flows.run.execute import execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.commit import InvalidData
from storage.store import Store
from tasks.arena import pieces
from tasks.arena.params import BattleImport, BattlesParams
from tasks.records import SourceError
from tests.tasks.arena.arena_jobs import WHERE, dead, imported, lines, rows, some_votes, written

GOOD = {"model_a": "x", "model_b": "y", "winner": "model_a"}


def refusal(root: Path, **wrong: object) -> dict[str, str]:
    """The dead letter of a row that differs from a good one so."""
    path = lines(root, [GOOD, GOOD | wrong])
    given = {"extra": ("toxicity",)} if "toxicity" in wrong else {}
    if given:
        path = lines(root, [GOOD | {"toxicity": 0.5}, GOOD | wrong])
    execution = imported(root, path, **given)
    assert execution.manifests["battles"].rows == 1
    [letter] = dead(root, "battles")
    assert letter["place"] == "votes.jsonl:2"
    return letter


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ({"winner": "A"}, "unknown_label", "'A' is none of model_a, model_b, tie"),
        ({"winner": None}, "unknown_label", "None is none of"),
        ({"winner": "x"}, "unknown_label", "explain further words with `labels`"),
        ({"model_b": "x"}, "self_battle", "'x' is on both sides"),
        ({"model_a": " "}, "field_missing", "`model_a` is missing, null or empty"),
        ({"toxicity": float("nan")}, "bad_feature", "a finite number is wanted"),
        ({"toxicity": "high"}, "bad_feature", "`toxicity` is 'high'"),
        ({"weight": -1}, "bad_weight", "`weight` is '-1'; a finite number of at least 0"),
        ({"length_a": 3.5}, "bad_count", "`length_a` is no whole number"),
        ({"at": "yesterday"}, "bad_time", "write seconds since 1970"),
    ],
)
def test_a_row_that_is_wrong_is_refused_with_its_place_and_reason(
    tmp_path: Path, wrong: dict[str, object], kind: str, message: str
) -> None:
    letter = refusal(tmp_path, **wrong)
    assert letter["kind"] == kind
    assert message in letter["message"]


def test_a_file_of_unknown_labels_is_no_leaderboard_of_ties(tmp_path: Path) -> None:
    path = lines(tmp_path, [GOOD | {"winner": "A"}] * 20 + [GOOD])
    with pytest.raises(InvalidData, match="unknown_label 20"):
        imported(tmp_path, path, dead=0.05)


def test_words_for_a_winner_are_explained_by_the_parameters(tmp_path: Path) -> None:
    path = lines(tmp_path, [GOOD | {"winner": word} for word in ("A", "B", "draw", "none")])
    labels = {"A": "model_a", "B": "model_b", "draw": "tie", "none": "both_bad"}
    imported(tmp_path, path, labels=labels)
    assert [row["winner"] for row in rows(tmp_path, "battles")] == ["model_a", "model_b", "tie", "both_bad"]


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    path = lines(tmp_path, [{"left": "x", "right": "y", "vote": "tie"}])
    imported(tmp_path, path, columns={"model_a": "left", "model_b": "right", "winner": "vote"})
    assert [(row["model_a"], row["model_b"], row["winner"]) for row in rows(tmp_path, "battles")] == [("x", "y", "tie")]


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"left": ["x"], "model_b": ["y"], "winner": ["tie"]}))
    with pytest.raises(SourceError, match="no columns model_a; there are left, model_b, winner"):
        imported(tmp_path, path)


def test_a_field_that_no_battle_has_is_refused(tmp_path: Path) -> None:
    path = lines(tmp_path, [GOOD])
    with pytest.raises(SourceError, match="'loser'"):
        imported(tmp_path, path, columns={"loser": "winner"})


@pytest.mark.parametrize("name", ["weight", "length", "user", "position"])
def test_a_feature_is_not_named_as_what_ratings_read(name: str) -> None:
    with pytest.raises(ValidationError, match="have a meaning of their own in battles"):
        BattleImport(path="votes.csv", extra=("toxicity", name))


def test_a_parquet_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, some_votes(50))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SourceError, match="no whole Parquet file"):
        imported(tmp_path, path)


def test_a_cell_of_a_csv_that_is_too_long_is_one_refused_row(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(f"model_a,model_b,winner,question\nx,y,tie,a\nx,y,tie,{'q' * (MAX_LINE_BYTES + 1)}\nx,y,tie,c\n")
    imported(tmp_path, path)
    assert [row["question"] for row in rows(tmp_path, "battles")] == ["a", "c"]
    [letter] = dead(tmp_path, "battles")
    assert (letter["kind"], letter["place"]) == ("not_csv", "votes.csv:3")


def test_csv_jsonl_and_parquet_give_the_same_battles(tmp_path: Path) -> None:
    table = some_votes(30, length_a=np.arange(30), length_b=np.arange(30) + 1, user=['u, "1"'] * 30)
    records = table.to_pylist()
    csv = "\n".join([",".join(table.column_names), *(_csv_line(record) for record in records)]) + "\n"
    (tmp_path / "votes.csv").write_text(csv, encoding="utf-8")
    found = []
    for path in (written(tmp_path, table), lines(tmp_path, records), tmp_path / "votes.csv"):
        imported(tmp_path / path.suffix[1:], path, extra=("style 0",))
        battles = rows(tmp_path / path.suffix[1:], "battles")
        found.append(
            [{k: v for k, v in row.items() if k not in ("battle_id", "prompt_id", "place")} for row in battles]
        )
    assert found[0] == found[1] == found[2]
    assert found[0][3]["user"] == 'u, "1"'
    assert found[0][3]["length_b"] == 4


def _csv_line(record: dict[str, object]) -> str:
    return ",".join('"' + str(value).replace('"', '""') + '"' for value in record.values())


def test_a_csv_line_of_another_width_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text("model_a,model_b,winner\nx,y,tie\nx,y,model_a,extra\n", encoding="utf-8")
    imported(tmp_path, path)
    [letter] = dead(tmp_path, "battles")
    assert (letter["kind"], letter["place"]) == ("wrong_width", "votes.csv:3")


def test_a_battle_that_stood_before_is_passed_over_and_counted(tmp_path: Path) -> None:
    path = lines(tmp_path, [GOOD | {"battle_id": name} for name in ("1", "2", "1", "1")])
    summary = imported(tmp_path, path).manifests["battles"].summary
    assert (summary["battles"], summary["repeated"]) == (2, 2)


def test_repeats_are_dead_letters_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "ROWS", 2)  # the repetition comes in another piece
    path = lines(tmp_path, [GOOD | {"battle_id": name} for name in ("1", "2", "1")])
    imported(tmp_path, path, repeats="refuse")
    assert [(letter["kind"], letter["place"]) for letter in dead(tmp_path, "battles")] == [
        ("repeated", "votes.jsonl:3")
    ]


def test_texts_are_counted_where_no_counts_are_given(tmp_path: Path) -> None:
    path = lines(tmp_path, [GOOD | {"text_a": "# A\n\n**b** c\n- d 🎉", "text_b": "plain words"}])
    imported(tmp_path, path)
    [row] = rows(tmp_path, "battles")
    assert (row["headers_a"], row["bold_a"], row["lists_a"], row["emoji_a"], row["length_b"]) == (1, 1, 1, 1, 2)


def test_at_most_limit_rows_are_read_of_all_files(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("a.parquet", "b.parquet"):
        written(folder, some_votes(40), name)
    assert imported(tmp_path, folder, limit=50).manifests["battles"].rows == 50


def test_the_battles_are_committed_in_parts_that_memory_can_hold(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("storage.parts.GROUP_ROWS", 50)
    monkeypatch.setattr("storage.parts.PART_GROUPS", 2)
    manifest = imported(tmp_path, written(tmp_path, some_votes(950))).manifests["battles"]
    assert [part.rows for part in manifest.parts] == [100] * 9 + [50]


def test_what_is_named_twice_is_refused_by_the_parameters() -> None:
    with pytest.raises(ValueError, match="knows its columns"):
        BattleImport(path="x.jsonl", format="lmarena", labels={"A": "model_a"})
    with pytest.raises(ValueError, match="needs `name`"):
        BattlesParams(imported=BattleImport(source="hub"))


# -- LMArena -----------------------------------------------------------------------------------------


def talk(said: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": said}]


def preference(**changed: object) -> dict[str, object]:
    """A record in the form of LMArena's releases."""
    metadata = {
        "sum_assistant_a_tokens": 70,
        "sum_assistant_b_tokens": 30,
        "header_count_a": {"h1": 1, "h2": 2, "h3": 0, "h4": 0, "h5": 0, "h6": 0},
        "header_count_b": {"h1": 0, "h2": 0, "h3": 0, "h4": 0, "h5": 0, "h6": 0},
        "list_count_a": {"ordered": 3, "unordered": 4},
        "list_count_b": {"ordered": 0, "unordered": 0},
        "bold_count_a": {"**": 5, "__": 1},
        "bold_count_b": {"**": 0, "__": 0},
    }
    return {
        "question_id": "q1",
        "model_a": "x",
        "model_b": "y",
        "winner": "tie (bothbad)",
        "judge": "user 7",
        "conversation_a": talk("Because 🎉."),
        "conversation_b": [{"role": "user", "content": [{"type": "text", "text": "Why?"}]}, talk("No.")[1]],
        "language": "English",
        "tstamp": 1718000000.0,
        "conv_metadata": metadata,
        "is_code": True,
        "category_tag": {
            "math_v0.1": {"math": True},
            "creative_writing_v0.1": {"creative_writing": False, "score": "no"},
            "if_v0.1": {"if": True, "score": 4},
            "criteria_v0.1": dict.fromkeys("abcdef", True) | {"g": False},
        },
    } | changed


def test_lmarena_brings_counts_categories_voter_and_time(tmp_path: Path) -> None:
    imported(tmp_path, lines(tmp_path, [preference()]), format="lmarena")
    [row] = rows(tmp_path, "battles")
    assert row["winner"] == "both_bad"
    assert [row[f"{name}_a"] for name in ("length", "headers", "bold", "lists", "emoji")] == [70, 3, 6, 7, 1]
    assert row["categories"] == ["code", "hard", "instruction_following", "math"]
    assert (row["user"], row["question"], row["text_b"]) == ("user 7", "Why?", "No.")
    assert row["at"] == datetime.datetime(2024, 6, 10, 6, 13, 20, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"winner": "A"}, "unknown_label"),
        ({"model_b": "x"}, "self_battle"),
        ({"conversation_a": "Because."}, "no_conversation"),
        ({"conv_metadata": {"sum_assistant_a_tokens": float("nan")}}, "bad_count"),
        ({"tstamp": "soon"}, "bad_time"),
        ({"model_a": None}, "field_missing"),
    ],
)
def test_lmarena_records_that_are_wrong_are_refused(tmp_path: Path, changed: dict[str, object], kind: str) -> None:
    imported(tmp_path, lines(tmp_path, [preference(), preference(question_id="q2", **changed)]), format="lmarena")
    assert [letter["kind"] for letter in dead(tmp_path, "battles")] == [kind]


def test_a_hub_data_set_is_read_by_the_same_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    records = [preference(question_id=name, conversation_b=talk("No.")) for name in ("q1", "q2")]
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "set" / "train.parquet")
    params = BattlesParams(imported=BattleImport(source="hub", name=str(tmp_path / "set"), format="lmarena"))
    execute(Work(STAGES["battles"], WHERE, params, Store(tmp_path / "data")))
    assert [row["headers_a"] for row in rows(tmp_path / "data", "battles")] == [3, 3]
    table = BattlesParams(
        imported=BattleImport(source="hub", name=str(tmp_path / "set"), columns={"battle_id": "question_id"})
    )
    execute(Work(STAGES["battles"], WHERE, table, Store(tmp_path / "table")))
    assert [row["battle_id"] for row in rows(tmp_path / "table", "battles")] == ["q1", "q2"]


# -- Arena-Hard --------------------------------------------------------------------------------------


def judgment(*scores: str | None, **changed: object) -> dict[str, object]:
    games = [{"score": score, "judgment": {}} for score in scores]
    return {"uid": "q1", "model": "m", "baseline": "base", "judge": "gpt", "category": "hard", "games": games} | changed


def test_arena_hard_turns_the_sides_in_its_second_game_and_weighs_strong_verdicts(tmp_path: Path) -> None:
    imported(tmp_path, lines(tmp_path, [judgment("B>>A", "A>B")]), format="arena_hard")
    first, second = rows(tmp_path, "battles")
    assert (first["model_a"], first["model_b"], first["winner"], first["weight"]) == ("base", "m", "model_b", 3.0)
    assert (second["model_a"], second["model_b"], second["winner"], second["weight"]) == ("m", "base", "model_a", 1.0)
    assert first["prompt_id"] == second["prompt_id"], "the two games are one cluster"


def test_a_game_without_a_verdict_is_unknown_and_no_tie(tmp_path: Path) -> None:
    manifest = imported(tmp_path, lines(tmp_path, [judgment(None, "A=B")]), format="arena_hard").manifests["battles"]
    assert [row["winner"] for row in rows(tmp_path, "battles")] == ["unknown", "tie"]
    assert manifest.counts["unknown"] == 1


def test_arena_hard_answers_give_the_style(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": {"answer": "# Head\nsome words"}}]
    answers = lines(tmp_path, [{"uid": "q1", "model": "m", "messages": messages}], "answers.jsonl")
    imported(tmp_path, lines(tmp_path, [judgment("A>B", "A>B")]), format="arena_hard", answers=str(answers))
    first, second = rows(tmp_path, "battles")
    assert (first["headers_a"], first["headers_b"], second["headers_a"]) == (None, 1, 1)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (judgment("A"), "unknown_label"),
        (judgment("A>B", baseline=None), "no_baseline"),
        (judgment("A>B", baseline="m"), "self_battle"),
        (judgment(games=[]), "no_games"),
    ],
)
def test_arena_hard_records_that_are_wrong_are_refused(tmp_path: Path, record: dict[str, object], kind: str) -> None:
    imported(tmp_path, lines(tmp_path, [judgment("A>B"), json.loads(json.dumps(record))]), format="arena_hard")
    assert [letter["kind"] for letter in dead(tmp_path, "battles")] == [kind]
