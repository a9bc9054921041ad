"""Any server that speaks OpenAI's completions or chat API: one that you run, or a hosted model.

Requests that fail for a passing reason (no connection, time-out, 408, 429, 5xx, an answer cut short) are
asked again after a growing and jittered pause, or after the server's Retry-After. What still fails, and what
the server refuses, gives an error completion. The key comes from the environment and goes into one header: it
is neither stored nor logged, and masked in every text that comes back from a server or a failed attempt. Once `GIVE_UP`
requests in a row found nobody who answers, no more are asked: a silent server costs some time-outs and not all of them.

Not covered: token ids (the protocol has none; counts come from `usage`), and continuing a text through the
chat API, which starts a new turn with every answer. Servers differ in whether equal seeds give equal texts.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from storage.secrets import masked_json, masker, secret
from tasks.engines.engine import (
    Abilities,
    Completion,
    EngineParams,
    FinishReason,
    Identity,
    Message,
    Request,
    Resources,
    TokenLogprob,
    failed,
    refused,
)
from tasks.engines.journal import Journal

LONGEST_PAUSE = 60.0
"""Seconds; also the longest Retry-After that is honoured."""
GIVE_UP = 32
"""Each of them was tried again as often as `Resources.retries` says."""
NOBODY_THERE = ("time_out", "connection", "http_408", "http_429", "http_5")
LONGEST_MESSAGE = 500
"""Characters of a server's error that are kept."""
TELL_STOP = ("vllm", "sglang")
"""`owned_by` of the models of servers that say which stop text ended a completion, under one of these names."""
LIMIT, CHAT_LIMIT = "max_tokens", "max_completion_tokens"
"""The limit's name, and the one that servers of reasoning models want in its place, as they say themselves."""
STOPPED_BY = ("stop_reason", "matched_stop")
FINISH: dict[str | None, FinishReason] = {"stop": "stop", "eos": "stop", None: "stop", "length": "length"}


class Passing(Exception):
    """A failure that may be gone at the next attempt."""

    def __init__(self, kind: str, message: str, pause: float | None = None) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind, self.message, self.pause = kind, message, pause


