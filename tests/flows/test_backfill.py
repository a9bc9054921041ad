"""Backfills on a real Prefect server: what is launched, once, and what a run of it makes."""

import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.states import Crashed
from prefect.utilities.callables import parameter_schema

from flows.addresses import Wanted
from flows.backfill import SomeFailed, backfill
from flows.backfill_launch import NotDeployed, launch, watch
from flows.backfill_plan import Backfill, Days
from flows.night import of_the_day
from flows.server_setup import CRASHED, POOL, prepare_server
from storage.partition import Partition
from storage.store import Store
from tasks.params import ProblemsParams

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
    monkeypatch.setattr("flows.backfill_launch.DEPLOYMENT", "backfill/elsewhere")
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


def test_a_partition_that_fails_does_not_keep_the_others_from_being_made(prefect_server: None, what: Backfill) -> None:
    store = Store(what.root)
    days = [partition(day) for day in what.days]
    with store.at("problems", days[1]).lease("somebody else"), pytest.raises(SomeFailed, match="1 of 3") as failed:
        backfill("problems", days, {"count": 2}, root=what.root)
    assert str(days[1]) in str(failed.value)
    assert [line.state for line in what.plan().lines] == ["complete", "missing", "complete"]


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
