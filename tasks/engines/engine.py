"""What an engine is: requests in, completions out, and what the engine can do.

One request is one completion with one seed. An engine answers in the order of the requests; a request that it
cannot serve gives a completion with `finish_reason="error"` and never harms its neighbours. Engines do not
promise equal texts on different machines or in different batches: only `tasks/engines/fake_engine.py` does.

This module is light (pydantic only), so that parameters can be read and checked without loading a model's
code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

FinishReason = Literal["stop", "length", "error"]


class Sampling(BaseModel):
    """How the next token is drawn, and when a completion ends."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    temperature: float = Field(default=0.8, ge=0)
    """0 is greedy."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)
    """0 is off."""
    max_tokens: int = Field(default=512, ge=1)
    """Clipped to what the context leaves after the prompt."""
    stop: tuple[str, ...] = ()
    """Texts that end a completion; they are not part of it."""
    logprobs: int | None = Field(default=None, ge=0, le=20)
    """Alternatives a token; 0 is the chosen token alone, None is no log-probabilities."""


@dataclass(frozen=True, slots=True)
class Request:
    """One completion that is wanted."""

    id: str
    prompt: str
    seed: int
    sampling: Sampling
    special_tokens: bool = True
    """Whether the tokenizer adds its own (BOS); False for prompts that a chat template has rendered."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The log-probability of a chosen token, with the most likely alternatives, best first."""

    token_id: int
    text: str
    logprob: float
    top: tuple[tuple[int, str, float], ...] = ()
    """(token id, text, log-probability); token id -1 where the engine does not tell."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for one request."""

    id: str
    text: str
    token_ids: tuple[int, ...]
    """Empty where the engine does not tell (HTTP); `tokens` counts them all the same."""
    finish_reason: FinishReason
    prompt_tokens: int
    logprobs: tuple[TokenLogprob, ...] | None = None
    error: str | None = None
    """`kind: message`, with `finish_reason` "error" and an empty text."""
    tokens: int = 0
    """Generated tokens."""
    stopped_by: str | None = None
    """The stop text that ended it; None where the model did, or where the engine does not tell (`tells_stop`)."""


def failed(request_id: str, kind: str, message: str, prompt_tokens: int = 0) -> Completion:
    """The completion of a request that could not be served."""
    return Completion(request_id, "", (), "error", prompt_tokens, error=f"{kind}: {message}")


def refused(request: Request) -> Completion | None:
    """The error completion of a prompt that no engine should be asked; None where it may be asked."""
    prompt = request.prompt
    if not prompt:
        return failed(request.id, "bad_prompt", "the prompt is empty")
    if "\0" in prompt:
        return failed(request.id, "bad_prompt", f"NUL character at {prompt.index(chr(0))}")
    try:
        prompt.encode()
    except UnicodeEncodeError as error:
        return failed(request.id, "bad_prompt", f"not Unicode text: lone surrogate at {error.start}")
    return None


def too_long(request: Request, tokens: int, context: int, counted: bool = True) -> Completion:
    """The error completion of a prompt that leaves no room for an answer."""
    many = f"{tokens}" if counted else f"at least {tokens}"
    message = f"{many} tokens; the context of {context} must hold one more than the prompt"
    return failed(request.id, "prompt_too_long", message, tokens)


class EngineDied(RuntimeError):
    """The engine broke and lost what it was generating; its process must be replaced."""


class Abilities(BaseModel):
    """What an engine can do; a stage that needs more refuses it before any work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    continues_prefix: bool
    """Can go on with a text of its own as if it had just written it."""
    logprobs: bool
    chat: bool
    """Has a chat template (or speaks the chat API)."""
    context: int | None
    """Prompt and completion together, in tokens; None is unknown."""
    tells_stop: bool = True
    """Says which of the stop texts ended a completion, and so whether the model had more to say."""


class Identity(BaseModel):
    """Which model answers. The digest goes into row ids: same digest, same model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    digest: str


