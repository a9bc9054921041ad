"""A planted key goes through real stages, against a server that gives it back in all that it says."""

import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import USAGE, failure_of
from flows.run.execute import Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.commit import InvalidData
from storage.store import Store
from tasks.engines.engine import EngineParams, Resources
from tasks.params import TracesParams
from tests.flows.fake_stages import put_problems
from tests.flows.written import places_with, written
from tests.tasks.jobs import PARTITION, at, problem_rows
from tests.tasks.openai_server import Answer, Server, openai_server

KEY = "sk-planted/and+long=0123456789"
KEYED = Resources(key_variable="LAB_CREDENTIAL", retries=0, graders=1, concurrency=1)
"""The variable's name is like no secret's: that it holds one is told by the resource."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv(KEYED.key_variable, KEY)
    with openai_server() as server:
        server.choice = {"text": f"Step 1: the header says Bearer {KEY}\n#### 8"}
        yield server


def params(server: Server) -> TracesParams:
    return TracesParams(engine=EngineParams(kind="http", url=server.url, model="fake"), samples=2)


def stage(root: Path, server: Server) -> Work:
    put_problems(root, problem_rows(3))
    return Work(STAGES["traces"], PARTITION, params(server), Store(root))


def refusals(count: int) -> list[Answer]:
    bodies = [f"no {KEY}", json.dumps({"echo": f"Bearer {KEY}"}).replace("/", "\\/"), '{"sk": 1}' + "x" * 480 + KEY]
    return [Answer((400, 500, 200)[number % 3], bodies[number % 3]) for number in range(count)]


def test_what_a_server_gives_back_of_the_key_is_masked_in_rows_and_dead_letters(server: Server, tmp_path: Path) -> None:
    server.answers = refusals(3)
    execute(stage(tmp_path, server), Runner(KEYED, max_dead_rate=1))
    assert set(server.keys) == {f"Bearer {KEY}"}, "it was sent"
    traces = at(tmp_path, "traces")
    assert (traces.read().num_rows, traces.dead().num_rows) == (3, 3)
    assert all("Bearer ***" in text for text in traces.read(["text"])["text"].to_pylist())
    assert places_with(KEY, tmp_path) == []
    assert places_with("sk-planted", tmp_path) == [], "nor a part of it, where a text was cut"


def test_a_failure_shows_the_key_to_nobody(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = refusals(6)
    with pytest.raises(InvalidData, match="6 of 6 rows failed") as caught:
        execute(stage(tmp_path, server), Runner(KEYED))
    shown = ["".join(traceback.format_exception(caught.value)), str(failure_of(caught.value)), caplog.text]
    assert not [text for text in (*shown, *capfd.readouterr()) if KEY in text]
    assert places_with(KEY, tmp_path) == []
    assert any("stage_failed" in text for _, text in written(tmp_path))


def test_an_exception_that_holds_the_key_is_masked_before_anybody_hears_of_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a client library's, about a header that it cannot send."""
    monkeypatch.setattr("tests.flows.test_secrets.KEPT", KEY)
    monkeypatch.setattr("tasks.traces.run", leaks)
    with pytest.raises(RuntimeError, match=r"Bearer \*\*\*") as caught:
        execute(stage(tmp_path, server), Runner(KEYED))
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in str(failure_of(caught.value))
    assert places_with(KEY, tmp_path) == []
    assert "Bearer ***" in str(at(tmp_path, "traces").attempts()[-1].error)


KEPT = ""


def leaks(job: Any) -> None:
    from storage.secrets import secret

    try:
        raise ValueError(f"illegal header: Bearer {secret(KEYED.key_variable)}")
    except ValueError as error:
        error.add_note(f"while sending {KEPT}")
        raise RuntimeError(f"cannot send Bearer {KEPT}", {"header": "x"}) from error


def test_a_parameter_that_holds_the_key_is_refused_before_it_is_stored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    command = ["run", "traces", "--root", str(tmp_path), "--source", "a", "--date", "2026-01-02"]
    told = CliRunner(env={"COLUMNS": "300"}).invoke(app, [*command, "--set", f"engine.revision={KEY}"])
    assert told.exit_code == USAGE
    assert "hold the value of the environment's OPENAI_API_KEY" in told.output
    assert KEY not in told.output
    assert places_with(KEY, tmp_path) == []


@pytest.mark.server
@pytest.mark.timeout(600)
def test_prefect_is_told_nothing_of_the_key(
    prefect_server: None, server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from prefect.client.orchestration import get_client

    from flows.commands.launch import _send_logs
    from flows.traces import traces

    put_problems(tmp_path, problem_rows(3))
    server.answers = refusals(6)
    with pytest.raises(InvalidData):
        traces(PARTITION, params(server), KEYED, str(tmp_path))
    done = traces(PARTITION, params(server), KEYED, str(tmp_path), max_dead_rate=1)
    _send_logs()
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(done.manifests["traces"].flow_run_id)
        logs = [log.message for log in client.read_logs() if str(log.flow_run_id) == str(run.id)]
        shown = [str(run), *map(str, client.read_flow_runs()), *map(str, client.read_artifacts()), *logs]
    assert not [text for text in (*shown, *capfd.readouterr()) if KEY in text]
    assert places_with(KEY, tmp_path) == []
    events = [json.loads(text) for text in logs if text.startswith("{")]
    assert [each["event"] for each in events] == ["stage_started", "stage_committed"]
    assert {(each["run_id"], each["partition"]) for each in events} == {(str(run.id), str(PARTITION))}
