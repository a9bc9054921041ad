"""What a backfill would do, told from storage alone."""

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from evals.gates import Gate
from flows.backfills.plan import Backfill, Cost, Days, Plan, Reprocess
from flows.cli import app
from flows.commands.backfill import Asked
from flows.orders.night import Night, of_the_day
from flows.run.addresses import Unclear, Wanted
from flows.run.execute import execute
from storage.manifest import Expected
from storage.partition import Partition
from storage.store import Store
from tasks.arena.params import BattlesParams
from tasks.engines.engine import EngineParams
from tasks.params import ProblemsParams, TracesParams

MONDAY = datetime.date(2026, 11, 16)
WEDNESDAY = datetime.date(2026, 11, 18)


def asked(store_root: str, **changes: Any) -> Backfill:
    params = ProblemsParams(count=2)
    return replace(Backfill("problems", params, Days(MONDAY, WEDNESDAY), Wanted(), store_root), **changes)


@pytest.fixture
def root(store: Store, tmp_path: Any) -> str:
    return str(tmp_path / "data")


def make(what: Backfill, day: datetime.date) -> None:
    [work] = what.order(day).works
    execute(work)


def fail(store: Store, day: datetime.date) -> None:
    location = store.at("problems", Partition(date=day, source="generated"))
    expected = Expected(
        stage="problems", stage_version=1, params={}, fingerprint="f", schema_version=location.dataset.version
    )
    with location.lease("a"), location.attempt(expected):
        raise RuntimeError("the disk melted")


def actions(plan: Plan) -> list[str]:
    return [line.action for line in plan.lines]


def test_both_ends_of_the_range_are_in_it(root: str) -> None:
    plan = asked(root).plan()
    assert [line.partition.date for line in plan.lines] == [MONDAY, datetime.date(2026, 11, 17), WEDNESDAY]
    assert actions(plan) == ["run"] * 3
    assert [line.state for line in plan.lines] == ["missing"] * 3


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Unclear, match="ends on 2026-11-16, before it begins on 2026-11-18"):
        Days(WEDNESDAY, MONDAY)


def test_a_night_that_is_made_up_for_has_the_problems_of_its_day(root: str) -> None:
    what = asked(root, name="nightly", params=Night(problems=ProblemsParams(count=2), robustness=None))
    works = what.order(MONDAY).works
    assert [work.stage.name for work in works] == [
        *("problems", "traces", "labels", "prm", "verifier", "verify", "strategies", "perturb", "trials")
    ]
    assert {work.partition.model for work in works} == {"tiny_reasoner"}
    assert works[0].params == of_the_day(ProblemsParams(count=2), MONDAY) != what.order(WEDNESDAY).works[0].params
    execute(works[0])
    assert "problems" not in " ".join(what.plan().lines[0].reasons)
    assert actions(what.plan()) == ["run"] * 3


def test_contestants_of_a_night_answer_its_problems_and_meet_its_own_traces(root: str) -> None:
    rivals = {"mid": TracesParams(engine=EngineParams(model="tiny_reasoner_mid")), "long": TracesParams(samples=2)}
    what = asked(root, name="nightly", params=Night(contestants=rivals, verifier=None, verify=None))
    works = what.order(MONDAY).works
    *_, mid, long, battles, ratings = works
    assert [(work.stage.name, work.partition.run, work.partition.model) for work in (mid, long)] == [
        ("traces", "mid", "tiny_reasoner_mid"),
        ("traces", "long", "tiny_reasoner"),
    ]
    assert isinstance(battles.params, BattlesParams)
    assert battles.params.contestants == {
        "main": f"traces/{works[0].partition}",
        "mid": f"traces/{mid.partition}",
        "long": f"traces/{long.partition}",
    }
    assert (ratings.stage.name, what.order(MONDAY).partition.run) == ("ratings", "main")
    with pytest.raises(Unclear, match="'main' is the night's own run"):
        replace(what, params=Night(contestants={"main": TracesParams()})).order(MONDAY)


def test_newest_first_turns_the_order(root: str) -> None:
    plan = asked(root, newest_first=True).plan()
    assert [line.partition.date.day for line in plan.lines] == [18, 17, 16]


def test_what_is_complete_is_skipped_and_all_makes_it_again(root: str) -> None:
    what = asked(root)
    make(what, MONDAY)
    assert actions(what.plan()) == ["skip", "run", "run"]
    assert actions(replace(what, reprocess="all").plan()) == ["run"] * 3


def test_stale_names_what_differs_and_is_made_again_on_request(root: str) -> None:
    make(asked(root), MONDAY)
    other = asked(root, params=ProblemsParams(count=3))
    line = other.plan().lines[0]
    assert (line.state, line.action) == ("stale", "skip")
    assert line.reasons == ("problems: params.count: 2 -> 3",)
    assert replace(other, reprocess="stale").plan().lines[0].action == "run"


def test_failed_is_told_from_missing(root: str, store: Store) -> None:
    what = asked(root)
    with pytest.raises(RuntimeError):
        fail(store, MONDAY)
    line = what.plan().lines[0]
    assert (line.state, line.action) == ("failed", "run")
    assert "the disk melted" in line.reasons[0]
    assert replace(what, reprocess="missing").plan().lines[0].action == "skip"


