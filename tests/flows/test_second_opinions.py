"""From committed traces and labels to training data that judge and rollouts agree on, through storage, without Prefect
or Ray."""

import datetime
from pathlib import Path

import pytest

from flows.run.execute import Runner, execute
from flows.run.work import InputsMissing, Work
from flows.stages import STAGES
from storage.commit import InvalidData
from storage.partition import Partition
from storage.store import Store
from tasks.engines.engine import EngineParams, Resources
from tasks.params import ConsensusParams, JudgeParams, Params, PRMParams
from tests.tasks.jobs import commit, problem_rows, solution, trace_row
from tests.tasks.openai_server import Answer, openai_server
from tests.tasks.test_prm import label

PARTITION = Partition(date=datetime.date(2026, 1, 2), source="generated", model="fake")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three problems with a right trace each. The labels say so of the first; of the second they find its first step
    bad; of the third they are open."""
    store, problems = Store(tmp_path), problem_rows(3)
    traces = [trace_row(problem, solution(problem), "correct") for problem in problems]
    labels = []
    for trace, hard in zip(traces, (1, 0, None), strict=True):
        for step, text in enumerate(trace["steps"]):
            labels.append(label(trace["trace_id"], step, text, hard) | {"problem_id": trace["problem_id"]})
    commit(store.at("problems", PARTITION.without_model()), problems, ConsensusParams())
    commit(store.at("traces", PARTITION), traces, ConsensusParams())
    commit(store.at("labels", PARTITION), labels, ConsensusParams())
    return tmp_path


def made(root: Path, name: str, params: Params, resources: Resources = Resources()) -> dict:
    execution = execute(Work(STAGES[name], PARTITION, params, Store(root)), Runner(resources))
    return {dataset: manifest.summary for dataset, manifest in execution.manifests.items()}


def test_only_what_both_agree_on_becomes_training_data(root):
    made(root, "judge", JudgeParams(kind="program"))
    summary = made(root, "consensus", ConsensusParams())["consensus"]
    assert summary["reasons"] | {"agree": 1, "disagree": 1, "rollouts_open": 1} == summary["reasons"]
    told = made(root, "prm", PRMParams(keep="consensus"))["prm"]
    kept = Store(root).at("prm", PARTITION).read().to_pylist()
    assert [row["trace_id"] for row in kept] == [f"{problem_rows(1)[0]['problem_id'][:8]}-0"]
    assert Store(root).at("orm", PARTITION).read().num_rows == 1
    assert (told["left_out"], told["left_out_because"]) == (2, {"disagree": 1, "rollouts_open": 1})
    assert made(root, "prm", PRMParams())["prm"]["rows"] == 2


def test_without_a_consensus_nothing_is_exported_and_the_missing_stage_is_named(root):
    with pytest.raises(InputsMissing, match="proctor run consensus"):
        made(root, "prm", PRMParams(keep="consensus"))


def test_traces_that_the_consensus_does_not_know_are_left_out_and_counted(root):
    made(root, "judge", JudgeParams(kind="program"))
    made(root, "consensus", ConsensusParams())
    location = Store(root).at("consensus", PARTITION)
    commit(location, location.read().slice(1), ConsensusParams())
    told = made(root, "prm", PRMParams(keep="consensus"))["prm"]
    assert told["left_out_because"] == {"disagree": 1, "rollouts_open": 1, "no_row": 1}


def test_a_judge_that_never_answers_fails_the_partition_and_its_dead_letters_can_be_read(root):
    with openai_server() as server:
        server.answers = [Answer(seconds=1, hang_up=True)] * 3
        engine = EngineParams(kind="http", model="judge", url=server.url, api="chat")
        with pytest.raises(InvalidData, match=r"3 of 3 rows failed .*time_out 3"):
            made(root, "judge", JudgeParams(engine=engine), Resources(timeout=0.1, retries=0))
    location = Store(root).at("replies", PARTITION)
    [attempt] = location.attempts()
    assert attempt.state == "failed"
    assert location.dead(attempt.id)["kind"].to_pylist() == ["time_out"] * 3
