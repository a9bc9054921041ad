"""vLLM in this process: its synchronous step loop in a thread, behind coroutines.

vLLM's own asyncio engine insists on a process of its own, which costs more than a minute of start on a CPU.
Here one thread adds requests and steps; coroutines tokenise, wait, and are woken once a finished call, not
once a token. New requests join at every step, so no request waits for the slowest of an earlier batch.

A request that vLLM refuses gives an error completion. An error inside a step loses the engine's state: every
waiting call raises EngineDied, and so does every later one; whoever holds the process replaces it.
"""

from __future__ import annotations

import asyncio
import copy
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from tasks.engines.calls import Call, reject, wake
from tasks.engines.detokenizer import Detokenizer
from tasks.engines.engine import (
    Abilities,
    Completion,
    EngineDied,
    EngineParams,
    FinishReason,
    Identity,
    Message,
    Request,
    Resources,
    Sampling,
    TokenLogprob,
    failed,
    refused,
    too_long,
)
from tasks.engines.journal import Journal
from tasks.engines.model import ModelRef, resolve

CPU_BLOCK = 32
"""Tokens a block of the prefix cache. vLLM's 128 on CPUs is longer than many a prompt, which then shares
nothing."""
GIB = 2**30


class VLLMEngine:
    """An engine that owns a vLLM instance and the thread that drives it."""

    def __init__(self, params: EngineParams, resources: Resources | None = None, gpus: float = 0) -> None:
        resources = resources or Resources()
        model = resolve(params.model, params.revision)
        prepare_environment(resources, gpus)
        self._inbox: deque[Call] = deque()
        self._cancelled: deque[Call] = deque()
        self._work = threading.Event()
        self._calls: dict[str, tuple[Call, int]] = {}
        self._names = 0
        self._died: str | None = None
        self._closing = False
        # Loaded where it steps: OpenMP keeps a team for each thread that computes, and beside a second one, left over
        # from loading, it takes the cores for overbooked and lets its threads sleep at every turn.
        loaded: Future[Any] = Future()
        load = partial(_load, model, params, resources, gpus)
        self._thread = threading.Thread(target=self._run, args=(load, loaded), name="vllm-steps", daemon=True)
        self._thread.start()
        self._engine = loaded.result()
        # A copy of its own: coroutines tokenise while the loop's thread detokenises.
        self._tokenizer = copy.deepcopy(self._engine.renderer.get_tokenizer())
        self._detokenizer = Detokenizer(self._tokenizer)
        self._context = int(self._engine.model_config.max_model_len)
        self._longest_token = max(64, max(map(len, self._tokenizer.get_vocab())))
        self._journal = Journal(resources.journal) if resources.journal else None
        self.identity = Identity(name=model.name, digest=model.digest)
        self.abilities = Abilities(
            continues_prefix=True,
            logprobs=True,
            chat=getattr(self._tokenizer, "chat_template", None) is not None,
            context=self._context,
        )

    async def render(self, messages: Sequence[Message], continue_text: str = "") -> str:
        if not self.abilities.chat:
            raise ValueError(f"model {self.identity.name} has no chat template: use a plain prompt")
        turns = [message.model_dump() for message in messages]
        rendered = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return str(rendered) + continue_text

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        self._check_alive()
        call = self._call(requests)
        if call.owed:
            self._inbox.append(call)
            self._work.set()
            self._check_alive()  # the loop may have ended before it could see this call
            try:
                return await call.done
            except asyncio.CancelledError:
                self._cancelled.append(call)
                self._work.set()
                raise
        return call.answer()

    async def close(self) -> None:
        """Ends the loop and frees the model; what waits raises EngineDied."""
        if self._closing:
            return
        self._closing = True
        self._work.set()
        await asyncio.to_thread(self._thread.join)
        self._engine.engine_core.shutdown()
        if self._journal:
            self._journal.close()

    def _check_alive(self) -> None:
        if self._died:
            raise EngineDied(self._died)

    def _call(self, requests: Sequence[Request]) -> Call:
        """Tokenises each prompt once and answers what vLLM need not be asked."""
        call = Call(requests)
        tokenised: dict[tuple[str, bool], list[int]] = {}
        for place, request in enumerate(requests):
            prompt = request.prompt, request.special_tokens
            if (completion := refused(request) or self._certainly_too_long(request)) is None:
                if prompt not in tokenised:
                    tokenised[prompt] = self._tokenizer.encode(prompt[0], add_special_tokens=prompt[1])
                tokens = len(tokenised[prompt])
                if tokens >= self._context:
                    completion = too_long(request, tokens, self._context)
            call.prompts.append(tokenised.get(prompt, []))
            call.completions[place] = completion
            if completion is None:
                call.owed.add(place)
        return call

    def _certainly_too_long(self, request: Request) -> Completion | None:
        """A megabyte of text must not keep the others waiting only to be counted."""
        at_least = len(request.prompt) // self._longest_token
        if at_least < self._context:
            return None
        return too_long(request, at_least, self._context, counted=False)

    # From here on everything runs in the loop's thread.

    def _run(self, load: Callable[[], Any], loaded: Future[Any]) -> None:
        try:
            self._engine = load()
        except BaseException as error:
            loaded.set_exception(error)
            return
        loaded.set_result(self._engine)
        try:
            while not self._closing:
                self._admit()
                if not self._engine.has_unfinished_requests():
                    self._work.wait()
                    self._work.clear()
                    continue
                self._finish(self._engine.step())
            self._die("the engine was closed")
        except Exception as error:
            self._die(f"{type(error).__name__}: {error}")

    def _admit(self) -> None:
        while self._inbox:
            call = self._inbox.popleft()
            for place in sorted(call.owed):
                self._add(call, place)
            wake([call])
        while self._cancelled:
            unwanted = self._cancelled.popleft()
            self._abort([name for name, (call, _) in self._calls.items() if call is unwanted])

    def _add(self, call: Call, place: int) -> None:
        from vllm.exceptions import VLLMClientError
        from vllm.inputs import tokens_input

        request, prompt = call.requests[place], call.prompts[place]
        self._names += 1
        name = str(self._names)
        self._calls[name] = call, place
        try:
            ours = self._detokenizer.spells(request.sampling)
            sampling = _sampling_params(request.sampling, request.seed, self._context - len(prompt), not ours)
            self._engine.add_request(name, tokens_input(prompt), sampling)
        except (ValueError, VLLMClientError) as error:
            del self._calls[name]
            call.completions[place] = failed(request.id, "refused", str(error), len(prompt))
            call.owed.discard(place)

    def _abort(self, names: list[str]) -> None:
        self._engine.abort_request(names)
        for name in names:
            del self._calls[name]

    def _finish(self, outputs: Iterable[Any]) -> None:
        """Books what a step has finished, and wakes the calls that are complete by it."""
        touched: dict[int, Call] = {}
        finished: list[str] = []
        for output in outputs:
            if output.finished and output.request_id in self._calls:
                call, place = self._calls.pop(output.request_id)
                request = call.requests[place]
                call.completions[place] = _completion(request, output, call.prompts[place], self._detokenizer)
                call.owed.discard(place)
                touched[id(call)] = call
                finished.append(request.id)
        if self._journal:
            self._journal.add(finished)
        wake(touched.values())

    def _die(self, reason: str) -> None:
        self._died = reason
        waiting = {id(call): call for call, _ in self._calls.values()}
        while self._inbox:  # not iterated: a coroutine that has not seen the death yet may add to it
            call = self._inbox.popleft()
            waiting[id(call)] = call
        reject(waiting.values(), reason)


