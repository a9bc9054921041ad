"""What every test may use. The costly parts are made once a session: one Ray cluster, one real model."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tasks.model import EMBEDDED
from tasks.runtime import ray_session

# The engine's tests share their cores with property tests: a slow example there is no finding.
settings.register_profile("proctor", deadline=None)
settings.load_profile("proctor")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """vLLM goes first: when it loads, it looks at every global of every module, and those of Flask, which moto brings
    along for the tests of object stores, raise when they are looked at."""
    items.sort(key=lambda item: item.path.name != "test_vllm_engine.py")


@pytest.fixture(scope="session")
def model() -> str:
    """The language model of the engine's tests; another one can be named in PROCTOR_TEST_MODEL."""
    name = os.environ.get("PROCTOR_TEST_MODEL", "tiny_reasoner")
    if not (EMBEDDED / name / "config.json").exists() and not Path(name).is_dir():
        pytest.skip(f"no model {name}: train it with models/train.py")
    return name


@pytest.fixture(scope="session")
def ray() -> Iterator[None]:
    """A local Ray cluster that all tests share."""
    with ray_session():
        yield
