"""kill -9 of a verifier's training: the same command goes on from its checkpoint, to the same verifier."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.engines.engine import Resources
from tasks.verifier import training
from tasks.verifier.checkpoint import Checkpoints
from tests.e2e.places import kill, run, start, wait_until_kept
from tests.tasks.jobs import at
from tests.tasks.verifier.data import QUICK, committed, labelled, one_thread

MODEL = "fake"
"""What the partition of these tests is called."""
PROBLEMS = 24
PARAMS = QUICK.model_copy(
    update={"kinds": ("process",), "batch_tokens": 512, "epochs": 2, "evaluations": 6, "patience": 99}
)
FILES = 4
"""Of a checkpoint, a row each: weights, moments, best weights, progress."""
ROWS = ("verifiers", "verifier_curve", "verifier_predictions")

pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def sums_in_one_order(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Here, and in the driver."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with one_thread():
        yield


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by one with each update that is made in this process."""
    made: list[object] = []
    update = training._update

    def counted(*arguments: Any) -> Any:
        made.append(arguments)
        return update(*arguments)

    monkeypatch.setattr(training, "_update", counted)
    return made


def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_verifier(
    tmp_path: Path, updates: list[object]
) -> None:
    root, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    for place in (root, undisturbed):
        committed(place, *labelled(PROBLEMS), PROBLEMS)
    run(undisturbed, "verifier", MODEL, PARAMS)
    all_of_them = len(updates)

    driver = start(root, "verifier", MODEL, PARAMS, Resources())
    first = wait_until_kept(at(root, "verifiers"), PARAMS, FILES, driver)
    kill(driver)
    done = updates_kept(root, source=first.pop().split("/")[2])
    assert 0 < done < all_of_them, "it was killed before its end"
    assert at(root, "verifiers").manifest() is None
    updates.clear()
    run(root, "verifier", MODEL, PARAMS)

    assert len(updates) == all_of_them - done, "what the checkpoint holds is not done again"
    for dataset in ROWS:
        assert at(root, dataset).read().equals(at(undisturbed, dataset).read()), dataset


def updates_kept(root: Path, source: str) -> int:
    """Behind which the last whole checkpoint was made."""
    newest = Checkpoints(at(root, "verifiers").ledger(PARAMS.generation_fingerprint()), "process", source).newest()
    assert newest is not None
    return newest.progress.step
