"""Backfills on a real Prefect server: what is launched, once, and what a run of it makes."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed, Crashed, Running
from prefect.utilities.callables import parameter_schema
from typer.testing import CliRunner

from evals.gates import Gate
from flows.backfill import SomeFailed, backfill
from flows.backfills.launch import NotDeployed, launch, watch
from flows.backfills.plan import Backfill, Days
from flows.cli import app
from flows.commands.failures import FAILED
from flows.orders.night import of_the_day
from flows.orders.parameters import ParameterError
from flows.run.addresses import Wanted
from flows.run.execute import execute
from flows.server.setup import CRASHED, POOL, prepare_server
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.params import ProblemsParams
from tests.flows.fake_stages import CODE, TRACES
from tests.flows.test_pipeline import artifact

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

FIRST, LAST = datetime.date(2026, 11, 16), datetime.date(2026, 11, 18)


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def deployed(client: SyncPrefectClient) -> None:
    prepare_server()
    flow = client.create_flow(backfill)
    schema = parameter_schema(backfill)
    client.create_deployment(
        flow, "backfill", work_pool_name=POOL, work_queue_name="backfill", parameter_openapi_schema=schema.model_dump()
    )


@pytest.fixture
def what(tmp_path: Path) -> Backfill:
    return Backfill("problems", ProblemsParams(count=2), Days(FIRST, LAST), Wanted(), str(tmp_path / "data"))


def partition(day: datetime.date) -> Partition:
    return Partition(date=day, source="generated")


def test_without_a_deployment_it_says_how_to_make_one(
    prefect_server: None, what: Backfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.backfills.launch.DEPLOYMENT", "backfill/elsewhere")
    with pytest.raises(NotDeployed, match="proctor up"):
        launch(what, what.plan())


def test_the_server_is_prepared_once(client: SyncPrefectClient) -> None:
    prepare_server()
    prepare_server()
    queues = {each.name: each.priority for each in client.read_work_queues(work_pool_name=POOL)}
    assert queues["default"] < queues["backfill"]
    assert len(client.read_automations_by_name(CRASHED)) == 1


def test_a_plan_applied_twice_launches_nothing_the_second_time(
    client: SyncPrefectClient, deployed: None, what: Backfill
) -> None:
    first = launch(what, what.plan(), max_active=2)
    assert [run.new for run in first] == [True] * 3
    again = launch(what, what.plan())
    assert [run.run_id for run in again] == [run.run_id for run in first]
    assert not any(run.new for run in again)
    queue = client.read_work_queue_by_name("backfill", work_pool_name=POOL)
    assert queue.concurrency_limit == 2


def test_a_plan_applied_while_a_run_of_it_is_half_done_launches_nothing(
    client: SyncPrefectClient, deployed: None, what: Backfill
) -> None:
    [first] = launch(what, what.plan(), batch=3)
    client.set_flow_run_state(first.run_id, Running(), force=True)
    done, at_work, _ = [what.order(day).works[0] for day in what.days]
    execute(done)
    with at_work.location("problems").lease("the run"):
        [again] = launch(what, what.plan(), batch=3)
    assert (again.run_id, again.new) == (first.run_id, False)
    assert [line.action for line in again.lines] == ["wait", "run"], "what is done is not waited for"
    [new] = launch(what, what.plan(), batch=3)
    assert new.new, "nobody holds a lease: the machine of the first is gone"
    [other] = launch(replace(what, max_dead_rate=0.5), what.plan(), batch=3)
    assert other.new, "other parameters are another run"


def test_runs_start_in_the_order_of_the_plan(client: SyncPrefectClient, deployed: None, what: Backfill) -> None:
    runs = launch(what, replace(what, newest_first=True).plan(), batch=2)
    assert [len(run.lines) for run in runs] == [2, 1]
    times = [client.read_flow_run(run.run_id).expected_start_time for run in runs]
    assert times == sorted(times)
    assert runs[0].lines[0].partition.date == LAST


def test_a_run_that_died_before_it_attempted_anything_is_launched_anew(
    client: SyncPrefectClient, deployed: None, what: Backfill
) -> None:
    first = launch(what, what.plan(), batch=3)
    client.set_flow_run_state(first[0].run_id, Crashed(), force=True)
    again = launch(what, what.plan(), batch=3)
    assert again[0].new
    assert again[0].run_id != first[0].run_id
    assert launch(what, what.plan(), batch=3)[0].run_id == again[0].run_id


def test_watching_ends_when_all_runs_have(client: SyncPrefectClient, deployed: None, what: Backfill) -> None:
    runs = launch(what, what.plan(), batch=3)
    client.set_flow_run_state(runs[0].run_id, Crashed(), force=True)
    told: list[tuple[int, int, str]] = []
    watch(runs, lambda *states: told.append(states))
    assert told == [(1, 1, "1 crashed")]


@pytest.fixture(scope="module")
def half_failed(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Backfill, str]:
    """A backfill of three days of which the second was somebody else's, and what its run said."""
    root = str(tmp_path_factory.mktemp("data"))
    what = Backfill("problems", ProblemsParams(count=2), Days(FIRST, LAST), Wanted(), root)
    days = [partition(day) for day in what.days]
    with Store(root).at("problems", days[1]).lease("somebody else"), pytest.raises(SomeFailed) as failed:
        backfill("problems", days, {"count": 2}, root=root)
    return what, str(failed.value)


