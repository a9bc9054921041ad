"""The embedded models, as stock transformers loads them."""

import json
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from evals.problems import generate
from evals.prompts import plain_prompt, user_text
from models.evaluate import complete
from tasks.engines.model import EMBEDDED

NAMES = ("tiny_reasoner", "tiny_reasoner_mid", "tiny_reasoner_early")


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(EMBEDDED / "tiny_reasoner", padding_side="left")


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_small_qwen2_in_safetensors(name: str) -> None:
    folder = EMBEDDED / name
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.model_type == "qwen2"
    assert 1e6 <= model.num_parameters() <= 4e6
    assert (folder / "model.safetensors").stat().st_size < 10e6


def test_digits_are_tokens_of_their_own_and_any_text_survives(tokenizer) -> None:
    assert len(tokenizer.encode("12345", add_special_tokens=False)) == 5
    for text in ("Step 1: 6 * 12 = 72\n#### 72", "naïve ки \x00 😀\n\n  two  spaces"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_the_loaded_tokenizer_cuts_texts_as_the_one_that_was_trained(tokenizer) -> None:
    from tokenizers import Tokenizer

    trained = Tokenizer.from_file(str(EMBEDDED / "tiny_reasoner" / "tokenizer.json"))
    for problem in generate(200, seed=4):
        text = plain_prompt(problem.question, "explained") + problem.write("explained")
        assert tokenizer.encode(text, add_special_tokens=False) == trained.encode(text).ids


def test_the_chat_template_gives_the_plain_prompt(tokenizer) -> None:
    turn = [{"role": "user", "content": user_text("How many?", "concise")}]
    rendered = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    assert rendered == plain_prompt("How many?", "concise")


def test_the_last_checkpoint_solves_problems_that_no_training_saw(tokenizer) -> None:
    problems = list(generate(24, seed=123))
    solved = {}
    for name in ("tiny_reasoner", "tiny_reasoner_early"):
        model = AutoModelForCausalLM.from_pretrained(EMBEDDED / name).eval()
        texts = complete(model, tokenizer, problems, 1, "concise", temperature=0.0)
        solved[name] = sum(f"#### {p.answer}" in said for p, (said,) in zip(problems, texts, strict=True))
    assert solved["tiny_reasoner"] >= 12
    assert solved["tiny_reasoner"] > solved["tiny_reasoner_early"]


def test_the_learning_curve_is_that_of_the_card() -> None:
    rows = [json.loads(line) for line in Path(EMBEDDED, "training_log.jsonl").read_text().splitlines()]
    assert rows[-1]["tokens"] == pytest.approx(15.6e6, rel=0.01)
    assert rows[-1]["test_loss"] < rows[0]["test_loss"] / 10
