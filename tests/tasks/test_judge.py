from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.judge import Reading, unread, written_verdicts
from evals.problems import Graph
from evals.truth import step_truths
from tasks.engines import http_engine
from tasks.engines.engine import EngineDied, EngineParams, Faults, Request, Resources, Sampling
from tasks.engines.fake_engine import FakeEngine
from tasks.engines.http_engine import HttpEngine
from tasks.job import Outcome
from tasks.judge import UnreadableJudge, by_program, judge
from tasks.params import JudgeParams, TracesParams
from tests.tasks.jobs import FAKE, at, commit, judge_job, problem_rows, schema_of, trace_row
from tests.tasks.openai_server import Answer, openai_server

TRACES = TracesParams(engine=FAKE)
WARM = Sampling(temperature=0.7, max_tokens=100)
STEPS = ["Step 1: 2 + 3 = 5\n", "Step 2: 5 + 3 = 8\n", "#### 8"]


class Counting(FakeEngine):
    """Remembers what it was asked, and breaks when it has answered so many."""

    def __init__(self, script: str | Callable[[Request], str], breaks_at: int | None = None, **kwargs: object) -> None:
        super().__init__(script, **kwargs)  # type: ignore[arg-type]
        self.asked: list[Request] = []
        self._breaks_at = breaks_at

    async def generate(self, requests, *, affinity=None):
        if self._breaks_at is not None and len(self.asked) + len(requests) > self._breaks_at:
            raise EngineDied("as the test wants it")
        self.asked += requests
        return await super().generate(requests, affinity=affinity)


def saying(*lines: str) -> Callable[[Request], str]:
    text = "\n".join(["I checked it.", "<verdicts>", *lines, "</verdicts>"])
    return lambda request: text


ALL_GOOD = saying("Step 0: good", "Step 1: good - 8 it is", "Step 2: good")


@pytest.fixture
def problems() -> list[dict]:
    return problem_rows(3)


@pytest.fixture
def root(tmp_path: Path, problems) -> Path:
    """Three problems with two traces of three steps each; their texts differ."""
    traces = [
        trace_row(problem, [*STEPS[:2], f"#### {sample}"], "wrong", sample) for problem in problems for sample in (0, 1)
    ]
    commit(at(tmp_path, "problems"), problems, TRACES)
    commit(at(tmp_path, "traces"), traces, TRACES)
    return tmp_path


async def judged(root: Path, engine: FakeEngine, **params) -> Outcome:
    return await judge(judge_job(root, JudgeParams(engine=FAKE, **params)), engine)


def rows(outcome: Outcome) -> list[dict]:
    return outcome.tables["judgements"].to_pylist()


def verdicts(outcome: Outcome, steps: int = 3) -> list[list[str]]:
    said = [row["verdict"] for row in rows(outcome)]
    return [said[start : start + steps] for start in range(0, len(said), steps)]


async def test_every_step_has_a_verdict_and_the_judges_own_words(root):
    outcome = await judged(root, FakeEngine(saying("Step 0: good", "Step 1: bad - 5 + 3 is 9", "Step 2: unknown")))
    assert outcome.tables["judgements"].schema == schema_of("judgements")
    assert verdicts(outcome) == [["good", "bad", "unknown"]] * 6
    row = rows(outcome)[1]
    assert (row["step"], row["steps"], row["text"], row["rationale"]) == (1, 3, STEPS[1], "5 + 3 is 9")
    assert (row["good"], row["bad"], row["unknown"], row["score"], row["reason"]) == (0, 1, 0, 0.0, "")
    assert rows(outcome)[2]["reason"] == "unsure"
    assert rows(outcome)[2]["score"] is None
    assert outcome.tables["replies"].num_rows == outcome.summary["replies"] == 6
    assert "I checked it." in outcome.tables["replies"]["text"][0].as_py()


async def test_the_judge_is_shown_the_question_the_numbered_steps_and_the_reference_that_was_asked_for(root, problems):
    engine = Counting(ALL_GOOD)
    await judged(root, engine, reference="solution")
    prompt = engine.asked[0].prompt
    assert problems[0]["question"] in prompt
    assert f"<step_1>\n{STEPS[1].strip()}\n</step_1>" in prompt
    assert problems[0]["solution"].strip() in prompt
    blind = Counting(ALL_GOOD)
    await judged(root, blind)
    assert problems[0]["solution"].strip() not in blind.asked[0].prompt


