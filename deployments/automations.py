"""What Prefect does by itself when something happens, as code; `wa deploy` registers it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

OURS = "wa: "
"""Begins the names of our automations; others are left alone."""

SILENCE = timedelta(minutes=10)
"""A run that goes on says so every three minutes, unless PREFECT_FLOWS_HEARTBEAT_FREQUENCY says otherwise."""

WATCHED = ("rekap", "task-delivery", "complaints")
"""Flows of whose failed runs the owners of reports are told."""

_RUN = "prefect.flow-run"
_ENDS = {f"{_RUN}.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
_HEARTBEAT = f"{_RUN}.heartbeat"
_IN_TROUBLE = {"wa.account.held", "wa.outbox.dead", "wa.intake.untold"}


def automations(alarm: UUID, second_channel: UUID | None, silence: timedelta = SILENCE) -> list[AutomationCore]:
    """All of ours: `alarm` is tells the owners, `second_channel` is the block that Prefect tells by."""
    found = [_zombies(silence), _failed(alarm), _in_trouble(alarm)]
    return [*found, _nobody_works(second_channel)] if second_channel is not None else found


def _zombies(silence: timedelta) -> AutomationCore:
    trigger = EventTrigger(
        after={_HEARTBEAT, f"{_RUN}.Running"},
        expect={_HEARTBEAT, *_ENDS},
        match=_of(f"{_RUN}.*"),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=silence,
    )
    message = "No word from this run: its process or its machine is gone."
    return AutomationCore(
        name=f"{OURS}runs whose process is gone",
        description="A run that says nothing any more is Crashed, so that nobody waits for it.",
        trigger=trigger,
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=message)],
    )


def _failed(alarm: UUID) -> AutomationCore:
    related = ResourceSpecification.model_validate(
        {"prefect.resource.role": "flow", "prefect.resource.name": list(WATCHED)}
    )
    trigger = EventTrigger(
        expect={f"{_RUN}.Failed", f"{_RUN}.Crashed"},
        match=_of(f"{_RUN}.*"),
        match_related=related,
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(),
    )
    run = {"__prefect_kind": "jinja", "template": "{{ event.resource.id }}"}
    return AutomationCore(
        name=f"{OURS}recaps that failed",
        description="The owners of the reports are told by WhatsApp, and where it is down by the second channel.",
        trigger=trigger,
        actions=[RunDeployment(source="selected", deployment_id=alarm, parameters={"run": run})],
    )


def _in_trouble(alarm: UUID) -> AutomationCore:
    trigger = EventTrigger(
        expect=_IN_TROUBLE,
        match=_of("wa.account.*"),
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(),
    )
    return AutomationCore(
        name=f"{OURS}dead letters and held accounts",
        description="The owner is told at once by the second channel what WhatsApp cannot tell.",
        trigger=trigger,
        actions=[RunDeployment(source="selected", deployment_id=alarm, parameters={})],
    )


def _nobody_works(block: UUID) -> AutomationCore:
    trigger = EventTrigger(
        expect={f"{_RUN}.Late"},
        match=_of(f"{_RUN}.*"),
        posture=Posture.Reactive,
        threshold=10,
        within=timedelta(minutes=30),
    )
    subject = "WA-Integrasi: tidak ada worker / no worker takes runs"
    body = (
        "Sepuluh proses terlambat dalam setengah jam: periksa worker dan mesinnya. / "
        "Ten runs are late within half an hour: look at the worker and its machine."
    )
    return AutomationCore(
        name=f"{OURS}runs that nobody takes",
        description="Prefect itself tells the owner, since nothing of ours runs then.",
        trigger=trigger,
        actions=[SendNotification(block_document_id=block, subject=subject, body=body)],
    )


def _of(resource: str) -> ResourceSpecification:
    return ResourceSpecification.model_validate({"prefect.resource.id": resource})


async def registered(client: PrefectClient) -> list[Automation]:
    """Ours, as the server has them."""
    return [each for each in await client.read_automations() if each.name.startswith(OURS)]


def same(one: AutomationCore, other: AutomationCore) -> bool:
    """Whether they do the same; whether somebody has paused one is theirs to say."""
    return _said(one) == _said(other)


async def register_automations(client: PrefectClient, wanted: Sequence[AutomationCore]) -> list[str]:
    """Make ours what they are to be, and say what there is now; one that somebody has paused stays paused."""
    there = {each.name: each for each in await registered(client)}
    lines = []
    for each in wanted:
        found = there.pop(each.name, None)
        if found is None:
            await client.create_automation(each)
        elif not same(each, found):
            await client.update_automation(found.id, each.model_copy(update={"enabled": found.enabled}))
        lines.append(f"automation {each.name}")
    for name, left in there.items():
        await client.delete_automation(left.id)
        lines.append(f"automation {name} removed")
    return lines


def _said(automation: AutomationCore) -> dict[str, Any]:
    core = AutomationCore.model_validate(automation.model_dump(include=set(AutomationCore.model_fields)))
    said = core.model_dump(mode="json", exclude={"enabled", "tags"})
    for name in ("after", "expect", "for_each"):
        said["trigger"][name] = sorted(said["trigger"][name])
    return said
