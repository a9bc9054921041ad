"""Verifiers in vLLM's pooling runner, in real actors: the numbers of transformers, and who cannot be served."""

import json
import logging
from collections.abc import Iterator, Sequence

import pytest

from storage.store import Location
from tasks.engines.model import resolve
from tasks.verifier.chunks import chunks
from tasks.verifier.encoding import Encoded
from tasks.verifier.network import new_network, tokenizer_of
from tasks.verifier.params import VerifyParams
from tasks.verifier.pooling import PooledNetwork, open_scorer
from tasks.verifier.scorer import NetworkScorer, TooLong, scorer_at
from tasks.verifier.weights import Card, packed
from tests.tasks.jobs import at, commit

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("ray")]

BASE = resolve("tiny_reasoner")
STEPS = ["Step 1: 2 + 3 = 5\n", "Step 2: 5 * 4 = 20\n", "Step 3: 20 - 7 = 13\n#### 13"]
ITEMS = [("How many eggs?", STEPS[:count]) for count in range(4)] + [
    (
        f"How many cards are there in all, when there are {boxes} boxes?\n",
        [f"Step 1: {boxes} * 4 = {boxes * 4}\n", "#### 9"],
    )
    for boxes in range(2, 30)
]


@pytest.fixture(scope="module")
def verifiers(tmp_path_factory: pytest.TempPathFactory) -> Location:
    """A process verifier whose head tells steps apart, though nothing that is true; and as outcome verifier the same,
    of an architecture that nobody has heard of."""
    import torch

    network = new_network(BASE, "float32")
    torch.manual_seed(0)
    for parameter in network.score.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    files = packed(network, tokenizer_of(BASE.path), Card(prompt="concise"), b"{}")
    config = json.loads(files["config.json"]) | {"architectures": ["UnheardOfForTokenClassification"]}
    foreign = files | {"config.json": json.dumps(config).encode()}
    place = at(tmp_path_factory.mktemp("store"), "verifiers")
    commit(place, [*chunks("process", files), *chunks("outcome", foreign)], VerifyParams())
    return place


@pytest.fixture(scope="module")
def pooled(verifiers: Location) -> Iterator[NetworkScorer]:
    with open_scorer(verifiers, "process", "vllm") as scorer:
        assert scorer.runner == "vllm"
        yield scorer


def test_vllm_and_transformers_agree_on_every_step(verifiers: Location, pooled: NetworkScorer) -> None:
    expected = scorer_at(verifiers).score(ITEMS)
    found = pooled.score(ITEMS)
    assert [len(each) for each in found] == [len(steps) for _, steps in ITEMS]
    assert len({round(each, 3) for told in expected for each in told}) > 20, (
        "a head that says the same would show nothing"
    )
    for told, wanted in zip(found, expected, strict=True):
        assert told == pytest.approx(wanted, abs=1e-3)


def test_a_solution_that_fills_the_context_is_read_and_a_longer_one_is_named(
    verifiers: Location, pooled: NetworkScorer
) -> None:
    def lines(count: int) -> tuple[str, list[str]]:
        return "How many?", ["1 + 1 = 2\n"] * (count - 1) + ["1\n"]

    full = max(count for count in range(1, 100) if len(pooled.encode([lines(count)])[0].ids) <= pooled.context)
    assert pooled.score([lines(full)])[0] == pytest.approx(scorer_at(verifiers).score([lines(full)])[0], abs=1e-3)
    with pytest.raises(TooLong, match=r"item 0: .* the verifier holds 512"):
        pooled.score([lines(100)])


def test_an_architecture_that_vllm_does_not_know_is_run_by_transformers(
    verifiers: Location, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), open_scorer(verifiers, "outcome", "vllm") as scorer:
        assert scorer.runner == "transformers"
        assert scorer.score(ITEMS) == scorer_at(verifiers, "outcome").score(ITEMS)
    assert "UnheardOfForTokenClassification" in caplog.text


@pytest.mark.parametrize("items", [2, 3, 7])
def test_several_actors_answer_in_the_order_of_the_items(items: int) -> None:
    import ray

    class Places:  # here, so that it is sent as it is
        """Says of each step where it ends."""

        def step_logits(self, batch: Sequence[Encoded]) -> list[list[float]]:
            return [[float(place) for place in each.places] for each in batch]

    batch = [Encoded((0,) * 99, tuple(range(9 * item, 9 * item + item % 4)), start=0) for item in range(items)]
    actors = [ray.remote(Places).options(num_cpus=0).remote() for _ in range(3)]
    told = PooledNetwork(None, actors).step_logits(batch)
    assert told.tolist() == [place for each in batch for place in each.places]
