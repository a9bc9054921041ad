"""The head on confidence: what it reads, that it learns, and that the language model stays what it was."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load

from tasks.engines.model import resolve
from tasks.job import Outcome
from tasks.verifier.chunks import files_of
from tasks.verifier.confidence import HEAD, features
from tasks.verifier.encoding import Encoder
from tasks.verifier.network import new_network, tokenizer_of
from tasks.verifier.scorer import scorer_in
from tasks.verifier.train import run
from tasks.verifier.weights import unpack
from tests.tasks.verifier.data import QUICK, committed, killed_at_update, labelled, one_thread, verifier_job

BASE = resolve("tiny_reasoner")
ITEM = ("How many eggs are there?", ["Step 1: 2 + 3 = 5\n", "Step 2: 5 * 4 = 21\n", "#### 21"])
PROBLEMS = 40
PARAMS = QUICK.model_copy(update={"kinds": ("process",), "head": "confidence", "epochs": 6, "rate": None})


@pytest.fixture(scope="module", autouse=True)
def sums_in_one_order() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(BASE.path).eval()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("confidence")
    committed(place, *labelled(PROBLEMS), PROBLEMS)
    return place


@pytest.fixture(scope="module")
def trained(root: Path) -> Outcome:
    return run(verifier_job(root, PARAMS))


@pytest.fixture(scope="module")
def folder(trained: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = files_of("process", trained.tables["verifiers"].to_pylist())
    return unpack(files, tmp_path_factory.mktemp("verifier"))


def test_a_step_is_read_by_the_probabilities_of_its_own_tokens_and_of_all_before_it(model: Any) -> None:
    [encoded] = Encoder(tokenizer_of(BASE.path), "concise").encode([ITEM])
    [told] = features(model, [encoded])
    expected, so_far, begin = [], list[tuple[float, float, float]](), encoded.start
    for place in encoded.places:
        step = [_token(model, encoded.ids[:at], encoded.ids[at]) for at in range(begin, place)]
        so_far += step
        expected.append([*_seven(step), *_seven(so_far)])
        begin = place + 1
    assert told.numpy() == pytest.approx(torch.tensor(expected).numpy(), abs=1e-3)


def _token(model: Any, before: tuple[int, ...], token: int) -> tuple[float, float, float]:
    """Its log-probability, how far that is below the likeliest token's, and the entropy: all by a pass of its own."""
    with torch.inference_mode():
        logprobs = torch.log_softmax(model(input_ids=torch.tensor([before])).logits[0, -1], -1).tolist()
    return logprobs[token], logprobs[token] - max(logprobs), -sum(math.exp(each) * each for each in logprobs)


def _seven(tokens: list[tuple[float, float, float]]) -> list[float]:
    own, distance, entropy = zip(*tokens, strict=True)
    missed = sum(each < 0 for each in distance)
    plain = [sum(own), min(own), sum(distance), min(distance), sum(entropy), missed, len(tokens)]
    return [math.log1p(abs(each)) for each in plain]


def test_what_comes_later_and_what_stands_beside_it_change_nothing(model: Any) -> None:
    question, steps = ITEM
    encoder = Encoder(tokenizer_of(BASE.path), "concise")
    whole, half = encoder.encode([(question, steps), (question, steps[:2])])
    together = features(model, [half, whole])
    assert together[0].numpy() == pytest.approx(features(model, [whole])[0][:2].numpy(), abs=1e-4)


def test_it_says_a_half_before_it_is_trained() -> None:
    encoded = Encoder(tokenizer_of(BASE.path), "concise").encode([ITEM])
    assert new_network(BASE, "float32", "confidence").step_logits(encoded).tolist() == [0.0, 0.0, 0.0]


def test_it_learns_that_steps_which_the_model_would_not_write_are_bad(trained: Outcome) -> None:
    told = trained.summary["process"]["held_out"]
    assert told["brier_truth"] < 0.5 * told["brier_truth_constant"]
    assert told["auroc_truth"] > 0.9


def test_the_folder_is_that_of_the_language_model_with_the_head_beside_it(folder: Path, model: Any) -> None:
    from transformers import AutoModelForCausalLM

    kept = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    assert all(torch.equal(kept[name], value) for name, value in model.state_dict().items())
    assert len(load((folder / HEAD).read_bytes())) == 4


def test_the_folder_scores_as_the_training_predicted(folder: Path, root: Path, trained: Outcome) -> None:
    row = trained.tables["verifier_predictions"].to_pylist()[0]
    [source] = [r for r in verifier_job(root).inputs["prm"].read().to_pylist() if r["trace_id"] == row["trace_id"]]
    [probabilities] = scorer_in(folder).score([(source["prompt"], source["completions"])])
    assert probabilities[row["step"]] == pytest.approx(row["probability"], abs=1e-5)


def test_a_folder_that_lost_its_head_is_refused(folder: Path, tmp_path: Path) -> None:
    place = unpack({path.name: path.read_bytes() for path in folder.iterdir() if path.name != HEAD}, tmp_path / "v")
    with pytest.raises(FileNotFoundError, match=HEAD):
        scorer_in(place)


def test_a_killed_training_resumes_to_the_same_head(
    root: Path, trained: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = PARAMS.model_copy(update={"patience": 4})  # another fingerprint, and so a ledger of its own
    made = killed_at_update(11, verifier_job(root, params), monkeypatch)
    again = run(verifier_job(root, params))
    assert again.summary["process"]["updates"] < len(made), "the first attempt was of use"
    heads = [files_of("process", each.tables["verifiers"].to_pylist())[HEAD] for each in (trained, again)]
    assert heads[0] == heads[1]
