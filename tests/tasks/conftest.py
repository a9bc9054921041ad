"""The costly parts, made once a session: Ray, and a real model in vLLM."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.engine import EngineParams, Resources
from tasks.model import EMBEDDED
from tasks.runtime import ray_session
from tasks.vllm_engine import VLLMEngine


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


@pytest.fixture(scope="session")
def vllm_engine(model: str, tmp_path_factory: pytest.TempPathFactory) -> VLLMEngine:
    """A real engine in this process; its journal is `vllm_engine.journal`."""
    journal = tmp_path_factory.mktemp("vllm") / "journal"
    return VLLMEngine(EngineParams(model=model), Resources(journal=str(journal), cache_gib=0.5))
