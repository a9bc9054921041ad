import math

import pytest

from evals.prompts import plain_prompt
from tasks.engines.model import resolve
from tasks.strategies.likelihood import LikelihoodScorer
from tasks.verifier.network import tokenizer_of

MODEL = resolve("tiny_reasoner")
QUESTION = "A shelf holds 6 boxes with 12 pens each. How many pens are there?"
RIGHT = ("Step 1: 6 * 12 = 72\n", "#### 72")


@pytest.fixture(scope="module")
def scorer() -> LikelihoodScorer:
    return LikelihoodScorer(MODEL, "concise")


def test_the_product_over_steps_is_the_likelihood_of_the_solution(scorer: LikelihoodScorer) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    network, tokenizer = AutoModelForCausalLM.from_pretrained(MODEL.path), tokenizer_of(MODEL.path)
    asked = tokenizer(plain_prompt(QUESTION, "concise"), return_tensors="pt")["input_ids"]
    whole = tokenizer(plain_prompt(QUESTION, "concise") + "".join(RIGHT), return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        told = torch.log_softmax(network(whole).logits[0, :-1], -1).gather(-1, whole[0, 1:, None])[:, 0]
    expected = float(told[asked.shape[1] - 1 :].sum())
    [found] = scorer.score([(QUESTION, RIGHT)])
    assert math.log(math.prod(found)) == pytest.approx(expected, abs=1e-3)


def test_a_step_that_the_model_would_not_write_is_unlikely(scorer: LikelihoodScorer) -> None:
    right, wrong = scorer.score([(QUESTION, RIGHT[:1]), (QUESTION, ("Step 1: 6 * 12 = 75\n",))])
    assert right[0] > 10 * wrong[0]


def test_what_comes_later_and_what_else_is_asked_changes_nothing(scorer: LikelihoodScorer) -> None:
    alone = scorer.score([(QUESTION, RIGHT[:1])])[0]
    together = scorer.score([(QUESTION, RIGHT), ("How many?", ("Step 1: 2 + 3 = 5\n",) * 9), (QUESTION, ())])
    assert together[0][:1] == pytest.approx(alone, rel=1e-4)
    assert len(together[1]) == 9
    assert together[2] == []


def test_a_solution_beyond_the_context_is_refused(scorer: LikelihoodScorer) -> None:
    with pytest.raises(ValueError, match="the model holds 512"):
        scorer.score([(QUESTION, ("Step 1: 1 + 1 = 2\n",) * 100)])
