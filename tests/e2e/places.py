"""Where the end-to-end tests put things, how they run stages, and how they kill those that have kept something."""

import datetime
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from flows.run.execute import Execution, Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Location, Store
from tasks.engines.engine import Resources
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
    """A stage, in a driver of its own that is attached to this session's Ray cluster, where there is one."""
    return start_driver(
        "tests.e2e.driver", str(root), name, model, params.model_dump_json(), resources.model_dump_json()
    )


def start_driver(module: str, *arguments: str) -> "subprocess.Popen[str]":
    import ray

    attached = {"RAY_ADDRESS": ray.get_runtime_context().gcs_address} if ray.is_initialized() else {}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | attached,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kept_ids(rows: Location, params: Params) -> set[str]:
    """Of the rows that are in the ledger."""
    return set(rows.ledger(params.generation_fingerprint()).kept()[rows.dataset.key].to_pylist())


def wait_until_kept(
    rows: Location, params: Params, wanted: int, driver: "subprocess.Popen[str]", patience: float = 60.0
) -> set[str]:
    """The ids in the ledger, once there are so many of them; within `patience` seconds."""
    end = time.monotonic() + patience
    while len(kept := kept_ids(rows, params)) < wanted:
        assert driver.poll() is None, f"the driver ended with {len(kept)} of {wanted} rows: {driver.stderr.read()}"  # type: ignore[union-attr]
        assert time.monotonic() < end, f"only {len(kept)} of {wanted} rows were kept in {patience} s"
        time.sleep(0.02)
    return kept


def kill(process: "subprocess.Popen[str]") -> None:
    """kill -9 to the driver and to the graders that it started; no handler of theirs can run."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
