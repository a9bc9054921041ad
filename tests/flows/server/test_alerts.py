"""Alerts of a real Prefect server, as a program at the other end gets them."""

import json
import queue
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID

import pytest
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed, Crashed, Failed

from flows.run.addresses import Unclear
from flows.server.alerts import ALERT, set_alert
from flows.server.setup import prepare_server

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

PATIENCE = 120
REASON = 'labels at date=2026-11-22 did not pass "labels.rows" >= 9: it is <3>'


class Receiver:
    """Takes what is posted to it, as (path, object)."""

    def __init__(self) -> None:
        self.posted: queue.Queue[tuple[str, Any]] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.posted.put((self.path, json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def next(self) -> tuple[str, Any]:
        return self.posted.get(timeout=PATIENCE)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client
        set_alert(client, "none")


@flow
def told_of() -> None:
    """Is never run: its runs end as the tests say."""


End = Callable[..., UUID]


@pytest.fixture
def end(client: SyncPrefectClient) -> End:
    """`end(state, name)`: a run of a deployment ends like that."""
    deployment = client.create_deployment(client.create_flow(told_of), "alerts")

    def ended(state: State[Any], name: str) -> UUID:
        run = client.create_flow_run_from_deployment(deployment, name=name)
        client.set_flow_run_state(run.id, state, force=True)
        return run.id

    return ended


def test_a_gate_that_stops_a_run_is_told_with_its_reason(
    client: SyncPrefectClient, end: End, receiver: Receiver
) -> None:
    set_alert(client, f"{receiver.url}/hook")
    end(Failed(name="Gate labels.rows", message=REASON), "nightly 2026-11-22")
    path, told = receiver.next()
    assert path == "/hook"
    assert told == {
        "text": f"Proctor: nightly 2026-11-22: Gate labels.rows. {REASON}",
        "run": "nightly 2026-11-22",
        "deployment": "alerts",
        "state": "Gate labels.rows",
        "message": REASON,
        "url": None,  # the server of tests has no UI
    }


def test_crashes_are_told_and_neither_success_nor_parts_of_runs_are(
    client: SyncPrefectClient, end: End, receiver: Receiver
) -> None:
    set_alert(client, receiver.url)
    part = client.create_flow_run(told_of, name="a part of it")
    client.set_flow_run_state(part.id, Failed(), force=True)
    end(Completed(), "a good run")
    end(Crashed(), "a run that crashed")
    assert receiver.next()[1]["run"] == "a run that crashed"
    assert receiver.posted.empty()


def test_another_target_takes_the_place_of_the_first(client: SyncPrefectClient, end: End, receiver: Receiver) -> None:
    set_alert(client, f"{receiver.url}/old")
    set_alert(client, f"{receiver.url}/new")
    assert len(client.read_automations_by_name(ALERT)) == 1
    end(Failed(), "a run that failed")
    assert receiver.next()[0] == "/new"


def test_a_block_of_prefect_is_a_target_too(client: SyncPrefectClient, end: End, receiver: Receiver) -> None:
    fields = {"subject": "{{subject}}", "body": "{{body}}"}
    CustomWebhookNotificationBlock(name="team", url=receiver.url, json_data=fields).save("team", overwrite=True)
    set_alert(client, "custom-webhook/team")
    end(Failed(message=REASON), "nightly 2026-11-22")
    told = receiver.next()[1]
    assert told["subject"] == "Proctor: nightly 2026-11-22: Failed"
    assert told["body"].strip() == REASON


@pytest.mark.parametrize("target", ["slack-webhook/nobody", "example.org/hook", ""])
def test_a_target_that_is_not_there_is_refused(client: SyncPrefectClient, target: str) -> None:
    with pytest.raises(Unclear, match="prefect block ls"):
        set_alert(client, target)


def test_nobody_is_told_unless_asked(client: SyncPrefectClient, receiver: Receiver) -> None:
    assert dict(prepare_server())["Alerts"].startswith("none")
    assert client.read_automations_by_name(ALERT) == []
    assert dict(prepare_server(receiver.url))["Alerts"].startswith("sent")
    assert dict(prepare_server())["Alerts"].startswith("sent"), "left out: as it was"
    assert dict(prepare_server("none"))["Alerts"].startswith("none")
