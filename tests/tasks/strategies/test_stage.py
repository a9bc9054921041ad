from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.passk import pass_at_k
from evals.strategies.settings import DVTS, Beam, BestOf, Majority, Pass, Prune, Weighted
from tasks.engines.engine import EngineDied, Faults, failed
from tasks.engines.fake_engine import FakeEngine
from tasks.job import Outcome
from tasks.params import TracesParams
from tasks.strategies.params import StrategiesParams
from tasks.strategies.scores import BATCH
from tests.tasks.cancelling import Mute, ends_at_once
from tests.tasks.jobs import FAKE, at, commit, schema_of
from tests.tasks.strategies.games import ChecksSums, Counting, played, store

GUIDED = (Beam(width=2), DVTS(width=2), Prune(cut=0.5))


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    return await store(tmp_path)


def rows(outcome: Outcome, strategy: str = "", n: int | None = None) -> list[dict]:
    found = outcome.tables["strategies"].to_pylist()
    return [row for row in found if row["strategy"].startswith(strategy) and n in (None, row["n"])]


async def test_there_is_a_row_a_problem_strategy_and_n(root):
    outcome = await played(root, strategies=(Pass(), Majority()), ns=(1, 2, 4))
    assert outcome.tables["strategies"].schema == schema_of("strategies")
    assert [(row["strategy"], row["n"]) for row in rows(outcome)] == [
        (strategy, n) for _ in range(6) for strategy in ("pass", "majority") for n in (1, 2, 4)
    ]


async def test_what_the_traces_hold_costs_no_model_and_is_charged_to_each_strategy_alone(root):
    outcome = await played(root, scorer=ChecksSums(), strategies=(Majority(), BestOf(), Weighted()), ns=(4,))
    tokens: defaultdict[str, int] = defaultdict(int)
    for trace in at(root, "traces").read().to_pylist():
        tokens[trace["problem_id"]] += trace["tokens"]
    assert outcome.tokens == 0
    assert outcome.tables["strategy_samples"].num_rows == 0
    assert all((row["tokens"], row["samples"]) == (tokens[row["problem_id"]], 4) for row in rows(outcome))


async def test_a_verdict_is_that_of_the_chosen_trace(root):
    verdicts = {row["trace_id"]: row["verdict"] for row in at(root, "traces").read().to_pylist()}
    outcome = await played(root, scorer=ChecksSums(), strategies=(Majority(), BestOf()), ns=(1, 4))
    assert all(row["verdict"] == verdicts[row["sample_id"]] for row in rows(outcome))
    assert {row["verdict"] for row in rows(outcome, "best_of", 4)} == {"correct"}, "sums that hold are right here"


async def test_pass_is_estimated_from_all_samples_at_every_n(root):
    outcome = await played(root, strategies=(Pass(),), ns=(1, 2, 4))
    right = [row["right"] for row in rows(outcome, "pass", 4)]
    wanted = [sum(pass_at_k(4, each, n) for each in right) / len(right) for n in (1, 2, 4)]
    assert [point["accuracy"] for point in outcome.summary["strategies"]["pass"]] == pytest.approx(wanted)
    assert 0 < wanted[0] < wanted[2], "some traces err"


async def test_more_samples_than_there_are_traces_are_drawn_once_for_all_strategies(root):
    engine = Counting()
    outcome = await played(root, engine, ChecksSums(), strategies=(Majority(), BestOf()), ns=(6,))
    assert len(engine.asked) == 6 * 2
    assert outcome.tables["strategy_samples"].num_rows == outcome.summary["generated"] == 12
    assert outcome.tokens == sum(outcome.tables["strategy_samples"]["tokens"].to_pylist())
    more = Counting()
    await played(
        await store(root / "other", params=TracesParams(engine=FAKE, samples=6)), more, strategies=(Pass(),), ns=(6,)
    )
    assert more.asked == [], "six traces are what four traces and two more samples are"


async def test_six_samples_are_the_same_whether_they_were_traces_or_drawn_later(root, tmp_path):
    drawn = await played(root, Counting(), strategies=(Majority(),), ns=(6,))
    traced = await played(
        await store(tmp_path / "six", params=TracesParams(engine=FAKE, samples=6)), strategies=(Majority(),), ns=(6,)
    )
    assert drawn.tables["strategies"].equals(traced.tables["strategies"])


