import random
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.engines.engine import Abilities, Request, Sampling, failed
from tasks.engines.fake_engine import FakeEngine, Script
from tasks.grading import Grader
from tasks.labels import label
from tasks.params import LabelsParams, TracesParams
from tests.tasks.cancelling import Mute, ends_at_once
from tests.tasks.jobs import FAKE, at, commit, labels_job, problem_rows, schema_of, trace_row

TRACES = TracesParams(engine=FAKE, chat="off")


class Counting(FakeEngine):
    """Remembers which requests it was asked, wave by wave."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.waves: list[list[str]] = []

    async def generate(self, requests, *, affinity=None):
        self.waves.append([request.id for request in requests])
        return await super().generate(requests, affinity=affinity)

    @property
    def asked(self) -> list[str]:
        return [request for wave in self.waves for request in wave]


def coin(request: Request) -> str:
    """Right with probability one third, by seed."""
    return "Step 9: so it is\n#### " + ("8" if random.Random(request.seed).random() < 1 / 3 else "9")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three problems, whose gold answer is 8, with two traces each."""
    problems = [row | {"answer": "8", "graph": ""} for row in problem_rows(3)]
    steps = ["Step 1: 2 + 3 = 5\n", "Step 2: 5 + 3 = 8\n", "Step 3: 8 + 0 = 8\n#### 8"]
    traces = []
    for problem in problems:
        traces.append(trace_row(problem, steps, "correct"))
        traces.append(trace_row(problem, [*steps[:1], "Step 2: 5 + 4 = 9\n#### 9"], "wrong", sample=1))
    commit(at(tmp_path, "problems"), problems, TRACES)
    commit(at(tmp_path, "traces"), traces, TRACES)
    return tmp_path


async def labelled(root: Path, engine: FakeEngine, **params):
    async with Grader() as grader:
        return (await label(labels_job(root, LabelsParams(**params)), engine, grader)).in_memory()


def hards(outcome) -> dict[str, int | None]:
    table = outcome.tables["labels"]
    return dict(zip(table["label_id"].to_pylist(), table["hard"].to_pylist(), strict=True))


async def test_every_step_gets_a_label_and_the_last_one_costs_nothing(root):
    outcome = await labelled(root, FakeEngine(coin), policy="fixed", k=4)
    table = outcome.tables["labels"]
    assert table.schema == schema_of("labels")
    assert table.num_rows == 3 * (3 + 2)
    last = [row for row in table.to_pylist() if row["step"] == row["steps"] - 1]
    assert {row["stop_rule"] for row in last} == {"answer"}
    assert {(row["trace_verdict"], row["hard"]) for row in last} == {("correct", 1), ("wrong", 0)}
    others = [row for row in table.to_pylist() if row["step"] < row["steps"] - 1]
    assert {row["successes"] + row["failures"] for row in others} == {4}


async def test_traces_that_begin_alike_share_their_rollouts(root):
    engine = Counting(coin)
    outcome = await labelled(root, engine, policy="fixed", k=4)
    assert len(engine.asked) == len(set(engine.asked)) == 3 * 2 * 4, "two prefixes a problem, not three"
    assert outcome.tables["rollouts"].num_rows == 24
    assert outcome.summary["rollouts"] == 24


async def test_early_stop_gives_the_same_hard_labels_for_fewer_rollouts(root):
    brute = await labelled(root, FakeEngine(coin), policy="fixed", k=8)
    engine = Counting(coin)
    early = await labelled(root, engine, policy="first_success", k=8, waves=(1, 1, 2))
    assert hards(early) == hards(brute)
    assert len(engine.asked) < brute.summary["rollouts"]


async def test_what_was_kept_is_not_asked_again(root):
    first = Counting(coin)
    outcome = await labelled(root, first, policy="fixed", k=4)
    again = Counting(coin)
    repeated = await labelled(root, again, policy="fixed", k=4)
    assert again.asked == []
    assert repeated.tables["labels"].equals(outcome.tables["labels"])
    assert repeated.tables["rollouts"].equals(outcome.tables["rollouts"])
    more = Counting(coin)
    await labelled(root, more, policy="fixed", k=6)
    assert len(more.asked) == 3 * 2 * 2, "raising k asks for the difference alone"


