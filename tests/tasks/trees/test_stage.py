import asyncio
import json
import random
from pathlib import Path

import pytest

from evals.problems import generate
from tasks.engines.engine import Abilities, Request, Sampling
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.job import Outcome
from tasks.params import TracesParams, TreesParams
from tasks.trees.stage import grow, human_start
from tests.tasks.jobs import FAKE, at, commit, problem_rows, schema_of, trace_row, trees_job
from tests.tasks.test_labels import Counting, HalfSilent
from tests.tasks.walker import walk

TRACES = TracesParams(engine=FAKE, chat="off")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six problems, whose gold answer is 8, with a trace each that no tree can use."""
    problems = [row | {"answer": "8", "graph": ""} for row in problem_rows(6)]
    commit(at(tmp_path, "problems"), problems, TRACES)
    commit(at(tmp_path, "traces"), [trace_row(problem, ["Step 1: x\n"], "wrong") for problem in problems], TRACES)
    return tmp_path


async def grown(root: Path, engine: FakeEngine, **params) -> Outcome:
    async with Grader() as grader:
        return (
            await grow(trees_job(root, TreesParams(**({"k": 4, "root_k": 8} | params))), engine, grader)
        ).in_memory()


def forget(root: Path) -> None:
    """What earlier runs have kept."""
    trees_job(root, TreesParams()).ledger("tree_rollouts").clear()


def nodes(outcome: Outcome) -> list[dict]:
    return outcome.tables["trees"].to_pylist()


def roots(outcome: Outcome) -> list[dict]:
    return [row for row in nodes(outcome) if row["parent_id"] is None]


async def test_every_question_has_a_tree_and_every_first_error_is_in_its_place(root):
    outcome = await grown(root, FakeEngine(walk), k=16, root_k=16, rollouts=1000)
    assert outcome.tables["trees"].schema == schema_of("trees")
    assert len(roots(outcome)) == 6
    found = [row for row in nodes(outcome) if row["first_error"] is not None]
    assert len(found) > 20
    for row in found:
        steps = row["prefix"].split("Step")[1:]
        assert row["first_error"] == next(place for place, step in enumerate(steps) if "bad" in step)


async def test_rows_hang_together(root):
    outcome = await grown(root, FakeEngine(walk))
    by_id = {row["node_id"]: row for row in nodes(outcome)}
    rollouts = {row["rollout_id"]: row for row in outcome.tables["tree_rollouts"].to_pylist()}
    assert len(by_id) == len(nodes(outcome)) > 30
    for row in by_id.values():
        parent = by_id.get(row["parent_id"])
        above = parent["prefix"] if parent else ""
        assert row["prefix"] == above + "".join(row["steps"]), "prefixes can be rebuilt from the edges"
        assert row["depth"] == (parent["depth"] + 1 if parent else 0)
        if row["verdict"] is None:
            counted = [each["verdict"] for each in rollouts.values() if each["prefix_id"] == row["prefix_id"]]
            assert (row["successes"], row["failures"]) == (counted.count("correct"), counted.count("wrong"))
        else:
            assert row["prefix"].endswith(rollouts[row["rollout_id"]]["text"])
            assert row["verdict"] == rollouts[row["rollout_id"]]["verdict"]
    prefixes = [row for row in by_id.values() if row["verdict"] is None]
    assert sum(row["successes"] + row["failures"] for row in prefixes) == len(rollouts)


async def test_what_was_kept_is_not_asked_again(root):
    first = Counting(walk)
    outcome = await grown(root, first)
    again = Counting(walk)
    repeated = await grown(root, again)
    assert again.asked == []
    assert repeated.tables["trees"].equals(outcome.tables["trees"])
    assert repeated.tables["tree_rollouts"].equals(outcome.tables["tree_rollouts"])
    assert len(first.asked) == len(set(first.asked)) == outcome.summary["rollouts"]


async def test_a_larger_limit_asks_for_the_difference_alone(root):
    small, large = Counting(walk), Counting(walk)
    await grown(root, small, rollouts=16)
    outcome = await grown(root, large, rollouts=60)
    assert not set(small.asked) & set(large.asked)
    assert outcome.summary["rollouts"] == len(small.asked) + len(large.asked)


async def test_a_run_that_broke_off_goes_on_where_it_was(root, tmp_path_factory):
    """With a part of the ledger alone, in any order, the same tree comes for the rest of the rollouts."""
    whole = await grown(root, FakeEngine(walk))
    rows = whole.tables["tree_rollouts"].to_pylist()
    random.Random(5).shuffle(rows)
    kept = rows[: len(rows) // 2]
    elsewhere = tmp_path_factory.mktemp("again")
    for dataset in ("problems", "traces"):
        commit(at(elsewhere, dataset), at(root, dataset).read(), TRACES)
    with trees_job(elsewhere, TreesParams(k=4, root_k=8)).ledger("tree_rollouts") as ledger:
        ledger.append(kept)
    engine = Counting(walk)
    resumed = await grown(elsewhere, engine)
    assert not {row["rollout_id"] for row in kept} & set(engine.asked)
    assert len(engine.asked) == len(rows) - len(kept)
    assert resumed.tables["trees"].equals(whole.tables["trees"])


async def test_the_order_in_which_waves_arrive_changes_nothing(root):
    class Late(Counting):
        async def generate(self, requests, *, affinity=None):
            await asyncio.sleep(random.random() / 100)
            return await super().generate(requests, affinity=affinity)

    usual = await grown(root, FakeEngine(walk))
    forget(root)
    late = Late(walk)
    assert (await grown(root, late)).tables["trees"].equals(usual.tables["trees"])
    assert len(late.asked) == usual.summary["rollouts"]


async def test_traces_that_were_asked_for_alike_are_the_roots_rollouts(root):
    engine = Counting(walk)
    fresh = await grown(root, engine)
    rollouts = fresh.tables["tree_rollouts"].to_pylist()
    questions = {row["prefix_id"]: row["problem_id"] for row in roots(fresh)}
    alike = [
        {name: row[name] for name in ("problem_id", "text", "tokens", "seed", "verdict", "reason")}
        | {"trace_id": row["rollout_id"], "sample": row["rollout"]}
        for row in rollouts
        if row["prefix_id"] in questions and row["rollout"] < 3
    ]
    [problem, *_] = at(root, "problems").read().to_pylist()
    commit(at(root, "traces"), [trace_row(problem, [], "wrong") | row for row in alike], TRACES)
    forget(root)
    again = Counting(walk)
    outcome = await grown(root, again)
    assert len(again.asked) == len(engine.asked) - 6 * 3
    assert outcome.tables["trees"].equals(fresh.tables["trees"])
    assert outcome.tables["tree_rollouts"].num_rows == len(rollouts), "the trees' rollouts are complete by themselves"


class TestReports:
    async def test_questions_that_are_too_easy_or_too_hard_are_rows_and_counts(self, root):
        easy = await grown(root, FakeEngine({"": "Step 1: so\n#### 8"}))
        hard = await grown(root, FakeEngine({"": "Step 1: so\n#### 9"}), seed=1)
        for outcome, stop_rule in ((easy, "all_right"), (hard, "none_right")):
            assert [row["stop_rule"] for row in nodes(outcome)] == [stop_rule] * 6, "a root each, and nothing else"
            assert outcome.summary["stop_rule"] == {stop_rule: 6}
            assert outcome.summary["searched_questions"] == 0
            assert outcome.dead == ()
            assert outcome.tables["tree_rollouts"].num_rows == 6 * 8

    async def test_answers_without_any_text_are_counted_and_not_searched(self, root):
        outcome = await grown(root, FakeEngine({"": ["", "", "Step 1: so\n#### 8"]}))
        assert {row["verdict"] for row in nodes(outcome)} <= {None, "correct"}
        assert outcome.summary["searches"] == 0
        assert sum(row["failures"] for row in roots(outcome)) > 0

    async def test_answers_without_steps_are_ends_of_one_step(self, root):
        outcome = await grown(root, FakeEngine({"": ["#### 8", "#### 9"]}))
        wrong = [row for row in nodes(outcome) if row["verdict"] == "wrong"]
        assert [(row["steps"], row["first_error"]) for row in wrong] == [(["#### 9"], 0)] * len(wrong)
        assert outcome.tables["tree_rollouts"].num_rows == 6 * 8, "they cost nothing beyond the root"

    async def test_a_success_below_a_bad_node_is_reported(self, root):
        """Steps 1 to 3 always fail by themselves, though every right answer began with the same ones."""

        def contradicting(request: Request) -> str:
            written = request.prompt.rpartition("Answer:\n")[2]
            if written:
                return "Step 9: no\n#### 9"
            last = "no\n#### 9" if request.seed % 2 else "yes\n#### 8"
            return "Step 1: a\nStep 2: b\nStep 3: " + last

        outcome = await grown(root, FakeEngine(contradicting))
        told = [row for row in nodes(outcome) if row["contradicted"]]
        assert told
        assert {(row["hard"], row["proven"]) for row in told} == {(0, True)}
        assert outcome.summary["contradictions"] == len(told)

    async def test_an_unreadable_gold_answer_leaves_its_question_undecided(self, root):
        problems = [row | {"answer": ""} for row in at(root, "problems").read().to_pylist()]
        commit(at(root, "problems"), problems, TRACES)
        outcome = await grown(root, FakeEngine(walk))
        assert {row["stop_rule"] for row in nodes(outcome)} == {"undecided"}
        assert outcome.counts == {"unknown": 6}

    async def test_truth_is_told_where_the_graph_is_known(self, tmp_path):
        problems = [problem.row() | {"place": "test"} for problem in generate(4, seed=3)]
        by_question = {row["question"]: row for row in problems}

        def sloppy(request: Request) -> str:
            [row] = [row for question, row in by_question.items() if question in request.prompt]
            gold = row["solution"].splitlines(keepends=True)
            done = request.prompt.rpartition("Answer:\n")[2].count("\n")
            if request.seed % 2 or not done:
                return "".join(gold[done:])
            return "Step 9: 1 + 1 = 3\n#### 3"

        commit(at(tmp_path, "problems"), problems, TRACES)
        commit(at(tmp_path, "traces"), [trace_row(problems[0], ["x"], "wrong")], TRACES)
        outcome = await grown(tmp_path, FakeEngine(sloppy), root_k=2, start_steps=1)
        assert {row["truth"] for row in roots(outcome)} == {None}
        truths = {(row["verdict"], row["truth"]) for row in nodes(outcome) if row["parent_id"]}
        assert truths <= {("correct", 1), ("wrong", 0), (None, 1), (None, 0)}
        assert outcome.summary["first_error_accuracy"] == 1.0


class TestLimits:
    @pytest.mark.parametrize("rollouts", [8, 11, 12, 30])
    async def test_no_question_passes_its_rollouts(self, root, rollouts):
        outcome = await grown(root, FakeEngine(walk), rollouts=rollouts)
        spent = outcome.tables["tree_rollouts"].group_by("problem_id").aggregate([("rollout", "count")])
        assert max(spent["rollout_count"].to_pylist()) <= rollouts

    async def test_a_budget_ends_the_run_early_and_says_which_questions_are_unfinished(self, root):
        engine = Counting(walk)
        short = Sampling(max_tokens=20)
        outcome = await grown(root, engine, budget=1000, sampling=short)
        unfinished = [row["problem_id"] for row in roots(outcome) if row["stop_rule"] == "budget"]
        assert 0 < len(unfinished) == outcome.summary["unfinished"]
        assert 1000 - 8 * 20 < outcome.summary["rollout_tokens"] <= 1000, "what is left has no room for a wave"
        more = Counting(walk)
        finished = await grown(root, more, budget=10**9, sampling=short)
        assert finished.summary["unfinished"] == 0
        assert not set(more.asked) & set(engine.asked), "a larger budget goes on from there"

    async def test_a_budget_that_was_spent_by_an_earlier_attempt_stays_spent(self, root):
        await grown(root, FakeEngine(walk), budget=2000, sampling=Sampling(max_tokens=20))
        again = Counting(walk)
        await grown(root, again, budget=2000, sampling=Sampling(max_tokens=20))
        assert again.asked == []

    async def test_rollouts_of_a_refused_root_are_committed_and_never_asked_for_again(self, root):
        broken, whole = HalfSilent(walk, at=at(root, "problems").read()["question"][0].as_py()), Counting(walk)
        outcome = await grown(root, broken)
        assert len(outcome.dead) == 1
        commit(at(root, "tree_rollouts"), outcome.tables["tree_rollouts"], TreesParams())
        assert (await grown(root, whole)).dead == ()
        assert set(broken.asked) - broken.came < set(whole.asked)
        assert not set(whole.asked) & broken.came

    async def test_no_budget_at_all_asks_for_nothing(self, root):
        engine = Counting(walk)
        outcome = await grown(root, engine, budget=0)
        assert engine.asked == []
        assert [row["stop_rule"] for row in nodes(outcome)] == ["budget"] * 6

    async def test_only_the_first_problems_are_searched(self, root):
        assert len(roots(await grown(root, FakeEngine(walk), problems=2))) == 2


class TestRefusals:
    async def test_a_root_beyond_the_context_is_a_dead_letter_and_the_others_go_on(self, root):
        questions = at(root, "problems").read()["question"].to_pylist()
        around_it = len(["Question:", "Be", "concise.", "Answer:"])
        context = max(len(question.split()) for question in questions) + around_it
        outcome = await grown(root, FakeEngine(walk, context=context))
        refused = {json.loads(letter.payload)["problem_id"] for letter in outcome.dead}
        assert {letter.kind for letter in outcome.dead} == {"prompt_too_long"}
        there = {row["problem_id"] for row in roots(outcome)}
        assert 0 < len(there) < 6
        assert refused | there == set(at(root, "problems").read()["problem_id"].to_pylist())

    async def test_a_prefix_that_is_refused_is_a_dead_letter_and_its_tree_stands(self, root):
        class Stumbling(FakeEngine):
            async def generate(self, requests, *, affinity=None):
                said = await super().generate(requests, affinity=affinity)
                wanted = "Step 2: good\n"
                return [
                    await self._refuse(r) if r.prompt.endswith(wanted) else c
                    for r, c in zip(requests, said, strict=True)
                ]

            async def _refuse(self, request):
                [refusal] = await FakeEngine(walk, context=1).generate([request])
                return refusal

        outcome = await grown(root, Stumbling(walk))
        assert outcome.dead
        assert len(roots(outcome)) == 6
        refused = [row for row in nodes(outcome) if row["verdict"] is None and row["hard"] is None]
        assert {row["successes"] + row["failures"] + row["unknowns"] for row in refused} == {0}
        assert len(refused) == len(outcome.dead)

    async def test_an_engine_that_cannot_continue_its_own_text_is_refused_before_any_work(self, root):
        engine = Counting(walk)
        engine.abilities = Abilities(continues_prefix=False, logprobs=False, chat=True, context=None)
        with pytest.raises(ValueError, match="cannot continue a text of its own"):
            await grown(root, engine)
        assert engine.asked == []


class TestStarts:
    async def test_a_tree_starts_from_the_gold_solution(self, root):
        problems = [
            row | {"solution": "Step 1: good <<1+1=2>>h\nStep 2: good\n#### 8"}
            for row in at(root, "problems").read().to_pylist()
        ]
        commit(at(root, "problems"), problems, TRACES)
        outcome = await grown(root, FakeEngine(walk), start_steps=1)
        assert {row["prefix"] for row in roots(outcome)} == {"Step 1: good h\n"}
        assert all(row["prefix"].startswith("Step 1: good h\n") for row in nodes(outcome))

    def test_the_last_step_is_never_given_away(self):
        assert human_start("Step 1: a\nStep 2: b\n#### 8", 5) == ("Step 1: a\n",)
        assert human_start("", 2) == ()
        assert human_start("One line.", 2) == ()


def test_a_limit_below_the_root_is_refused():
    with pytest.raises(ValueError, match="root_k=32"):
        TreesParams(rollouts=20)


def test_what_was_paid_for_is_used_again_under_other_limits():
    base = TreesParams().generation_fingerprint()
    assert TreesParams(k=4, searches=3, rollouts=50, budget=1, c_puct=1.0).generation_fingerprint() == base
    assert TreesParams(sampling=Sampling(temperature=1.0)).generation_fingerprint() != base
