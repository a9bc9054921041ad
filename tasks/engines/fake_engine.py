"""A model whose every word is chosen: the public test double of all engines.

Same request, same completion, on every machine and in every batch. A script decides the text:

    FakeEngine("arithmetic")                                adds up the question's numbers, and errs by seed
    FakeEngine("words")                                     words drawn by seed
    FakeEngine("echo")                                      the prompt's last line
    FakeEngine({r"apples": ["#### 3", "#### 4"]})           the first pattern that the prompt holds; the seed
    picks FakeEngine("tests.tasks.scripts:stubborn")              an importable function or mapping, as
    parameters name it

A script is a function `Request -> str`. Its text is cut into words (with the space before them), and a word
is a token; stop texts, `max_tokens` and the context are honoured as a real engine does.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import math
import os
import random
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tasks.engines.engine import (
    Abilities,
    Completion,
    Faults,
    FinishReason,
    Identity,
    Message,
    Request,
    TokenLogprob,
    failed,
    refused,
    too_long,
)
from tasks.engines.journal import Journal, read_journal
from tasks.engines.window import Window

Script = Callable[[Request], str]
Texts = Mapping[str, str | Sequence[str]]

WORDS = "one two three add take left right then so half twice each more less gives makes"


class FakeEngine:
    """An engine that speaks by script. `faults` makes trouble on purpose, `journal` records what was
    finished."""

    def __init__(
        self,
        script: str | Script | Texts = "words",
        *,
        context: int = 4096,
        faults: Faults | None = None,
        journal: str | None = None,
    ) -> None:
        self._script = load_script(script)
        self._faults = faults or Faults()
        self._room = Window(latency.at_once) if (latency := self._faults.latency) else None
        self._journal = Journal(journal) if journal else None
        self.identity = Identity(name=f"fake-{_name(script)}", digest=_digest(script))
        self.abilities = Abilities(continues_prefix=True, logprobs=True, chat=True, context=context)

    async def render(self, messages: Sequence[Message], continue_text: str = "") -> str:
        turns = "".join(f"<{message.role}>{message.content}</{message.role}>\n" for message in messages)
        return f"{turns}<assistant>{continue_text}"

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        if self._room:
            return list(await asyncio.gather(*map(self._one, requests)))
        return [await self._one(request) for request in requests]

    async def close(self) -> None:
        if self._journal:
            self._journal.close()
            self._journal = None

    async def _one(self, request: Request) -> Completion:
        await self._take_time(request)
        completion = self._complete(request)
        if self._journal:
            self._journal.add([request.id])
        self._die()
        return completion

    async def _take_time(self, request: Request) -> None:
        latency = self._faults.latency
        if latency is None or self._room is None:
            return await asyncio.sleep(self._faults.delay)
        async with self._room.of(1):
            await asyncio.sleep(random.Random(request.seed).lognormvariate(math.log(latency.median), latency.sigma))

    def _complete(self, request: Request) -> Completion:
        if completion := refused(request):
            return completion
        if self._faults.kill and re.search(self._faults.kill, request.prompt):
            os._exit(1)
        if self._faults.fail and re.search(self._faults.fail, request.prompt):
            return failed(request.id, "fault", f"the prompt matches {self._faults.fail!r}")
        context = self.abilities.context or 0
        prompt_tokens = len(words(request.prompt))
        if prompt_tokens >= context:
            return too_long(request, prompt_tokens, context)
        try:
            text = self._script(request)
        except Exception as error:
            return failed(request.id, "script", f"{type(error).__name__}: {error}")
        return _cut(request, text, prompt_tokens, context - prompt_tokens)

    def _die(self) -> None:
        """Ends the process where the journal has reached the length of a death that nobody has died yet."""
        if not self._faults.die_at or self._journal is None:
            return
        lines = len(read_journal(self._journal.path))
        for death in self._faults.die_at:
            if lines >= death and _first(Path(f"{self._journal.path}.died-{death}")):
                os._exit(1)


def load_script(script: str | Script | Texts) -> Script:
    """The function behind a script in any of its forms; ValueError names what is wrong with it."""
    if isinstance(script, str):
        script = BUILT_IN[script] if script in BUILT_IN else _imported(script)
    if isinstance(script, Mapping):
        return _by_pattern(script)
    if not callable(script):
        raise ValueError(f"a script is a function or a mapping of patterns to texts, not {script!r}")
    return script


def words(text: str) -> list[str]:
    """Tokens: words with the space before them. Joining them gives back the text."""
    return re.findall(r"\s*\S+|\s+$", text)


def echo(request: Request) -> str:
    """The prompt's last line."""
    return request.prompt.rstrip().rsplit("\n", 1)[-1]


