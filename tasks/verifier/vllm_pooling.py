"""A verifier in vLLM's pooling runner: token ids in, the logits of its steps out.

vLLM runs a decoder's token classifier (`Qwen2ForTokenClassification`) as its own decoder with the verifier's head
behind it (`convert="classify"`, task `token_classify`), and tells a logit a label for every token. It is given token
ids, never text, so that what it reads is what was trained on; which of the tokens end a step is known here, and not
found by a separator's id, which may stand within a step too. Its place is a process of its own: an actor, or a test's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tasks.engines.engine import Resources
from tasks.engines.vllm_engine import machine_arguments, prepare_environment
from tasks.verifier.encoding import Encoded
from tasks.verifier.weights import unpack

TASK = "token_classify"


class NotServed(ValueError):
    """vLLM cannot run this verifier; the message says why."""


class PoolingModel:
    """One verifier. Light until `load`, so that an actor that starts again can load it again."""

    def __init__(self, files: Mapping[str, bytes], dtype: str, resources: Resources, gpus: float = 0) -> None:
        self._files, self._dtype, self._resources, self._gpus = files, dtype, resources, gpus

    def load(self) -> None:
        """Raises NotServed."""
        assert self._engine is not None

    def step_logits(self, batch: Sequence[Encoded]) -> list[list[float]]:
        """For each item the logit of right minus that of wrong at each of its places."""
        from vllm import PoolingParams
        from vllm.inputs import tokens_input

        for place, each in enumerate(batch):
            wanted = PoolingParams(task=TASK, use_activation=False)
            self._engine.add_request(str(place), tokens_input(list(each.ids)), wanted)
        found: dict[int, list[float]] = {}
        while self._engine.has_unfinished_requests():
            for output in self._engine.step():
                place = int(output.request_id)
                told = output.outputs.data[list(batch[place].places)].double()
                found[place] = (told[:, 1] - told[:, 0]).tolist()
        return [found[place] for place in range(len(batch))]

    @cached_property
    def _engine(self) -> Any:
        prepare_environment(self._resources, self._gpus)
        with tempfile.TemporaryDirectory(prefix="proctor-verifier-") as place:
            return _load(unpack(self._files, Path(place)), self._dtype, self._resources, self._gpus)


def _load(folder: Path, dtype: str, resources: Resources, gpus: float) -> Any:
    from vllm import EngineArgs, LLMEngine

    arguments = EngineArgs(
        model=str(folder),
        skip_tokenizer_init=True,
        runner="pooling",
        load_format="safetensors",
        trust_remote_code=False,
        dtype=dtype,
        max_num_seqs=resources.max_num_seqs,
        tensor_parallel_size=resources.tensor_parallel,
        disable_log_stats=True,
        **machine_arguments(resources, gpus),
    )
    try:
        config = arguments.create_engine_config()
    except ValueError as error:  # pydantic's, around whatever vLLM finds wrong with the model
        raise NotServed(f"vLLM refuses this verifier: {error}") from error
    engine = LLMEngine.from_vllm_config(config, disable_log_stats=True)
    if TASK not in (tasks := engine.get_supported_tasks()):
        raise NotServed(f"vLLM does not classify tokens with this verifier, only {', '.join(tasks)}")
    return engine
