"""What every test may use. The costly parts are made once a session: one Ray cluster, one real model."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tasks.engines.runtime import ray_session

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
    return os.environ.get("PROCTOR_TEST_MODEL", "tiny_reasoner")


@pytest.fixture(scope="session")
def ray() -> Iterator[None]:
    """A local Ray cluster that all tests share."""
    with ray_session():
        yield
