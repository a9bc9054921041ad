"""The automation that tells somebody when a run of a deployment fails, crashes, or is stopped by a gate.

Nothing is sent unless a target was named: a URL, to which an object in JSON is posted, or one of Prefect's blocks
(`TYPE/NAME`, as `prefect block ls` lists them), such as `slack-webhook/team`. The server sends it, and keeps the URL as
a secret. Runs that are parts of another one, and those of `proctor run`, tell nobody.
"""

from prefect.automations import AutomationCore
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import CallWebhook, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.types import SecretDict
from pydantic import SecretStr

from flows.run.addresses import Unclear

ALERT = "Somebody is told of runs that fail"
BLOCK = "proctor-alert"
NOBODY = "none"

_WHAT = '"Proctor: " ~ flow_run.name ~ ": " ~ flow_run.state.name'
_WHY = '(flow_run.state.message or "")'
_FIELDS = {
    "text": f"{_WHAT} ~ '. ' ~ {_WHY}",  # what chats show
    "run": "flow_run.name",
    "deployment": "deployment.name",
    "state": "flow_run.state.name",
    "message": _WHY,
    "url": "flow_run | ui_url",
}
_PAYLOAD = "{" + ", ".join(f'"{name}": {{{{ ({value}) | tojson }}}}' for name, value in _FIELDS.items()) + "}"


def set_alert(client: SyncPrefectClient, target: str) -> None:
    """Makes, or changes, the one automation of that kind; `none` removes it. Raises Unclear for a target that is
    neither a URL nor a block that is there."""
    if target == NOBODY:
        for each in client.read_automations_by_name(ALERT):
            client.delete_automation(each.id)
        return
    put_automation(client, AutomationCore(name=ALERT, trigger=_FAILURE, actions=[_action(client, target)]))


def put_automation(client: SyncPrefectClient, automation: AutomationCore) -> None:
    """Makes it, or changes the one of its name."""
    there = client.read_automations_by_name(automation.name)
    if there:
        client.update_automation(there[0].id, automation)
    else:
        client.create_automation(automation)


# By the type of the state and not by its name, which is that of the gate where one failed.
_FAILURE = EventTrigger(
    expect={"prefect.flow-run.*"},
    match=ResourceSpecification(
        {"prefect.resource.id": ["prefect.flow-run.*"], "prefect.state-type": ["FAILED", "CRASHED"]}
    ),
    match_related=ResourceSpecification({"prefect.resource.role": ["deployment"]}),
    for_each={"prefect.resource.id"},
    posture=Posture.Reactive,
    threshold=1,
)


def _action(client: SyncPrefectClient, target: str) -> CallWebhook | SendNotification:
    if target.startswith(("http://", "https://")):
        headers = SecretDict({"content-type": "application/json"})
        block = Webhook(url=SecretStr(target), headers=headers).save(BLOCK, overwrite=True)
        return CallWebhook(block_document_id=block, payload=_PAYLOAD)
    kind, _, name = target.partition("/")
    try:
        found = client.read_block_document_by_name(name, kind).id
    except ObjectNotFound:
        raise Unclear(
            f"{target!r} is no URL (http://, https://), and no block TYPE/NAME of the server: see `prefect block ls`"
        ) from None
    if kind == "webhook":
        return CallWebhook(block_document_id=found, payload=_PAYLOAD)
    body = f'{{{{ {_WHY} }}}}\n{{{{ flow_run | ui_url or "" }}}}'
    return SendNotification(block_document_id=found, subject=f"{{{{ {_WHAT} }}}}", body=body)
