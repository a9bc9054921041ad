"""The `verifier` stage, on traces whose errors a small model learns to see within seconds."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.run.execute import Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.store import Store
from tasks.job import Outcome
from tasks.verifier.checkpoint import Checkpoint, Checkpoints, Progress
from tasks.verifier.chunks import chunks, files_of
from tasks.verifier.examples import OneClass, SearchedLabels
from tasks.verifier.train import TooFewProblems, run
from tests.tasks.jobs import PARTITION, at
from tests.tasks.verifier.data import QUICK, committed, killed_at_update, labelled, one_thread, verifier_job

PROBLEMS = 60
PROCESS = QUICK.model_copy(update={"kinds": ("process",), "batch_tokens": 1024, "rate": 3e-3})


@pytest.fixture(scope="module", autouse=True)
def sums_in_one_order() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("verifier")
    committed(place, *labelled(PROBLEMS), PROBLEMS)
    return place


@pytest.fixture(scope="module")
def trained(root: Path) -> Outcome:
    return run(verifier_job(root, PROCESS))


def test_it_is_better_than_a_constant_against_rollouts_and_against_the_truth(trained: Outcome) -> None:
    told = trained.summary["process"]["held_out"]
    assert told["brier"] < 0.75 * told["brier_constant"]
    assert told["brier_truth"] < 0.5 * told["brier_truth_constant"]
    assert told["auroc_truth"] > 0.95


def test_it_chooses_right_solutions_and_names_first_errors(trained: Outcome) -> None:
    told = trained.summary["process"]["held_out"]
    assert told["best_of_n"]["last"] > told["best_of_n"]["pass@1"] + 0.2
    assert told["first_error_f1"] > 0.7


def test_predictions_are_of_problems_that_were_not_trained_on(trained: Outcome) -> None:
    problems = json.loads(files_of("process", trained.tables["verifiers"].to_pylist())["problems.json"])
    told = {(row["problem_id"], row["split"]) for row in trained.tables["verifier_predictions"].to_pylist()}
    assert {name for name, split in told if split == "held_out"} == set(problems["held_out"])
    assert {name for name, split in told if split == "choosing"} == set(problems["choosing"])
    assert not set(problems["train"]) & {name for name, _ in told}
    assert sum(map(len, problems.values())) == PROBLEMS


def test_the_curve_has_a_point_for_each_evaluation_and_names_the_one_that_is_kept(trained: Outcome) -> None:
    curve = trained.tables["verifier_curve"].to_pylist()
    assert [row["epoch"] for row in curve] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    [kept] = [row for row in curve if row["kept"]]
    assert kept["choosing_loss"] == min(row["choosing_loss"] for row in curve)


def test_training_ends_once_the_choosing_loss_has_not_fallen_for_long_enough(root: Path) -> None:
    wild = PROCESS.model_copy(update={"rate": 0.5, "patience": 1, "epochs": 50, "evaluations": 4})
    outcome = run(verifier_job(root, wild))
    losses = [row["choosing_loss"] for row in outcome.tables["verifier_curve"].to_pylist()]
    assert len(losses) < 50 * 4
    assert losses[-1] >= min(losses[:-1])


def test_the_outcome_verifier_tells_right_solutions_from_wrong_ones(root: Path) -> None:
    told = run(verifier_job(root, PROCESS.model_copy(update={"kinds": ("outcome",)}))).summary["outcome"]["held_out"]
    assert told["brier_truth"] < told["brier_truth_constant"]
    assert told["best_of_n"]["outcome"] > told["best_of_n"]["pass@1"]


def test_a_killed_training_resumes_at_its_checkpoint_and_ends_with_the_same_weights(
    root: Path, trained: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = PROCESS.model_copy(update={"patience": 4})  # another fingerprint, and so a ledger of its own
    at(root, "verifiers").ledger(params.generation_fingerprint()).clear()
    made = killed_at_update(11, verifier_job(root, params), monkeypatch)
    again = run(verifier_job(root, params))
    updates = again.summary["process"]["updates"]
    assert len(made) - 1 == updates + 2, "10 were made, the last checkpoint was behind the 8th"
    assert again.tables["verifier_curve"].equals(trained.tables["verifier_curve"])
    weights = [
        files_of("process", each.tables["verifiers"].to_pylist())["model.safetensors"] for each in (trained, again)
    ]
    assert weights[0] == weights[1]


def test_a_checkpoint_of_other_data_is_not_taken_up(tmp_path: Path) -> None:
    ledger = at(tmp_path, "verifiers").ledger("kept")
    Checkpoints(ledger, "process", "these rows").save(Checkpoint(Progress("these rows", step=3)))
    assert Checkpoints(ledger, "process", "other rows").newest() is None
    assert Checkpoints(ledger, "outcome", "these rows").newest() is None
    kept = Checkpoints(ledger, "process", "these rows").newest()
    assert kept is not None
    assert kept.progress.step == 3


def test_a_checkpoint_that_was_cut_off_gives_way_to_the_one_before(tmp_path: Path) -> None:
    ledger = at(tmp_path, "verifiers").ledger("kept")
    Checkpoints(ledger, "process", "rows").save(Checkpoint(Progress("rows", step=3)))
    half = list(chunks("checkpoint/process/rows/000000004", {"progress.json": b"{}", "weights.safetensors": b"0"}))
    ledger.put(half[:1])
    kept = Checkpoints(ledger, "process", "rows").newest()
    assert kept is not None
    assert kept.progress.step == 3


@pytest.mark.parametrize(("wrong", "message"), [(0.0, "all good"), (1.0, "all bad")])
def test_one_class_is_refused_in_words(tmp_path: Path, wrong: float, message: str) -> None:
    traces, labels = labelled(20, wrong)
    committed(tmp_path, traces, labels, 20)
    with pytest.raises(OneClass, match=f"{message}.*nothing to tell apart"):
        run(verifier_job(tmp_path, QUICK.model_copy(update={"kinds": ("outcome",)})))


def test_the_stage_refuses_the_counts_of_a_search(tmp_path: Path) -> None:
    traces, labels = labelled(20)
    implied = [replace(step, soft=None, successes=0, failures=0) for step in labels[0].steps[:-1]]
    committed(tmp_path, traces, [replace(labels[0], steps=(*implied, labels[0].steps[-1])), *labels[1:]], 20)
    assert all(step.hard for step in implied)
    with pytest.raises(SearchedLabels, match=f"{len(implied)} of .* labelled steps are good by implication"):
        run(verifier_job(tmp_path, PROCESS))


def test_a_split_without_problems_is_refused_in_words(tmp_path: Path) -> None:
    committed(tmp_path, *labelled(2), 2)
    with pytest.raises(TooFewProblems, match=r"2 problems.*more problems"):
        run(verifier_job(tmp_path, PROCESS))


def test_rows_beyond_the_context_are_cut_or_dead_and_counted(root: Path) -> None:
    told = run(verifier_job(root, PROCESS.model_copy(update={"max_length": 75, "epochs": 1})))
    assert told.summary["process"]["rows_cut"] > 0
    assert told.summary["process"]["steps_cut"] >= told.summary["process"]["rows_cut"]
    assert {letter.kind for letter in told.dead} == {"too_long"}
    solutions = sum(told.summary["process"]["solutions"].values())
    assert solutions + len(told.dead) == at(root, "prm").read().num_rows


def test_the_stage_commits_to_be_scored_with(tmp_path: Path) -> None:
    committed(tmp_path, *labelled(30), 30)
    params = PROCESS.model_copy(update={"epochs": 1})
    done = execute(Work(STAGES["verifier"], PARTITION, params, Store(tmp_path)), Runner(owner="test"))
    from tasks.verifier.scorer import scorer_at

    [[first, second]] = scorer_at(at(tmp_path, "verifiers")).score([("How many?", ["Step 1: 2 + 3 = 5\n", "#### 5"])])
    assert 0 < first < 1
    assert 0 < second < 1
    section = STAGES["verifier"].section(at(tmp_path, "verifier_predictions"))
    assert section is not None
    assert [block.title for block in section.blocks if hasattr(block, "svg")] == [
        "Loss of the process verifier",
        "Calibration of the process verifier",
    ]
    assert not at(tmp_path, "verifiers").ledger(params.generation_fingerprint()).kept().num_rows
    assert set(done.manifests) == {"verifier_predictions", "verifier_curve", "verifiers"}
