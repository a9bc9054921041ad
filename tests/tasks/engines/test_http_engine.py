import asyncio
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from tasks.engines import http_engine
from tasks.engines.engine import Completion, EngineParams, Message, Request, Resources, Sampling
from tasks.engines.http_engine import HttpEngine
from tasks.engines.pool import open_engine
from tests.tasks.openai_server import Answer, Server, openai_server

KEY = "sk-very-secret"


@pytest.fixture
def server() -> Iterator[Server]:
    with openai_server() as running:
        yield running


def engine(server: Server, api: str = "completions", **resources: object) -> HttpEngine:
    params = EngineParams(kind="http", model="some-model", url=server.url, api=api)
    return HttpEngine(params, Resources(**resources), first_pause=0.01)


def request(prompt: str = "2+2=", seed: int = 0, special_tokens: bool = True, **sampling: object) -> Request:
    return Request(f"r{seed}", prompt, seed, Sampling(**sampling), special_tokens)


async def one(server: Server, asked: Request, **how: object) -> Completion:
    (completion,) = await engine(server, **how).generate([asked])
    return completion


async def test_a_completion_comes_back_with_its_counts(server: Server) -> None:
    completion = await one(server, request(seed=5, max_tokens=9, stop=("\n",), top_k=3))
    assert completion == Completion("r5", "2+2= #5", (), "stop", 7, tokens=3)
    assert server.asked == [
        {
            "path": "/v1/completions",
            "model": "some-model",
            "prompt": "2+2=",
            "seed": 5,
            "temperature": 0.8,
            "top_p": 1.0,
            "max_tokens": 9,
            "stop": ["\n"],
            "top_k": 3,
        }
    ]


async def test_requests_are_answered_in_their_order_and_a_few_at_a_time(server: Server) -> None:
    server.answers = [Answer(seconds=0.05 * (5 - place)) for place in range(5)]
    completions = await engine(server, concurrency=2).generate([request(seed=seed) for seed in range(12)])
    assert [completion.text for completion in completions] == [f"2+2= #{seed}" for seed in range(12)]
    assert server.most_at_once == 2


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(429, "slow down", {"Retry-After": "0.01"}),
        Answer(500, "oops"),
        Answer(503, "busy"),
        Answer(200, "{not json"),
        Answer(200, "not gzip", {"Content-Encoding": "gzip"}),
        Answer(hang_up=True),
    ],
    ids=lambda answer: f"{answer.status}-{answer.body}",
)
async def test_a_passing_failure_is_asked_again(server: Server, trouble: Answer) -> None:
    server.answers = [trouble, trouble]
    assert (await one(server, request())).text == "2+2= #0"
    assert len(server.asked) == 3