@pytest.mark.parametrize(
    ("reply", "said", "reason"),
    [
        ("colourless green ideas", "uuu", "no_verdict"),
        ("", "uuu", "empty"),
        ("I am sorry, but I cannot judge solutions.", "uuu", "no_verdict"),
        ("<verdicts>\nStep 2: bad\nStep 0: good\nStep 1: good\n</verdicts>", "ggb", None),
        ("<verdicts>\nStep 1: good\nStep 2: good\nStep 3: bad\n</verdicts>", "uuu", "numbering"),
        ("<verdicts>\nStep 0: good\nStep 1: good\nStep 2: good\nStep 3: good\n</verdicts>", "uuu", "numbering"),
        ("<verdicts>\nStep 0: good\nStep 1: bad\n</verdicts>", "gbu", "not_judged"),
        ("<verdicts>\nStep 0: good\nStep 1: hm\nStep 2: bad\n</verdicts>", "gub", "unreadable"),
        ("<verdicts> " + "x " * 200, "uuu", "truncated"),
    ],
)
async def test_what_a_judge_does_not_state_stays_unknown_with_a_reason(root, reply, said, reason):
    outcome = await judged(root, FakeEngine(lambda request: reply), sampling=WARM, max_unreadable=1)
    words = {"g": "good", "b": "bad", "u": "unknown"}
    assert verdicts(outcome) == [[words[letter] for letter in said]] * 6
    assert {row["reason"] for row in rows(outcome) if row["verdict"] == "unknown"} == ({reason} if reason else set())
    assert outcome.dead == ()


async def test_first_errors_leave_what_comes_behind_them_unknown(root):
    outcome = await judged(root, FakeEngine(lambda request: "Wrong in \\boxed{1}."), form="first_error")
    assert verdicts(outcome) == [["good", "bad", "unknown"]] * 6
    out_of_range = FakeEngine(lambda request: "Wrong in \\boxed{3}.")
    with pytest.raises(UnreadableJudge, match="numbering 6"):
        await judged(root, out_of_range, form="first_error", seed=1)


async def test_a_judge_that_fails_on_some_traces_is_unknown_there_and_goes_on(root, problems):
    script = {problems[0]["question"][:40]: "No idea.", ".": ALL_GOOD(None)}  # type: ignore[arg-type]
    outcome = await judged(root, FakeEngine(script))
    assert verdicts(outcome) == [["unknown"] * 3] * 2 + [["good"] * 3] * 4
    assert outcome.counts == {"unknown": 2}
    assert outcome.summary["unreadable"] == {"no_verdict": 2}
    assert outcome.summary["reasons"] == {"no_verdict": 6}


async def test_a_judge_that_talks_nonsense_fails_with_an_example_and_its_replies_are_kept(root):
    with pytest.raises(
        UnreadableJudge, match=r"6 of 6 replies \(100%, allowed 50%\) cannot be read: no_verdict 6.*Blah"
    ):
        await judged(root, FakeEngine(lambda request: "Blah."))
    again = Counting(lambda request: "Blah.")
    outcome = await judged(root, again, max_unreadable=1)
    assert again.asked == []
    assert outcome.summary["unknown"] == 18


async def test_a_better_parser_reads_the_kept_replies_and_nothing_is_generated(root, monkeypatch):
    monkeypatch.setattr(
        "tasks.judge.read_reply", lambda text, reason, steps, form: Reading(unread(steps, "unreadable"))
    )
    first = await judged(root, FakeEngine(ALL_GOOD))
    commit(at(root, "replies"), first.tables["replies"], JudgeParams(engine=FAKE))
    assert verdicts(first) == [["unknown"] * 3] * 6
    monkeypatch.undo()
    engine = Counting(ALL_GOOD)
    second = await judged(root, engine)
    assert engine.asked == []
    assert verdicts(second) == [["good"] * 3] * 6
    assert second.tables["replies"].equals(first.tables["replies"])
    assert second.tokens == 0


async def test_a_run_that_broke_asks_for_the_rest_alone_under_the_same_ids_and_seeds(root):
    whole = Counting(ALL_GOOD)
    wanted = await judged(root, whole, samples=2, sampling=WARM)
    kept = JudgeParams(engine=FAKE, sampling=WARM).generation_fingerprint()
    at(root, "replies").ledger(kept).clear()
    broken = Counting(ALL_GOOD, breaks_at=6)
    with pytest.raises(EngineDied):
        await judged(root, broken, samples=2, sampling=WARM)
    rest = Counting(ALL_GOOD)
    outcome = await judged(root, rest, samples=2, sampling=WARM)
    asked = {request.id: request.seed for request in (*broken.asked, *rest.asked)}
    assert asked == {request.id: request.seed for request in whole.asked}
    assert len(broken.asked) + len(rest.asked) == len(asked) == 12
    assert broken.asked
    assert outcome.tables["replies"].equals(wanted.tables["replies"])
    assert outcome.tables["judgements"].equals(wanted.tables["judgements"])


