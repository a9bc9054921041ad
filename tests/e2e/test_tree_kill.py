"""kill -9 of a tree search, with the real storage; the engine is a FakeEngine, so that texts can be compared."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.journal import read_journal
from tasks.params import TracesParams, TreesParams
from tests.e2e.places import kill
from tests.e2e.tree_driver import to_commit
from tests.tasks.jobs import FAKE, at, commit, problem_rows, trace_row

PARAMS = TreesParams(k=8, root_k=16, rollouts=120)
PATIENCE = 60.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    traces = TracesParams(engine=FAKE, chat="off")
    problems = [row | {"answer": "8", "graph": ""} for row in problem_rows(40)]
    place = tmp_path / "data"
    commit(at(place, "problems"), problems, traces)
    commit(at(place, "traces"), [trace_row(problems[0], ["Step 1: x\n"], "wrong")], traces)
    return place


def kept_ids(root: Path) -> set[str]:
    ledger = at(root, "tree_rollouts").ledger(PARAMS.generation_fingerprint())
    return set(ledger.kept()["rollout_id"].to_pylist())


def start(root: Path, journal: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.e2e.tree_driver", str(root), PARAMS.model_dump_json(), str(journal)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_until_kept(root: Path, more_than: int, driver: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + PATIENCE
    while len(kept_ids(root)) <= more_than:
        assert driver.poll() is None, f"the driver ended too early: {driver.stderr and driver.stderr.read()}"
        assert time.monotonic() < end, f"no more than {more_than} rollouts were kept in {PATIENCE} s"
        time.sleep(0.02)


def test_a_killed_search_goes_on_and_generates_nothing_that_was_kept(root: Path, tmp_path: Path) -> None:
    undisturbed = Path(shutil.copytree(root, tmp_path / "undisturbed"))
    journal = tmp_path / "journal"
    kills: list[tuple[set[str], int]] = []
    for _ in range(3):
        driver = start(root, journal)
        wait_until_kept(root, len(kills[-1][0]) if kills else 0, driver)
        kill(driver)
        kills.append((kept_ids(root), len(read_journal(journal))))
    assert 0 < len(kills[0][0]) < len(kills[1][0]) < len(kills[2][0])
    to_commit(root, PARAMS, journal)

    asked = [request for request, _ in read_journal(journal)]
    for kept, generated in kills:
        assert not kept & set(asked[generated:]), "a kept rollout was generated again"
    rollouts = at(root, "tree_rollouts").read()
    ids = rollouts["rollout_id"].to_pylist()
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(asked)
    assert len(ids) > len(kills[2][0]), "it was killed before its end"
    to_commit(undisturbed, PARAMS, tmp_path / "other journal")
    assert at(undisturbed, "trees").read().equals(at(root, "trees").read())
    assert at(undisturbed, "tree_rollouts").read().equals(rollouts)
