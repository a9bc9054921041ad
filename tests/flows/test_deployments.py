"""`prefect.yaml` against the flows: what it names is there, takes its parameters, and is told apart."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from flows.stages import STAGES

FILE = Path(__file__).resolve().parents[2] / "prefect.yaml"
TOLD = yaml.safe_load(FILE.read_text(encoding="utf-8"))
DEPLOYMENTS: list[Mapping[str, Any]] = TOLD["deployments"]


def flow_of(deployment: Mapping[str, Any]) -> Any:
    path, _, name = deployment["entrypoint"].partition(":")
    return getattr(import_module(path.removesuffix(".py").replace("/", ".")), name)


def test_every_flow_has_a_deployment() -> None:
    named = {each["entrypoint"] for each in DEPLOYMENTS}
    others = {f"flows/{name}.py:{name}" for name in ("pipeline", "nightly", "backfill", "smoke")}
    assert named == {f"flows/{name}.py:{name}" for name in STAGES} | others


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["entrypoint"])
def test_a_deployment_names_a_flow_that_takes_its_parameters(deployment: Mapping[str, Any]) -> None:
    flow = flow_of(deployment)
    assert set(deployment["parameters"]) <= set(flow.parameters.properties)


def test_names_are_unique_and_so_are_those_of_schedules() -> None:
    names = [(each["entrypoint"], each["name"]) for each in DEPLOYMENTS]
    assert len(set(names)) == len(names)
    slugs = [schedule["slug"] for each in DEPLOYMENTS for schedule in each.get("schedules", ())]
    assert len(set(slugs)) == len(slugs)


def test_schedules_have_a_time_zone_and_cancel_what_would_overlap() -> None:
    scheduled = [each for each in DEPLOYMENTS if each.get("schedules")]
    assert scheduled
    for each in scheduled:
        assert each["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
        for schedule in each["schedules"]:
            ZoneInfo(schedule["timezone"])


def test_backfills_wait_in_a_queue_of_their_own() -> None:
    [backfill] = [each for each in DEPLOYMENTS if each["name"] == "backfill"]
    assert backfill["work_pool"]["work_queue_name"] == "backfill"
    assert backfill["concurrency_limit"]["collision_strategy"] == "ENQUEUE"
    assert all(each["work_pool"]["work_queue_name"] == "default" for each in DEPLOYMENTS if each is not backfill)


def test_where_the_code_lies_is_told() -> None:
    [step] = TOLD["pull"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $PROCTOR_HOME }}"}}
