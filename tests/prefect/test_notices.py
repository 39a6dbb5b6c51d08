"""People are told, for real: events in Prefect's own feed, and a notice on the owner's phone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore
from sqlalchemy import insert, update

from flows.gateway import gateway
from tasks import notify as notifying
from tasks.events import events_of
from tests.prefect.conftest import House, eventually
from wa_integrasi.clock import utc_now
from wa_integrasi.notices import News, Notices, Untold
from wa_integrasi.store.engine import StoreError
from wa_integrasi.store.tables import breakers, wa_outbox

OWNER = "+6281200000005"
SLOT = "2026-10-01"


def events(house: House, name: str, account: str = "default") -> list[dict[str, Any]]:
    """The events of a name and an account, as Prefect's feed shows them."""
    wanted = {"event": {"name": [name]}, "resource": {"id": [f"wa.account.{account}"]}}
    return house.prefect("events/filter", filter=wanted)["events"]


def letters(house: House) -> list[dict[str, Any]]:
    """What the events say of the slot's dead letters."""
    told = [letter for event in events(house, "wa.outbox.dead") for letter in event["payload"]["letters"]]
    return [letter for letter in told if letter["slot"] == SLOT]


async def test_a_dead_letter_is_one_event_and_one_message_to_the_owner(house: House) -> None:
    row = {"content": "isi rahasia", "report": "rekap-harian", "slot": SLOT}
    with house.store.writing() as connection:
        connection.execute(insert(wa_outbox), [{**row, "recipient": f"Pak Budi {number}"} for number in range(3)])
    for _ in range(2):
        state = await gateway("default", return_state=True)
        assert state.is_completed(), state
    dead = {"report": "rekap-harian", "slot": SLOT, "code": "unreadable", "count": 3}
    assert eventually(lambda: letters(house)) == [dead]
    received = [message for message in house.phone() if SLOT in message["body"] and message["to"] == OWNER]
    assert len(received) == 1
    assert "untuk 3 dari 3 penerima" in received[0]["body"]
    assert not any("Budi" in str(event) or "rahasia" in str(event) for event in events(house, "wa.outbox.dead"))


async def test_a_held_account_and_its_release_are_an_event_each(house: House) -> None:
    state = {"account": "uji", "in_a_row": 0, "tried": 0, "failed": 0, "openings": 1, "changed_at": utc_now()}
    with house.store.writing() as connection:
        connection.execute(insert(breakers).values(circuit="open", code="190", reason="Token has expired", **state))
    for _ in range(2):
        await gateway("default")
    [held] = eventually(lambda: events(house, "wa.account.held", "uji"))
    assert (held["payload"]["code"], held["payload"]["reason"]) == ("190", "Token has expired")
    assert held["resource"]["prefect.resource.name"] == "uji"
    with house.store.writing() as connection:
        connection.execute(update(breakers).where(breakers.c.account == "uji").values(circuit="closed", code=None))
    await gateway("default")
    assert len(eventually(lambda: events(house, "wa.account.released", "uji"))) == 1


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ("template_held", "PAUSED", "wa.template.held"),
        ("template_status", "APPROVED", "wa.template.approved"),
        ("template_status", "DELETED", "wa.template.changed"),
        ("template_quality", "RED", "wa.template.changed"),
        ("tier", "2000", "wa.account.warned"),
        ("warning", "", "wa.account.warned"),
    ],
)
def test_what_a_channel_says_has_an_event_of_its_own(kind: str, value: str, name: str) -> None:
    at = datetime(2040, 11, 20, tzinfo=UTC)
    news = News("default", kind, at, "laporan_siap", "id", value, "why")
    said = {"kind": kind, "name": "laporan_siap", "language": "id", "value": value, "reason": "why"}
    expected = (name, "default", {**said, "since": "2040-11-20T00:00:00+00:00"})
    assert events_of(Notices(news=(news,))) == [expected]


async def test_a_delivery_does_not_fail_because_nobody_could_be_told_and_the_log_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> None:
        raise StoreError("cannot open the store: it is away")

    monkeypatch.setattr(notifying, "collect", away)
    state = await gateway("default", return_state=True)
    assert state.is_completed(), state
    assert eventually(lambda: house.failures(state.state_details.flow_run_id)) == ["cannot open the store: it is away"]
    told = "nobody was told of dead letters and held accounts: cannot open the store: it is away"
    assert eventually(lambda: told in house.logs())


async def test_people_are_told_also_when_the_delivery_fails(house: House) -> None:
    row = {"recipient": "siapa", "content": "x", "status": "dead", "error_code": "sebelumnya"}
    with house.store.writing() as connection:
        connection.execute(insert(wa_outbox).values(row))
    state = await gateway("tanpa-blok", return_state=True)
    assert state.is_failed()
    assert eventually(lambda: [event for event in events(house, "wa.outbox.dead") if "sebelumnya" in str(event)])


def test_the_automation_of_the_documents_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text()
    example = page.split("```yaml\n")[1].split("```")[0]
    assert AutomationCore.model_validate(yaml.safe_load(example)).trigger.match


def test_an_alarm_that_reached_nobody_is_an_event() -> None:
    said = {"conversation": 7, "urgency": "critical", "code": "opted_out", "count": 1}
    untold = Untold("default", 7, "critical", "opted_out", 1)
    assert events_of(Notices(untold=(untold,))) == [("wa.intake.untold", "default", said)]
