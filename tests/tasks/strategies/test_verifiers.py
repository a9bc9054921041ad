from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from evals.strategies.settings import BestOf, Majority
from storage.store import Store
from tasks.engines.model import resolve
from tasks.strategies.params import StrategiesParams, VerifierRef
from tasks.strategies.verifiers import elsewhere, load_verifiers
from tasks.verifier.chunks import chunks
from tasks.verifier.network import new_network, tokenizer_of
from tasks.verifier.weights import Card, packed
from tests.tasks.jobs import PARTITION, commit
from tests.tasks.strategies.games import strategies_job

OTHER = PARTITION.model_copy(update={"run": "hard"})


def params(**verifiers: VerifierRef) -> StrategiesParams:
    """One best-of-N for each of them."""
    return StrategiesParams(strategies=tuple(BestOf(by=(name,)) for name in verifiers), verifiers=verifiers)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A verifier whose head knows nothing yet, committed by the run itself and by another one."""
    place = tmp_path_factory.mktemp("store")
    base = resolve("tiny_reasoner")
    files = packed(new_network(base, "float32"), tokenizer_of(base.path), Card(prompt="concise"), b"{}")
    for partition in (PARTITION, OTHER):
        commit(Store(place).at("verifiers", partition), list(chunks("process", files)), StrategiesParams())
    return place


def test_only_verifiers_that_are_asked_for_are_read(tmp_path: Path) -> None:
    asked = StrategiesParams(strategies=(Majority(),))
    assert asked.also_reads() == ()
    assert elsewhere(asked, Store(tmp_path), PARTITION) == {}


def test_those_of_the_run_are_inputs_and_those_of_others_are_read_at_their_address(tmp_path: Path) -> None:
    asked = params(own=VerifierRef(), hard=VerifierRef(run="hard"))
    assert asked.also_reads() == ("verifiers",)
    (address,) = found = elsewhere(asked, Store(tmp_path), PARTITION)
    assert address == f"verifiers/{OTHER}"
    assert found[address].partition == OTHER


def test_they_are_loaded_by_the_names_that_strategies_ask_for(root: Path) -> None:
    asked = params(own=VerifierRef(), hard=VerifierRef(run="hard"))
    job = strategies_job(root, asked)
    there = {"verifiers": Store(root).at("verifiers", PARTITION), **elsewhere(asked, Store(root), PARTITION)}
    with ExitStack() as stack:
        loaded = load_verifiers(replace(job, inputs={**job.inputs, **there}), stack)
        assert set(loaded) == {"own", "hard"}
        assert loaded["own"].scorer.score([("How many?", ["Step 1: 2 + 3 = 5\n"])]) == [[0.5]]
        assert loaded["own"].digest.endswith(" process")


def test_a_run_without_a_verifier_of_the_kind_says_so(root: Path) -> None:
    asked = params(judge=VerifierRef(kind="outcome"))
    job = strategies_job(root, asked)
    job = replace(job, inputs={**job.inputs, "verifiers": Store(root).at("verifiers", PARTITION)})
    with pytest.raises(LookupError, match="has no outcome verifier; there is process"), ExitStack() as stack:
        load_verifiers(job, stack)
