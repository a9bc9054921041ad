"""The smoke flow on a real Prefect server."""

from pathlib import Path

import pytest
from prefect import flow

from flows.smoke import NotRecorded, recorded, smoke
from storage.files import UnsafeStore
from tests.flows.test_pipeline import newest_run

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@flow
def without_tasks() -> None:
    """What a run looks like to a server that its task runs do not reach."""


def test_a_server_that_records_task_runs_passes(prefect_server: None, tmp_path: Path) -> None:
    for _ in range(2):
        smoke(str(tmp_path))
        run = newest_run("smoke")
        assert run.state_name == "Completed"
        assert (tmp_path / ".smoke").read_text() == str(run.id)


def test_a_server_that_lost_them_fails_and_says_where_to_look(prefect_server: None) -> None:
    without_tasks()
    with pytest.raises(NotRecorded, match="WebSocket /api/events/in"):
        recorded(newest_run("without-tasks").id, patience=0.1)


def test_a_store_without_conditional_writes_fails(prefect_server: None, tmp_path: Path) -> None:
    with pytest.raises(UnsafeStore, match="compare-and-replace"):
        smoke(f"local://{tmp_path}")