def test_a_partition_that_fails_does_not_keep_the_others_from_being_made(half_failed: tuple[Backfill, str]) -> None:
    what, said = half_failed
    assert "1 of 3 were not made" in said
    assert str(partition(datetime.date(2026, 11, 17))) in said
    assert [line.state for line in what.plan().lines] == ["complete", "missing", "complete"]


def test_the_grid_of_its_days_is_left_in_the_ui_even_by_a_run_that_fails(half_failed: tuple[Backfill, str]) -> None:
    told = artifact("status")
    assert str(told.description) == f"2026-11-16 to 2026-11-18: 3 partitions in {half_failed[0].root}"
    rows = [line.strip("| ").split(" | ")[:2] for line in str(told.data).splitlines() if line.startswith("| date=")]
    assert rows == [
        [str(partition(day)), state]
        for day, state in zip(reversed(list(half_failed[0].days)), ("complete", "running", "complete"), strict=True)
    ]
    assert "somebody else" in str(told.data), "why"


def test_a_partition_that_a_gate_refuses_counts_as_failed_and_the_others_are_made(
    prefect_server: None, what: Backfill
) -> None:
    gates, days = (Gate(metric="problems.rows", min=3),), [partition(day) for day in what.days][:2]
    with pytest.raises(SomeFailed, match="2 of 2") as failed:
        backfill("problems", days, {"count": 2}, root=what.root, gates=gates)
    assert str(failed.value).count("did not pass problems.rows >= 3: it is 2") == 2
    assert [(line.state, line.refused) for line in replace(what, gates=gates).plan().lines] == [
        ("complete", True),  # no gate changes a row
        ("complete", True),
        ("missing", False),
    ]


def test_a_gate_on_what_a_backfill_does_not_make_is_refused(prefect_server: None, what: Backfill) -> None:
    with pytest.raises(ParameterError, match="makes no 'labels'"):
        backfill("problems", [partition(FIRST)], root=what.root, gates=(Gate(metric="labels.rows", min=1),))


Apply = Callable[..., Result]


@pytest.fixture
def apply(deployed: None, what: Backfill) -> Apply:
    """`proctor backfill apply` of the three days, with further options."""
    days = ("--from", f"{FIRST}", "--to", f"{LAST}", "--root", what.root, "--set", "count=2")

    def applied(*options: str) -> Result:
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["backfill", "apply", "problems", *days, *options])

    return applied


