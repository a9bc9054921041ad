"""Training by several workers under Ray Train: the loop of tasks/verifier/training.py, once in each of them.

Guarantees: the workers share each batch, so that their number changes nothing but rounding; the first of them writes
the checkpoints, from which a group starts anew after the death of a worker, and after that of the driver. Each worker
holds all weights, and has to reach the store. Does not: shard weights, or tell how far it is before it ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.store import Location
from tasks.engines.engine import Resources
from tasks.engines.model import ModelRef
from tasks.engines.runtime import ray_session
from tasks.verifier.checkpoint import Checkpoint, Checkpoints
from tasks.verifier.examples import Example
from tasks.verifier.group import ALONE, Group
from tasks.verifier.network import new_network
from tasks.verifier.params import Kind, VerifierParams
from tasks.verifier.training import Tell, train


@dataclass(frozen=True)
class Task:
    """One training, as it is sent to the workers."""

    kind: Kind
    base: ModelRef
    params: VerifierParams
    source: str
    learning: list[Example]
    choosing: list[Example]
    verifiers: Location

    def train(self, tell: Tell, group: Group = ALONE, device: Any = "cpu") -> Checkpoint:
        """To the end, in this process."""
        with self.verifiers.ledger(self.params.generation_fingerprint()) as ledger:
            checkpoints = Checkpoints(ledger, self.kind, self.source)
            network = new_network(self.base, self.params.dtype, self.params.head).to(device)
            return train(network, self.learning, self.choosing, self.params, checkpoints, self.source, tell, group)


def train_together(task: Task, resources: Resources) -> Checkpoint:
    """With `resources.actors` workers, on GPUs where the cluster has any. Raises what Ray Train raises once a group
    died more than `resources.restarts` times.
    """
    with ray_session(resources.ray_address), tempfile.TemporaryDirectory(prefix="proctor-train-") as scratch:
        import ray
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer

        gpus = bool(ray.cluster_resources().get("GPU", 0))
        TorchTrainer(
            _work,
            train_loop_config={"task": ray.put(task)},
            torch_config=TorchConfig(backend="nccl" if gpus else "gloo"),
            scaling_config=ScalingConfig(num_workers=resources.actors, use_gpu=gpus),
            run_config=RunConfig(
                name=task.kind, storage_path=scratch, failure_config=FailureConfig(max_failures=resources.restarts)
            ),
        ).fit()
    with task.verifiers.ledger(task.params.generation_fingerprint()) as ledger:
        done = Checkpoints(ledger, task.kind, task.source).newest()
    if done is None or not done.progress.done:
        raise RuntimeError(f"the workers ended and left no finished checkpoint at {task.verifiers.folder}")
    return done


def _work(config: Mapping[str, Any]) -> None:
    """In each worker."""
    import ray
    from ray.train import get_context
    from ray.train.torch import get_device

    task: Task = ray.get(config["task"])
    context = get_context()
    group = Group(context.get_world_rank(), context.get_world_size())
    task.train(lambda done, total, loss: None, group, get_device())
