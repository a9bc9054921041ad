"""Contestants that meet, and who judges them."""

import asyncio
import datetime
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from evals.identity import row_id
from flows.run.execute import execute
from flows.run.work import InputsMissing, Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.arena.battles import judged_by, run
from tasks.arena.contestants import NoBattles
from tasks.arena.params import BattlesParams, RatingsParams
from tasks.engines.engine import EngineParams, Request, Resources
from tasks.engines.fake_engine import FakeEngine
from tasks.job import Job, Outcome
from tasks.judge import UnreadableJudge
from tasks.params import TracesParams
from tests.tasks.jobs import FAKE, commit, problem_rows, quiet, trace_row

DAY = datetime.date(2026, 1, 2)
ARENA = Partition(date=DAY, source="generated", run="arena")
NAMES = ("best", "middle", "worst")
PROBLEMS = 20


def place(name: str) -> Partition:
    return Partition(date=DAY, source="generated", model=name, run="main")


def address(name: str) -> str:
    return f"traces/{place(name)}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three contestants: `best` is right always, `middle` on even problems, `worst` never; the worse, the wordier."""
    store, params = Store(tmp_path), TracesParams(engine=FAKE)
    problems = problem_rows(PROBLEMS)
    commit(store.at("problems", Partition(date=DAY, source="generated")), problems, params)
    for wordy, name in enumerate(NAMES, 1):
        rows = []
        for n, problem in enumerate(problems):
            right = name == "best" or (name == "middle" and n % 2 == 0)
            row = trace_row(problem, ["so " * 10 * wordy, "#### 1"], "correct" if right else "wrong")
            rows.append(row | {"trace_id": row_id(name, n), "model": name})
        commit(store.at("traces", place(name)), rows, params)
    return tmp_path


def params(**given: Any) -> BattlesParams:
    return BattlesParams(**{"contestants": {name: address(name) for name in NAMES}} | given)


def job(root: Path, asked: BattlesParams) -> Job[BattlesParams]:
    store = Store(root)
    inputs = {"problems": store.at("problems", place("x").without_model())}
    inputs |= {each: store.at("traces", Partition.parse(each.partition("/")[2])) for each in asked.contestants.values()}
    outputs = {name: store.at(name, ARENA) for name in ("battle_replies", "battles")}
    return Job(asked, Resources(), ARENA, inputs, outputs, quiet)


def battles(outcome: Outcome) -> list[dict[str, Any]]:
    return list(outcome.tables["battles"].to_pylist())


def fought(root: Path, **given: Any) -> list[dict[str, Any]]:
    return battles(run(job(root, params(**given))))


class TestGold:
    def test_right_beats_wrong_and_both_is_a_kind_of_tie(self, root: Path) -> None:
        rows = fought(root, battles=1000)
        assert len(rows) == 3 * PROBLEMS, "each pair meets once on each problem"
        seen = Counter()
        for row in rows:
            pair = tuple(sorted((row["model_a"], row["model_b"])))
            won = row[row["winner"]] if row["winner"].startswith("model") else row["winner"]
            seen[pair, won] += 1
        half = PROBLEMS // 2
        assert seen == {
            (("best", "worst"), "best"): PROBLEMS,
            (("best", "middle"), "best"): half,
            (("best", "middle"), "tie"): half,
            (("middle", "worst"), "middle"): half,
            (("middle", "worst"), "both_bad"): half,
        }

    def test_sides_are_dealt_and_do_not_depend_on_who_is_named_first(self, root: Path) -> None:
        rows = fought(root, battles=1000)
        firsts = Counter(row["model_a"] for row in rows if {row["model_a"], row["model_b"]} == {"best", "worst"})
        assert min(firsts.values()) >= 4

    def test_an_unknown_verdict_decides_nothing(self, root: Path) -> None:
        store = Store(root)
        rows = store.at("traces", place("best")).read().to_pylist()
        commit(store.at("traces", place("best")), [r | {"verdict": "unknown"} for r in rows], TracesParams(engine=FAKE))
        outcome = run(job(root, params(battles=1000)))
        assert outcome.counts["unknown"] == 2 * PROBLEMS
        assert {r["reason"] for r in battles(outcome) if r["winner"] == "unknown"} == {"unknown_verdict"}

    def test_rows_say_style_question_category_and_traces(self, root: Path) -> None:
        [row] = fought(root, battles=1)
        words = {"best": 12, "middle": 22, "worst": 32}
        assert (row["length_a"], row["length_b"]) == (words[row["model_a"]], words[row["model_b"]])
        problem = next(p for p in problem_rows(PROBLEMS) if p["problem_id"] == row["prompt_id"])
        assert (row["question"], row["categories"]) == (problem["question"], [problem["pattern"]])
        assert not row["simulated"]
        assert row["trace_a"] != row["trace_b"]

    def test_fewer_battles_are_a_random_part_of_all(self, root: Path) -> None:
        rows = fought(root, battles=12)
        assert len(rows) == 12
        assert len({row["battle_id"] for row in rows}) == 12
        assert [r["battle_id"] for r in rows] == [r["battle_id"] for r in fought(root, battles=12)]
        assert {r["battle_id"] for r in rows} != {r["battle_id"] for r in fought(root, battles=12, seed=1)}

    def test_informative_pairs_are_those_that_are_in_doubt(self, root: Path) -> None:
        pairs = Counter(
            frozenset((row["model_a"], row["model_b"])) for row in fought(root, battles=30, pairs="informative")
        )
        assert sum(pairs.values()) == 30
        assert min(pairs, key=pairs.__getitem__) == {"best", "worst"}, "whose result is known already"


