"""A language model as verifier by the probability of its yes, played by the stage."""

from collections.abc import Callable
from dataclasses import replace
from math import exp, log
from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.genrm import Answers
from evals.strategies.settings import BestOf, Weighted
from tasks.engines.engine import EngineParams, Request, TokenLogprob
from tasks.engines.fake_engine import add_up
from tasks.engines.http_engine import HttpEngine
from tasks.engines.vllm_engine import VLLMEngine
from tasks.job import Outcome
from tasks.strategies.params import VerifierRef
from tests.tasks.jobs import at, commit, problem_rows, solution, trace_row
from tests.tasks.openai_server import openai_server
from tests.tasks.strategies.games import TRACES, Counting, check_that_a_killed_run_goes_on, played, store
from tests.tasks.strategies.test_judging import rows, sums_hold

ASKED = BestOf(by=("prompted",))
P_YES = {"prompted": VerifierRef(kind="prompted", scoring="logprobs")}
BEHIND_CHECKS = {"prompted": VerifierRef(kind="prompted", scoring="logprobs", rationale=True, replies=4)}
QUESTION = "Is the answer correct"


def solution_in(request: Request) -> str:
    return request.prompt.partition("<solution>")[2].partition("</solution>")[0]


def says(request: Request) -> str:
    """Writes as the traces were written, checks by seed, and says yes of sums that hold."""
    if QUESTION in request.prompt:
        return "Yes" if sums_hold(solution_in(request)) else "No"
    return f"Check {request.seed % 3} is done." if "Write your checks" in request.prompt else add_up(request)


class Sure(Counting):
    """Finds yes as probable as it is told to, no a fifth of the rest, and a word of its own the others."""

    def __init__(self, p: Callable[[Request], float], **kwargs) -> None:
        super().__init__(says, **kwargs)
        self._p = p

    async def generate(self, requests, *, affinity=None):
        came = await super().generate(requests, affinity=affinity)
        return [
            replace(said, logprobs=self._told(request)) if request.sampling.logprobs else said
            for request, said in zip(requests, came, strict=True)
        ]

    def _told(self, request: Request) -> tuple[TokenLogprob, ...] | None:
        yes = self._p(request)
        listed = {" Yes": yes, " No": (1 - yes) / 5, "The": 4 * (1 - yes) / 5}
        return (TokenLogprob(0, " Yes", log(yes), tuple((-1, text, log(p)) for text, p in listed.items())),)


def by_sums(request: Request) -> float:
    return 0.75 if sums_hold(solution_in(request)) else 0.1


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    return await store(tmp_path)


def asked_for_yes(outcome: Outcome) -> list[dict]:
    samples = outcome.tables["strategy_samples"].to_pylist()
    return [row for row in samples if QUESTION in row["prompt"]]


async def test_the_sample_that_is_most_probably_right_is_chosen(root):
    outcome = await played(root, Sure(by_sums), strategies=(ASKED,), ns=(4,), verifiers=P_YES)
    assert [row["verdict"] for row in rows(outcome)] == ["correct"] * 6
    assert [row["score"] for row in rows(outcome)] == [pytest.approx(0.75 / 0.8)] * 6
    assert {(row["tokens"], row["finish_reason"]) for row in asked_for_yes(outcome)} <= {(1, "stop"), (1, "length")}


async def test_any_score_of_a_whole_solution_is_its_one_probability(root):
    every = tuple(Weighted(by=("prompted",), aggregate=how) for how in ("last", "min", "product", "mean"))
    outcome = await played(root, Sure(by_sums), strategies=every, ns=(1,), verifiers=P_YES)
    scores = {problem: set() for problem in {row["problem_id"] for row in rows(outcome)}}
    for row in rows(outcome):
        scores[row["problem_id"]].add(row["score"])
    assert all(len(each) == 1 for each in scores.values())


async def test_behind_rationales_it_is_the_mean_over_them(root):
    def by_check(request: Request) -> float:
        return next(p for check, p in enumerate((0.2, 0.5, 0.8)) if f"Check {check} is done." in request.prompt)

    def share(yes: float) -> float:
        return yes / (yes + (1 - yes) / 5)

    outcome = await played(root, Sure(by_check), strategies=(ASKED,), ns=(1,), verifiers=BEHIND_CHECKS)
    for row in rows(outcome):
        samples = outcome.tables["strategy_samples"].to_pylist()
        of = [each for each in samples if each["problem_id"] == row["problem_id"] and QUESTION not in each["prompt"]]
        assert len(of) == 4
        assert row["score"] == pytest.approx(sum(share((0.2, 0.5, 0.8)[each["seed"] % 3]) for each in of) / 4)
    assert len({row["score"] for row in rows(outcome)}) > 1


async def test_what_it_does_not_tell_is_unknown_and_counted_and_never_wrong(root):
    outcome = await played(root, Counting("words"), strategies=(ASKED,), ns=(1,), verifiers=P_YES)
    assert {row["score"] for row in rows(outcome)} == {None}
    (point,) = outcome.summary["strategies"][ASKED.title]
    assert point["counts"] == {"judge_replies": 6, "judge_replies_unreadable": 6, "judge_replies_without_logprobs": 0}


