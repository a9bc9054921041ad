"""kill -9 of a run whose judge is a server: what it had paid for is not paid for again."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from evals.judge import written_verdicts
from tasks.engine import EngineParams
from tasks.journal import read_journal
from tasks.params import JudgeParams, TracesParams
from tests.e2e.judge_driver import to_commit
from tests.e2e.places import kill
from tests.tasks.jobs import FAKE, at, commit, problem_rows, trace_row
from tests.tasks.openai_server import Answer, openai_server

TRACES = 600
PACE = 0.05
"""Seconds a reply: with four at a time the ledger's first flush comes before the end."""
PATIENCE = 60.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    [problem] = problem_rows(1)
    place = tmp_path / "data"
    commit(at(place, "problems"), [problem], TracesParams(engine=FAKE))
    traces = [trace_row(problem, ["2 + 3 = 5\n", f"#### {sample}"], "wrong", sample) for sample in range(TRACES)]
    commit(at(place, "traces"), traces, TracesParams(engine=FAKE))
    return place


def test_a_killed_judge_goes_on_and_asks_nothing_that_was_kept(root: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with openai_server() as server:
        server.choice = {"message": {"role": "assistant", "content": written_verdicts(["good", "bad"])}}
        server.answers = [Answer(seconds=PACE)] * TRACES
        params = JudgeParams(engine=EngineParams(kind="http", model="judge", url=server.url, api="chat"))
        command = [sys.executable, "-m", "tests.e2e.judge_driver", str(root), params.model_dump_json(), str(journal)]
        with subprocess.Popen(command, start_new_session=True) as driver:
            kept = wait_for_kept(root, params, driver)
            kill(driver)
        generated = len(read_journal(journal))
        server.answers = []
        to_commit(root, params, journal)
    asked = [request for request, _ in read_journal(journal)]
    assert kept
    assert len(kept) <= generated < TRACES, "it was killed before its end"
    assert not kept & set(asked[generated:]), "a kept reply was asked for again"
    assert len(set(asked)) == TRACES
    assert set(at(root, "replies").read()["reply_id"].to_pylist()) == set(asked)
    assert at(root, "judgements").read()["verdict"].to_pylist() == ["good", "bad"] * TRACES


def wait_for_kept(root: Path, params: JudgeParams, driver: "subprocess.Popen[bytes]") -> set[str]:
    ledger = at(root, "replies").ledger(params.generation_fingerprint())
    end = time.monotonic() + PATIENCE
    while not (kept := set(ledger.kept()["reply_id"].to_pylist())):
        assert driver.poll() is None, "the driver ended too early"
        assert time.monotonic() < end, f"nothing was kept in {PATIENCE} s"
        time.sleep(0.02)
    return kept
