"""What a search asks a verifier: for each step of a solution, finished or not, how probable the right answer is.

`Scorer` is the protocol; a test may give any object that has it. `scorer_at` opens a committed verifier, `scorer_in`
one in a folder, which may be one that TRL has trained. Both read exactly the tokens that were trained on
(tasks/verifier/encoding.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from storage.store import Location
from tasks.verifier.encoding import Encoded, Encoder, Item
from tasks.verifier.network import context_of, step_logits, tokenizer_of, trained_network
from tasks.verifier.params import Kind, Runner
from tasks.verifier.weights import Card, WrongTokenizer, committed_files, read_card, unpack

BATCH_TOKENS = 16_384


class Scorer(Protocol):
    """Scores solutions step by step."""

    def score(self, items: Sequence[Item]) -> list[list[float]]:
        """For each (question, steps so far) one probability a step, in the order of the items.

        The question is what the `prm` rows have as their prompt; a line end at the end of it, or of a step, may be
        there or not. The probability of a step depends on nothing behind it. An item without steps has none. Raises
        TooLong for a text that is longer than the verifier's context, naming the item.
        """
        ...


class TooLong(ValueError):
    """A solution that the verifier's context does not hold."""


class NetworkScorer:
    """A trained verifier; its network is in this process, or in actors (tasks/verifier/pooling.py). Not thread-safe."""

    def __init__(self, network: Any, tokenizer: Any, card: Card, batch_tokens: int = BATCH_TOKENS) -> None:
        words, vocabulary = len(tokenizer), network.config.get_text_config().vocab_size
        if words > vocabulary:
            raise WrongTokenizer(
                f"the tokenizer has {words:,} tokens and the verifier knows {vocabulary:,}: it belongs to another model"
            )
        self.card = card
        self.context = min(card.max_length or context_of(network.config), context_of(network.config))
        """Tokens of question and steps together, at the most."""
        self._network, self._encoder, self._batch_tokens = network, Encoder(tokenizer, card.prompt), batch_tokens

    @property
    def runner(self) -> Runner:
        """Who computes."""
        return getattr(self._network, "runner", "transformers")

    def encode(self, items: Sequence[Item]) -> list[Encoded]:
        """The tokens that are scored."""
        return self._encoder.encode(items)

    def score(self, items: Sequence[Item]) -> list[list[float]]:
        encoded = self.encode(items)
        for place, each in enumerate(encoded):
            if len(each.ids) > self.context:
                raise TooLong(f"item {place}: {len(each.ids):,} tokens; the verifier holds {self.context:,}")
        return self.score_encoded(encoded)

    def score_encoded(self, encoded: Sequence[Encoded]) -> list[list[float]]:
        """One probability a place. Equal items are scored once."""
        found: dict[Encoded, list[float]] = {each: [] for each in encoded}
        for batch in self._batches([each for each in found if each.places]):
            logits = iter(self._probabilities(batch))
            for each in batch:
                found[each] = [next(logits) for _ in each.places]
        return [list(found[each]) for each in encoded]

    def _batches(self, encoded: Sequence[Encoded]) -> list[list[Encoded]]:
        batches: list[list[Encoded]] = []
        for each in sorted(encoded, key=lambda each: (len(each.ids), each.ids)):
            if not batches or (len(batches[-1]) + 1) * len(each.ids) > self._batch_tokens:
                batches.append([])
            batches[-1].append(each)
        return batches

    def _probabilities(self, batch: Sequence[Encoded]) -> list[float]:
        import torch

        with torch.inference_mode():
            return [float(each) for each in torch.sigmoid(step_logits(self._network, batch).double())]


def scorer_at(verifiers: Location, kind: Kind = "process") -> NetworkScorer:
    """The committed verifier of a partition. Raises Missing where there is none, LookupError for another kind."""
    files = committed_files(verifiers, kind)
    with tempfile.TemporaryDirectory(prefix="proctor-verifier-") as place:
        return scorer_in(unpack(files, Path(place)))


def scorer_in(folder: str | Path) -> NetworkScorer:
    """The verifier in a folder. Raises FileNotFoundError, WrongTokenizer, ValueError where it is no verifier."""
    place = Path(folder)
    if not (place / "config.json").is_file():
        raise FileNotFoundError(f"{place} has no config.json: not a verifier's folder")
    card = read_card(place)
    return NetworkScorer(trained_network(str(place), card.dtype, card.head), tokenizer_of(str(place)), card)
