"""kill -9 of a tree search, with the real storage; the engine is a FakeEngine, so that texts can be compared."""

import shutil
from pathlib import Path

import pytest

from tasks.engines.journal import read_journal
from tasks.params import TracesParams, TreesParams
from tests.e2e.places import kept_ids, kill, start_driver, wait_until_kept
from tests.e2e.tree_driver import to_commit
from tests.tasks.jobs import FAKE, at, commit, problem_rows, trace_row

PARAMS = TreesParams(k=8, root_k=16, rollouts=120)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    traces = TracesParams(engine=FAKE, chat="off")
    problems = [row | {"answer": "8", "graph": ""} for row in problem_rows(40)]
    place = tmp_path / "data"
    commit(at(place, "problems"), problems, traces)
    commit(at(place, "traces"), [trace_row(problems[0], ["Step 1: x\n"], "wrong")], traces)
    return place


def test_a_killed_search_goes_on_and_generates_nothing_that_was_kept(root: Path, tmp_path: Path) -> None:
    undisturbed = Path(shutil.copytree(root, tmp_path / "undisturbed"))
    journal = tmp_path / "journal"
    kills: list[tuple[set[str], int]] = []
    for _ in range(3):
        driver = start_driver("tests.e2e.tree_driver", str(root), PARAMS.model_dump_json(), str(journal))
        wait_until_kept(at(root, "tree_rollouts"), PARAMS, 1 + len(kills[-1][0] if kills else ()), driver)
        kill(driver)
        kills.append((kept_ids(at(root, "tree_rollouts"), PARAMS), len(read_journal(journal))))
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
