"""Trains one verifier: all weights, or its head alone, AdamW, until the loss on the choosing problems no longer falls.

Guarantees: the order of batches follows from the seed alone, so a killed training that resumes at its last checkpoint
makes the updates of an undisturbed one; no more than the updates since that checkpoint are made twice. A batch holds
a bounded number of tokens and solutions of like length, and weighs by its evidence: the mean of the batches' losses
is the loss of all the data. A group of workers shares each batch, so that their number changes nothing but rounding.
Does not: shard the weights over workers; each holds all of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.verifier.checkpoint import Checkpoint, Checkpoints, Point, Progress
from tasks.verifier.examples import Example
from tasks.verifier.group import ALONE, Group
from tasks.verifier.network import read_ahead, step_logits
from tasks.verifier.params import VerifierParams

Tell = Callable[[int, int, float], None]
"""Updates done, of how many, and the last loss on the choosing problems."""
CLIP = 1.0
"""Norm of the gradient at the most."""
BETAS = (0.9, 0.98)


@dataclass
class _Running:
    """What a training changes as it goes."""

    progress: Progress
    best: dict[str, Any] = field(default_factory=dict)
    loss: float = 0.0
    weight: float = 0.0


def train(
    network: Any,
    learning: Sequence[Example],
    choosing: Sequence[Example],
    params: VerifierParams,
    checkpoints: Checkpoints,
    source: str,
    tell: Tell = lambda done, total, loss: None,
    group: Group = ALONE,
) -> Checkpoint:
    """Trains to the end, from the last checkpoint where there is one; its last checkpoint, whose `best` is the
    verifier.
    """
    kept = checkpoints.newest()
    if kept is not None and kept.progress.done:
        return kept
    optimizer = _optimizer(network, params)
    running = _Running(Progress(source))
    if kept is not None:
        _restore(network, optimizer, kept)
        running = _Running(kept.progress, dict(kept.best))
    read_ahead(network, (each.encoded for each in (*learning, *choosing)), params.batch_tokens)
    an_epoch = len(batches(learning, params.batch_tokens, "any"))
    total, every = an_epoch * params.epochs, max(1, an_epoch // params.evaluations)
    mean_weight = sum(step.evidence.weight for each in learning for step in each.steps) / an_epoch
    for epoch in range(running.progress.step // an_epoch, params.epochs):
        done = running.progress.step - epoch * an_epoch
        for batch in batches(learning, params.batch_tokens, f"{params.seed}/{epoch}")[done:]:
            rate = scheduled(running.progress.step, total, params)
            _update(network, optimizer, batch, rate, mean_weight, running, group)
            step = running.progress.step
            if step % every == 0 or step == total:
                _evaluate(network, choosing, params, running, step / an_epoch, rate, total, group)
                group.once(lambda: checkpoints.save(_checkpoint(network, optimizer, running)))
                tell(step, total, running.progress.curve[-1].choosing_loss)
            if running.progress.done:
                return Checkpoint(running.progress, best=running.best)
    raise AssertionError("the last update ends the training")


def batches(examples: Sequence[Example], tokens: int, seed: str) -> list[list[Example]]:
    """All examples, those of like length together, at most so many tokens with their padding; in an order of the
    seed.

    How many there are does not depend on the seed. One that is longer than `tokens` is a batch of its own.
    """
    chance = random.Random(seed)
    ordered = sorted(examples, key=lambda each: (len(each.encoded.ids), chance.random()))
    found: list[list[Example]] = []
    for each in ordered:
        if not found or (len(found[-1]) + 1) * len(each.encoded.ids) > tokens:
            found.append([])
        found[-1].append(each)
    chance.shuffle(found)
    return found


def scheduled(step: int, total: int, params: VerifierParams) -> float:
    """The learning rate of an update: it rises to its height, then falls to zero, both linearly."""
    warm = params.warm_up * total
    return params.height * min((step + 1) / warm if warm else 1.0, (total - step) / (total - warm))


def loss_of(network: Any, batch: Sequence[Example]) -> tuple[Any, float]:
    """-s log v - f log(1 - v) over all steps (evals/verifier/likelihood.py), and the evidence in it."""
    import torch
    from torch.nn.functional import softplus

    logits = step_logits(network, [each.encoded for each in batch])
    evidence = torch.tensor([step.evidence for each in batch for step in each.steps], device=logits.device)
    loss = (evidence[:, 0] * softplus(-logits) + evidence[:, 1] * softplus(logits)).sum()
    return loss, float(evidence.sum())


def _update(
    network: Any,
    optimizer: Any,
    batch: Sequence[Example],
    rate: float,
    mean_weight: float,
    running: _Running,
    group: Group,
) -> None:
    import torch

    network.train()
    said = [0.0, 0.0]
    mine = group.share(batch)
    if mine:
        loss, weight = loss_of(network, mine)
        (loss / mean_weight).backward()
        said = [float(loss.detach()), weight]
    group.add_gradients(network)
    torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
    for setting in optimizer.param_groups:
        setting["lr"] = rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    loss_sum, weight_sum = group.total(said)
    running.loss += loss_sum
    running.weight += weight_sum
    tokens = len(batch) * max(len(each.encoded.ids) for each in batch)
    progress = running.progress
    running.progress = replace(progress, step=progress.step + 1, tokens=progress.tokens + tokens)


def _evaluate(
    network: Any,
    choosing: Sequence[Example],
    params: VerifierParams,
    running: _Running,
    epoch: float,
    rate: float,
    total: int,
    group: Group,
) -> None:
    """Adds a point to the curve, keeps the weights where they are the best so far, and says whether it is over."""
    progress = running.progress
    point = Point(
        epoch=epoch,
        step=progress.step,
        tokens=progress.tokens,
        train_loss=running.loss / running.weight if running.weight else 0.0,
        choosing_loss=_mean_loss(network, choosing, params.batch_tokens, group),
        rate=rate,
    )
    running.loss = running.weight = 0.0
    found = progress.with_point(point, done=False)
    if found.best is point:
        running.best = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
    since = len(found.curve) - 1 - found.curve.index(found.best) if found.best else 0
    running.progress = replace(found, done=progress.step >= total or since >= params.patience)


def _mean_loss(network: Any, examples: Sequence[Example], tokens: int, group: Group) -> float:
    import torch

    network.eval()
    loss = weight = 0.0
    with torch.no_grad():
        for batch in group.share(batches(examples, tokens, "evaluate")):
            each, its_weight = loss_of(network, batch)
            loss, weight = loss + float(each), weight + its_weight
    loss, weight = group.total([loss, weight])
    return loss / weight


def _optimizer(network: Any, params: VerifierParams) -> Any:
    import torch

    return torch.optim.AdamW(network.parameters(), lr=params.height, betas=BETAS, weight_decay=params.weight_decay)


def _checkpoint(network: Any, optimizer: Any, running: _Running) -> Checkpoint:
    moments = {
        f"{place}.{name}": value.detach().cpu()
        for place, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }
    weights = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
    return Checkpoint(running.progress, weights, moments, running.best)


def _restore(network: Any, optimizer: Any, kept: Checkpoint) -> None:
    network.load_state_dict(kept.weights)
    state: dict[int, dict[str, Any]] = {}
    for key, value in kept.moments.items():
        place, _, name = key.partition(".")
        state.setdefault(int(place), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
