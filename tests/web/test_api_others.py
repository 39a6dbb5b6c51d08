"""Triggers, complaints and the state of the accounts by the Bot API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from tests.conftest import FrozenClock
from tests.web.api import (
    BUDI,
    GROUP,
    SITI,
    api_app,
    audited,
    caller,
    channel,
    count,
    fields,
    new_key,
    problem,
    refuses,
)
from wa_integrasi.commands import CommandQueue, NewCommand, State
from wa_integrasi.outbox import Outbox
from wa_integrasi.session import SESSION_LOST
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import commands, complaint_queue

UNIT = {"arguments": {"unit": "mesin-3"}}
ASKED = "unit, sejak, hari, batas, catatan"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database: what is asked of it here is tested on each in tests/store."""
    return sqlite_url


async def test_a_trigger_is_queued_with_who_asked_and_can_be_followed(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    arguments = {"unit": "M4", "hari": 2, "batas": 1.5, "catatan": None}
    answer = await bot.post("/v1/triggers/stok/run", json={"recipient": "produksi", "arguments": arguments})
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert (made["trigger"], made["state"], made["recipient"]) == ("stok", "waiting", "group …8901")
    queue = CommandQueue(store, clock)
    [command] = queue.take()
    yesterday = (clock().astimezone(ZoneInfo("Asia/Jakarta")) - timedelta(days=1)).date().isoformat()
    kept = {"unit": "mesin-4", "sejak": yesterday, "hari": 2, "batas": 1.5, "catatan": None}
    assert (command.id, command.chat, command.asked_by) == (made["id"], GROUP, "key:environment")
    assert (command.trigger, command.arguments, command.text) == ("stok", kept, None)
    state = await bot.get(answer.headers["location"].removeprefix("/api"))
    assert (state.json()["state"], state.json()["attempts"]) == ("running", 1)
    queue.end(command, State.FAILED, "the source is away")
    ended = (await bot.get(f"/v1/commands/{made['id']}")).json()
    assert (ended["state"], ended["note"]) == ("failed", "the source is away")
    assert ended["ended_at"] is not None
    [row] = audited(store)
    assert (row.actor, row.action, row.subject, row.outcome) == (
        "key:environment",
        "run_trigger",
        f"command:{made['id']}",
        "done",
    )


@pytest.mark.parametrize(
    ("arguments", "field", "reason"),
    [
        ({}, "arguments.unit", "is missing, must be one of mesin-3, mesin-4"),
        ({"unit": "foo"}, "arguments.unit", "is not one of the choices, must be one of mesin-3, mesin-4"),
        ({"unit": True}, "arguments.unit", "is not one of the choices, must be one of mesin-3, mesin-4"),
        ({"hari": 40}, "arguments.hari", "is too large, 31 at most, must be a whole number from 1 to 31"),
        ({"hari": "dua"}, "arguments.hari", "is not a whole number, must be a whole number from 1 to 31"),
        ({"hari": 1.5}, "arguments.hari", "is not a whole number, must be a whole number from 1 to 31"),
        ({"batas": ""}, "arguments.batas", "does not have the right form, must be a number, such as 1,234.5"),
        ({"sejak": "nanti"}, "arguments.sejak", "is not a date, must be a date, such as 19/11 or yesterday"),
        ({"catatan": "x" * 21}, "arguments.catatan", "is too long, 20 characters at most, must be text"),
        ({"rahasia": 1}, "arguments.rahasia", f"there is no such argument, there are: {ASKED}"),
    ],
)
async def test_a_wrong_argument_is_named_with_what_may_be_there(
    bot: httpx.AsyncClient, store: Store, arguments: dict[str, Any], field: str, reason: str
) -> None:
    given = arguments and {**UNIT["arguments"], **arguments}
    answer = await bot.post("/v1/triggers/stok/run", json={"recipient": SITI, "arguments": given})
    assert answer.status_code == 422
    assert problem(answer)["errors"] == [{"field": field, "reason": reason}]
    assert count(store, commands) == 0


@pytest.mark.parametrize("name", ["stoks", "rekap"])
async def test_a_trigger_that_there_is_not_is_named(bot: httpx.AsyncClient, store: Store, name: str) -> None:
    answer = await bot.post(f"/v1/triggers/{name}/run", json={"recipient": SITI})
    assert (answer.status_code, problem(answer)["code"]) == (404, "no_trigger")
    assert problem(answer)["detail"] == f"no trigger is called {name}"
    assert count(store, commands) == 0


async def test_without_a_catalog_of_triggers_there_is_none(store: Store, clock: FrozenClock) -> None:
    async with caller(api_app(store, clock, triggers={})) as bot:
        assert (await bot.post("/v1/triggers/stok/run", json={"recipient": SITI})).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/triggers/Stok/run", {"recipient": SITI}, "name"),
        ("/v1/triggers/stok/run", {"recipient": "regu"}, "recipient"),
        ("/v1/triggers/stok/run", {"recipient": SITI, "account": "gudang"}, "account"),
        ("/v1/triggers/stok/run", {"recipient": SITI, "arguments": {"": 1}}, "arguments.(a name)"),
        ("/v1/triggers/stok/run", {}, "recipient"),
        ("/v1/complaints", {"complainant": SITI, "text": " "}, "text"),
        ("/v1/complaints", {"complainant": "regu", "text": "x"}, "complainant"),
        ("/v1/complaints", {"complainant": SITI, "text": "x", "fields": {"unit": 3}}, "fields.unit"),
        ("/v1/complaints", {"complainant": SITI, "text": "x", "account": "gudang"}, "account"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_queued(
    bot: httpx.AsyncClient, store: Store, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await bot.post(path, json=body)
    assert (answer.status_code, fields(answer)[0]) == (422, field)
    assert (count(store, commands), count(store, complaint_queue)) == (0, 0)


@pytest.mark.parametrize(
    ("buttons", "field", "reason"),
    [
        (["ya"], "content.buttons.0", "must be an object"),
        ([], "content.buttons", "must have at least 1"),
        ("ya", "content.buttons", "must be a list"),
    ],
)
async def test_a_wrong_shape_is_told_in_words_of_json(
    bot: httpx.AsyncClient, buttons: Any, field: str, reason: str
) -> None:
    content = {"type": "buttons", "body": "Lanjut?", "buttons": buttons}
    answer = await bot.post("/v1/messages", json={"recipient": SITI, "content": content})
    assert answer.status_code == 422
    assert problem(answer)["errors"][0] == {"field": field, "reason": reason}


async def test_a_trigger_is_not_run_for_whom_no_answer_may_reach(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    refuses(store, clock, SITI)
    unwilling = await bot.post("/v1/triggers/stok/run", json={"recipient": SITI, **UNIT})
    Outbox(store, clock=clock).hold("default", "190", "the token has expired")
    held = await bot.post("/v1/triggers/stok/run", json={"recipient": BUDI, **UNIT})
    assert [(answer.status_code, problem(answer)["code"]) for answer in (unwilling, held)] == [
        (409, "opted_out"),
        (503, "account_held"),
    ]
    assert count(store, commands) == 0


async def test_a_command_that_a_person_typed_is_shown_without_its_words(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    [made] = CommandQueue(store, clock).ask([NewCommand("default", SITI, text="stok rahasia")])
    answer = await bot.get(f"/v1/commands/{made}")
    assert (answer.status_code, answer.json()["trigger"], answer.json()["recipient"]) == (200, None, "+62…7890")
    assert "rahasia" not in answer.text


async def test_commands_of_other_accounts_are_nobodys_business(
    api: Starlette, store: Store, clock: FrozenClock
) -> None:
    ids = CommandQueue(store, clock).ask([NewCommand(account, SITI, text="stok") for account in ("gudang", "kantor")])
    async with caller(api, new_key(store, clock, accounts=["gudang"])) as gudang:
        answers = [await gudang.get(f"/v1/commands/{command_id}") for command_id in [*ids, 99]]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert answers[1].json() == answers[2].json()


@pytest.mark.parametrize(
    ("text", "given", "kept", "headers"),
    [
        ("Pesanan belum sampai", {}, "Pesanan belum sampai", None),
        ("Pesanan belum sampai", {"unit": "Gudang 2"}, "Pesanan belum sampai", {"unit": "Gudang 2"}),
        (
            "*Pesan Komplain*\nNama: Siti\nUnit: 1",
            {"unit": "Gudang 2"},
            "Nama: Siti\nUnit: 1",
            {"nama": "Siti", "unit": "Gudang 2"},
        ),
    ],
)
async def test_a_complaint_is_filed_with_its_ticket(
    bot: httpx.AsyncClient, store: Store, text: str, given: dict[str, str], kept: str, headers: dict[str, str] | None
) -> None:
    answer = await bot.post("/v1/complaints", json={"complainant": "siti", "text": text, "fields": given})
    assert answer.status_code == 201, answer.text
    with store.reading() as connection:
        [row] = connection.execute(select(complaint_queue))
    assert (row.complainant, row.chat, row.account, row.status) == (SITI, SITI, "default", "pending")
    assert (row.text, row.fields, row.filed_by) == (kept, headers, "key:environment")
    assert (answer.json()["id"], answer.json()["ticket"]) == (row.id, f"K4011-{row.id:05d}")


async def test_a_complaint_is_taken_whatever_keeps_its_answer_back(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    refuses(store, clock, SITI)
    Outbox(store, clock=clock).hold("default", "190", "the token has expired")
    answer = await bot.post("/v1/complaints", json={"complainant": SITI, "text": "Pesanan belum sampai"})
    assert answer.status_code == 201


async def test_the_session_of_every_account(bot: httpx.AsyncClient, store: Store, clock: FrozenClock) -> None:
    for account, provider in (("gudang", "waha"), ("kantor", "waha"), ("pabrik", "meta")):
        channel(store, provider, account)
    outbox = Outbox(store, clock=clock)
    outbox.hold("gudang", SESSION_LOST, "SCAN_QR_CODE")
    outbox.hold("pabrik", "190", "the token has expired")
    accounts = {each.pop("account"): each for each in (await bot.get("/v1/session")).json()["accounts"]}
    good = {"sends": True, "circuit": "closed", "code": None, "reason": None, "until": None}
    held = {"sends": False, "circuit": "open", "until": "2040-11-20T00:02:00Z"}
    assert accounts == {
        "default": {**good, "channel": None, "session": None},
        "gudang": {**held, "channel": "waha", "session": "lost", "code": SESSION_LOST, "reason": "SCAN_QR_CODE"},
        "kantor": {**good, "channel": "waha", "session": "good"},
        "pabrik": {**held, "channel": "meta", "session": None, "code": "190", "reason": "the token has expired"},
    }
    clock.tick(minutes=3)
    again = (await bot.get("/v1/session")).json()["accounts"]
    assert [each["sends"] for each in again] == [True] * 4, "the channel is tried again"
