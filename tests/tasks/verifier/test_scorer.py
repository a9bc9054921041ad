"""A verifier that others call: from a folder, step by step, in any batch."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tasks.engines.model import resolve
from tasks.verifier.network import new_network, save_folder, tokenizer_of
from tasks.verifier.scorer import NetworkScorer, TooLong, scorer_in
from tasks.verifier.weights import Card, WrongTokenizer, packed, unpack

BASE = resolve("tiny_reasoner")
ITEMS = [
    ("How many eggs?", ["Step 1: 2 + 3 = 5\n", "Step 2: 5 * 4 = 20\n", "#### 20"]),
    ("How many cards are there in all, when there are 12 boxes?\n", ["Step 1: 12 * 4 = 48\n#### 48"]),
    ("Nothing yet?", []),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A verifier with a head that tells steps apart, though nothing that is true."""
    import torch

    network = new_network(BASE, "float32")
    torch.manual_seed(0)
    torch.nn.init.normal_(network.score.weight, std=0.3)
    files = packed(network, tokenizer_of(BASE.path), Card(prompt="concise"), b"{}")
    return unpack(files, tmp_path_factory.mktemp("verifier"))


@pytest.fixture(scope="module")
def scorer(folder: Path) -> NetworkScorer:
    return scorer_in(folder)


def test_each_step_has_a_probability(scorer: NetworkScorer) -> None:
    found = scorer.score(ITEMS)
    assert [len(each) for each in found] == [3, 1, 0]
    assert all(0 < each < 1 for told in found for each in told)
    assert len({each for told in found for each in told}) == 4


def test_what_comes_later_does_not_change_a_probability(scorer: NetworkScorer) -> None:
    question, steps = ITEMS[0]
    whole, first, second = scorer.score([(question, steps), (question, steps[:1]), (question, steps[:2])])
    assert first == pytest.approx(whole[:1], abs=1e-5)
    assert second == pytest.approx(whole[:2], abs=1e-5)


def test_a_batch_changes_nothing(folder: Path, scorer: NetworkScorer) -> None:
    alone = [scorer.score([item])[0] for item in ITEMS]
    for found, expected in zip(scorer.score(list(reversed(ITEMS))), reversed(alone), strict=True):
        assert found == pytest.approx(expected, abs=1e-5)


def test_an_untrained_head_says_a_half(tmp_path: Path) -> None:
    network, tokenizer = new_network(BASE, "float32"), tokenizer_of(BASE.path)
    save_folder(network, tokenizer, tmp_path)
    assert scorer_in(tmp_path).score(ITEMS[:1]) == [[0.5, 0.5, 0.5]]


def test_a_solution_beyond_the_context_is_named(scorer: NetworkScorer) -> None:
    with pytest.raises(TooLong, match=r"item 1: .* the verifier holds 512"):
        scorer.score([ITEMS[0], ("How many?", ["1 + 1 = 2\n"] * 300)])


def test_the_tokenizer_of_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "verifier"
    shutil.copytree(folder, place)
    (place / "tokenizer.json").write_text((place / "tokenizer.json").read_text().replace("Step", "Pest", 1))
    with pytest.raises(WrongTokenizer, match="put back its own"):
        scorer_in(place)


def test_a_tokenizer_with_more_tokens_than_the_verifier_knows_is_refused() -> None:
    tokenizer: Any = tokenizer_of(BASE.path)
    tokenizer.add_tokens([f"<new {i}>" for i in range(1000)])
    with pytest.raises(WrongTokenizer, match="belongs to another model"):
        NetworkScorer(new_network(BASE, "float32"), tokenizer, Card())


def test_a_folder_without_a_verifier_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        scorer_in(tmp_path)
