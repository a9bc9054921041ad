"""A real model in vLLM, loaded once a session."""

import pytest

from tasks.engines.engine import EngineParams, Resources
from tasks.engines.vllm_engine import VLLMEngine


@pytest.fixture(scope="session")
def vllm_engine(model: str, tmp_path_factory: pytest.TempPathFactory) -> VLLMEngine:
    """A real engine in this process; its journal is `vllm_engine.journal`."""
    journal = tmp_path_factory.mktemp("vllm") / "journal"
    return VLLMEngine(EngineParams(model=model), Resources(journal=str(journal), cache_gib=0.5))
