"""A real model in a real engine, in this process."""

import asyncio
import math
import sys
import threading
from collections import deque

import pytest

from tasks.engines.calls import Call
from tasks.engines.engine import Completion, EngineDied, EngineParams, Message, Request, Resources, Sampling
from tasks.engines.journal import read_journal
from tasks.engines.model import resolve
from tasks.engines.vllm_engine import VLLMEngine

pytestmark = pytest.mark.engine

PROMPT = "Ann has 3 apples and buys 4 more. How many apples has she?\n"


def request(prompt: str = PROMPT, seed: int = 0, name: str | None = None, **sampling: object) -> Request:
    return Request(name or f"r{seed}", prompt, seed, Sampling(**({"max_tokens": 12} | sampling)))


async def one(engine: VLLMEngine, *arguments: object, **sampling: object) -> Completion:
    (completion,) = await engine.generate([request(*arguments, **sampling)])
    return completion


def test_it_says_who_it_is_and_what_it_can_do(vllm_engine: VLLMEngine, model: str) -> None:
    assert vllm_engine.identity.digest == resolve(model).digest
    assert vllm_engine.abilities.continues_prefix
    assert vllm_engine.abilities.logprobs
    assert vllm_engine.abilities.context is not None


async def test_completions_come_in_the_order_of_the_requests_with_their_counts(vllm_engine: VLLMEngine) -> None:
    lengths = [9, 1, 30, 4, 17]
    requests = [request(seed=seed, max_tokens=length) for seed, length in enumerate(lengths)]
    completions = await vllm_engine.generate(requests)
    assert [completion.id for completion in completions] == [asked.id for asked in requests]
    for completion, length in zip(completions, lengths, strict=True):
        assert completion.tokens == len(completion.token_ids) <= length
        assert completion.finish_reason == ("length" if completion.tokens == length else "stop")
        assert completion.prompt_tokens > 5


async def test_the_seed_decides_the_text(vllm_engine: VLLMEngine) -> None:
    seeds = [request(seed=seed, temperature=1.0, max_tokens=30) for seed in range(8)]
    first = await vllm_engine.generate(seeds)
    again = await vllm_engine.generate(list(reversed(seeds)))
    assert [completion.token_ids for completion in first] == [c.token_ids for c in reversed(again)]
    assert len({completion.text for completion in first}) > 1


@pytest.mark.parametrize("max_tokens", [12, 200])
async def test_texts_are_spelled_as_vllm_spells_them(vllm_engine: VLLMEngine, max_tokens: int) -> None:
    asked = [request(seed=seed, temperature=2.0, max_tokens=max_tokens) for seed in range(16)]
    by_vllm = [request(seed=seed, temperature=2.0, max_tokens=max_tokens, logprobs=0) for seed in range(16)]
    ours, theirs = await vllm_engine.generate(asked), await vllm_engine.generate(by_vllm)
    assert [(each.text, each.token_ids) for each in ours] == [(each.text, each.token_ids) for each in theirs]


async def test_a_temperature_of_zero_is_greedy(vllm_engine: VLLMEngine) -> None:
    greedy = await vllm_engine.generate([request(seed=seed, temperature=0.0, logprobs=1) for seed in range(3)])
    assert len({completion.token_ids for completion in greedy}) == 1
    assert greedy[0].logprobs is not None
    assert all(token.token_id == token.top[0][0] for token in greedy[0].logprobs)


async def test_logprobs_are_of_the_chosen_token_and_the_best_alternatives(vllm_engine: VLLMEngine) -> None:
    completion = await one(vllm_engine, seed=3, temperature=1.5, logprobs=4)
    assert completion.logprobs is not None
    assert tuple(token.token_id for token in completion.logprobs) == completion.token_ids
    for token in completion.logprobs:
        values = [logprob for _, _, logprob in token.top]
        assert len(values) == 4
        assert values == sorted(values, reverse=True)
        assert sum(map(math.exp, values)) <= 1 + 1e-4
    assert (await one(vllm_engine, logprobs=0)).logprobs[0].top == ()
    assert (await one(vllm_engine)).logprobs is None


async def test_a_stop_text_ends_a_completion_and_is_no_part_of_it(vllm_engine: VLLMEngine) -> None:
    whole = await one(vllm_engine, seed=7, max_tokens=30)
    stop = whole.text[5:7]
    cut = await one(vllm_engine, seed=7, max_tokens=30, stop=(stop,))
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert (cut.finish_reason, cut.stopped_by) == ("stop", stop)
    assert whole.stopped_by is None