def prepare_environment(resources: Resources, gpus: float) -> None:
    """What must be set before torch and vLLM are imported."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if not gpus:
        os.environ["OMP_NUM_THREADS"] = str(resources.threads or _threads(resources))  # Ray has set it to 1
        # vLLM counts ranks for log-probabilities in a compiled function: seconds at first, and a C++ compiler.
        os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")


def _threads(resources: Resources) -> int:
    """An actor's share of the cores."""
    return max(1, len(os.sched_getaffinity(0)) // resources.actors)


def _load(model: ModelRef, params: EngineParams, resources: Resources, gpus: float) -> Any:
    from vllm import EngineArgs, LLMEngine

    arguments = {
        "model": model.path,
        "revision": model.revision,
        "tokenizer_revision": model.revision,
        "load_format": "safetensors",  # other files of weights are pickles
        "trust_remote_code": False,
        "dtype": _dtype(model) if params.dtype == "auto" else params.dtype,
        "max_model_len": params.max_model_len,
        "enable_prefix_caching": True,
        "max_num_seqs": resources.max_num_seqs,
        "tensor_parallel_size": resources.tensor_parallel,
        "disable_log_stats": True,
    }
    return LLMEngine.from_engine_args(EngineArgs(**arguments, **machine_arguments(resources, gpus)))


def machine_arguments(resources: Resources, gpus: float) -> dict[str, Any]:
    """What an engine's arguments have to say of the machine that it runs on."""
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return {"gpu_memory_utilization": 0.9 * gpus} if 0 < gpus < 1 else {}
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    return {
        # Compiling costs a minute of start and gains a small model nothing.
        "enforce_eager": True,
        "block_size": CPU_BLOCK,
        "kv_cache_memory_bytes": int((resources.cache_gib or 1) * GIB),
        # vLLM 0.32 dies on CPUs when a prompt with a seed is prefilled in parts: "CPU Generator does not
        # use offset".
        "enable_chunked_prefill": False,
    }


def _dtype(model: ModelRef) -> str:
    """As stored. vLLM's own "auto" halves 32-bit weights, which CPUs then compute several times slower."""
    import torch
    from transformers import AutoConfig

    stored = AutoConfig.from_pretrained(model.path, revision=model.revision, trust_remote_code=False).dtype
    return "float32" if stored in (torch.float32, "float32") else "auto"


def _sampling_params(sampling: Sampling, seed: int, room: int, detokenize: bool) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        max_tokens=min(sampling.max_tokens, room),
        stop=list(sampling.stop),
        logprobs=sampling.logprobs,
        seed=seed,
        detokenize=detokenize,
        output_kind=RequestOutputKind.FINAL_ONLY,
        skip_clone=True,  # made for this one request
    )


