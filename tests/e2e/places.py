"""Where the end-to-end tests put things, and how they run stages."""

import datetime
import os
import signal
import subprocess
import sys
from pathlib import Path

from flows.execute import Execution, Runner, execute
from flows.stages import STAGES
from flows.work import Work
from storage.partition import Partition
from storage.store import Location, Store
from tasks.engine import Resources
from tasks.params import Params


def partition(model: str) -> Partition:
    return Partition(date=datetime.date(2026, 1, 2), source="generated", model=model)


def run(root: Path, name: str, model: str, params: Params, resources: Resources | None = None) -> Execution:
    """A stage, in this process."""
    return execute(Work(STAGES[name], partition(model), params, Store(root)), Runner(resources or Resources()))


def location(root: Path, dataset: str, model: str) -> Location:
    place = partition(model)
    return Store(root).at(dataset, place.without_model() if dataset == "problems" else place)


def start(root: Path, name: str, model: str, params: Params, resources: Resources) -> "subprocess.Popen[str]":
    """A stage, in a driver of its own that is attached to this session's Ray cluster."""
    import ray

    texts = params.model_dump_json(), resources.model_dump_json()
    command = [sys.executable, "-m", "tests.e2e.driver", str(root), name, model, *texts]
    environment = os.environ | {"RAY_ADDRESS": ray.get_runtime_context().gcs_address}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def kill(process: "subprocess.Popen[str]") -> None:
    """kill -9 to the driver and to the graders that it started; no handler of theirs can run."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