async def test_a_server_that_calls_the_limit_otherwise_is_asked_in_its_words_from_then_on(server: Server) -> None:
    server.answers = [Answer(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")]
    there = engine(server, "chat")
    texts = [(await there.generate([request(seed=seed, max_tokens=9)]))[0].text for seed in (1, 2)]
    assert all(texts)
    assert [asked.get("max_completion_tokens") for asked in server.asked] == [None, 9, 9]
    assert "max_tokens" not in server.asked[-1]


async def test_a_failure_that_lasts_is_an_error_completion(server: Server) -> None:
    server.answers = [Answer(500, "oops")] * 3
    bad, good = await engine(server, concurrency=1).generate([request(seed=1), request(seed=2)])
    assert (bad.finish_reason, bad.error) == ("error", "http_500: oops")
    assert good.text == "2+2= #2"


async def test_a_time_out_is_asked_again_and_then_an_error(server: Server) -> None:
    server.answers = [Answer(seconds=1.0)] * 2
    completion = await one(server, request(), timeout=0.2, retries=1)
    assert completion.error == "time_out: no answer within 0.2 seconds"
    assert len(server.asked) == 2


async def test_an_answer_that_comes_byte_by_byte_has_no_more_time_than_one_that_does_not_come(server: Server) -> None:
    server.answers = [Answer(200, " " * 100, drip=0.05)]
    completion = await one(server, request(), timeout=0.2, retries=0)
    assert completion.error == "time_out: no answer within 0.2 seconds"


async def test_a_server_that_never_answers_is_given_up_and_one_that_does_so_in_between_is_not(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_engine, "GIVE_UP", 3)
    busy, silent = Answer(503, "busy"), Answer(hang_up=True)
    server.answers = [busy, silent, Answer(400, "no"), busy, silent, busy]
    there = engine(server, concurrency=1, retries=0)
    completions = await there.generate([request(seed=seed) for seed in range(9)])
    kinds = [str(completion.error).partition(":")[0] for completion in completions]
    assert kinds == ["http_503", "connection", "http_400", "http_503", "connection", "http_503", *["not_asked"] * 3]
    assert completions[-1].error == "not_asked: the last 3 requests got no answer (http_503: busy)"
    assert len(server.asked) == 6


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that this thread was to sleep, and did not; what others of this process run sleeps as ever."""
    here, real, found = threading.get_ident(), asyncio.sleep, list[float]()

    async def sleep(seconds: float, result: object = None) -> object:
        if threading.get_ident() != here:
            return await real(seconds, result)
        found.append(seconds)
        return result

    monkeypatch.setattr("asyncio.sleep", sleep)
    return found


async def test_retry_after_is_waited_for(server: Server, pauses: list[float]) -> None:
    server.answers = [
        Answer(429, "", {"Retry-After": "17"}),
        Answer(503, "", {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}),
    ]
    await one(server, request())
    assert pauses == [17.0, 60.0]


async def test_pauses_grow(server: Server, pauses: list[float]) -> None:
    server.answers = [Answer(500, "oops")] * 5
    await one(server, request(), retries=5)
    assert len(pauses) == 5
    assert all(0.01 * 2**turn <= pause <= 0.01 * 2**turn + 0.01 for turn, pause in enumerate(pauses))


async def test_what_the_server_refuses_is_not_asked_again(server: Server) -> None:
    server.answers = [Answer(400, "the prompt is longer than the context")]
    assert (await one(server, request())).error == "http_400: the prompt is longer than the context"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": []}',
        '{"error": "x"}',
        "[]",
        '{"choices": [{"text": null}]}',
        '{"choices": [{"text": "4"}], "usage": {"prompt_tokens": -1}}',
        '{"choices": [{"text": "4"}], "usage": {"completion_tokens": 4294967296}}',
    ],
)
async def test_an_answer_in_another_schema_is_an_error_that_shows_it(server: Server, body: str) -> None:
    server.answers = [Answer(200, body)]
    completion = await one(server, request())
    assert completion.finish_reason == "error"
    assert str(completion.error).startswith("bad_answer: ")
    assert body in str(completion.error)


async def test_an_answer_that_is_nested_too_deep_to_be_read_is_an_error(server: Server) -> None:
    server.answers = [Answer(200, "[" * 100_000)]
    assert str((await one(server, request())).error).startswith("bad_answer: RecursionError")


@pytest.mark.parametrize("said", [None, "likely"])
async def test_a_logprob_that_is_no_number_is_an_error(server: Server, said: object) -> None:
    server.choice = {"logprobs": {"tokens": ["4"], "token_logprobs": [said]}}
    assert str((await one(server, request(logprobs=0))).error).startswith("bad_answer: ")


@pytest.mark.parametrize(
    ("said", "expected"), [("stop", "stop"), ("length", "length"), ("content_filter", "error"), (None, "stop")]
)
async def test_finish_reasons_are_translated(server: Server, said: str | None, expected: str) -> None:
    server.choice = {"finish_reason": said}
    assert (await one(server, request())).finish_reason == expected


async def test_without_a_finish_reason_an_answer_of_all_tokens_was_cut_off(server: Server) -> None:
    server.choice = {"finish_reason": None}
    assert (await one(server, request(max_tokens=3))).finish_reason == "length", "the server counts 3"


async def test_bad_prompts_are_not_sent(server: Server) -> None:
    completions = await engine(server).generate([request(""), request("a\0b")])
    assert {completion.finish_reason for completion in completions} == {"error"}
    assert server.asked == []


async def test_logprobs_of_the_completions_api(server: Server) -> None:
    server.choice = {
        "logprobs": {
            "tokens": ["4", "."],
            "token_logprobs": [-0.1, -2.0],
            "top_logprobs": [{"5": -3.0, "4": -0.1}, None],
        }
    }
    completion = await one(server, request(logprobs=2))
    assert server.asked[0]["logprobs"] == 2
    assert completion.logprobs is not None
    assert [(token.text, token.logprob, token.top) for token in completion.logprobs] == [
        ("4", -0.1, ((-1, "4", -0.1), (-1, "5", -3.0))),
        (".", -2.0, ()),
    ]


async def test_logprobs_of_the_chat_api(server: Server) -> None:
    entry = {"token": "4", "logprob": -0.1, "top_logprobs": [{"token": "4", "logprob": -0.1}]}
    server.choice = {"logprobs": {"content": [entry]}}
    completion = await one(server, request(logprobs=1), api="chat")
    assert (server.asked[0]["logprobs"], server.asked[0]["top_logprobs"]) == (True, 1)
    assert completion.logprobs is not None
    assert completion.logprobs[0].top == ((-1, "4", -0.1),)


async def test_the_chat_api_gets_a_conversation(server: Server) -> None:
    chat = engine(server, api="chat")
    turns = [Message(role="system", content="Be short."), Message(role="user", content="2+2?")]
    (completion,) = await chat.generate([request(await chat.render(turns), special_tokens=False)])
    assert completion.text == "2+2? #0"
    assert server.asked[0]["messages"] == [turn.model_dump() for turn in turns]


async def test_a_plain_prompt_is_what_the_user_says_in_a_chat(server: Server) -> None:
    await one(server, request("2+2?"), api="chat")
    assert server.asked[0]["messages"] == [{"role": "user", "content": "2+2?"}]


async def test_reasoning_that_a_server_has_parted_is_put_back_before_the_answer(server: Server) -> None:
    server.choice = {"message": {"content": "#### 4", "reasoning_content": "two and two"}}
    assert (await one(server, request(), api="chat")).text == "<think>two and two</think>#### 4"


async def test_what_an_engine_cannot_do_is_said(server: Server) -> None:
    plain, chat = engine(server), engine(server, api="chat")
    assert (plain.abilities.continues_prefix, plain.abilities.chat) == (True, False)
    assert (chat.abilities.continues_prefix, chat.abilities.chat) == (False, True)
    turn = [Message(role="user", content="2+2?")]
    with pytest.raises(ValueError, match="has no chat"):
        await plain.render(turn)
    with pytest.raises(ValueError, match="cannot continue"):
        await chat.render(turn, "It is")


async def test_the_key_is_sent_and_shows_nowhere_else(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MY_KEY", KEY)
    server.answers = [
        Answer(401, f"wrong key {KEY}"),
        Answer(200, json.dumps({"echo": KEY})),
        *[Answer(500, KEY)] * 3,
    ]
    keyed = engine(server, key_variable="MY_KEY", concurrency=1)
    completions = await keyed.generate([request(seed=seed) for seed in range(3)])
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert [completion.finish_reason for completion in completions] == ["error"] * 3
    shown = f"{completions} {keyed!r} {keyed.identity!r} {keyed._client!r} {keyed._client.headers!r} {caplog.text}"
    assert KEY not in shown


async def test_a_url_with_credentials_is_refused_without_showing_them() -> None:
    params = EngineParams(kind="http", url=f"http://me:{KEY}@host/v1")
    with pytest.raises(ValueError, match="holds credentials") as caught:
        HttpEngine(params)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("url", [None, "", "host:8000", "ftp://host/v1"])
def test_a_url_that_leads_nowhere_is_refused(url: str | None) -> None:
    with pytest.raises(ValueError, match="url"):
        HttpEngine(EngineParams(kind="http", url=url))


async def test_an_engine_opens_where_a_server_answers_and_learns_its_context(server: Server) -> None:
    listed = {"data": [{"id": "other"}, {"id": "some-model", "max_model_len": 2048}]}
    server.models = Answer(200, json.dumps(listed))
    async with open_engine(EngineParams(kind="http", model="some-model", url=server.url)) as opened:
        assert opened.abilities.context == 2048
        assert opened.identity.digest == f"{server.url}#some-model"


@pytest.mark.parametrize(("name", "owner"), [("stop_reason", "vllm"), ("matched_stop", "sglang")])
async def test_a_server_of_open_models_tells_which_stop_text_ended_a_completion(
    server: Server, name: str, owner: str
) -> None:
    server.models = Answer(200, json.dumps({"data": [{"id": "some-model", "owned_by": owner}]}))
    server.choice = {name: "\n"}
    ours = engine(server)
    assert not ours.abilities.tells_stop
    await ours.connect()
    assert ours.abilities.tells_stop
    said = await ours.generate([request(stop=("\n",)), request(seed=1)])
    assert [each.stopped_by for each in said] == ["\n", None]
    await ours.close()


async def test_a_server_without_a_list_of_models_is_taken_as_it_is(server: Server) -> None:
    async with open_engine(EngineParams(kind="http", url=server.url)) as opened:
        assert opened.abilities.context is None


async def test_a_server_whose_list_of_models_cannot_be_read_fails_before_any_request(server: Server) -> None:
    server.models = Answer(200, "not gzip", {"Content-Encoding": "gzip"})
    with pytest.raises(ConnectionError, match="DecodingError"):
        async with open_engine(EngineParams(kind="http", url=server.url)):
            pass


async def test_a_refused_key_fails_before_any_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    server.models = Answer(401, "no key")
    with pytest.raises(PermissionError, match="OPENAI_API_KEY is not set"):
        async with open_engine(EngineParams(kind="http", url=server.url)):
            pass


async def test_a_server_that_is_not_there_fails_before_any_request() -> None:
    with pytest.raises(ConnectionError, match=r"nothing answers at http://127\.0\.0\.1:1/v1"):
        async with open_engine(EngineParams(kind="http", url="http://127.0.0.1:1/v1")):
            pass
