"""Committed verifiers, opened to score: in this process through transformers, or in Ray actors that hold vLLM's pooling
runner.

Guarantees: both read the same token ids; a verifier that vLLM does not serve (an architecture that it does not know, a
head on confidence) is run by transformers, and the log says why. An actor that dies is started again by Ray,
`resources.restarts` times, and asked again for what it owed. Does not: share an actor among verifiers.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from storage.store import Location
from tasks.engines.engine import Resources
from tasks.engines.pool import gpus_of_an_actor, require_gpus
from tasks.engines.runtime import ray_session
from tasks.verifier.encoding import Encoded
from tasks.verifier.network import tokenizer_of
from tasks.verifier.params import Kind, Runner
from tasks.verifier.scorer import NetworkScorer, scorer_in
from tasks.verifier.vllm_pooling import NotServed, PoolingModel
from tasks.verifier.weights import committed_files, read_card, unpack

AT_ONCE = 2**20
"""Tokens that the actors are given at a time; vLLM batches them by itself."""

logger = logging.getLogger(__name__)


class PooledNetwork:
    """What scoring asks of a network, from actors with a copy of the weights each."""

    runner: Runner = "vllm"

    def __init__(self, config: Any, actors: Sequence[Any]) -> None:
        self.config, self._actors = config, actors

    def step_logits(self, batch: Sequence[Encoded]) -> Any:
        """One logit a step, those of each item behind those of the one before."""
        import ray
        import torch

        count = len(self._actors)
        shares = [batch[place::count] for place in range(count)]
        asked = [actor.step_logits.remote(share) for actor, share in zip(self._actors, shares, strict=True)]
        told = ray.get(asked)
        return torch.tensor([logit for place in range(len(batch)) for logit in told[place % count][place // count]])


@contextmanager
def open_scorer(
    verifiers: Location, kind: Kind, runner: Runner, resources: Resources | None = None
) -> Iterator[NetworkScorer]:
    """The committed verifier of a partition; its `runner` says who computes. Raises what `scorer_at` raises, and
    ValueError for more GPUs than there are.
    """
    files = committed_files(verifiers, kind)
    with tempfile.TemporaryDirectory(prefix="proctor-verifier-") as place, ExitStack() as stack:
        folder = unpack(files, Path(place))
        scorer = None
        if runner == "vllm":
            try:
                scorer = stack.enter_context(_pooled(folder, files, resources or Resources()))
            except NotServed as why:
                logger.warning("the %s verifier is run by transformers: %s", kind, why)
        yield scorer or scorer_in(folder)


@contextmanager
def _pooled(folder: Path, files: dict[str, bytes], resources: Resources) -> Iterator[NetworkScorer]:
    """Raises NotServed."""
    from transformers import AutoConfig

    card = read_card(folder)
    if card.head != "hidden":
        raise NotServed(f"head={card.head} reads the probabilities of a text's tokens, which pooling does not tell")
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with ray_session(resources.ray_address), _actors(files, card.dtype, resources) as actors:
        yield NetworkScorer(PooledNetwork(config, actors), tokenizer_of(str(folder)), card, AT_ONCE)


@contextmanager
def _actors(files: dict[str, bytes], dtype: str, resources: Resources) -> Iterator[list[Any]]:
    """With the verifier loaded. Raises NotServed."""
    import ray

    require_gpus(resources)
    gpus = gpus_of_an_actor(resources)
    kind = ray.remote(PoolingModel).options(
        num_cpus=1 if gpus else 0,
        num_gpus=gpus,
        max_restarts=resources.restarts,
        max_task_retries=resources.restarts,
        scheduling_strategy="SPREAD",
    )
    shared = ray.put(files)
    actors = [kind.remote(shared, dtype, resources, gpus) for _ in range(resources.actors)]
    try:
        ray.get([actor.load.remote() for actor in actors])
        yield actors
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    finally:
        for actor in actors:
            ray.kill(actor)
