"""`proctor up`: all that scheduled runs and backfills need, on one machine, for as long as the command runs.

A Prefect server on loopback with an auth string and CSRF protection, a work pool with its queues, the deployments of
`prefect.yaml`, a process worker, and a Ray cluster for the runs to share. Each is a session of its own, so that Ctrl-C
reaches this process alone, which then ends them in the reverse order of their start.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

START_SECONDS = 240.0
END_SECONDS = 20.0
HOME = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


class UpFailed(Exception):
    """A part did not start; the message says which, and where its words are."""


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    root: str
    port: int
    ray_port: int
    auth: str
    """`user:password` of the server."""
    ray_token: str
    """Who may talk to Ray may run anything, and other people of this machine reach 127.0.0.1 too."""
    logs: Path
    alert: str | None = None
    """Where failures are told; None leaves that as the server has it."""
    auth_is_known: bool = False
    """The environment named it: then it is not printed, for the terminal may be a log."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """What every part is told. The server's settings do not disturb its clients."""
        return {
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_API_AUTH_STRING": self.auth,
            "PREFECT_SERVER_API_AUTH_STRING": self.auth,
            "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_UI_API_URL": f"{self.url}/api",
            "PREFECT_SERVER_UI_V2_ENABLED": "true",  # the one that draws lineage
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "RAY_ADDRESS": f"127.0.0.1:{self.ray_port}",
            "RAY_AUTH_MODE": "token",  # told to both sides: by itself only `ray start` turns it on, where a token lies
            "RAY_AUTH_TOKEN": self.ray_token,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listens on 127.0.0.1 alone, see tasks/engines/runtime.py
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",  # see tasks/engines/runtime.py
            "PROCTOR_HOME": str(HOME),
            "PROCTOR_ROOT": self.root,
        }


def up(place: Place, console: Console) -> None:
    """Starts everything and stays until Ctrl-C or SIGTERM. Raises UpFailed where a part ends by itself."""
    # A shell that puts it in the background lets it, and its parts, ignore SIGINT.
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, signal.default_int_handler)
    os.environ.update(place.environment())  # before Prefect is imported, which reads it then
    place.logs.mkdir(parents=True, exist_ok=True)
    with suppress(KeyboardInterrupt), ExitStack() as started:
        started.callback(console.print, "Everything has ended.")
        parts = _start_all(started, place, console)
        while all(part.poll() is None for part in parts.values()):
            time.sleep(0.5)
        name, code = next((name, part.returncode) for name, part in parts.items() if part.poll() is not None)
        raise UpFailed(f"the {name} ended with code {code}; its words are in {place.logs}/{name}.log")


def _start_all(started: ExitStack, place: Place, console: Console) -> dict[str, subprocess.Popen[bytes]]:
    from flows.server.setup import POOL, prepare_server, schedules_stay_as_switched

    def say(name: str, text: str) -> None:
        console.print(f"{name:<16}{text}", soft_wrap=True, markup=False, highlight=False)

    address = ("--host", "127.0.0.1", "--port", place.port)
    server = _start(started, place, "server", "prefect", "server", "start", *address)
    _wait_for(place, server)
    alerts = prepare_server(place.alert)[-1]
    say(
        "Prefect's UI",
        f"{place.url}  (log in with {'your own user and password' if place.auth_is_known else place.auth})",
    )
    with schedules_stay_as_switched():
        _run(place, "deploy", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", HOME / "prefect.yaml")
    here = ("--node-ip-address", "127.0.0.1", "--port", place.ray_port)
    ray = _start(started, place, "ray", "ray", "start", "--head", "--block", "--include-dashboard=false", *here)
    worker = _start(started, place, "worker", "prefect", "worker", "start", "--pool", POOL, "--type", "process")
    say("Deployments", f"those of prefect.yaml, in the work pool {POOL}")
    say(*alerts)
    say("Datasets", place.root)
    say("Logs", str(place.logs))
    auth = '"$PREFECT_SERVER_API_AUTH_STRING"' if place.auth_is_known else shlex.quote(place.auth)
    told = f"PREFECT_API_URL={place.url}/api PREFECT_API_AUTH_STRING={auth} PROCTOR_ROOT={shlex.quote(place.root)}"
    say("In other shells", f"export {told}")
    say("Ctrl-C", "ends all of it; runs that are under way keep what they paid for")
    return {"server": server, "ray": ray, "worker": worker}


def new_auth() -> str:
    """The one that the environment names, else a new one."""
    return os.environ.get("PREFECT_SERVER_API_AUTH_STRING") or f"proctor:{secrets.token_urlsafe(12)}"


def new_ray_token() -> str:
    """The one that the environment names, else a new one."""
    return os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)


def _start(started: ExitStack, place: Place, name: str, program: str, *arguments: object) -> subprocess.Popen[bytes]:
    """A part that runs until it is told to end."""
    log = started.enter_context((place.logs / f"{name}.log").open("wb"))
    process = subprocess.Popen(
        [str(PROGRAMS / program), *map(str, arguments)],
        cwd=HOME,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    started.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it started."""
    for told, patience in ((signal.SIGTERM, END_SECONDS), (signal.SIGKILL, END_SECONDS)):
        try:
            os.killpg(process.pid, told)
            process.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _run(place: Place, name: str, program: str, *arguments: object) -> None:
    """A part that ends by itself. Raises UpFailed where it fails."""
    log = place.logs / f"{name}.log"
    with log.open("wb") as words:
        command = [str(PROGRAMS / program), *map(str, arguments)]
        ended = subprocess.run(command, cwd=HOME, stdout=words, stderr=subprocess.STDOUT)
    if ended.returncode:
        raise UpFailed(f"`{' '.join(map(str, arguments))}` ended with code {ended.returncode}; its words are in {log}")


def _wait_for(place: Place, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise UpFailed(f"the server ended with code {server.returncode}; its words are in {place.logs}/server.log")
        try:
            with urllib.request.urlopen(f"{place.url}/api/health", timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise UpFailed(f"the server did not answer within {START_SECONDS:.0f} s; its words are in {place.logs}/server.log")