async def test_more_samples_ask_for_the_difference_and_the_majority_decides(root):
    def by_seed(request: Request) -> str:
        return written_verdicts(["good", "bad" if request.seed % 2 else "good", "good"])

    await judged(root, FakeEngine(by_seed), sampling=WARM)
    more = Counting(by_seed)
    outcome = await judged(root, more, samples=3, sampling=WARM)
    assert len(more.asked) == 6 * 2
    for row in rows(outcome):
        assert row["good"] + row["bad"] == 3
        assert row["verdict"] == ("bad" if row["bad"] > 1 else "good")
    assert {row["bad"] for row in rows(outcome) if row["step"] == 1} & {1, 2}, "seeds that differ"


async def test_equal_solutions_share_their_reply(tmp_path, problems):
    commit(at(tmp_path, "problems"), problems, TRACES)
    commit(at(tmp_path, "traces"), [trace_row(problems[0], STEPS, "wrong", sample) for sample in (0, 1)], TRACES)
    engine = Counting(ALL_GOOD)
    outcome = await judged(tmp_path, engine)
    assert len(engine.asked) == 1
    assert verdicts(outcome) == [["good"] * 3] * 2


class TestBudget:
    async def test_it_ends_the_run_early_and_is_never_exceeded(self, root):
        outcome = await judged(root, FakeEngine(ALL_GOOD), budget=150, sampling=WARM)
        assert outcome.tokens <= 150
        assert 0 < outcome.summary["replies"] < 6
        left = [row for row in rows(outcome) if row["verdict"] == "unknown"]
        assert {row["reason"] for row in left} == {"budget"}
        assert len(left) == 3 * (6 - outcome.summary["replies"])
        assert outcome.dead == ()

    async def test_a_higher_one_goes_on_from_what_was_paid_for(self, root):
        first = Counting(ALL_GOOD)
        await judged(root, first, budget=150, sampling=WARM)
        second = Counting(ALL_GOOD)
        outcome = await judged(root, second, budget=10_000, sampling=WARM)
        assert outcome.summary["replies"] == 6
        assert {r.id for r in first.asked}.isdisjoint(r.id for r in second.asked)

    async def test_what_was_kept_counts_so_that_a_killed_run_does_not_spend_it_twice(self, root):
        first = await judged(root, FakeEngine(ALL_GOOD), budget=150, sampling=WARM)
        second = Counting(ALL_GOOD)
        again = await judged(root, second, budget=150, sampling=WARM)
        assert second.asked == []
        assert again.tables["judgements"].equals(first.tables["judgements"])

    async def test_none_at_all_asks_nothing(self, root):
        engine = Counting(ALL_GOOD)
        outcome = await judged(root, engine, budget=0)
        assert engine.asked == []
        assert outcome.summary["reasons"] == {"budget": 18}


async def test_requests_that_the_engine_refuses_are_dead_letters_and_their_steps_unknown(root, problems):
    engine = FakeEngine(ALL_GOOD, faults=Faults(fail=problems[1]["question"][:30]))
    outcome = await judged(root, engine)
    assert [letter.kind for letter in outcome.dead] == ["fault"] * 2
    assert problems[1]["problem_id"] in outcome.dead[0].place
    assert verdicts(outcome) == [["good"] * 3] * 2 + [["unknown"] * 3] * 2 + [["good"] * 3] * 2
    assert {row["reason"] for row in rows(outcome)} == {"", "no_reply"}


async def test_a_trace_without_steps_or_problem_is_a_dead_letter(tmp_path, problems):
    commit(at(tmp_path, "problems"), problems[:2], TRACES)
    traces = [trace_row(problem, STEPS, "wrong") for problem in problems] + [trace_row(problems[0], [], "unknown", 1)]
    commit(at(tmp_path, "traces"), traces, TRACES)
    outcome = await judged(tmp_path, FakeEngine(ALL_GOOD))
    assert sorted(letter.kind for letter in outcome.dead) == ["no_problem", "no_steps"]
    assert verdicts(outcome) == [["good"] * 3] * 2


