"""The flows on a real Prefect server, with a FakeEngine in real Ray actors."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, FlowFilter, FlowFilterName
from prefect.client.schemas.objects import Artifact, FlowRun
from prefect.client.schemas.sorting import ArtifactSort, FlowRunSort
from prefect.utilities.callables import parameter_schema

from flows.pipeline import pipeline
from flows.prm import prm
from flows.problems import problems
from flows.run.execute import Execution
from flows.stages import STAGES
from flows.traces import traces
from flows.trees import trees
from storage.lease import LeaseHeld
from storage.partition import Partition
from storage.store import Store
from tasks.engines.engine import EngineParams
from tasks.params import LabelsParams, ProblemsParams, TracesParams, TreesParams
from tasks.report.lineage import SHORT

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

PARTITION = Partition(date=datetime.date(2026, 11, 22), source="generated")
PARAMS = {
    "problems": ProblemsParams(count=3),
    "traces": TracesParams(engine=EngineParams(kind="fake", model="arithmetic"), samples=2),
    "labels": LabelsParams(k=2),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def done(prefect_server: None, ray: None, root: str) -> list[Execution]:
    """One run of the pipeline, whose traces the tests look at."""
    return pipeline(PARTITION, **PARAMS, root=root)  # type: ignore[arg-type]


@pytest.fixture
def manifests(done: list[Execution]) -> dict[str, Any]:
    return {name: manifest for each in done for name, manifest in each.manifests.items()}


def artifact(key: str) -> Artifact:
    """The newest version."""
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])), sort=ArtifactSort.CREATED_DESC, limit=1
        )
    assert found, f"no artifact {key}"
    return found[0]


def newest_run(flow: str) -> FlowRun:
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[flow])), sort=FlowRunSort.START_TIME_DESC, limit=1
        )
    return runs[0]


@pytest.mark.parametrize("flow", [problems, traces, prm])
def test_the_form_of_a_flow_has_the_fields_of_its_parameters(flow: Any) -> None:
    schema = parameter_schema(flow.fn).model_dump()
    assert set(schema["properties"]) == {"partition", "params", "resources", "root", "max_dead_rate"}
    assert schema["required"] == ["partition"]
    model = STAGES[flow.name].params
    fields = schema["definitions"][model.__name__]["properties"]
    assert set(fields) == set(model.model_fields)
    assert any("description" in field for field in fields.values()), "what a person reads beside a field"


def test_a_wrong_parameter_is_named_by_the_form() -> None:
    with pytest.raises(Exception, match="samples"):
        traces.validate_parameters({"partition": PARTITION.model_dump(), "params": {"samples": 0}})


def test_all_datasets_are_committed(manifests: dict[str, Any], root: str) -> None:
    assert set(manifests) == {"problems", "traces", "rollouts", "labels", "prm", "orm"}
    store, where = Store(root), PARTITION.model_copy(update={"model": "arithmetic"})
    for dataset, manifest in manifests.items():
        place = PARTITION if dataset == "problems" else where
        assert store.at(dataset, place).manifest() == manifest
    assert manifests["traces"].rows == 6
    assert manifests["labels"].inputs["rollouts"] == manifests["rollouts"].digest


@pytest.mark.parametrize("dataset", ["problems", "traces", "rollouts", "labels", "prm", "orm"])
def test_the_numbers_in_the_ui_are_those_of_the_manifest(dataset: str, manifests: dict[str, Any]) -> None:
    told = {row["number"]: row["value"] for row in json.loads(str(artifact(f"{dataset}-numbers").data))}
    manifest = manifests[dataset]
    assert told["rows"] == manifest.rows
    assert {name: told[name] for name in manifest.counts} == manifest.counts
    assert told["tokens"] == manifest.tokens
    assert {name: told[name] for name in manifest.summary if name in told} == {
        name: value for name, value in manifest.summary.items() if name in told
    }


def test_the_lineage_reaches_back_to_the_problems(manifests: dict[str, Any]) -> None:
    drawn = str(artifact("prm-lineage").data)
    for dataset in ("problems", "traces", "rollouts", "labels"):
        assert manifests[dataset].digest[:SHORT] in drawn
    assert "labels --> prm" in drawn
    assert "rollouts --> labels" in drawn


def test_trees_are_drawn_in_the_ui(done: list[Execution], root: str) -> None:
    search = trees(PARTITION, TreesParams(k=2, root_k=8, rollouts=24), root=root)
    told = {row["number"]: row["value"] for row in json.loads(str(artifact("trees-numbers").data))}
    assert told["questions"] == 3
    assert artifact("tree-rollouts-numbers")
    assert "Problem " in str(artifact("trees-report").data)
    assert str(artifact("trees-picture-1").data).startswith("data:image/svg+xml;base64,")
    assert search.manifests["trees"].inputs["traces"] == done[1].manifests["traces"].digest


def test_links_lead_to_the_data(manifests: dict[str, Any], root: str) -> None:
    assert f"file://{root}/traces/v2/date=2026-11-22" in str(artifact("traces-data").data)


def test_progress_ends_at_a_hundred_percent(done: list[Execution]) -> None:
    told = artifact("labels-progress")
    assert told.data == 100.0
    assert "(committed)" in str(told.description)


def test_runs_are_named_and_tagged_by_their_partition(done: list[Execution]) -> None:
    run = newest_run("traces")
    assert run.name == "traces date=2026-11-22/source=generated/model=arithmetic/run=main"
    assert {"stage:traces", "date=2026-11-22", "source=generated", "model=arithmetic", "run=main"} <= set(run.tags)


def test_manifests_name_the_flow_run_that_made_them(manifests: dict[str, Any]) -> None:
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(manifests["traces"].flow_run_id)
    assert run.name.startswith("traces ")


def test_a_second_run_skips_everything(done: list[Execution], root: str) -> None:
    again = pipeline(PARTITION, **PARAMS, root=root)  # type: ignore[arg-type]
    assert all(each.skipped for each in again)
    assert [each.manifests for each in again] == [each.manifests for each in done]


def test_a_second_runner_says_who_is_at_work(prefect_server: None, tmp_path: Path) -> None:
    with Store(tmp_path).at("problems", PARTITION).lease("another"), pytest.raises(LeaseHeld, match="another"):
        problems(PARTITION, ProblemsParams(count=3), root=str(tmp_path))
    assert newest_run("problems").state_name == "Failed"


def test_a_stage_that_cannot_run_fails_its_flow_with_the_reason(prefect_server: None, tmp_path: Path) -> None:
    nowhere = ProblemsParams(source="file", path=str(tmp_path / "nowhere.jsonl"))
    with pytest.raises(ValueError, match="is not there"):
        problems(PARTITION, nowhere, root=str(tmp_path))
    run = newest_run("problems")
    assert run.state_name == "Failed"
    assert "is not there" in str(run.state and run.state.message)