def speak(request: Request) -> str:
    """Words drawn by prompt and seed."""
    draw = random.Random(f"{request.seed}\0{request.prompt}")
    return " ".join(draw.choices(WORDS.split(), k=draw.randint(4, 24))) + "."


def add_up(request: Request) -> str:
    """Adds the numbers of the question, one a step, and errs in a tenth of the steps that it writes.

    It goes on where the prompt has stopped, with the last result that it finds there, right or wrong.
    """
    question, _, written = request.prompt.partition("Step 1:")
    numbers = [int(number) for number in re.findall(r"\d+", question)] or [0]
    results = [int(number) for number in re.findall(r"= *(\d+)", written)]
    total, done = (results[-1], len(results)) if results else (numbers[0], 0)
    draw = random.Random(f"{request.seed}\0{request.prompt}")
    lines = []
    for step, number in enumerate(numbers[1 + done :], start=done + 1):
        result = total + number + (draw.random() < 0.1)
        lines.append(f"Step {step}: {total} + {number} = {result}\n")
        total = result
    text = "".join(lines) + f"#### {total}\n"
    return text.removeprefix("Step 1:") if written == "" and request.prompt.endswith("Step 1:") else text


BUILT_IN: dict[str, Script] = {"echo": echo, "words": speak, "arithmetic": add_up}


def _by_pattern(texts: Texts) -> Script:
    def script(request: Request) -> str:
        for pattern, choices in texts.items():
            if re.search(pattern, request.prompt):
                return choices if isinstance(choices, str) else choices[request.seed % len(choices)]
        raise LookupError(f"no pattern of {list(texts)} is in the prompt")

    return script


def _imported(name: str) -> Script | Texts:
    module, _, attribute = name.partition(":")
    try:
        found: Script | Texts = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        known = ", ".join(BUILT_IN)
        raise ValueError(f"no script {name!r} ({error}); use one of {known}, or module:function") from error
    return found


def _cut(request: Request, text: str, prompt_tokens: int, room: int) -> Completion:
    """The text up to its first stop text and to the tokens that there is room for."""
    stops = {stop: at for stop in request.sampling.stop if (at := text.find(stop)) >= 0}
    stop = min(stops, key=stops.__getitem__, default=None)
    tokens = words(text if stop is None else text[: stops[stop]])
    limit = min(request.sampling.max_tokens, room)
    reason: FinishReason = "length" if len(tokens) > limit else "stop"
    tokens = tokens[:limit]
    logprobs = None
    if request.sampling.logprobs is not None:
        logprobs = tuple(_logprob(token, request.sampling.logprobs) for token in tokens)
    ids = tuple(map(_token_id, tokens))
    stopped_by = stop if reason == "stop" else None
    return Completion(
        request.id, "".join(tokens), ids, reason, prompt_tokens, logprobs, tokens=len(ids), stopped_by=stopped_by
    )


def _logprob(token: str, alternatives: int) -> TokenLogprob:
    """Alternatives are made up, but stay the same for the same token."""
    others = tuple((rank, f" other{rank}", -2.0 - rank) for rank in range(1, alternatives))
    top = ((_token_id(token), token, -0.5), *others) if alternatives else ()
    return TokenLogprob(_token_id(token), token, -0.5, top)


def _token_id(token: str) -> int:
    return zlib.crc32(token.encode()) & 0x7FFFFFFF


def _name(script: str | Script | Texts) -> str:
    name = script if isinstance(script, str) else getattr(script, "__qualname__", "texts")
    return re.sub(r"[^\w.-]+", ".", name)


def _digest(script: str | Script | Texts) -> str:
    if isinstance(script, Mapping):
        script = json.dumps({pattern: script[pattern] for pattern in script}, default=list)
    elif not isinstance(script, str):
        script = f"{getattr(script, '__module__', '')}:{getattr(script, '__qualname__', repr(script))}"
    return hashlib.sha256(f"fake {script}".encode()).hexdigest()[:32]


def _first(marker: Path) -> bool:
    """Whether this process is the one that made the marker."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
