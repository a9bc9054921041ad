"""What a Prefect server has to have beside the deployments: the work pool, its queues, and automations.

Run again, it changes what differs.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from prefect.automations import AutomationCore
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from flows.server.alerts import ALERT, put_automation, set_alert

POOL = "proctor"
QUEUES = {"default": 1, "backfill": 10}
"""Priority of each queue: 1 goes first."""
CRASHED = "Runs of dead workers are crashed"
SILENCE = timedelta(minutes=9)
"""Three heartbeats of Prefect's 180 s: a run that is silent for so long has no process any more."""


def prepare_server(alert: str | None = None) -> list[tuple[str, str]]:
    """Makes what is not there yet on the server that the environment names; returns what is there now, in words.

    `alert` is where failures are told (flows/server/alerts.py); None leaves that as it is. Raises Unclear.
    """
    with get_client(sync_client=True) as client:
        _pool(client)
        put_automation(client, _ZOMBIES)
        if alert is not None:
            set_alert(client, alert)
        told = client.read_automations_by_name(ALERT)
    queues = " and ".join(QUEUES)
    return [
        ("Work pool", f"{POOL}, with the queues {queues}"),
        ("Dead workers", f"their runs are crashed after {SILENCE.seconds // 60} minutes of silence"),
        ("Alerts", "sent when a run fails or crashes, or a gate stops it" if told else "none (--alert URL)"),
    ]


@contextmanager
def schedules_stay_as_switched() -> Iterator[None]:
    """For a deploy, which sets schedules as the file has them: those that somebody switched on or off stay so."""
    with get_client(sync_client=True) as client:
        switched = {(each.id, one.slug): one.active for each in client.read_deployments() for one in each.schedules}
        yield
        for each in client.read_deployments():
            for one in each.schedules:
                if one.active != (active := switched.get((each.id, one.slug), one.active)):
                    client.update_deployment_schedule(each.id, one.id, active=active)


def _pool(client: SyncPrefectClient) -> None:
    with suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    for name, priority in QUEUES.items():
        try:
            queue = client.read_work_queue_by_name(name, work_pool_name=POOL)
            client.update_work_queue(queue.id, priority=priority)
        except ObjectNotFound:
            client.create_work_queue(name, priority=priority, work_pool_name=POOL)


_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "Gate *")  # a run that a gate stopped is named after it
# The automation of Prefect's guide on zombie flows, which only its cloud has by itself.
_ZOMBIES = AutomationCore(
    name=CRASHED,
    trigger=EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{end}" for end in _ENDS)},
        match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=SILENCE,
    ),
    actions=[ChangeFlowRunState(state=StateType.CRASHED, message=f"no heartbeat for {SILENCE}")],
)
