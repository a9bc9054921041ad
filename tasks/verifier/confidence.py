"""A head that reads how sure the language model was of a solution's tokens, not what it would write next.

The last hidden state of a causal model tells what it would write next, and little of how probable it found what stands
there; a small model cannot tell right from wrong by it (docs/strategies.md). Its token probabilities can, and a head
that is trained on labels learns which of them matter: a doubtful digit of a result is an error, a doubtful order of
steps is none. Confidence over a text and its weakest place choose among samples in DeepConf (arXiv 2508.15260) without
any training.

Guarantees: the language model is left as it is, so only the head is trained and each text is read once; a step's logit
depends on nothing behind it; the head begins at 0.5 and its first layer is the same in every run. Does not: read what
the text says, so a model that is surely wrong is believed; load in TRL as a token classifier (the folder is that of the
language model, with `head.safetensors` beside it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tasks.verifier.encoding import Encoded

HEAD = "head.safetensors"
FEATURES = 14
"""Of a step, see `features`."""
WIDTH = 32
"""Of the head's one hidden layer."""


class ConfidenceNetwork:
    """What training and scoring ask of a network."""

    def __init__(self, model: Any, head: Any) -> None:
        self._model, self.head = model.requires_grad_(False).eval(), head
        self._read: dict[Encoded, Any] = {}

    @property
    def config(self) -> Any:
        return self._model.config

    def parameters(self) -> Iterator[Any]:
        """Those that are trained."""
        return iter(self.head.parameters())

    def state_dict(self) -> Mapping[str, Any]:
        return dict(self.head.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.head.load_state_dict(state)

    def to(self, device: Any) -> ConfidenceNetwork:
        self._model.to(device)
        self.head.to(device)
        return self

    def train(self) -> ConfidenceNetwork:
        return self

    def eval(self) -> ConfidenceNetwork:
        return self

    def read(self, texts: Iterable[Encoded], tokens: int) -> None:
        """Keeps the features of what will be asked for in every epoch, read at most so many tokens at a time.

        In an order of the texts alone: what stands beside a text changes its last digit, and a training that resumes
        would end with another head.
        """
        batches: list[list[Encoded]] = []
        for each in sorted(set(texts), key=lambda text: (len(text.ids), text.ids, text.places)):
            if not batches or (len(batches[-1]) + 1) * len(each.ids) > tokens:
                batches.append([])
            batches[-1].append(each)
        for batch in batches:
            self._read.update(zip(batch, features(self._model, batch), strict=True))

    def step_logits(self, batch: Sequence[Encoded]) -> Any:
        """One logit a step, those of each item behind those of the one before."""
        import torch

        owed = [each for each in batch if each not in self._read]
        found = dict(zip(owed, features(self._model, owed), strict=True)) if owed else {}
        rows = torch.cat([found[each] if each in found else self._read[each] for each in batch])
        return self.head(rows.to(next(self.parameters()).device))[:, 0]

    def save(self, folder: Path) -> None:
        from safetensors.torch import save_file

        self._model.save_pretrained(folder)
        save_file({name: value.contiguous() for name, value in self.head.state_dict().items()}, folder / HEAD)


def new_confidence_network(model: Any) -> ConfidenceNetwork:
    """A head that says 0.5, on a language model."""
    import torch

    head = _blank_head()
    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        head[0].weight.normal_(std=FEATURES**-0.5, generator=chance)
        for parameter in (head[0].bias, *head[2].parameters()):
            parameter.zero_()
    return ConfidenceNetwork(model, head)


def trained_confidence_network(model: Any, folder: Path) -> ConfidenceNetwork:
    """That of a verifier's folder. Raises FileNotFoundError where the folder has no head."""
    from safetensors.torch import load_file

    if not (folder / HEAD).is_file():
        raise FileNotFoundError(f"{folder} has no {HEAD}: its card speaks of a head on the model's confidence")
    head = _blank_head()
    head.load_state_dict(load_file(folder / HEAD))
    return ConfidenceNetwork(model, head)


def features(model: Any, batch: Sequence[Encoded]) -> list[Any]:
    """For each text a float32 tensor (steps, FEATURES) on the CPU.

    Seven numbers of a step's own tokens, then the same of all tokens of the solution so far: sum and minimum of the
    log-probability and of its distance to the likeliest token's, the sum of the entropy, how many tokens were not the
    likeliest, and how many there are. Each is log(1 + |x|). The separators are ours, not the model's: they count for
    nothing.
    """
    import torch

    ids = torch.zeros((len(batch), max(len(each.ids) for each in batch)), dtype=torch.long)
    for row, each in enumerate(batch):
        ids[row, : len(each.ids)] = torch.tensor(each.ids)
    ids = ids.to(next(model.parameters()).device)
    with torch.no_grad():
        logprobs = torch.log_softmax(model(input_ids=ids, use_cache=False).logits[:, :-1].float(), -1)
        own = logprobs.gather(-1, ids[:, 1:, None])[..., 0]
        distance = own - logprobs.amax(-1)
        entropy = -(logprobs.exp() * logprobs).sum(-1)
    told = torch.stack([own, distance, entropy], -1).cpu()
    return [_of_text(rows, each) for rows, each in zip(told, batch, strict=True)]


def _of_text(told: Any, of: Encoded) -> Any:
    """`told` (tokens - 1, 3): what stands at i is of the token at i + 1."""
    import torch

    spans = [told[start - 1 : end - 1] for start, end in pairwise((of.start, *(place + 1 for place in of.places)))]
    # The last token of each is the separator.
    bare = [span[:-1] for span in spans]
    whole = [torch.cat(bare[: place + 1]) for place in range(len(bare))]
    rows = [torch.cat([_summary(step), _summary(so_far)]) for step, so_far in zip(bare, whole, strict=True)]
    return torch.log1p(torch.stack(rows).abs())


def _summary(tokens: Any) -> Any:
    """Seven numbers of the tokens (n, 3); zeros where there are none."""
    import torch

    if not len(tokens):
        return torch.zeros(7)
    own, distance, entropy = tokens.unbind(-1)
    missed = (distance < 0).float().sum()
    count = torch.tensor(float(len(tokens)))
    return torch.stack([own.sum(), own.amin(), distance.sum(), distance.amin(), entropy.sum(), missed, count])


def _blank_head() -> Any:
    import torch

    return torch.nn.Sequential(torch.nn.Linear(FEATURES, WIDTH), torch.nn.SiLU(), torch.nn.Linear(WIDTH, 1))
