"""Two workers under Ray Train: the same batches, the same verifier but for rounding."""

import warnings
from pathlib import Path

import pytest

from tasks.engines.engine import Resources
from tasks.verifier.train import run
from tests.tasks.verifier.data import QUICK, committed, labelled, verifier_job

PROBLEMS = 16
PARAMS = QUICK.model_copy(update={"kinds": ("process",), "epochs": 1, "choosing": 0.3})


def test_two_workers_learn_what_one_learns(ray: None, tmp_path: Path) -> None:
    committed(tmp_path / "one", *labelled(PROBLEMS), PROBLEMS)
    committed(tmp_path / "two", *labelled(PROBLEMS), PROBLEMS)
    alone = run(verifier_job(tmp_path / "one", PARAMS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = run(verifier_job(tmp_path / "two", PARAMS, Resources(actors=2)))
    for one, two in zip(*(each.tables["verifier_curve"].to_pylist() for each in (alone, together)), strict=True):
        assert (two["step"], two["tokens"]) == (one["step"], one["tokens"])
        assert two["choosing_loss"] == pytest.approx(one["choosing_loss"], abs=1e-4)
        assert two["train_loss"] == pytest.approx(one["train_loss"], abs=1e-4)
