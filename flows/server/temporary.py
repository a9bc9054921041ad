"""A Prefect server for the length of a command, where none is configured.

Prefect's own ephemeral server shares the terminal with its flow: Ctrl-C ends it first, and the flow then waits a
minute and a half for a server that is gone [measured, Prefect 3.7.7]. This one is a session of its own, starts while
Prefect is imported, and ends with its parent even on kill -9. It keeps its history in Prefect's own database, where
`prefect server start` shows it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 240.0
"""A first start makes the database: 85 s on two busy cores [measured]."""


class ServerFailed(Exception):
    """The ephemeral server did not start."""


@contextmanager
def server() -> Iterator[Callable[[], None]]:
    """Uses the configured server, or starts one; yields a function that waits until it answers.

    To be entered before Prefect is imported, which reads PREFECT_API_URL then.
    """
    if is_configured():
        yield lambda: None
        return
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.server.temporary", str(port)],
        env={**os.environ, **_ENVIRONMENT},
        start_new_session=True,
    )
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    try:
        yield lambda: _wait(process, port)
    finally:
        del os.environ["PREFECT_API_URL"]
        _end(process)


def is_configured() -> bool:
    """Whether the environment or the active profile of Prefect names a server."""
    if os.environ.get("PREFECT_API_URL"):
        return True
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    profiles = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml"))
    try:
        told = tomllib.loads(profiles.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    active = os.environ.get("PREFECT_PROFILE", told.get("active"))
    return "PREFECT_API_URL" in told.get("profiles", {}).get(active, {})


_ENVIRONMENT = {
    "PREFECT__SERVER_EPHEMERAL": "1",  # no UI, no scheduler
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def _serve(port: int) -> None:
    """What the child process does."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: ends when the parent does
    import uvicorn

    if os.getppid() == parent:
        app = "prefect.server.api.server:create_app"
        uvicorn.run(app, factory=True, host="127.0.0.1", port=port, log_level="error", lifespan="on")


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerFailed(f"the Prefect server ended with code {process.returncode}; its words are in the log")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise ServerFailed(f"the Prefect server did not answer within {START_SECONDS:.0f} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
