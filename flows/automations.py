"""The automations of `deployments/`, put to a Prefect server: what ends a dead run, and who is told of a night that went wrong."""

from typing import Any
from uuid import UUID

import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import AutomationCore
from prefect.types import SecretDict

from flows.settings import PROJECT, Settings

DEAD_RUNS = PROJECT / "deployments" / "automation.yaml"
NOTIFY = PROJECT / "deployments" / "automation-notify.yaml"
CHANNEL = "aftercare-notify"


def install_dead_runs() -> None:
    """Make the server end runs that have died without a word."""
    with get_client(sync_client=True) as client:
        _install(client, yaml.safe_load(DEAD_RUNS.read_text(encoding="utf-8")))


def install_automations(settings: Settings) -> None:
    """Make the server end dead runs, and tell the webhook of the settings of nights that failed or did not happen.

    Without a webhook nobody is told, and what told one before is taken away.
    """
    install_dead_runs()
    told = yaml.safe_load(NOTIFY.read_text(encoding="utf-8"))
    channel = _channel(settings)
    with get_client(sync_client=True) as client:
        for automation in told:
            if channel is None:
                for there in client.read_automations_by_name(automation["name"]):
                    client.delete_automation(there.id)
                continue
            if automation["trigger"]["posture"] == "Proactive":
                automation["trigger"]["within"] = settings.notify_after_hours * 3600
            for action in automation["actions"]:
                action["block_document_id"] = str(channel)
            _install(client, automation)


def _channel(settings: Settings) -> UUID | None:
    """The server's record of the webhook, its address kept as a secret; None where no webhook is set."""
    if settings.notify_url is None:
        return None
    block = CustomWebhookNotificationBlock(
        name=CHANNEL,
        url="{{address}}",
        json_data={"text": "{{subject}}\n{{body}}"},
        headers=None,
        cookies=None,
        secrets=SecretDict({"address": settings.notify_url.get_secret_value()}),
    )
    saved = block.save(CHANNEL, overwrite=True)
    assert isinstance(saved, UUID)  # a coroutine where an event loop runs
    return saved


def _install(client: SyncPrefectClient, described: dict[str, Any]) -> None:
    """Make the server hold the automation. One that is the same is left alone: an update forgets what it has seen."""
    wanted = AutomationCore.model_validate(described)
    there = client.read_automations_by_name(wanted.name)
    if not there:
        client.create_automation(wanted)
    elif _content(there[0]) != _content(wanted):
        client.update_automation(there[0].id, wanted)


def _content(automation: AutomationCore) -> dict[str, Any]:
    return automation.model_dump(include=set(AutomationCore.model_fields), exclude={"trigger": {"id"}})
