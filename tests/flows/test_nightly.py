"""The nightly flow on a real Prefect server."""

import datetime
from pathlib import Path

import pytest

from evals.gates import Gate, GateFailed
from flows.nightly import nightly
from storage.partition import Partition
from storage.store import Store
from tasks.params import ProblemsParams
from tests.flows.fake_stages import TRACES
from tests.flows.test_pipeline import newest_run

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


def test_a_scheduled_night_makes_its_day_and_is_named_after_it(prefect_server: None, tmp_path: Path) -> None:
    before = datetime.datetime.now(datetime.UTC).date()
    stop = Gate(metric="problems.rows", max=1)  # before an engine is needed
    with pytest.raises(GateFailed):
        nightly(None, ProblemsParams(count=2), traces=TRACES, gates=(stop,), root=str(tmp_path))
    run = newest_run("nightly")
    day = datetime.date.fromisoformat(run.name.removeprefix("nightly "))
    assert before <= day <= datetime.datetime.now(datetime.UTC).date()
    assert Store(tmp_path).at("problems", Partition(date=day, source="generated")).manifest()
