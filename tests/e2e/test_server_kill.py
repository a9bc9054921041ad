"""kill -9 of runs whose model is a server: what had been paid for is not paid for again."""

from pathlib import Path

import pytest

from evals.judge import written_verdicts
from tasks.engines.engine import EngineParams, Resources, Sampling
from tasks.engines.journal import read_journal
from tasks.params import JudgeParams, Params, TracesParams
from tasks.robustness.params import PerturbParams, TrialsParams
from tasks.robustness.perturb import run as perturb
from tests.e2e.places import kill, run, start, wait_until_kept
from tests.tasks.jobs import FAKE, at, commit, problem_rows, trace_row
from tests.tasks.openai_server import Answer, Server, openai_server
from tests.tasks.robustness.samples import commit_problems, commit_variants, perturb_job

MODEL = "fake"
"""What the partition of these tests is called."""
REQUESTS = 600
PACE = 0.05
"""Seconds a reply: with four at a time the ledger's first flush comes before the end."""
VARIANTS = PerturbParams(kinds=("identity",), variants=15)

pytestmark = pytest.mark.faults


def killed_and_run_again(root: Path, stage: str, rows: str, params: Params, server: Server, journal: Path) -> set[str]:
    """Kills the stage once something is kept, and runs it to its commit; all ids that the server was asked for."""
    resources = Resources(journal=str(journal), window=32, concurrency=4)
    server.answers = [Answer(seconds=PACE)] * REQUESTS
    driver = start(root, stage, MODEL, params, resources)
    kept = wait_until_kept(at(root, rows), params, 1, driver)
    kill(driver)
    generated = len(read_journal(journal))
    server.answers = []
    run(root, stage, MODEL, params, resources)
    asked = [request for request, _ in read_journal(journal)]
    assert len(kept) <= generated < REQUESTS, "it was killed before its end"
    assert not kept & set(asked[generated:]), "a kept reply was asked for again"
    assert len(set(asked)) == REQUESTS
    return set(asked)


def test_a_killed_judge_goes_on_and_asks_nothing_that_was_kept(tmp_path: Path) -> None:
    root = tmp_path / "data"
    [problem] = problem_rows(1)
    commit(at(root, "problems"), [problem], TracesParams(engine=FAKE))
    traces = [trace_row(problem, ["2 + 3 = 5\n", f"#### {sample}"], "wrong", sample) for sample in range(REQUESTS)]
    commit(at(root, "traces"), traces, TracesParams(engine=FAKE))
    with openai_server() as server:
        server.choice = {"message": {"role": "assistant", "content": written_verdicts(["good", "bad"])}}
        params = JudgeParams(engine=EngineParams(kind="http", model="judge", url=server.url, api="chat"))
        asked = killed_and_run_again(root, "judge", "replies", params, server, tmp_path / "journal")
    assert set(at(root, "replies").read()["reply_id"].to_pylist()) == asked
    assert at(root, "judgements").read()["verdict"].to_pylist() == ["good", "bad"] * REQUESTS


def test_killed_trials_go_on_and_ask_nothing_that_was_kept(tmp_path: Path) -> None:
    root = tmp_path / "data"
    commit_problems(root, problem_rows(20))
    commit_variants(root, perturb(perturb_job(root, VARIANTS)), VARIANTS)
    with openai_server() as server:
        server.choice = {"message": {"role": "assistant", "content": "#### 5"}}
        engine = EngineParams(kind="http", model="solver", url=server.url, api="chat")
        params = TrialsParams(engine=engine, sampling=Sampling())
        asked = killed_and_run_again(root, "trials", "trials", params, server, tmp_path / "journal")
    rows = at(root, "trials").read().to_pylist()
    assert {row["trial_id"] for row in rows} == asked
    assert len({row["seed"] for row in rows}) == REQUESTS