async def test_rationales_that_were_cut_off_are_not_asked_behind(root):
    short = {"prompted": BEHIND_CHECKS["prompted"].model_copy(update={"reply_tokens": 2})}
    outcome = await played(root, Counting(says), strategies=(ASKED,), ns=(1,), verifiers=short)
    assert asked_for_yes(outcome) == []
    assert {row["score"] for row in rows(outcome)} == {None}


async def test_a_server_that_leaves_the_log_probabilities_out_is_told_of(root):
    class Silent(Sure):
        def _told(self, request: Request) -> None:
            return None

    outcome = await played(root, Silent(by_sums), strategies=(ASKED,), ns=(1,), verifiers=P_YES)
    (point,) = outcome.summary["strategies"][ASKED.title]
    assert point["counts"]["judge_replies_without_logprobs"] == 6


@pytest.mark.parametrize(
    ("lacks", "verifiers", "why"),
    [("logprobs", P_YES, "no log-probabilities"), ("continues_prefix", BEHIND_CHECKS, "cannot continue")],
)
async def test_an_engine_that_cannot_is_refused_before_any_work(root, lacks, verifiers, why):
    engine = Sure(by_sums)
    engine.abilities = engine.abilities.model_copy(update={lacks: False})
    with pytest.raises(ValueError, match=why):
        await played(root, engine, strategies=(ASKED,), ns=(8,), verifiers=verifiers)
    assert engine.asked == []


async def test_without_a_rationale_an_engine_need_not_continue_its_own_text(root):
    engine = Sure(by_sums)
    engine.abilities = engine.abilities.model_copy(update={"continues_prefix": False})
    outcome = await played(root, engine, strategies=(ASKED,), ns=(4,), verifiers=P_YES)
    assert None not in {row["score"] for row in rows(outcome)}


async def test_a_server_that_speaks_the_chat_api_can_be_asked(root):
    params = EngineParams(kind="http", model="m", api="chat")
    verifiers = {"judge": P_YES["prompted"].model_copy(update={"engine": params})}
    with openai_server() as server:
        tops = [{"token": text, "logprob": log(p)} for text, p in {"Yes": 0.6, "No": 0.2, "Well": 0.2}.items()]
        server.choice = {"logprobs": {"content": [tops[0] | {"top_logprobs": tops}]}}
        judge = HttpEngine(params.model_copy(update={"url": server.url}))
        asked = BestOf(by=("judge",))
        outcome = await played(root, judge=judge, strategies=(asked,), ns=(1,), verifiers=verifiers)
        await judge.close()
    assert [row["score"] for row in rows(outcome)] == [pytest.approx(0.75)] * 6
    assert {(body["top_logprobs"], body["max_tokens"]) for body in server.asked} == {(20, 1)}


async def test_a_killed_run_asks_for_the_rest_alone_and_comes_to_the_same_rows(root, tmp_path):
    other = await store(tmp_path / "other")
    await check_that_a_killed_run_goes_on(root, other, says, strategies=(ASKED,), verifiers=BEHIND_CHECKS)


@pytest.mark.parametrize(
    "settings",
    [
        {"scoring": "logprobs", "replies": 4},
        {"rationale": True},
        {"scoring": "logprobs", "answers": ("Yes", " yes")},
        {"scoring": "logprobs", "answers": ("Yes", "")},
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings):
    with pytest.raises(ValidationError):
        VerifierRef(kind="prompted", **settings)


async def test_on_vllm_it_is_what_transformers_computes(tmp_path: Path, vllm_engine: VLLMEngine) -> None:
    """Of tokens that are likely enough: the embedded model's tokenizer cuts Yes and No, which it never says."""
    answers = ("3", "4")
    problems = problem_rows(8)
    right = [trace_row(each, solution(each), "correct", 0) for each in problems]
    commit(at(tmp_path, "problems"), problems, TRACES)
    commit(at(tmp_path, "traces"), right, TRACES)
    ref = VerifierRef(kind="prompted", scoring="logprobs", answers=answers)
    outcome = await played(tmp_path, vllm_engine, strategies=(ASKED,), ns=(1,), verifiers={"prompted": ref})
    prompts = {row["problem_id"]: row["prompt"] for row in asked_for_yes(outcome)}
    told = [(row["score"], _share(prompts[row["problem_id"]], answers)) for row in rows(outcome)]
    known = [(score, share) for score, share in told if score is not None]
    assert len(known) >= 5, "the others have an answer beyond the 20 likeliest tokens"
    assert [score for score, _ in known] == pytest.approx([share for _, share in known], abs=1e-3)
    assert max(share for _, share in known) - min(share for _, share in known) > 0.1


def _share(prompt: str, answers: Answers) -> float:
    """Yes among yes and no in the whole distribution of the next token."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tasks.engines.model import resolve

    path = resolve(EngineParams().model).path
    tokenizer = AutoTokenizer.from_pretrained(path)
    ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt").input_ids
    with torch.inference_mode():
        logprobs = AutoModelForCausalLM.from_pretrained(path).eval()(ids).logits[0, -1].float().log_softmax(-1)
    yes, no = (exp(logprobs[tokenizer.convert_tokens_to_ids(answer)].item()) for answer in answers)
    return yes / (yes + no)