def _completion(request: Request, output: Any, prompt: Sequence[int], detokenizer: Detokenizer) -> Completion:
    chosen = output.outputs[0]
    reasons: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
    if chosen.finish_reason not in reasons:
        return failed(request.id, "aborted", f"finish reason {chosen.finish_reason}", len(prompt))
    ids = tuple(chosen.token_ids)
    logprobs = None
    if request.sampling.logprobs is not None:
        wanted = request.sampling.logprobs
        logprobs = tuple(_logprob(token, of, wanted) for token, of in zip(ids, chosen.logprobs, strict=True))
    reason = reasons[chosen.finish_reason]
    text = chosen.text
    if detokenizer.spells(request.sampling):  # the token that ended it is none of its text
        text = detokenizer.text(prompt, ids[:-1] if reason == "stop" else ids)
    stopped_by = chosen.stop_reason if isinstance(chosen.stop_reason, str) else None  # an int is a token's id
    return Completion(request.id, text, ids, reason, len(prompt), logprobs, tokens=len(ids), stopped_by=stopped_by)


def _logprob(token_id: int, of: dict[int, Any], wanted: int) -> TokenLogprob:
    """`of` holds the chosen token and the most likely ones, each with its rank, which begins at 1."""
    best = sorted((entry.rank, other, entry) for other, entry in of.items() if entry.rank <= wanted)
    top = tuple((other, entry.decoded_token or "", entry.logprob) for _, other, entry in best)
    return TokenLogprob(token_id, of[token_id].decoded_token or "", of[token_id].logprob, top)