class TestServer:
    """A judge behind HTTP."""

    async def asked(self, root: Path, answers: Sequence[Answer], choice: dict | None = None) -> tuple[Outcome, int]:
        with openai_server() as server:
            server.answers, server.choice = list(answers), choice or {}
            engine = EngineParams(kind="http", model="judge", url=server.url, api="chat")
            resources = Resources(timeout=0.2, retries=0, concurrency=2)
            client = HttpEngine(engine, resources)
            try:
                outcome = await judge(judge_job(root, JudgeParams(engine=engine), resources), client)
            finally:
                await client.close()
            return outcome, len(server.asked)

    async def test_its_replies_are_read_as_any_other(self, root):
        said = {"message": {"role": "assistant", "content": ALL_GOOD(None)}}  # type: ignore[arg-type]
        outcome, asked = await self.asked(root, [], said)
        assert verdicts(outcome) == [["good"] * 3] * 6
        assert asked == 6

    async def test_one_that_never_answers_is_given_up_and_leaves_dead_letters_and_unknown_steps(
        self, root, monkeypatch
    ):
        monkeypatch.setattr(http_engine, "GIVE_UP", 2)
        outcome, asked = await self.asked(root, [Answer(seconds=2, hang_up=True)] * 6)
        kinds = [letter.kind for letter in outcome.dead]
        assert kinds.count("time_out") == asked < 6
        assert kinds.count("time_out") + kinds.count("not_asked") == 6
        assert "no answer within 0.2 seconds" in outcome.dead[-1].message
        assert {row["reason"] for row in rows(outcome)} == {"no_reply"}
        assert outcome.tables["replies"].num_rows == 0

    async def test_one_that_fails_once_goes_on(self, root):
        said = {"message": {"role": "assistant", "content": ALL_GOOD(None)}}  # type: ignore[arg-type]
        outcome, _ = await self.asked(root, [Answer(status=500, body="out of memory")], said)
        assert [letter.kind for letter in outcome.dead] == ["http_500"]
        assert outcome.summary["good"] == 15
        assert outcome.summary["reasons"] == {"no_reply": 3}

    async def test_empty_answers_are_unknown(self, root):
        with pytest.raises(UnreadableJudge, match="empty 6"):
            await self.asked(root, [], {"message": {"role": "assistant", "content": ""}})


class TestProgram:
    def test_its_verdicts_are_the_truth_and_say_what_is_wrong(self, tmp_path, problems):
        right = problems[0]["solution"].replace("<<", "(").splitlines(keepends=True)
        problem = problems[0]
        graph = Graph.from_json(problem["graph"])
        node = graph.nodes[0]
        wrong = [f"{node.value} + 1 = {node.value}\n", f"#### {graph.answer + 1}"]
        commit(at(tmp_path, "problems"), problems, TRACES)
        traces = [trace_row(problem, right, "correct"), trace_row(problem, wrong, "wrong", 1)]
        commit(at(tmp_path, "traces"), traces, TRACES)
        outcome = by_program(judge_job(tmp_path, JudgeParams(kind="program")))
        expected = [*step_truths(graph, right), *step_truths(graph, wrong)]
        assert [row["verdict"] for row in rows(outcome)] == ["good" if truth else "bad" for truth in expected]
        assert "does not hold" in rows(outcome)[len(right)]["rationale"]
        assert outcome.summary["first_error_accuracy"] == 1
        assert outcome.tables["replies"].num_rows == 0

    def test_it_knows_nothing_of_problems_without_their_computation(self, tmp_path, problems):
        commit(at(tmp_path, "problems"), [row | {"graph": ""} for row in problems], TRACES)
        commit(at(tmp_path, "traces"), [trace_row(problems[0], STEPS, "wrong")], TRACES)
        outcome = by_program(judge_job(tmp_path, JudgeParams(kind="program")))
        assert outcome.summary["reasons"] == {"no_graph": 3}
        assert "first_error_accuracy" not in outcome.summary

    def test_a_judge_is_scored_against_people_where_they_annotated_the_steps(self, tmp_path, problems):
        commit(at(tmp_path, "problems"), problems, TRACES)
        told = trace_row(problems[0], STEPS, "wrong") | {"truths": [1, 0, None]}
        unknown = trace_row(problems[0], STEPS, "wrong", 1) | {"truths": [None, 0, None]}
        commit(at(tmp_path, "traces"), [told, unknown], TRACES)
        summary = by_program(judge_job(tmp_path, JudgeParams(kind="program"))).summary
        assert summary["first_error_accuracy"] == 0, "the program finds the first step wrong, the person the second"


class TestParams:
    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({}, "needs a judge"),
            ({"kind": "program", "engine": FAKE}, "asks no model"),
            ({"engine": FAKE, "samples": 3}, "3 times the same reply"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, given, why):
        with pytest.raises(ValidationError, match=why):
            JudgeParams(**given)

    def test_what_changes_no_reply_keeps_what_was_paid_for(self):
        first = JudgeParams(engine=FAKE, sampling=WARM)
        more = first.model_copy(update={"samples": 5, "budget": 9, "max_unreadable": 1.0, "traces_per_problem": 1})
        assert more.generation_fingerprint() == first.generation_fingerprint()
        assert JudgeParams(engine=FAKE, form="first_error").generation() != JudgeParams(engine=FAKE).generation()
