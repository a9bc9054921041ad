"""Events of stages: a line each, that grep and DuckDB read."""

import datetime
import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest

from evals.gates import Gate, GateFailed
from flows.backfills import launch
from flows.backfills.launch import Launched
from flows.backfills.plan import Backfill, Days
from flows.orders.gates import checks_of, stop_at
from flows.run.addresses import Wanted
from flows.run.events import Events
from flows.run.execute import Interrupted, Runner, execute
from flows.run.work import Work
from storage.store import Store
from tasks.params import ProblemsParams

Make = Callable[..., Work]
PARTITION = "date=2026-11-22/source=generated/run=main"


def told(store: Store) -> list[dict[str, Any]]:
    [file] = Path(store.files.address("logs")).glob("events-*.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def names(store: Store) -> list[str]:
    return [event["event"] for event in told(store)]


def test_each_line_names_run_partition_stage_time_and_process(work: Make, store: Store) -> None:
    execute(work(), Runner(flow_run_id="run-1"))
    for event in told(store):
        assert event["run_id"] == "run-1"
        assert event["partition"] == PARTITION
        assert event["stage"] == "problems"
        assert event["time"].endswith("+00:00")
        assert event["pid"] == os.getpid()


def test_a_commit_says_what_came_of_it_and_cost(work: Make, store: Store) -> None:
    manifest = execute(work(count=3)).manifests["problems"]
    started, committed = told(store)
    assert (started["event"], committed["event"]) == ("stage_started", "stage_committed")
    asked = ("dataset", "attempt", "rows", "dead", "unknown", "tokens", "level")
    assert [committed[name] for name in asked] == ["problems", manifest.attempt, 3, 0, 0, 7, "info"]
    assert committed["seconds"] >= 0


def test_outside_of_prefect_each_call_is_a_run_of_its_own(work: Make, store: Store) -> None:
    for _ in range(2):
        execute(work())
    runs = [event["run_id"] for event in told(store)]
    assert runs[0] == runs[1] != runs[2] == runs[3]
    assert names(store)[2:] == ["stage_started", "stage_skipped"]


def test_a_failure_says_why(work: Make, store: Store) -> None:
    with pytest.raises(RuntimeError):
        execute(work("breaks"))
    last = told(store)[-1]
    assert (last["event"], last["level"], last["error"]) == ("stage_failed", "error", "RuntimeError")
    assert last["reason"] == "the generator is out of numbers"


def test_an_interrupt_says_what_was_kept(work: Make, store: Store) -> None:
    with pytest.raises(Interrupted):
        execute(work("is_interrupted"))
    last = told(store)[-1]
    assert (last["event"], last["level"]) == ("stage_interrupted", "warning")
    assert "Kept: 2 problems" in last["reason"]


def test_a_gate_that_is_not_passed_is_told_with_its_number(work: Make, store: Store) -> None:
    done = execute(work(count=3))
    with pytest.raises(GateFailed):
        stop_at(done, checks_of(done, [Gate.parse("problems.rows>=1"), Gate.parse("problems.rows<=2")]))
    last = told(store)[-1]
    assert (last["event"], last["gate"], last["value"]) == ("gate_not_passed", "problems.rows <= 2", 3)
    assert last["run_id"] == told(store)[0]["run_id"]


def test_a_backfill_tells_of_each_partition_that_it_launched_now_and_of_no_other(tmp_path: Path) -> None:
    first, last = datetime.date(2026, 11, 16), datetime.date(2026, 11, 17)
    what = Backfill("problems", ProblemsParams(count=2), Days(first, last), Wanted(), str(tmp_path))
    run, lines = uuid4(), tuple(what.plan().lines)
    launch._tell(what, Launched(run, "backfill problems", lines, new=True))
    launch._tell(what, Launched(uuid4(), "an earlier one", lines, new=False))
    events = told(Store(tmp_path))
    assert [(event["event"], event["state"], event["flow_run"]) for event in events] == [
        ("backfill_launched", "missing", "backfill problems")
    ] * 2
    assert [event["partition"] for event in events] == [str(line.partition) for line in lines]
    assert {event["run_id"] for event in events} == {str(run)}


def test_duckdb_reads_them(work: Make, store: Store) -> None:
    execute(work(count=3))
    with pytest.raises(RuntimeError):
        execute(work("breaks", count=4))
    files = store.files.address("logs/events-*.jsonl")
    asked = f"SELECT event, count(*), sum(rows) FROM read_json_auto('{files}') GROUP BY event ORDER BY event"
    assert duckdb.sql(asked).fetchall() == [
        ("stage_committed", 1, 3),
        ("stage_failed", 1, None),
        ("stage_started", 2, None),
    ]


@pytest.mark.parametrize("text", ["two\nlines", "\u2028 \x00 \x1b[31m", "half a pair \ud83d", '"}', "😀"])
def test_whatever_a_reason_says_it_stays_one_line(text: str, tmp_path: Path) -> None:
    Events(str(tmp_path), "labels", PARTITION, "run-1").tell("stage_failed", reason=text)
    [event] = told(Store(tmp_path))
    assert event["reason"] == text.encode("utf-8", "backslashreplace").decode()


def test_a_long_reason_is_cut(work: Make, store: Store) -> None:
    events = Events(store.files.address(""), "labels", PARTITION, "run-1")
    with pytest.raises(ValueError, match="x"), events.until_the_end():
        raise ValueError("x" * 1_000_000)
    assert len(told(store)[-1]["reason"]) == 2_000


def test_writers_at_once_break_no_line(tmp_path: Path) -> None:
    def write(name: str) -> None:
        for number in range(200):
            Events(str(tmp_path), "labels", PARTITION, name).tell("stage_started", number=number, text="x" * 3_000)

    writers = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    seen: Mapping[str, list[int]] = {name: [] for name in "abcd"}
    for event in told(Store(tmp_path)):
        seen[event["run_id"]].append(event["number"])
    assert all(numbers == list(range(200)) for numbers in seen.values())


def test_a_log_that_cannot_be_written_costs_the_line_and_not_the_run(
    work: Make, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    Path(store.files.address("")).mkdir()
    Path(store.files.address("logs")).touch()  # a file where the folder should be
    assert execute(work()).manifests["problems"].rows == 2
    assert "the event stage_committed was not written" in caplog.text
