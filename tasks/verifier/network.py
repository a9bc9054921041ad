"""The model behind a verifier: transformers' token classification with two labels, wrong and right, as TRL trains it;
or a language model left as it is, with a head on its confidence (tasks/verifier/confidence.py).

Of the first, a step's logit is that of right minus that of wrong at the step's place, so a folder loads in
transformers, TRL and vLLM as any token classifier does. The head begins at zero: nothing is random, every probability
is 0.5 before the first update.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tasks.engines.model import ModelRef
from tasks.verifier.confidence import ConfidenceNetwork, new_confidence_network, trained_confidence_network
from tasks.verifier.encoding import Encoded
from tasks.verifier.params import Head

LABELS = {0: "wrong", 1: "right"}


def tokenizer_of(path: str, revision: str | None = None) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(path, revision=revision or "main", trust_remote_code=False)


def new_network(base: ModelRef, dtype: str, head: Head = "hidden") -> Any:
    """The language model with a head that says 0.5. Raises ValueError for an architecture that cannot have one."""
    import torch
    from transformers import AutoConfig

    if head == "confidence":
        return new_confidence_network(_language_model(base.path, dtype, base.revision))
    config = AutoConfig.from_pretrained(
        base.path, revision=base.revision or "main", id2label=LABELS, trust_remote_code=False
    )
    config.classifier_dropout = 0.0  # what is random in training could not be resumed
    config.use_cache = False
    network = _loaded(base.path, dtype, config, base.revision)
    with torch.no_grad():
        for parameter in network.score.parameters():
            parameter.zero_()
    return network


def trained_network(folder: str, dtype: str = "float32", head: Head = "hidden") -> Any:
    """The verifier in a Hugging Face folder, ready to score. Raises ValueError where it has not two labels."""
    from transformers import AutoConfig

    if head == "confidence":
        return trained_confidence_network(_language_model(folder, dtype, None), Path(folder))
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    if config.num_labels != len(LABELS):
        raise ValueError(f"{folder} has {config.num_labels} labels; a verifier has two, wrong and right")
    return _loaded(folder, dtype, config, None).eval()


def context_of(config: Any) -> int:
    """Tokens that a network of this configuration can read."""
    return int(config.get_text_config().max_position_embeddings)


def base_context(base: ModelRef) -> int:
    """Tokens that a language model can read, without loading it."""
    from transformers import AutoConfig

    return context_of(AutoConfig.from_pretrained(base.path, revision=base.revision or "main", trust_remote_code=False))


def step_logits(network: Any, batch: Sequence[Encoded]) -> Any:
    """One logit a step, those of each item behind those of the one before.

    Rows are padded on the right, where a causal model does not look, so there is no mask.
    """
    import torch

    if hasattr(network, "step_logits"):  # one that is no module of transformers
        return network.step_logits(batch)
    longest = max(len(each.ids) for each in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.long)
    for row, each in enumerate(batch):
        ids[row, : len(each.ids)] = torch.tensor(each.ids)
    rows = torch.tensor([row for row, each in enumerate(batch) for _ in each.places])
    places = torch.tensor([place for each in batch for place in each.places])
    device = next(network.parameters()).device
    hidden = network.base_model(input_ids=ids.to(device), use_cache=False).last_hidden_state
    scores = network.score(hidden[rows.to(device), places.to(device)]).float()
    return scores[:, 1] - scores[:, 0]


def read_ahead(network: Any, texts: Iterable[Encoded], tokens: int) -> None:
    """Before a training: what never changes in it is computed once, at most so many tokens at a time."""
    if isinstance(network, ConfidenceNetwork):
        network.read(texts, tokens)


def save_folder(network: Any, tokenizer: Any, folder: Path) -> None:
    """What transformers and vLLM load: the token classifier, or the language model with the head beside it."""
    if isinstance(network, ConfidenceNetwork):
        network.save(folder)
    else:
        network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _loaded(path: str, dtype: str, config: Any, revision: str | None) -> Any:
    from transformers import AutoModelForTokenClassification

    _quiet()
    network = AutoModelForTokenClassification.from_pretrained(
        path,
        config=config,
        dtype=_dtype(dtype),
        revision=revision or "main",
        trust_remote_code=False,
        use_safetensors=True,
    )
    if not hasattr(network, "score"):
        raise ValueError(
            f"{type(network).__name__} calls its head otherwise than `score`: take a decoder such as Qwen2"
        )
    return network


def _language_model(path: str, dtype: str, revision: str | None) -> Any:
    from transformers import AutoModelForCausalLM

    _quiet()
    return AutoModelForCausalLM.from_pretrained(
        path, dtype=_dtype(dtype), revision=revision or "main", trust_remote_code=False, use_safetensors=True
    )


def _quiet() -> None:
    from transformers.utils import logging

    logging.set_verbosity_error()  # it warns that the head is new, which it is
    logging.disable_progress_bar()


def _dtype(name: str) -> Any:
    import torch

    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[name]
