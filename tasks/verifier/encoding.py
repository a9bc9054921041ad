"""The one way from a question and its steps to the tokens that a verifier reads, in training and in scoring.

Guarantees: prompt, steps and separators are tokenized one by one, as TRL's PRM trainer does it, and a step's
probability stands on the last token of the separator behind it. So the tokens of the first steps are the first tokens
of the whole solution, and one pass over it scores every step as it would be scored alone. A step may come with or
without the separator at its end; a prompt too. Both have one encoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from evals.exports import SEPARATOR
from evals.prompts import PromptStyle, plain_prompt

Item = tuple[str, Sequence[str]]
"""What stands before the first step (the question), and the steps."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """`ids` of the whole text; `places[t]` is where step t ends among them, `start` where the first one begins."""

    ids: tuple[int, ...]
    places: tuple[int, ...]
    start: int

    def cut(self, tokens: int) -> Encoded:
        """The first steps that fit into so many tokens; none may."""
        places = tuple(place for place in self.places if place < tokens)
        return Encoded(self.ids[: places[-1] + 1] if places else (), places, self.start)


class Encoder:
    """Encodes for one tokenizer; `style` is how the question is put, None leaves it alone. Raises ValueError where
    the tokenizer has no token for the separator.
    """

    def __init__(self, tokenizer: Any, style: PromptStyle | None = None) -> None:
        self._tokenizer, self._style = tokenizer, style
        self._opening = () if tokenizer.bos_token_id is None else (int(tokenizer.bos_token_id),)
        self._separator = self._tokens([SEPARATOR])[0]
        if not self._separator:
            raise ValueError(f"the tokenizer has no token for the separator {SEPARATOR!r}: a step would have no end")

    def encode(self, items: Sequence[Item]) -> list[Encoded]:
        texts = [bare(text) for prompt, steps in items for text in (self._asked(prompt), *steps)]
        tokens = iter(self._tokens(texts))
        return [self._joined(next(tokens), [next(tokens) for _ in steps]) for _, steps in items]

    def _asked(self, prompt: str) -> str:
        return plain_prompt(bare(prompt), self._style) if self._style else prompt

    def _joined(self, prompt: tuple[int, ...], steps: Sequence[tuple[int, ...]]) -> Encoded:
        opening = (*self._opening, *prompt, *self._separator)
        pieces = [(*step, *self._separator) for step in steps]
        ends = accumulate(map(len, pieces), initial=len(opening))
        next(ends)
        ids = opening + tuple(token for piece in pieces for token in piece)
        return Encoded(ids, tuple(end - 1 for end in ends), len(opening))

    def _tokens(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        if not texts:  # of which it makes no empty list, but an error
            return []
        return [tuple(ids) for ids in self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]]


def bare(text: str) -> str:
    """Without the separator that the encoder writes behind it."""
    return text.removesuffix(SEPARATOR)