async def test_max_tokens_are_clipped_to_what_the_context_leaves(vllm_engine: VLLMEngine) -> None:
    context = vllm_engine.abilities.context or 0
    short = await one(vllm_engine, "1", max_tokens=1)
    digits = "1" * (context - short.prompt_tokens - 1)
    completion = await one(vllm_engine, digits, max_tokens=500)
    assert completion.tokens <= context - completion.prompt_tokens
    assert completion.finish_reason in ("length", "stop")


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("", "bad_prompt"),
        ("a\0b", "bad_prompt"),
        ("\udc80", "bad_prompt"),
        ("7" * 5000, "prompt_too_long"),
        ("word " * 200_000, "prompt_too_long"),
    ],
    ids=["empty", "NUL", "surrogate", "beyond the context", "a megabyte"],
)
async def test_bad_prompts_give_errors_and_harm_no_other(vllm_engine: VLLMEngine, prompt: str, kind: str) -> None:
    bad, good = await vllm_engine.generate([request(prompt, 1), request(seed=2)])
    assert (bad.id, bad.finish_reason, bad.text) == ("r1", "error", "")
    assert str(bad.error).startswith(f"{kind}: ")
    assert good == await one(vllm_engine, seed=2)


async def test_a_request_that_vllm_refuses_harms_no_other(
    vllm_engine: VLLMEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = vllm_engine._tokenizer.encode
    nonsense = {"nothing": [], "unknown token": [10**7]}
    monkeypatch.setattr(vllm_engine._tokenizer, "encode", lambda text, **how: nonsense.get(text, encode(text, **how)))
    *bad, good = await vllm_engine.generate([request("nothing", 1), request("unknown token", 2), request(seed=3)])
    assert [completion.finish_reason for completion in bad] == ["error", "error"]
    assert all(str(completion.error).startswith("refused: ") for completion in bad)
    assert good.text


async def test_the_prompts_of_one_wave_are_tokenised_once(
    vllm_engine: VLLMEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenised: list[str] = []
    encode = vllm_engine._tokenizer.encode
    monkeypatch.setattr(
        vllm_engine._tokenizer, "encode", lambda text, **how: tokenised.append(text) or encode(text, **how)
    )
    await vllm_engine.generate([request(seed=seed) for seed in range(6)])
    assert tokenised == [PROMPT]


async def test_a_short_request_does_not_wait_for_a_long_one(vllm_engine: VLLMEngine) -> None:
    long = asyncio.create_task(vllm_engine.generate([request(seed=s, max_tokens=400) for s in range(8)]))
    await asyncio.sleep(0.05)
    await vllm_engine.generate([request(seed=99, max_tokens=2)])
    assert not long.done()
    await long


async def test_a_call_that_is_cancelled_is_not_generated_any_further(vllm_engine: VLLMEngine) -> None:
    call = asyncio.create_task(
        vllm_engine.generate([request(seed=s, name=f"unwanted{s}", max_tokens=400) for s in range(8)])
    )
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await one(vllm_engine, seed=1)
    assert vllm_engine._calls == {}


async def test_the_journal_names_what_was_generated(vllm_engine: VLLMEngine) -> None:
    await vllm_engine.generate([request(seed=1, name="noted"), request("", name="never asked")])
    assert vllm_engine._journal is not None
    names = [name for name, _ in read_journal(vllm_engine._journal.path)]
    assert "noted" in names
    assert "never asked" not in names


async def test_a_conversation_is_rendered_by_the_models_template_with_its_own_text_behind_it(
    vllm_engine: VLLMEngine,
) -> None:
    turn = [Message(role="user", content="What is 2 + 2?")]
    if vllm_engine.abilities.chat:
        rendered = await vllm_engine.render(turn)
        assert "What is 2 + 2?" in rendered
        assert await vllm_engine.render(turn, " It is ") == f"{rendered} It is "
    else:
        with pytest.raises(ValueError, match="has no chat template"):
            await vllm_engine.render(turn)


async def test_an_engine_that_breaks_says_so_to_all_who_wait(model: str) -> None:
    engine = VLLMEngine(EngineParams(model=model), Resources(cache_gib=0.2))

    def broken() -> None:
        raise RuntimeError("out of luck")

    engine._engine.step = broken
    waiting = await asyncio.gather(
        *(engine.generate([request(seed=seed)]) for seed in range(3)), return_exceptions=True
    )
    assert [str(error) for error in waiting] == ["RuntimeError: out of luck"] * 3
    with pytest.raises(EngineDied, match="out of luck"):
        await engine.generate([request()])
    # Not closed: vLLM would end what this process shares, and with it the engine of the other tests.


async def test_a_call_that_comes_in_the_moment_of_death_keeps_no_other_from_learning_of_it() -> None:
    dying = VLLMEngine.__new__(VLLMEngine)  # its loop is at its end; nothing else of it is needed
    dying._calls, dying._inbox = {}, deque(Call([]) for _ in range(2000))
    calls, late = list(dying._inbox), Call([])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    coming = threading.Thread(target=lambda: [dying._inbox.append(late) for _ in range(100_000)])
    try:
        coming.start()
        dying._die("out of memory")
    finally:
        sys.setswitchinterval(interval)
        coming.join()
    for call in calls:
        with pytest.raises(EngineDied, match="out of memory"):
            await call.done