class TestVoters:
    STRENGTHS: ClassVar = {"best": 1100.0, "middle": 1000.0, "worst": 900.0}

    def test_every_row_says_that_it_is_a_simulation(self, root: Path) -> None:
        outcome = run(job(root, params(judge="voters", voters={"strengths": self.STRENGTHS}, battles=50)))
        assert all(row["simulated"] and row["judge"] == "voters" for row in battles(outcome))
        assert outcome.summary["simulated"] is True
        assert outcome.summary["planted"] == self.STRENGTHS

    def test_they_see_the_style_of_the_real_answers(self, root: Path) -> None:
        equal = dict.fromkeys(NAMES, 1000.0)
        rows = fought(
            root, judge="voters", voters={"strengths": equal, "bias": {"length": 5000}, "ties": 0}, battles=60
        )
        assert all(row["winner"] == ("model_a" if row["length_a"] > row["length_b"] else "model_b") for row in rows)

    @pytest.mark.parametrize(
        ("voters", "why"),
        [
            ({"strengths": {"best": 1}}, "one for each contestant"),
            ({"strengths": STRENGTHS, "bias": {"wit": 3}}, "'wit'"),
            ({"strengths": STRENGTHS | {"best": float("nan")}}, "finite"),
            ({"strengths": STRENGTHS, "ties": 0.7}, "less than or equal to 0.5"),
        ],
    )
    def test_voters_that_make_no_sense_are_refused(self, voters: dict[str, Any], why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            params(judge="voters", voters=voters)


def longer(request: Request) -> str:
    """A judge who likes length."""
    a, b = (request.prompt.split(f"<answer_{side}>")[1].split("</answer")[0] for side in "ab")
    return "Checked. <verdict>" + ("A" if len(a) > len(b) else "B") + "</verdict>"


class TestModel:
    JUDGE: ClassVar = {"judge": "model", "engine": EngineParams(kind="fake", model="echo")}

    def judged(self, root: Path, script: Any, **given: Any) -> tuple[Outcome, FakeEngine]:
        engine = FakeEngine(script, context=100_000)
        return asyncio.run(judged_by(job(root, params(**self.JUDGE | given)), engine)), engine

    def test_both_orders_are_asked_and_are_one_prompt_s_battles(self, root: Path) -> None:
        outcome, _ = self.judged(root, longer, battles=10)
        rows = battles(outcome)
        assert len(rows) == 20
        for first, second in zip(rows[::2], rows[1::2], strict=True):
            assert (first["model_a"], first["model_b"]) == (second["model_b"], second["model_a"])
            assert first[first["winner"]] == second[second["winner"]]
        assert outcome.summary["both_orders"] == {"pairs": 10, "consistent": 1.0, "first": 0.0, "second": 0.0}
        assert outcome.tables["battle_replies"].num_rows == 20
        assert {row["reply_id"] for row in rows} == set(outcome.tables["battle_replies"]["reply_id"].to_pylist())

    def test_a_judge_that_takes_whoever_comes_first_is_told(self, root: Path) -> None:
        outcome, _ = self.judged(root, lambda request: "<verdict>A</verdict>", battles=10)
        assert outcome.summary["both_orders"]["first"] == 1.0
        assert outcome.summary["first_shown"] == 1.0

    def test_replies_that_were_kept_are_not_asked_for_again(self, root: Path) -> None:
        first, _ = self.judged(root, longer, battles=10)
        again, _ = self.judged(root, lambda request: "<verdict>tie</verdict>", battles=15)
        # the fake's digest is part of a prompt's id: the same judge is needed to find its replies
        assert again.summary["generated"] == 30
        same, _ = self.judged(root, longer, battles=15)
        assert first.summary["generated"] == 20
        assert same.summary["generated"] == 10
        assert {r["battle_id"] for r in battles(first)} <= {r["battle_id"] for r in battles(same)}

    def test_an_unreadable_reply_is_unknown_and_no_tie(self, root: Path) -> None:
        outcome, _ = self.judged(
            root, lambda r: longer(r) if "so so so so so so so so so so\n" in r.prompt else "Hm.", max_unreadable=1.0
        )
        unknown = [row for row in battles(outcome) if row["winner"] == "unknown"]
        assert outcome.counts["unknown"] == len(unknown) > 0
        assert {row["reason"] for row in unknown} == {"no_verdict"}

    def test_a_judge_that_cannot_be_read_is_none(self, root: Path) -> None:
        with pytest.raises(UnreadableJudge, match=r"no_verdict 20. One begins 'Hm"):
            self.judged(root, lambda request: "Hm.", battles=10)

    def test_a_budget_is_not_passed_and_what_it_leaves_out_is_unknown(self, root: Path) -> None:
        outcome, _ = self.judged(root, longer, battles=10, budget=2060, max_unreadable=1.0)
        reasons = Counter(row["reason"] for row in battles(outcome))
        assert reasons["budget"] > 0
        assert outcome.tokens <= 2060

    def test_the_most_informative_pairs_can_be_judged_by_a_model(self, root: Path) -> None:
        outcome, _ = self.judged(root, longer, battles=20, pairs="informative")
        assert len(battles(outcome)) == 40


class TestParams:
    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({"contestants": {}}, "one of imported, contestants and simulated"),
            ({"contestants": {"one": address("best")}}, "a battle has two sides"),
            ({"contestants": {"one": address("best"), "two": address("best")}}, "nobody fights against oneself"),
            ({"contestants": {"one": address("best"), "two": "labels/date=2026-01-02"}}, "no address of traces"),
            ({"contestants": {"one": address("best"), "two": "traces/2026"}}, "is no partition"),
            ({"imported": {"path": "x.csv"}}, "one of imported"),
            ({"judge": "model"}, "needs an `engine`"),
            ({"engine": {"kind": "fake", "model": "echo"}}, "needs an `engine`, and only it"),
            ({"contestants": {}, "simulated": {"a": {}, "b": {}}}, "use judge='voters'"),
            (
                {"contestants": {}, "judge": "voters", "simulated": {"a": {"wit": 1}, "b": {}}},
                "are no counts",
            ),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, given: dict[str, Any], why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            params(**given)

    def test_what_changes_no_reply_keeps_what_was_paid_for(self) -> None:
        first = params(**TestModel.JUDGE)
        more = first.model_copy(update={"battles": 9, "pairs": "informative", "both_orders": False, "budget": 5})
        assert more.generation_fingerprint() == first.generation_fingerprint()
        assert params(**TestModel.JUDGE, rubric="Else.").generation() != first.generation()


def test_contestants_whose_traces_are_not_there_are_named(root: Path) -> None:
    asked = params(contestants={"best": address("best"), "ghost": address("ghost")})
    with pytest.raises(InputsMissing, match=r"nothing is committed at traces/.*model=ghost"):
        execute(Work(STAGES["battles"], ARENA, asked, Store(root)))


def test_contestants_that_share_no_problem_cannot_meet(root: Path) -> None:
    store = Store(root)
    rows = [row | {"problem_id": "other"} for row in store.at("traces", place("best")).read().to_pylist()]
    commit(store.at("traces", place("best")), rows, TracesParams(engine=FAKE))
    with pytest.raises(NoBattles, match="best shares no problem"):
        fought(root)


def test_battles_of_contestants_are_committed_and_rated_under_their_run(root: Path) -> None:
    store = Store(root)
    done = execute(Work(STAGES["battles"], ARENA, params(battles=1000), store))
    assert done.manifests["battles"].inputs.keys() == {"problems", "battle_replies", *map(address, NAMES)}
    execute(Work(STAGES["ratings"], ARENA, RatingsParams(features=()), store))
    board = store.at("ratings", ARENA).read().to_pylist()
    assert [row["model"] for row in board] == [*NAMES]
    assert [row["ties"] for row in board] == [PROBLEMS / 2, PROBLEMS, PROBLEMS / 2]
