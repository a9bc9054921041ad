"""A flow that tells whether runs leave their traces: a task that writes to storage, and a server that records it.

Task runs reach the server as events on a WebSocket. Where a proxy or an authentication in front of it does not let that
through, runs succeed and their tasks are lost without a word. `prefect deployment run smoke/smoke --watch` then fails.
"""

import time
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.runtime import flow_run

from storage.store import Store

FILE = ".smoke"
"""Holds the id of the last run."""
PATIENCE = 60.0
"""Seconds until a task run has to be recorded; it is a second or two where the server is not busy."""


class NotRecorded(Exception):
    """The server does not know a task run that has ended; the message says where to look."""


@flow(name="smoke", persist_result=False)
def smoke(root: str = "data") -> None:
    """Write to `root`, and fail unless the server has recorded that."""
    can_write(root)
    names = recorded(UUID(flow_run.id), PATIENCE)
    get_run_logger().info("%s can be written safely, and the server has recorded %s", root, ", ".join(names))


@task(cache_policy=NO_CACHE, persist_result=False)
def can_write(root: str) -> None:
    """Raises what storage raises, such as UnsafeStore where two writers could overwrite each other."""
    files = Store(root).files
    before = files.load(FILE)
    files.swap(FILE, flow_run.id.encode(), before and before.version)


def recorded(run: UUID, patience: float) -> list[str]:
    """The names of the run's tasks that the server says have completed. Raises NotRecorded where there are none."""
    deadline = time.monotonic() + patience
    with get_client(sync_client=True) as client:
        while True:
            found = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run])))
            done = [each.name for each in found if each.state and each.state.is_completed()]
            if done:
                return done
            if time.monotonic() > deadline:
                raise NotRecorded(
                    f"within {patience:g} s the server recorded no task run of flow run {run}, though one has ended: "
                    "what stands before the server has to let the WebSocket /api/events/in through, and "
                    "PREFECT_API_AUTH_STRING has to be set here"
                )
            time.sleep(0.5)