def test_what_runs_is_waited_for(root: str, store: Store) -> None:
    with store.at("problems", Partition(date=MONDAY, source="generated")).lease("somebody"):
        line = asked(root, reprocess="all").plan().lines[0]
    assert (line.state, line.action) == ("running", "wait")
    assert "somebody" in line.reasons[0]


def test_a_day_without_inputs_is_blocked_and_says_what_makes_them(root: str) -> None:
    make(asked(root), MONDAY)
    traces = asked(root, name="traces", params=TracesParams())
    lines = traces.plan().lines
    assert [line.action for line in lines] == ["run", "blocked", "blocked"]
    assert "reads problems" in lines[1].reasons[0]


def test_a_gate_that_is_not_passed_is_a_reason_and_leaves_the_partition_to_be_done(root: str) -> None:
    what = asked(root, gates=(Gate(metric="problems.rows", min=3), Gate(metric="problems.dead_rate", max=0)))
    make(what, MONDAY)
    line = what.plan().lines[0]
    assert (line.state, line.action) == ("complete", "skip"), "no gate makes a partition stale"
    assert line.reasons == ("gate problems.rows >= 3: it is 2",)
    assert line in what.plan().left
    assert what.plan().lines[0] not in replace(what, gates=what.gates[1:]).plan().left


def test_only_what_is_complete_is_done(root: str, store: Store) -> None:
    what = asked(root)
    make(what, MONDAY)
    with store.at("problems", Partition(date=WEDNESDAY, source="generated")).lease("somebody"):
        assert [(line.partition.date.day, line.state) for line in what.plan().left] == [
            (17, "missing"),
            (18, "running"),
        ]


def test_each_kind_of_reprocess_takes_in_those_before_it(root: str, store: Store) -> None:
    days = dict(zip(("complete", "stale", "failed", "missing"), Days(MONDAY, datetime.date(2026, 11, 19)), strict=True))
    what = asked(root, days=Days(days["complete"], days["missing"]))
    make(what, days["complete"])
    make(replace(what, params=ProblemsParams(count=3)), days["stale"])
    with pytest.raises(RuntimeError):
        fail(store, days["failed"])
    lines = what.plan().lines
    assert [line.state for line in lines] == list(days)
    chosen = {kind: len(replace(what, reprocess=kind).plan().owed) for kind in get_args(Reprocess)}
    assert chosen == {"missing": 1, "failed": 2, "stale": 3, "all": 4}


def test_an_estimate_is_the_median_of_earlier_commits(root: str, store: Store) -> None:
    what = asked(root)
    assert what.plan().lines[0].cost is None
    make(what, MONDAY)
    manifest = store.at("problems", Partition(date=MONDAY, source="generated")).manifest()
    assert manifest
    cost = what.plan().lines[1].cost
    assert cost == Cost(manifest.tokens, manifest.seconds)


def test_an_estimate_goes_by_commits_with_the_same_parameters_where_there_are_any(root: str, store: Store) -> None:
    few, many = asked(root), asked(root, params=ProblemsParams(count=400))
    make(few, MONDAY)
    make(many, datetime.date(2026, 11, 15))
    manifest = store.at("problems", Partition(date=MONDAY, source="generated")).manifest()
    assert manifest
    assert few.plan().lines[1].cost == Cost(manifest.tokens, manifest.seconds)


def test_an_attempt_gives_a_partition_another_name_for_its_runs(root: str) -> None:
    what = asked(root)
    before = what.plan().lines[0].attempts
    make(what, MONDAY)
    assert before == ""
    assert what.plan().lines[0].attempts != before


def test_the_command_prints_a_line_for_each_day(root: str) -> None:
    make(asked(root), MONDAY)
    days = ["--from", "2026-11-16", "--to", "2026-11-18"]
    told = CliRunner().invoke(
        app, ["backfill", "plan", "problems", *days, "--root", root, "--set", "count=2", "--json"]
    )
    assert told.exit_code == 0, told.output
    lines = [json.loads(line) for line in told.output.splitlines()]
    assert [line["action"] for line in lines] == ["skip", "run", "run"]
    shown = CliRunner().invoke(app, ["backfill", "plan", "problems", *days, "--root", root, "--set", "count=2"])
    assert "2 of 3 partitions to run" in shown.output


def test_a_gate_may_be_given_to_the_command(root: str) -> None:
    make(asked(root), MONDAY)
    days = ["--from", "2026-11-16", "--to", "2026-11-16", "--root", root, "--set", "count=2", "--json"]
    told = CliRunner().invoke(app, ["backfill", "plan", "problems", *days, "--gate", "problems.rows>=3"])
    assert json.loads(told.output)["reasons"] == ["gate problems.rows >= 3: it is 2"]
    wrong = CliRunner().invoke(app, ["backfill", "plan", "problems", *days, "--gate", "labels.rows>=3"])
    assert wrong.exit_code == 2
    assert "makes no 'labels'" in wrong.output + wrong.stderr


def test_runs_in_another_folder_get_the_same_root() -> None:
    day = datetime.datetime(2026, 11, 16)
    assert Asked("problems", day, day, root="data").backfill().root == str(Path("data").absolute())
    assert Asked("problems", day, day, root="s3://lab/data").backfill().root == "s3://lab/data"


def test_a_name_that_is_no_stage_is_refused(root: str) -> None:
    told = CliRunner().invoke(app, ["backfill", "plan", "nothing", "--from", "2026-11-16", "--to", "2026-11-18"])
    assert told.exit_code == 2
    assert "nothing" in told.output + told.stderr
