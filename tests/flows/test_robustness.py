"""The stage `robustness` as it is committed."""

from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.robustness import robustness
from flows.run.execute import Runner, execute
from flows.run.work import Work, status
from flows.stages import STAGES
from storage.store import Store
from tasks.engines.engine import Resources
from tasks.robustness.effects_params import RobustnessParams
from tests.evals.robustness.trials import trials
from tests.tasks.jobs import PARTITION
from tests.tasks.robustness.committed import committed

QUICK = RobustnessParams(replicates=199)


def test_it_is_committed_once_shown_and_stale_when_its_trials_change(tmp_path: Path) -> None:
    columns = trials({"identity": 0.0, "numbers": 0.4}, problems=40)
    committed(tmp_path, columns)
    work = Work(STAGES["robustness"], PARTITION, QUICK, Store(tmp_path))
    manifests = execute(work, Runner(Resources())).manifests
    assert set(manifests) == {"effects", "flips"}
    assert execute(work, Runner(Resources())).manifests == manifests
    section = work.stage.section(work.location("effects"))
    assert section is not None
    assert section.title == "Robustness"
    committed(tmp_path, trials({"identity": 0.0, "numbers": 0.4}, problems=40, seed=1))
    assert status(work.store, work.stage, PARTITION).state == "stale"


@pytest.mark.server
@pytest.mark.timeout(300)
def test_the_ui_has_its_pictures_its_tables_and_the_flipped_questions(prefect_server: None, tmp_path: Path) -> None:
    committed(tmp_path, trials({"identity": 0.0, "numbers": 0.4}, problems=40))
    robustness(PARTITION, QUICK, root=str(tmp_path))
    keys = ["effects-report", *(f"effects-picture-{number}" for number in (1, 2, 3))]
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=keys)), limit=4)
    told = {each.key: each for each in found}
    names = [str(told[key].description).partition(".")[0] for key in keys[1:]]
    assert names == ["Change by kind", "Change by problem", "Accuracy by steps"]
    assert all(str(told[key].data).startswith("data:image/svg+xml;base64,") for key in keys[1:])
    report = str(told["effects-report"].data)
    assert "Change against the original" in report
    assert "| an answer | original: correct | numbers: wrong |" in report
