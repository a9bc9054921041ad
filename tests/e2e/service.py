"""`proctor up` as a child process, and its API as any client sees it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from flows.server.temporary import free_port

AUTH = "proctor:for-this-test"
START_SECONDS = 240.0
"""A server with a new database on two busy cores."""
RUN_SECONDS = 420.0
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass(frozen=True)
class Service:
    url: str
    root: Path
    api: httpx.Client
    """With the auth string, and with what CSRF protection asks for."""

    def run(self, deployment: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The flow run, once it has ended."""
        found = self._told(self.api.get(f"/deployments/name/{deployment}"))
        run = self._told(
            self.api.post(f"/deployments/{found['id']}/create_flow_run", json={"parameters": dict(parameters)})
        )
        end = time.monotonic() + RUN_SECONDS
        while run["state_type"] not in ENDED:
            assert time.monotonic() < end, f"{run['name']} is {run['state_type']} after {RUN_SECONDS:.0f} s"
            time.sleep(0.5)
            run = self._told(self.api.get(f"/flow_runs/{run['id']}"))
        return run

    @staticmethod
    def _told(response: httpx.Response) -> dict[str, Any]:
        response.raise_for_status()
        told: dict[str, Any] = response.json()
        return told


@contextmanager
def proctor_up(folder: Path) -> Iterator[Service]:
    """What the command starts, with a database of its own, until the block ends; then Ctrl-C ends all of it."""
    root, port = folder / "data", free_port()
    command = [sys.executable, "-m", "flows.cli", "up", "--root", str(root), "--port", str(port)]
    words = folder / "up.log"
    with words.open("wb") as log:
        process = subprocess.Popen(command, env=_environment(folder), stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(process, words)
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=f"{url}/api", auth=tuple(AUTH.split(":")), timeout=60) as api:  # type: ignore[arg-type]
            token = api.get("/csrf-token", params={"client": "test"}).raise_for_status().json()["token"]
            api.headers.update({"Prefect-Csrf-Client": "test", "Prefect-Csrf-Token": token})
            yield Service(url, root, api)
    finally:
        process.send_signal(2)
        assert process.wait(120) == 0, words.read_text()


def _environment(folder: Path) -> dict[str, str]:
    """Without what the session that tests has of Prefect and Ray."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "RAY_", "PROCTOR_"))}
    return mine | {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_API_AUTH_STRING": AUTH,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "COLUMNS": "200",
    }


def _wait(process: "subprocess.Popen[bytes]", words: Path) -> None:
    """Until the last line of what it says when all parts are there."""
    end = time.monotonic() + START_SECONDS
    while "Ctrl-C" not in words.read_text():
        assert process.poll() is None, words.read_text()
        assert time.monotonic() < end, words.read_text()
        time.sleep(0.2)
