"""What storage says of the recipe stage: partitions at other addresses are inputs like any others."""

from pathlib import Path

import pytest

from flows.run.execute import execute
from flows.run.work import InputsMissing, Work, status
from flows.stages import STAGES
from storage.store import Store
from tasks.params import ProblemsParams, TracesParams
from tasks.recipe.params import RecipeParams
from tests.tasks.jobs import PARTITION, at, commit, problem_rows, trace_row

PROBLEMS = problem_rows(2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Problems of a training set, and a right trace of each."""
    commit(at(tmp_path, "problems"), PROBLEMS, ProblemsParams(split="train"))
    right = [trace_row(problem, ["so it is\n", "#### 5"], "correct") | {"extracted": "5"} for problem in PROBLEMS]
    commit(at(tmp_path, "traces"), right, TracesParams())
    return Store(tmp_path)


def work(store: Store, **params: object) -> Work:
    return Work(STAGES["recipe"], PARTITION, RecipeParams.model_validate(params), store)


def commit_evaluation(store: Store, split: str) -> None:
    where = PARTITION.without_model().model_copy(update={"source": split})
    rows = [problem | {"split": split} for problem in PROBLEMS[:1]]
    commit(store.at("problems", where), rows, ProblemsParams(split=split))


def test_all_four_datasets_are_committed_and_complete(store: Store) -> None:
    done = execute(work(store))
    assert {name: manifest.rows for name, manifest in done.manifests.items()} == {
        "sft": 2,
        "preferences": 0,
        "rlvr": 2,
        "screened": 4,
    }
    assert execute(work(store)).skipped
    assert status(store, STAGES["recipe"], PARTITION).state == "complete"


def test_a_new_evaluation_set_makes_the_sets_stale_and_is_named(store: Store) -> None:
    execute(work(store))
    commit_evaluation(store, "test")
    seen = status(store, STAGES["recipe"], PARTITION)
    assert seen.state == "stale"
    assert "input problems/date=2026-01-02/source=test/run=main: none -> " in seen.reasons[0]
    assert execute(work(store)).manifests["sft"].rows == 1
    assert status(store, STAGES["recipe"], PARTITION).state == "complete"


def test_other_training_problems_change_nothing(store: Store) -> None:
    execute(work(store))
    commit_evaluation(store, "train")
    assert execute(work(store)).skipped


def test_evaluation_sets_do_not_matter_where_contamination_is_not_looked_for(store: Store) -> None:
    execute(work(store, filters={"contamination": None}))
    commit_evaluation(store, "test")
    assert status(store, STAGES["recipe"], PARTITION).state == "complete"


def test_a_greedy_run_that_is_not_there_is_named_with_the_command_that_makes_it(store: Store) -> None:
    with pytest.raises(InputsMissing, match=r"proctor run traces --date 2026-01-02 .* --run greedy"):
        execute(work(store, greedy_run="greedy"))


def test_labels_are_needed_only_by_those_who_ask_for_them(store: Store) -> None:
    with pytest.raises(InputsMissing, match="recipe reads labels"):
        execute(work(store, recipes=["search"]))