class Message(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class Engine(Protocol):
    """A model that completes text."""

    @property
    def identity(self) -> Identity: ...

    @property
    def abilities(self) -> Abilities: ...

    async def render(self, messages: Sequence[Message], continue_text: str = "") -> str:
        """The prompt of a conversation in which the assistant has already written `continue_text`.

        Raises ValueError where the model has no chat template or cannot continue its own text.
        """
        ...

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        """One completion a request, in the same order.

        Calls with the same `affinity` go to the same instance, whose prefix cache then serves them.
        """
        ...

    async def close(self) -> None: ...


class EngineParams(BaseModel):
    """Which model, loaded how. All of it is part of a run's identity."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["vllm", "http", "fake"] = "vllm"
    model: str = "tiny_reasoner"
    """An embedded model, a local folder, a hub name, the name that an HTTP server knows, or a FakeEngine's
    script."""
    url: str | None = None
    """HTTP: the base URL, up to and with /v1."""
    api: Literal["completions", "chat"] = "completions"
    """HTTP: which of the two APIs is asked."""
    revision: str | None = None
    """Hub models: branch, tag or commit."""
    max_model_len: int | None = Field(default=None, ge=1)
    """Context in tokens; None takes the model's own."""
    dtype: str = "auto"
    """auto: as the checkpoint is stored, on every kind of machine."""


class Latency(BaseModel):
    """How long a FakeEngine takes: lognormal, as engines do whose answers differ in length."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    median: float = Field(gt=0)
    """Seconds a request."""
    p99: float = Field(gt=0)
    """Seconds that one request in a hundred takes longer than."""
    at_once: int = Field(default=64, ge=1)
    """Requests served at a time; more wait in the engine."""

    @property
    def sigma(self) -> float:
        """Of the logarithm; 2.326 is the normal distribution's 99 % point."""
        return math.log(self.p99 / self.median) / 2.326

    @property
    def mean(self) -> float:
        return self.median * math.exp(self.sigma**2 / 2)


class Faults(BaseModel):
    """Trouble that a FakeEngine makes on purpose, for tests of what must survive it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    delay: float = Field(default=0.0, ge=0)
    """Seconds a request, one request of a call after the other."""
    latency: Latency | None = None
    """In place of `delay`: seconds drawn by the request's seed, and requests are served side by side."""
    fail: str | None = None
    """Prompts that match this pattern give an error completion."""
    kill: str | None = None
    """The process ends without a word when it is asked a prompt that matches this pattern."""
    die_at: tuple[int, ...] = ()
    """The process ends without a word when the journal has so many lines: once for each number."""


class Resources(BaseModel):
    """What a run may use. Never part of its identity: the rows are the same with any of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    actors: int = Field(default=1, ge=1)
    gpus_per_actor: float | None = Field(default=None, ge=0)
    """None: the tensor-parallel size where Ray sees GPUs, else 0."""
    tensor_parallel: int = Field(default=1, ge=1)
    window: int = Field(default=1024, ge=1)
    """Requests in flight an actor; more wait in the driver."""
    max_num_seqs: int = Field(default=256, ge=1)
    """Requests that vLLM batches at a time."""
    cache_gib: float | None = Field(default=None, gt=0)
    """KV cache of an actor on CPU; None takes 1 GiB. On GPUs vLLM measures what is free."""
    threads: int | None = Field(default=None, ge=1)
    """Threads of an actor on CPU; None shares the machine's cores among the actors."""
    restarts: int = Field(default=2, ge=0)
    """Times that a dead actor is started again before the run fails."""
    retries: int = Field(default=2, ge=0)
    """HTTP: attempts after the first."""
    ray_address: str | None = None
    """A running cluster; None takes RAY_ADDRESS, else starts a local one."""
    concurrency: int = Field(default=64, ge=1)
    """HTTP: requests in flight."""
    timeout: float = Field(default=600.0, gt=0)
    """HTTP: seconds for one attempt."""
    key_variable: str = "OPENAI_API_KEY"
    """HTTP: the environment variable that holds the key. The key itself is never stored."""
    graders: int = Field(default=2, ge=1)
    """Processes that compare answers; as many run programs."""
    journal: str | None = None
    """A file to which engines append a line for each finished request: an audit outside the driver."""
    faults: Faults | None = None
    """FakeEngine only."""