def while_it_waits(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    monkeypatch.setattr("flows.backfills.launch.time", SimpleNamespace(sleep=lambda _: happens()))


def end_all(client: SyncPrefectClient, what: Backfill, state: State[Any]) -> None:
    for run in launch(what, what.plan()):
        client.set_flow_run_state(run.run_id, state, force=True)


def test_it_has_succeeded_when_storage_has_all_whatever_the_runs_say(
    client: SyncPrefectClient, apply: Apply, what: Backfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def happens() -> None:
        end_all(client, what, Crashed())
        for day in what.days:
            execute(what.order(day).works[0])

    while_it_waits(monkeypatch, happens)
    told = apply()
    assert told.exit_code == 0, told.output
    assert "Runs: 3 launched, 0 were there already." in told.output
    assert "All 3 partitions are complete." in told.output
    again = apply()
    assert (again.exit_code, "Runs: 0 launched" in again.output) == (0, True), again.output


def test_while_nobody_serves_the_queue_it_says_what_would(
    client: SyncPrefectClient, deployed: None, what: Backfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = client.read_work_queue_by_name("backfill", work_pool_name=POOL)
    runs, said = launch(what, what.plan()), list[str]()
    happens = iter(
        (lambda: client.update_work_queue(queue.id, is_paused=True), lambda: end_all(client, what, Crashed()))
    )
    while_it_waits(monkeypatch, lambda: next(happens)())
    watch(runs, lambda ended, every, states: said.append(f"{ended} of {every}: {states}"))
    client.update_work_queue(queue.id, is_paused=False)
    assert said == [
        f"0 of 3: 3 scheduled; no worker asks for them: prefect worker start --pool {POOL} --work-queue backfill",
        f"0 of 3: 3 scheduled; the work queue backfill is paused: prefect work-queue resume backfill --pool {POOL}",
        "3 of 3: 3 crashed",
    ]


def test_runs_that_say_they_are_done_are_not_believed(
    client: SyncPrefectClient, apply: Apply, what: Backfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_it_waits(monkeypatch, lambda: end_all(client, what, Completed()))
    told = apply("--newest-first")
    assert told.exit_code == FAILED
    assert f"date={FIRST}/source=generated/run=main: missing" in told.output


def test_what_a_gate_refuses_is_not_done_though_nothing_is_left_to_run(apply: Apply, what: Backfill) -> None:
    for day in what.days:
        execute(what.order(day).works[0])
    assert apply("--gate", "problems.rows>=2").exit_code == 0
    told = apply("--gate", "problems.rows>=3")
    assert told.exit_code == FAILED
    assert told.output.count("gate problems.rows >= 3: it is 2") == 6, "in the plan, and at the end"


def test_again_makes_what_is_complete_once_more(prefect_server: None, what: Backfill) -> None:
    location = Store(what.root).at("problems", partition(FIRST))
    for again, generation in ((False, 1), (False, 1), (True, 2)):
        backfill("problems", [partition(FIRST)], {"count": 2}, root=what.root, again=again)
        manifest = location.manifest()
        assert manifest is not None
        assert manifest.generation == generation


def test_each_night_has_problems_of_its_own() -> None:
    params = ProblemsParams(count=2, seed=3)
    assert of_the_day(params, FIRST) != of_the_day(params, LAST)
    assert of_the_day(params, FIRST) == of_the_day(params, FIRST)
    files = ProblemsParams(source="file", path="a.jsonl")
    assert of_the_day(files, FIRST) == files


def test_each_night_has_a_window_of_a_file_of_its_own() -> None:
    params = ProblemsParams(source="file", path="a.jsonl", sample=50)
    first, second = (of_the_day(params, FIRST + datetime.timedelta(n)) for n in (0, 1))
    assert (second.offset - first.offset, second.sample, second.seed) == (50, 50, 0)


def test_a_night_that_is_made_up_for_leaves_its_report(
    prefect_server: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, code in CODE.values():
        monkeypatch.setitem(STAGES, name, replace(STAGES[name], run=code))
    none = dict.fromkeys(("verifier", "verify", "strategies", "perturb", "trials", "robustness"))
    night = {"problems": {"count": 2}, "traces": TRACES.model_dump(mode="json"), "labels": {"k": 2}, **none}
    backfill("nightly", [partition(FIRST), partition(LAST)], night, root=str(tmp_path))
    pages = sorted(path.relative_to(tmp_path / "reports") for path in tmp_path.glob("reports/**/*.html"))
    assert [page.parts[0] for page in pages] == [f"date={FIRST}", f"date={LAST}"]
