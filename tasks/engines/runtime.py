"""The Ray session of a process: attached where a cluster runs, started where none does.

It ends only what it started: a local cluster is stopped, a running one is merely left, and a session that the
caller (or an outer `ray_session`) opened before stays open. Workers of a local cluster run the driver's own
installation, so nothing is packed or uploaded, and Ray can use the workers that it has started in advance.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STORE_BYTES = 256 * 2**20
"""Object store of a local cluster. Completions are small; Ray would take a third of the machine's memory."""
CONNECT_SECONDS = 15.0
QUIET = ("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "RAY_USAGE_STATS_ENABLED", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO")
"""Under `uv run` Ray would upload the working folder, and it would call home; it reads these when it is imported."""
ON_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""At 0 a node's address is 127.0.0.1, and Ray's processes listen there alone, as they do on those systems. By itself
Ray listens on every address of a Linux machine, and changes a 127.0.0.1 that it is given into one of the others. It is
read when Ray is imported."""
START_ATTEMPTS = 3
"""Ray gives its processes 30 seconds to come up, too few on a busy machine that has never loaded them."""

_lock = threading.Lock()
_sessions = 0


@contextmanager
def ray_session(address: str | None = None) -> Iterator[None]:
    """Ray, for as long as the block runs; `address` (or RAY_ADDRESS) names a running cluster.

    Sessions may be nested and may overlap in threads: the last to leave shuts down. Raises ConnectionError
    where nothing answers at the address.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    for setting in (*QUIET, ON_LOOPBACK) if _is_here(address) else QUIET:
        os.environ.setdefault(setting, "0")
    import ray

    global _sessions
    with _lock:
        if not ray.is_initialized():
            _start(address)
            _sessions = 0
        elif _sessions == 0:
            _sessions = 1  # somebody else's: one more than we shall ever leave
        _sessions += 1
    try:
        yield
    finally:
        with _lock:
            _sessions -= 1
            if _sessions == 0:
                ray.shutdown()


def _is_here(address: str | None) -> bool:
    """Whether the cluster is this machine's own: started here, or at an address that no other machine reaches."""
    return not address or address == "local" or address.startswith("127.0.0.1:")


def _start(address: str | None) -> None:
    import ray

    if address and address != "local":
        _check_answers(address)
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        return
    for patience in reversed(range(START_ATTEMPTS)):
        try:
            return _start_local()
        except Exception as error:  # Ray raises a bare Exception here
            if "timed out during startup" not in str(error) or not patience:
                raise
            _end_half_started()


def _check_answers(address: str) -> None:
    """Ray itself would try for minutes and then tell of its internals."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():
        return  # "auto", which Ray looks up
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise ConnectionError(f"no Ray cluster answers at {address}: {error}") from error


def _start_local() -> None:
    import ray

    # Ray makes its workers nice. An engine on CPUs computes in step with all its threads, and then waits at every turn
    # for the one that some other process keeps from its core.
    os.environ.setdefault("RAY_worker_niceness", "0")
    ray.init(
        "local",
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=STORE_BYTES,
    )


def _end_half_started() -> None:
    """Ends the parts of a cluster that did not come up in time; Ray forgets them, and would leave them running."""
    import psutil

    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if child.name() in ("gcs_server", "raylet"):
                child.kill()