class HttpEngine:
    """An engine behind a URL. Call `connect` before the first request, `close` after the last."""

    def __init__(self, params: EngineParams, resources: Resources | None = None, *, first_pause: float = 0.5) -> None:
        resources = resources or Resources()
        url = _checked_url(params.url)
        self._model, self._chat, self._resources = params.model, params.api == "chat", resources
        self._first_pause = first_pause
        self._limit = LIMIT
        self._key = secret(resources.key_variable)
        self._masked = masker()
        self._places = asyncio.Semaphore(resources.concurrency)
        self._journal = Journal(resources.journal) if resources.journal else None
        self._unanswered: list[str] = []
        """Errors of the last requests, as far as nobody answered in between."""
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx.Timeout(resources.timeout, connect=min(30.0, resources.timeout)),
            limits=httpx.Limits(max_connections=resources.concurrency),
        )
        name = f"{url}#{params.model}"
        self.identity = Identity(name=name, digest=name)
        self.abilities = Abilities(
            continues_prefix=not self._chat,
            logprobs=True,
            chat=self._chat,
            context=params.max_model_len,
            tells_stop=False,
        )

    async def connect(self) -> None:
        """Asks for the list of models, to fail early and to learn the context.

        Raises ConnectionError where nothing answers and PermissionError where the key is refused. A server
        without such a list is taken as it is.
        """
        try:
            answer = await self._client.get("models", timeout=30.0)
        except httpx.RequestError as error:
            raise ConnectionError(f"nothing answers at {self._client.base_url}: {self._said(error)}") from None
        if answer.status_code in (401, 403):
            state = "is refused" if self._key else "is not set"
            raise PermissionError(
                f"{self._client.base_url} wants a key (HTTP {answer.status_code}),"
                f" and the environment's {self._resources.key_variable} {state}"
            )
        listed = _listed(answer, self._model)
        context = self.abilities.context or _context(listed)
        self.abilities = self.abilities.model_copy(
            update={"context": context, "tells_stop": listed.get("owned_by") in TELL_STOP}
        )

    async def render(self, messages: Sequence[Message], continue_text: str = "") -> str:
        """The conversation as the JSON that the chat API takes."""
        if not self._chat:
            raise ValueError(f"{self.identity.name} is asked for completions and has no chat: set api to 'chat'")
        if continue_text:
            raise ValueError(f"{self.identity.name} cannot continue a text through the chat API")
        return json.dumps([message.model_dump() for message in messages])

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        return list(await asyncio.gather(*map(self._one, requests)))

    async def close(self) -> None:
        await self._client.aclose()
        if self._journal:
            self._journal.close()
            self._journal = None

    async def _one(self, request: Request) -> Completion:
        if completion := refused(request):
            return completion
        async with self._places:
            if len(self._unanswered) >= GIVE_UP:
                why = f"the last {len(self._unanswered)} requests got no answer ({self._unanswered[-1]})"
                return failed(request.id, "not_asked", why)
            completion = await self._asked(request)
        nobody = completion.error is not None and completion.error.startswith(NOBODY_THERE)
        self._unanswered = [*self._unanswered, str(completion.error)] if nobody else []
        if self._journal:
            self._journal.add([request.id])
        return completion

    async def _asked(self, request: Request) -> Completion:
        """The server's answer, whatever it takes within the attempts that there are."""
        attempts = AsyncRetrying(
            stop=stop_after_attempt(1 + self._resources.retries),
            wait=self._pause,
            retry=retry_if_exception_type(Passing),
            reraise=True,
        )
        try:
            return await attempts(self._attempt, request)
        except Passing as error:
            return failed(request.id, error.kind, error.message)

    async def _attempt(self, request: Request) -> Completion:
        path, body = self._chat_body(request) if self._chat else self._text_body(request)
        try:
            async with asyncio.timeout(self._resources.timeout):  # httpx begins anew with every byte that comes
                answer = await self._client.post(path, json=body)
        except (httpx.TimeoutException, TimeoutError):
            raise Passing("time_out", f"no answer within {self._resources.timeout:g} seconds") from None
        except httpx.TransportError as error:
            raise Passing("connection", self._said(error)) from None
        except httpx.DecodingError as error:
            raise Passing("bad_answer", self._said(error)) from None
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise Passing(f"http_{answer.status_code}", self._shown(answer), _retry_after(answer))
        if answer.status_code == 400 and LIMIT in body and CHAT_LIMIT in answer.text:
            self._limit = CHAT_LIMIT
            return await self._attempt(request)
        if answer.status_code != 200:
            return failed(request.id, f"http_{answer.status_code}", self._shown(answer))
        try:
            return _completion(request, masked_json(answer.json(), self._masked), self._chat)
        except json.JSONDecodeError as error:
            raise Passing("bad_answer", f"no JSON: {error}") from None
        except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
            return failed(request.id, "bad_answer", f"{self._said(error)} in {self._shown(answer)}")

    def _text_body(self, request: Request) -> tuple[str, dict[str, Any]]:
        body = self._sampling(request) | {"prompt": request.prompt}
        if request.sampling.logprobs is not None:
            body["logprobs"] = request.sampling.logprobs
        return "completions", body

    def _chat_body(self, request: Request) -> tuple[str, dict[str, Any]]:
        # A prompt that `render` has made is marked by special_tokens=False; any other is what the user says.
        messages = [{"role": "user", "content": request.prompt}]
        if not request.special_tokens:
            messages = json.loads(request.prompt)
        body = self._sampling(request) | {"messages": messages}
        if request.sampling.logprobs is not None:
            body |= {"logprobs": True, "top_logprobs": request.sampling.logprobs}
        return "chat/completions", body

    def _sampling(self, request: Request) -> dict[str, Any]:
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": self._model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            self._limit: sampling.max_tokens,
            "seed": request.seed,
        }
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if sampling.top_k:  # not OpenAI's; servers of open models take it
            body["top_k"] = sampling.top_k
        return body

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Passing) and error.pause is not None:
            return min(error.pause, LONGEST_PAUSE)
        growing = self._first_pause * 2.0 ** (state.attempt_number - 1)
        return min(growing + random.uniform(0, self._first_pause), LONGEST_PAUSE)

    def _shown(self, answer: httpx.Response) -> str:
        """What may be told of an answer. The key goes first: a cut might leave half of it."""
        return self._masked(answer.text)[:LONGEST_MESSAGE]

    def _said(self, error: Exception) -> str:
        return self._masked(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _checked_url(url: str | None) -> str:
    if not url:
        raise ValueError("an HTTP engine needs `url`, such as http://localhost:8000/v1")
    parts = httpx.URL(url)
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ValueError(f"url {parts.copy_with(username=None, password=None)} is no http(s)://host/v1")
    if parts.userinfo:
        raise ValueError(f"the url of {parts.host} holds credentials, which would be stored: name a key_variable")
    return url.rstrip("/")


def _listed(answer: httpx.Response, model: str) -> Mapping[str, Any]:
    """What the server's list says of the model; empty where it has none, or no such model."""
    try:
        found = next(entry for entry in answer.json()["data"] if entry["id"] == model)
    except (KeyError, RecursionError, StopIteration, TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _context(listed: Mapping[str, Any]) -> int | None:
    """What servers of open models add to their list; None where it is not told."""
    try:
        return int(listed["max_model_len"])
    except (KeyError, TypeError, ValueError):
        return None


def _completion(request: Request, answer: Mapping[str, Any], chat: bool) -> Completion:
    choice, usage = answer["choices"][0], answer.get("usage") or {}
    prompt_tokens = _count(usage, "prompt_tokens")
    if choice.get("finish_reason") not in FINISH:
        return failed(request.id, "finish_reason", str(choice["finish_reason"]), prompt_tokens)
    text = _written(choice["message"]) if chat else choice["text"]
    if not isinstance(text, str):
        raise TypeError(f"the text is {type(text).__name__}")
    logprobs = None
    if request.sampling.logprobs is not None and choice.get("logprobs"):
        logprobs = (_chat_logprobs if chat else _text_logprobs)(choice["logprobs"])
    tokens = _count(usage, "completion_tokens") or len(logprobs or ())
    finish = FINISH[choice.get("finish_reason")]
    if choice.get("finish_reason") is None and tokens >= request.sampling.max_tokens:
        finish = "length"  # an answer that was cut off must not pass for a wrong one
    stop = next((choice[name] for name in STOPPED_BY if isinstance(choice.get(name), str)), None)
    stopped_by = stop if stop in request.sampling.stop else None
    return Completion(request.id, text, (), finish, prompt_tokens, logprobs, tokens=tokens, stopped_by=stopped_by)


def _count(usage: Mapping[str, Any], of: str) -> int:
    """Tokens, 0 where the server does not tell them. Raises ValueError for what no row could hold."""
    tokens = int(usage.get(of) or 0)
    if not 0 <= tokens < 2**31:
        raise ValueError(f"{of} is {tokens}")
    return tokens


def _written(message: Mapping[str, Any]) -> Any:
    """The answer, behind the reasoning where a server has parted them."""
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    return f"<think>{reasoning}</think>{message['content'] or ''}" if reasoning else message["content"]


def _text_logprobs(of: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    tops = of.get("top_logprobs") or [{}] * len(of["tokens"])
    return tuple(
        TokenLogprob(-1, token, float(logprob), tuple((-1, *pair) for pair in _best((top or {}).items())))
        for token, logprob, top in zip(of["tokens"], of["token_logprobs"], tops, strict=True)
    )


def _chat_logprobs(of: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(-1, entry["token"], float(entry["logprob"]), tuple((-1, *pair) for pair in _alternatives(entry)))
        for entry in of["content"]
    )


def _alternatives(entry: Mapping[str, Any]) -> list[tuple[str, float]]:
    return _best((top["token"], top["logprob"]) for top in entry.get("top_logprobs") or ())


def _best(pairs: Any) -> list[tuple[str, float]]:
    return sorted(pairs, key=lambda pair: -pair[1])


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds that the server asks us to wait: it says a number or a date."""
    said = answer.headers.get("Retry-After", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
