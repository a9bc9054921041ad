import asyncio
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.engines.engine import Completion, Faults, Latency, Message, Request, Sampling
from tasks.engines.fake_engine import FakeEngine, words
from tasks.engines.journal import read_journal

QUESTION = "Ann has 3 apples and buys 4, then 5 more. How many?\nStep 1:"


def request(prompt: str, seed: int = 0, **sampling: object) -> Request:
    return Request(f"r{seed}", prompt, seed, Sampling(**sampling))


async def one(engine: FakeEngine, *arguments: object, **sampling: object) -> Completion:
    (completion,) = await engine.generate([request(*arguments, **sampling)])
    return completion


@given(st.text())
def test_words_lose_nothing_of_a_text(text: str) -> None:
    assert "".join(words(text)) == text


async def test_the_same_request_gives_the_same_completion_in_any_engine() -> None:
    requests = [request("Say something", seed) for seed in range(20)]
    first, second = [await FakeEngine("words").generate(requests) for _ in range(2)]
    assert first == second
    assert len({completion.text for completion in first}) > 1


async def test_completions_come_in_the_order_of_the_requests() -> None:
    completions = await FakeEngine("words").generate([request("x", seed) for seed in (5, 1, 3)])
    assert [completion.id for completion in completions] == ["r5", "r1", "r3"]


async def test_a_mapping_answers_by_pattern_and_seed() -> None:
    engine = FakeEngine({"apples": ["#### 3", "#### 4"], "": "nothing"})
    assert [(await one(engine, "two apples", seed)).text for seed in (0, 1, 2)] == ["#### 3", "#### 4", "#### 3"]
    assert (await one(engine, "two pears")).text == "nothing"


async def test_a_prompt_that_no_pattern_matches_gives_an_error() -> None:
    assert (await one(FakeEngine({"apples": "3"}), "pears")).error == (
        "script: LookupError: no pattern of ['apples'] is in the prompt"
    )


async def test_a_script_may_be_named_by_its_module() -> None:
    assert (await one(FakeEngine("tasks.engines.fake_engine:echo"), "one\ntwo")).text == "two"


@pytest.mark.parametrize("name", ["nonsense", "no.module:at_all", "tasks.engines.fake_engine:absent"])
def test_an_unknown_script_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=r"no script .* use one of echo, words, arithmetic, or module:function"):
        FakeEngine(name)


async def test_arithmetic_adds_up_and_sometimes_errs() -> None:
    engine = FakeEngine("arithmetic")
    answers = [(await one(engine, QUESTION, seed)).text.rsplit("#### ", 1)[1] for seed in range(50)]
    assert 25 < answers.count("12\n") < 50


async def test_arithmetic_goes_on_from_what_was_written() -> None:
    completion = await one(FakeEngine("arithmetic"), f"{QUESTION} 3 + 4 = 9\n", seed=1)
    assert completion.text == "Step 2: 9 + 5 = 14\n#### 14\n"


async def test_a_stop_text_ends_a_completion_and_is_no_part_of_it() -> None:
    completion = await one(FakeEngine({"": "a b STOP c"}), "x", stop=("STOP",))
    assert (completion.text, completion.finish_reason, completion.stopped_by) == ("a b ", "stop", "STOP")
    assert (await one(FakeEngine({"": "a b c"}), "x", stop=("STOP",))).stopped_by is None


async def test_max_tokens_cut_a_completion() -> None:
    completion = await one(FakeEngine({"": "a b c d"}), "x", max_tokens=2)
    assert (completion.text, completion.finish_reason, completion.tokens) == ("a b", "length", 2)


async def test_the_context_cuts_a_completion_and_refuses_a_prompt_that_fills_it() -> None:
    engine = FakeEngine({"": "a b c d"}, context=4)
    assert (await one(engine, "one two")).text == "a b"
    assert str((await one(engine, "one two three four")).error).startswith("prompt_too_long: 4 tokens")


@pytest.mark.parametrize(("prompt", "reason"), [("", "empty"), ("a\0b", "NUL character at 1"), ("\ud800", "surrogate")])
async def test_bad_prompts_give_errors_and_harm_no_other(prompt: str, reason: str) -> None:
    bad, good = await FakeEngine("echo").generate([request(prompt), request("fine", 1)])
    assert bad.finish_reason == "error"
    assert reason in str(bad.error)
    assert good.text == "fine"


async def test_logprobs_come_with_the_chosen_token_and_alternatives() -> None:
    completion = await one(FakeEngine({"": "a b"}), "x", logprobs=3)
    assert completion.logprobs is not None
    assert [(token.text, len(token.top)) for token in completion.logprobs] == [("a", 3), (" b", 3)]
    assert (await one(FakeEngine({"": "a b"}), "x")).logprobs is None


async def test_a_rendered_conversation_ends_with_the_assistants_own_text() -> None:
    rendered = await FakeEngine().render([Message(role="user", content="2+2?")], "It is")
    assert rendered == "<user>2+2?</user>\n<assistant>It is"


async def test_failures_on_order_are_error_completions() -> None:
    engine = FakeEngine("echo", faults=Faults(fail="pears"))
    assert [c.finish_reason for c in await engine.generate([request("pears"), request("apples")])] == ["error", "stop"]


async def test_the_journal_names_each_finished_request(tmp_path) -> None:
    engine = FakeEngine("echo", journal=str(tmp_path / "deep" / "journal"))
    await engine.generate([request("x", seed) for seed in range(3)])
    assert [name for name, _ in read_journal(tmp_path / "deep" / "journal")] == ["r0", "r1", "r2"]


def test_different_scripts_have_different_digests() -> None:
    scripts = ["echo", "words", {"a": "b"}, {"a": "c"}, one]
    assert len({FakeEngine(script).identity.digest for script in scripts}) == len(scripts)


@pytest.mark.parametrize(("at_once", "most"), [(2, 2), (100, 20)])
async def test_requests_with_a_latency_wait_side_by_side(
    at_once: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = [0, 0]
    really = asyncio.sleep

    async def sleep(_: float) -> None:
        under_way[0] += 1
        under_way[1] = max(under_way)
        await really(0.001)
        under_way[0] -= 1

    monkeypatch.setattr("tasks.engines.fake_engine.asyncio.sleep", sleep)
    engine = FakeEngine("words", faults=Faults(latency=Latency(median=2, p99=8, at_once=at_once)))
    requests = [Request(f"r{seed}", "prompt", seed, Sampling()) for seed in range(20)]
    assert [each.id for each in await engine.generate(requests)] == [each.id for each in requests]
    assert under_way[1] == most


def test_latencies_have_the_median_and_the_tail_that_they_are_named_by() -> None:
    latency = Latency(median=2, p99=8)
    draw = random.Random(0)
    seconds = sorted(draw.lognormvariate(math.log(2), latency.sigma) for _ in range(20_000))
    assert seconds[10_000] == pytest.approx(2, rel=0.03)
    assert seconds[19_800] == pytest.approx(8, rel=0.06)
    assert sum(seconds) / 20_000 == pytest.approx(latency.mean, rel=0.02)
