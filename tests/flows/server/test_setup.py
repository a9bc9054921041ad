"""What a real Prefect server has after it was prepared, and after a deploy."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule

from flows.server.setup import schedules_stay_as_switched

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

Deploy = Callable[..., UUID]


@flow
def at_night() -> None:
    """Has a schedule, and is never run."""


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def deploy(client: SyncPrefectClient) -> Deploy:
    """What `prefect deploy` does of a file with two schedules that are off."""

    def deployed() -> UUID:
        schedules = [
            DeploymentScheduleCreate(schedule=CronSchedule(cron=cron), active=False, slug=slug)
            for slug, cron in (("two", "0 2 * * *"), ("three", "0 3 * * *"))
        ]
        return client.create_deployment(client.create_flow(at_night), "scheduled", schedules=schedules)

    return deployed


def active(client: SyncPrefectClient, deployment: UUID) -> dict[str | None, bool]:
    return {each.slug: each.active for each in client.read_deployment_schedules(deployment)}


def test_a_schedule_that_was_switched_on_stays_on_when_it_is_deployed_again(
    client: SyncPrefectClient, deploy: Deploy
) -> None:
    deployment = deploy()
    [two] = [each for each in client.read_deployment_schedules(deployment) if each.slug == "two"]
    client.update_deployment_schedule(deployment, two.id, active=True)
    with schedules_stay_as_switched():
        assert deploy() == deployment
        assert active(client, deployment) == {"two": False, "three": False}, "or there is nothing to put back"
    assert active(client, deployment) == {"two": True, "three": False}
