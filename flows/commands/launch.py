"""Starts a flow from the shell, in this process, with bars in the terminal and everything else in a log file.

What storage can answer is answered before Prefect is imported: a complete partition, a missing input, another runner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from flows.commands.terminal import Bars, log_path, loud, quiet
from flows.run.execute import Execution, describe
from flows.run.progress import watching
from flows.run.work import Work
from flows.server.temporary import server


def finished(works: Sequence[Work]) -> list[Execution] | None:
    """The executions of all `works` where storage holds what they are to make; else None.

    Raises Busy where another runner is at work on one of them.
    """
    manifests = [work.committed() for work in works]
    for work, there in zip(works, manifests, strict=True):
        if there is None:
            work.check_idle()
    done = [describe(work, there, skipped=True) for work, there in zip(works, manifests, strict=True) if there]
    return done if len(done) == len(works) else None


def launch(
    name: str,
    arguments: Mapping[str, Any],
    stages: Sequence[str],
    root: str,
    debug: bool = False,
    marks: Sequence[str] = (),
) -> list[Execution]:
    """Runs the flow `name`; what it raises carries a note that names the log. `marks` are those of `Bars`."""
    log = log_path(root, name)
    try:
        with loud() if debug else quiet(log) as console:
            return _run(name, arguments, Bars(console, stages, marks))
    except BaseException as error:
        if not debug:
            error.add_note(f"Log: {log}")
        raise


def _run(name: str, arguments: Mapping[str, Any], bars: Bars) -> list[Execution]:
    with bars, watching(bars), server() as wait_for_server:
        bars.announce("Prefect starts")
        flow = getattr(import_module(f"flows.{name}"), name)
        wait_for_server()
        try:
            told = flow(**arguments)
        finally:
            _send_logs()
    return told if isinstance(told, list) else [told]


def _send_logs() -> None:
    """Prefect sends logs and events from threads: they have to reach the server before it ends."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=10)
