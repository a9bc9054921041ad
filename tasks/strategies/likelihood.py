"""A verifier that was not trained as one: how likely a language model finds each step of a solution.

A step's probability is that of the model writing just this step, token by token, behind the question and the steps so
far; `product` makes of them the likelihood of the whole solution. It knows nothing of right and wrong: it says how far
a sample is what the model would mostly say. In this process, through transformers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import Any

from evals.prompts import PROMPTS, PromptStyle, user_text
from tasks.engines.model import ModelRef
from tasks.params import Chat
from tasks.verifier.encoding import Item
from tasks.verifier.network import base_context, tokenizer_of

ROWS = 64
"""Solutions that are read at a time; those of like length come together."""


@dataclass(frozen=True, slots=True)
class _Encoded:
    ids: list[int]
    ends: list[int]
    """Tokens up to the end of the prompt, of the first step, of the second …"""


class LikelihoodScorer:
    """A `Scorer`. `style` and `chat` are how the solutions were asked for."""

    def __init__(self, model: ModelRef, style: PromptStyle, chat: Chat = "auto") -> None:
        from transformers import AutoModelForCausalLM

        self._tokenizer, self._style = tokenizer_of(model.path, model.revision), style
        self._network: Any = AutoModelForCausalLM.from_pretrained(
            model.path, revision=model.revision or "main", trust_remote_code=False, use_safetensors=True
        ).eval()
        self._context = base_context(model)
        has_template = getattr(self._tokenizer, "chat_template", None) is not None
        self._chat = chat == "on" or (chat == "auto" and has_template and style != "few_shot")

    def score(self, items: Sequence[Item]) -> list[list[float]]:
        encoded = [self._encoded(question, steps) for question, steps in items]
        if (longest := max((len(each.ids) for each in encoded), default=0)) > self._context:
            raise ValueError(f"{longest:,} tokens; the model holds {self._context:,}")
        found: dict[int, list[float]] = {}
        for places in self._batches(encoded):
            logprobs = self._logprobs([encoded[place] for place in places])
            for place, row in zip(places, logprobs, strict=True):
                found[place] = _step_probabilities(row, encoded[place])
        return [found[place] for place in range(len(items))]

    def _encoded(self, question: str, steps: Sequence[str]) -> _Encoded:
        said = user_text(question, self._style)
        if self._chat:
            turns = [{"role": "user", "content": said}]
            prompt = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        else:
            prompt = said + PROMPTS[self._style].opening
        pieces = [self._tokens(prompt, not self._chat), *(self._tokens(step, False) for step in steps)]
        return _Encoded([token for piece in pieces for token in piece], list(accumulate(map(len, pieces))))

    def _tokens(self, text: str, special: bool) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=special))

    def _batches(self, encoded: Sequence[_Encoded]) -> Iterator[list[int]]:
        order = sorted(range(len(encoded)), key=lambda place: len(encoded[place].ids))
        for _, batch in groupby(enumerate(order), key=lambda pair: pair[0] // ROWS):
            yield [place for _, place in batch]

    def _logprobs(self, batch: Sequence[_Encoded]) -> list[list[float]]:
        """Of each token but the first, given those before it. Padding stands behind, where nothing looks."""
        import torch

        ids = torch.zeros((len(batch), max(len(each.ids) for each in batch)), dtype=torch.long)
        for row, each in enumerate(batch):
            ids[row, : len(each.ids)] = torch.tensor(each.ids)
        with torch.inference_mode():
            logits = self._network(input_ids=ids, use_cache=False).logits[:, :-1]
            told = torch.log_softmax(logits.float(), -1).gather(-1, ids[:, 1:, None])[..., 0]
        return [row.tolist() for row in told]


def _step_probabilities(logprobs: Sequence[float], of: _Encoded) -> list[float]:
    """The token at place i has logprobs[i - 1]."""
    return [math.exp(sum(logprobs[start - 1 : end - 1])) for start, end in pairwise(of.ends)]
