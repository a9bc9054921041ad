"""What tests of flows share: a store, a partition, a stage whose code is chosen, and one Prefect server for all."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.params import ProblemsParams


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


@pytest.fixture
def partition() -> Partition:
    return Partition(date=datetime.date(2026, 11, 22), source="generated")


@pytest.fixture
def work(store: Store, partition: Partition) -> Callable[..., Work]:
    """`work("run", count=2)`: the problems stage with code of tests/flows/code.py."""

    def make(function: str = "run", where: Partition = partition, version: int = 1, **params: object) -> Work:
        stage = replace(STAGES["problems"], run=f"tests.flows.code:{function}", version=version)
        return Work(stage, where, ProblemsParams.model_validate({"count": 2, **params}), store)

    return make


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A Prefect server with an empty database. Prefect's default of 30 s is too short on two busy cores."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=240):
        yield