async def test_kept_rollouts_are_graded_by_todays_gold_answers(root):
    await labelled(root, FakeEngine(coin), policy="fixed", k=4)
    problems = [row | {"answer": "9"} for row in at(root, "problems").read().to_pylist()]
    commit(at(root, "problems"), problems, TRACES)
    engine = Counting(coin)
    outcome = await labelled(root, engine, policy="fixed", k=4)
    assert engine.asked == []
    rows = outcome.tables["rollouts"].to_pylist()
    assert {(row["extracted"], row["verdict"]) for row in rows} == {("8", "wrong"), ("9", "correct")}


async def test_a_prefix_beyond_the_context_is_a_dead_letter_and_the_others_go_on(root):
    long = FakeEngine(coin, context=45)
    problems = at(root, "problems").read().to_pylist()
    lengths = [len(problem["question"].split()) for problem in problems]
    assert min(lengths) < 30 < max(lengths), "the fixture needs questions on both sides of the context"
    outcome = await labelled(root, long, policy="fixed", k=2)
    dead = {letter.id for letter in outcome.dead}
    done = set(outcome.tables["labels"]["trace_id"].to_pylist())
    assert dead
    assert done
    assert not dead & done
    assert len(dead) + len(done) == 6
    assert all("context" in letter.message for letter in outcome.dead)


class HalfSilent(Counting):
    """The last request of a wave gets no answer where the prompt holds `at`."""

    def __init__(self, script: Script, at: str) -> None:
        super().__init__(script)
        self.at, self.came = at, set[str]()

    async def generate(self, requests, *, affinity=None):
        completions = await super().generate(requests, affinity=affinity)
        if self.at in requests[-1].prompt:
            completions[-1] = failed(requests[-1].id, "time_out", "nobody there")
        self.came |= {each.id for each in completions if not each.error}
        return completions


async def test_rollouts_of_a_dead_trace_are_committed_and_never_asked_for_again(root):
    params = LabelsParams(policy="fixed", k=4)
    broken, whole = HalfSilent(coin, at="5 + 3 = 8"), Counting(coin)
    outcome = await labelled(root, broken, policy="fixed", k=4)
    assert len(outcome.dead) == 3, "the right traces"
    commit(at(root, "rollouts"), outcome.tables["rollouts"], params)
    assert (await labelled(root, whole, policy="fixed", k=4)).dead == ()
    assert set(whole.asked) == set(broken.asked) - broken.came


async def test_a_text_that_cannot_be_stored_is_a_dead_letter(root):
    class Broken(FakeEngine):
        async def generate(self, requests, *, affinity=None):
            completions = await super().generate(requests, affinity=affinity)
            return [replace(completion, text="half a pair: \ud800 #### 8") for completion in completions]

    outcome = await labelled(root, Broken(coin), policy="fixed", k=2)
    assert {letter.kind for letter in outcome.dead} == {"bad_text"}
    assert len(outcome.dead) == 6
    assert outcome.tables["rollouts"].num_rows == 0


async def test_an_engine_that_cannot_continue_its_own_text_is_refused_before_any_work(root):
    engine = Counting(coin)
    engine.abilities = Abilities(continues_prefix=False, logprobs=False, chat=True, context=None)
    with pytest.raises(ValueError, match="cannot continue a text of its own"):
        await labelled(root, engine)
    assert engine.asked == []


async def test_truth_is_told_where_the_graph_is_known(tmp_path):
    problems = problem_rows(4)
    traces = [trace_row(problem, problem["solution"].splitlines(keepends=True)[:-1], "correct") for problem in problems]
    commit(at(tmp_path, "problems"), problems, TRACES)
    commit(at(tmp_path, "traces"), traces, TRACES)
    outcome = await labelled(tmp_path, FakeEngine("arithmetic"), policy="fixed", k=1)
    assert set(outcome.tables["labels"]["truth"].to_pylist()) == {1}
    assert 0 <= outcome.summary["label_accuracy"] <= 1