@pytest.mark.parametrize("settings", GUIDED, ids=lambda each: each.kind)
async def test_a_search_that_is_guided_by_sums_finds_the_right_answer(root, settings):
    outcome = await played(root, Counting(), ChecksSums(), strategies=(settings,), ns=(4,))
    assert [row["verdict"] for row in rows(outcome)] == ["correct"] * 6
    samples = {row["sample_id"]: row for row in outcome.tables["strategy_samples"].to_pylist()}
    assert all(
        row["tokens"] == sum(samples[s]["tokens"] for s in samples if samples[s]["problem_id"] == row["problem_id"])
        for row in rows(outcome)
    )


async def test_pruning_costs_less_than_the_traces_that_it_prunes(root):
    engine = Counting()
    outcome = await played(root, engine, ChecksSums(), strategies=(Prune(cut=0), Prune(cut=0.5)), ns=(4,))
    all_of_them = sum(row["tokens"] for row in rows(outcome, "prune(process, 0)"))
    assert sum(row["tokens"] for row in rows(outcome, "prune(process, 0.5)")) < all_of_them


async def test_a_killed_run_asks_for_the_rest_alone_and_comes_to_the_same_rows(root, tmp_path):
    other = await store(tmp_path / "other")
    whole, its_scorer = Counting(), ChecksSums()
    wanted = await played(other, whole, its_scorer, strategies=GUIDED, ns=(4,))
    broken, first = Counting(breaks_at=len(whole.asked) // 2), ChecksSums()
    with pytest.raises(EngineDied):
        await played(root, broken, first, strategies=GUIDED, ns=(4,))
    rest, second = Counting(), ChecksSums()
    outcome = await played(root, rest, second, strategies=GUIDED, ns=(4,))
    assert broken.asked
    assert len(broken.asked) + len(rest.asked) == len(whole.asked)
    assert {r.id: r.seed for r in (*broken.asked, *rest.asked)} == {r.id: r.seed for r in whole.asked}
    again = first.scored + second.scored - its_scorer.scored
    assert 0 <= again <= BATCH, "at most the batch that was under way is scored again"
    for name, table in wanted.tables.items():
        assert outcome.tables[name].equals(table), name


async def test_what_was_committed_serves_a_later_run_with_other_strategies(root):
    first = await played(root, Counting(), ChecksSums(), strategies=(Beam(width=2),), ns=(4,))
    params = StrategiesParams(strategies=(Beam(width=2),), ns=(4,))
    for name in ("strategy_samples", "strategy_scores"):
        commit(at(root, name), first.tables[name], params)
        at(root, name).ledger(params.generation_fingerprint()).clear()
    engine, scorer = Counting(), ChecksSums()
    second = await played(root, engine, scorer, strategies=(Beam(width=2), Majority()), ns=(4,))
    assert (engine.asked, scorer.calls, second.tokens) == ([], [], 0)
    assert rows(second, "beam") == rows(first)


async def test_a_text_is_scored_once_and_many_at_a_time(root):
    scorer = ChecksSums()
    outcome = await played(root, scorer=scorer, strategies=(BestOf(), Weighted(), BestOf(aggregate="min")), ns=(2, 4))
    texts = {(row["problem_id"], row["text"]) for row in at(root, "traces").read().to_pylist()}
    assert scorer.scored == outcome.summary["scored"] == len(texts)
    assert len(scorer.calls) <= 2


class Refuses(ChecksSums):
    """A verifier with a short context."""

    def score(self, items):
        if any(len(steps) > 2 for _, steps in items):
            raise ValueError("too long")
        return super().score(items)


async def test_a_text_that_the_verifier_cannot_read_is_chosen_last_and_harms_no_other(root):
    outcome = await played(root, scorer=Refuses(), strategies=(BestOf(),), ns=(4,))
    steps = {row["trace_id"]: len(row["steps"]) for row in at(root, "traces").read().to_pylist()}
    assert all((row["score"] is None) == (steps[row["sample_id"]] > 2) for row in rows(outcome))
    assert {row["score"] is None for row in rows(outcome)} == {True, False}


class TestBudget:
    async def test_it_is_never_passed_and_what_it_ends_is_unknown(self, root):
        params = {"strategies": (Majority(),), "ns": (1, 8)}
        outcome = await played(root, Counting(), budget=3 * 512, **params)
        assert 0 < outcome.tokens <= 3 * 512
        ended = [row for row in rows(outcome) if row["reason"] == "budget"]
        assert ended
        assert {(row["n"], row["verdict"], row["text"]) for row in ended} == {(8, "unknown", None)}
        assert outcome.counts["unknown"] == len(ended)
        point = outcome.summary["strategies"]["majority"][1]
        assert point["unknown"] == len(ended)

    async def test_one_that_holds_no_sample_ends_every_play_that_needs_one_and_no_other(self, root):
        engine = Counting()
        outcome = await played(root, engine, strategies=(Majority(),), ns=(4, 8), budget=511)
        assert (engine.asked, outcome.tokens, outcome.dead) == ([], 0, ())
        assert [(row["n"], row["reason"] == "budget") for row in rows(outcome)] == [(4, False), (8, True)] * 6

    async def test_it_counts_what_came_whatever_the_engine_says_of_it(self, root):
        class Silent(Counting):
            came = 0

            async def generate(self, requests, *, affinity=None):
                *completions, _ = await super().generate(requests, affinity=affinity)
                self.came += len(completions)
                silent = [replace(each, tokens=0) for each in completions]
                return [*silent, failed(requests[-1].id, "time_out", "nobody there")]

        engine = Silent()
        await played(root, engine, strategies=(Majority(),), ns=(8,), budget=5 * 512)
        assert 0 < engine.came <= 5

    async def test_a_larger_one_goes_on_from_what_was_paid_for(self, root):
        first, second = Counting(), Counting()
        await played(root, first, strategies=(Majority(),), ns=(8,), budget=3 * 512)
        outcome = await played(root, second, strategies=(Majority(),), ns=(8,))
        assert {r.id for r in first.asked}.isdisjoint(r.id for r in second.asked)
        assert len(first.asked) + len(second.asked) == 6 * 4
        assert outcome.counts["unknown"] == 0


async def test_a_run_that_is_cancelled_waits_for_no_sample_and_asks_for_no_other(root, monkeypatch):
    engine = Mute("arithmetic")
    await ends_at_once(engine, played(root, engine, strategies=(Majority(),), ns=(8,)), monkeypatch)


async def test_a_problem_that_the_engine_refuses_is_a_dead_letter_for_each_strategy_that_needs_it(root):
    question = at(root, "problems").read().to_pylist()[2]["question"]
    engine = Counting(faults=Faults(fail=question[:40]))
    outcome = await played(root, engine, strategies=(Majority(),), ns=(4, 8))
    (letter,) = outcome.dead
    assert (letter.kind, letter.stage) == ("fault", "strategies")
    assert letter.place.endswith("majority n=8")
    assert len(rows(outcome)) == 6 * 2 - 1


async def test_a_solution_that_fills_the_context_is_cut_off_and_not_lost(tmp_path):
    root = await store(tmp_path)
    longest = max(len(row["prompt"].split()) for row in at(root, "traces").read().to_pylist())
    engine = FakeEngine("arithmetic", context=longest + 6)
    outcome = await played(root, engine, ChecksSums(), strategies=(Beam(width=2),), ns=(2,))
    assert outcome.dead == ()
    assert "truncated" in {row["reason"] for row in rows(outcome)}


@pytest.mark.parametrize(
    ("can", "message"),
    [({"tells_stop": False}, "does not tell which stop text"), ({"continues_prefix": False}, "cannot continue a text")],
)
async def test_an_engine_that_cannot_go_step_by_step_is_refused(root, can, message):
    engine = Counting()
    engine.abilities = engine.abilities.model_copy(update=can)
    with pytest.raises(ValueError, match=message):
        await played(root, engine, ChecksSums(), strategies=(Beam(width=2),), ns=(2,))


class TestParams:
    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"ns": (0,)}, "majority at n=0|pass at n=0"),
            ({"strategies": ({"kind": "beam", "width": 4},), "ns": (2,)}, "needs at least 4"),
            ({"strategies": ({"kind": "best_of", "by": ["prm"]},)}, "verifier 'prm' is asked for"),
            ({"strategies": (Majority(), Majority(ns=(2,)))}, "majority is there twice"),
            ({"strategies": ({"kind": "guess"},)}, "guess"),
        ],
    )
    def test_what_cannot_be_played_is_refused_at_once(self, params, message):
        with pytest.raises(ValidationError, match=message):
            StrategiesParams(**params)

    async def test_a_strategy_may_be_played_on_fewer_problems_than_the_others(self, root):
        outcome = await played(root, strategies=(Majority(), Pass(problems=2)), ns=(2,))
        assert len(rows(outcome, "majority")) == 6
        assert len(rows(outcome, "pass")) == 2

    def test_a_strategy_may_have_n_of_its_own(self):
        params = StrategiesParams(strategies=(Majority(), Pass(ns=(3,))), ns=(1, 2))
        assert [(settings.kind, n) for settings, n in params.plays()] == [("majority", 1), ("majority", 2), ("pass", 3)]