async def test_steps_carry_their_kinds_and_the_summary_says_how_each_kind_fares(root):
    outcome = await labelled(root, FakeEngine(coin), policy="fixed", k=4)
    rows = outcome.tables["labels"].to_pylist()
    assert [row["kinds"] for row in rows[:3]] == [["compute"], ["compute"], ["compute", "conclude"]]
    told = outcome.summary["kinds"]
    assert {kind: score["steps"] for kind, score in told.items()} == {"compute": 15, "conclude": 6}
    assert told["conclude"]["good"] == 0.5, "they are the answers, of which every other one is right"
    assert "agreement" not in told["compute"], "no truth is known here"


@pytest.mark.parametrize("policy", ["fixed", "first_success", "scan", "binary", "posterior"])
async def test_every_policy_resumes_without_asking_for_anything_twice(root, policy):
    whole = await labelled(root, Counting(coin), policy=policy, k=4)
    again = Counting(coin)
    repeated = await labelled(root, again, policy=policy, k=4)
    assert again.asked == []
    assert repeated.tables["labels"].equals(whole.tables["labels"])


@pytest.mark.parametrize("budget", [0, 20, 40, 10_000])
async def test_a_token_budget_ends_the_labels_early_and_cleanly(root, budget):
    engine = Counting(coin)
    outcome = await labelled(root, engine, policy="fixed", k=4, budget=budget, sampling=Sampling(max_tokens=9))
    spent = outcome.summary["rollout_tokens"]
    assert spent <= budget
    rows = outcome.tables["labels"].to_pylist()
    assert len(rows) == 3 * (3 + 2), "every step has a row"
    cut = [row for row in rows if row["stop_rule"] == "budget"]
    assert bool(cut) == (budget < 10_000)
    assert all(row["hard"] is None or row["successes"] for row in cut)
    more = Counting(coin)
    complete = await labelled(root, more, policy="fixed", k=4, budget=10_000, sampling=Sampling(max_tokens=9))
    assert not set(more.asked) & set(engine.asked), "a larger budget goes on from there"
    assert "budget" not in complete.tables["labels"]["stop_rule"].to_pylist()


@pytest.mark.parametrize("refused", [0, 1], ids=["no counts", "no counts, and the last of each wave fails"])
async def test_a_budget_counts_what_came_whatever_the_engine_says_of_it(root, refused):
    class Silent(Counting):
        came = 0

        async def generate(self, requests, *, affinity=None):
            completions = await super().generate(requests, affinity=affinity)
            broken = [failed(request.id, "time_out", "nobody there") for request in requests[len(requests) - refused :]]
            self.came += len(requests) - refused
            return [*(replace(each, tokens=0) for each in completions[: len(requests) - refused]), *broken]

    first, again = Silent(coin), Silent(coin)
    for engine in (first, again):
        await labelled(root, engine, policy="fixed", k=4, budget=8 * 9, sampling=Sampling(max_tokens=9))
    assert 0 < first.came <= 8
    assert first.came + again.came <= 8, "what an earlier attempt has spent stays spent"


async def test_a_run_that_is_cancelled_waits_for_no_rollout_and_asks_for_no_other(root, monkeypatch):
    engine = Mute(coin)
    await ends_at_once(engine, labelled(root, engine, policy="fixed", k=4), monkeypatch)


async def test_a_success_behind_a_bad_step_is_counted(root):
    def only_later(request: Request) -> str:
        return "#### 8" if "5 + 3" in request.prompt else "#### 9"

    outcome = await labelled(root, FakeEngine(only_later), policy="fixed", k=2)
    assert outcome.summary["contradictions"] == 3, "the first step of each right trace"
