"""Messages by the Bot API: what goes into the outbox, what is refused before it does, and how it is looked up."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.conftest import FrozenClock
from tests.web.api import (
    BUDI,
    GROUP,
    SITI,
    TEXT,
    audited,
    caller,
    channel,
    fields,
    new_key,
    problem,
    refuses,
    rows,
)
from wa_integrasi.approved import replace_templates
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, Action, ApprovedTemplate, Failed
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store


async def sent(bot: httpx.AsyncClient, **more: Any) -> httpx.Response:
    return await bot.post("/v1/messages", json={**TEXT, **more})


@pytest.mark.parametrize(
    ("recipient", "chats"),
    [
        ("0812-3456-7890", [SITI]),
        ("6281234567890@c.us", [SITI]),
        (GROUP, [GROUP]),
        ("budi", [BUDI]),
        ("produksi", [GROUP]),
        ("siang", ["120363000000000009@g.us"]),
        ("regu", [SITI, BUDI]),
    ],
)
async def test_a_message_goes_to_whom_a_number_a_chat_or_a_name_means(
    bot: httpx.AsyncClient, store: Store, recipient: str, chats: list[str]
) -> None:
    answer = await sent(bot, recipient=recipient)
    assert answer.status_code == 202, answer.text
    kept = rows(store)
    assert [(row.chat, row.content, row.status, row.priority) for row in kept] == [
        (chat, "Mesin 3 jalan lagi", "pending", Priority.REPLY) for chat in chats
    ]
    said = answer.json()
    assert (said["id"], said["status"]) == (kept[0].id, "pending")
    assert [part["id"] for part in said["messages"]] == [row.id for row in kept]
    assert answer.headers["location"] == f"/api/v1/messages/{kept[0].id}"
    assert not [chat for chat in chats if chat in answer.text]


async def test_a_text_that_is_too_long_for_the_channel_becomes_parts(bot: httpx.AsyncClient, store: Store) -> None:
    channel(store, "twilio", "gudang")
    more = {"account": "gudang", "reply_to": "SM0", "priority": "bulk"}
    answer = await sent(bot, content={"type": "text", "body": "kata " * 400}, **more)
    assert [(part["part"], part["parts"]) for part in answer.json()["messages"]] == [(1, 2), (2, 2)]
    assert [(row.account, row.reply_to, row.priority) for row in rows(store)] == [
        ("gudang", "SM0", Priority.BULK),
        ("gudang", None, Priority.BULK),
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"type": "image", "link": "https://wa.example/a.png", "caption": "Grafik"},
        {"type": "document", "link": "https://wa.example/a.pdf", "filename": "a.pdf"},
        {"type": "template", "name": "laporan_siap", "language": "id", "body": ["Kamis"]},
        {"type": "buttons", "body": "Setuju?", "buttons": [{"id": "ya", "title": "Ya"}]},
        {"type": "menu", "body": "Pilih", "button": "Buka", "sections": [{"choices": [{"id": "1", "title": "Satu"}]}]},
        {"type": "reaction", "message_id": "wamid.1", "emoji": "👍"},
    ],
)
async def test_every_kind_of_content_goes(bot: httpx.AsyncClient, store: Store, content: dict[str, Any]) -> None:
    channel(store, "meta")
    answer = await sent(bot, content=content)
    assert answer.status_code == 202, answer.text
    [row] = rows(store)
    assert (row.type, json.loads(row.content)) == (content["type"], {k: v for k, v in content.items() if k != "type"})


@pytest.mark.parametrize(
    ("more", "field", "code", "reason"),
    [
        ({"recipient": "tono"}, "recipient", "unknown_recipient", "no contact or group of the catalog is called so"),
        ({"recipient": "0812"}, "recipient", "unknown_recipient", "no phone number of the region ID looks like this"),
        ({"recipient": "malam"}, "recipient", "unknown_recipient", "WA_GROUP_MALAM_ID is not set"),
        ({"recipient": ""}, "recipient", "invalid", "must have at least 1 characters"),
        ({"recipient": 17}, "recipient", "invalid", "must be a valid string"),
        ({"account": "gudang"}, "account", "unknown_account", "no such account"),
        ({"priority": "urgent"}, "priority", "invalid", "must be 'reply', 'report' or 'bulk'"),
        ({"content": {"type": "text", "body": " \n"}}, "content.body", "invalid", "must not be blank"),
        ({"content": {"type": "text", "body": "x" * 4097}}, "content.body", "invalid", "at most 4096"),
        ({"content": {"type": "song"}}, "content", "invalid", "type must be one of 'text', 'image'"),
        ({"content": {"body": "x"}}, "content", "invalid", "must be an object with a type"),
        ({"content": {"type": "image"}}, "content", "invalid", "must have either link or media_id"),
        ({"content": {"type": "image", "link": "file:///etc"}}, "content.link", "invalid", "must begin with http"),
        ({"kirim": "ya"}, "kirim", "invalid", "no such field"),
        ({"0812 3456 7890": "ya"}, "(a name)", "invalid", "no such field"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_enqueued(
    bot: httpx.AsyncClient, store: Store, more: dict[str, Any], field: str, code: str, reason: str
) -> None:
    answer = await sent(bot, **more)
    said = problem(answer)
    assert (answer.status_code, said["code"], fields(answer)) == (422, code, [field])
    assert reason in said["errors"][0]["reason"]
    assert rows(store) == []


@pytest.mark.parametrize(
    ("template", "field", "reason"),
    [
        ({"name": "laporan_siapp"}, "content.name", "did you mean laporan_siap, laporan_lama?"),
        ({"language": "en"}, "content.language", "must be one of id"),
        ({"body": []}, "content.body", "must have 1 parameter, has 0"),
        ({"body": ["a\nb"]}, "content.body.0", "must have no newline"),
        ({"name": "laporan_lama", "body": []}, "content.name", "is paused"),
        ({"buttons": [{"index": 1, "parameter": "x"}]}, "content.buttons", "must have no parameters, has 1"),
    ],
)
async def test_a_template_that_is_wrong_is_refused_with_its_field(
    bot: httpx.AsyncClient, store: Store, template: dict[str, Any], field: str, reason: str
) -> None:
    channel(store, "meta")
    approved = [
        ApprovedTemplate("laporan_siap", "id", "APPROVED", "UTILITY", body=1),
        ApprovedTemplate("laporan_lama", "id", "PAUSED", "UTILITY", body=0),
    ]
    replace_templates(store, "default", approved)
    content = {"type": "template", "name": "laporan_siap", "language": "id", "body": ["rahasia"], **template}
    answer = await sent(bot, content=content)
    assert (answer.status_code, problem(answer)["code"], fields(answer)) == (422, "template_refused", [field])
    assert reason in problem(answer)["detail"]
    assert "rahasia" not in answer.text
    assert rows(store) == []


@pytest.mark.parametrize(
    ("provider", "more", "field", "reason"),
    [
        ("meta", {"recipient": "produksi"}, "recipient", "does not reach existing groups"),
        (
            "waha",
            {"content": {"type": "template", "name": "x", "language": "id"}},
            "content",
            "this channel has no templates",
        ),
        (
            "twilio",
            {"content": {"type": "reaction", "message_id": "SM0", "emoji": "x"}},
            "content",
            "this channel shows no reactions",
        ),
    ],
)
async def test_what_the_channel_could_never_send_is_refused(
    bot: httpx.AsyncClient, store: Store, provider: str, more: dict[str, Any], field: str, reason: str
) -> None:
    channel(store, provider)
    answer = await sent(bot, **more)
    assert (answer.status_code, problem(answer)["code"], fields(answer)) == (422, "content_refused", [field])
    assert reason in problem(answer)["errors"][0]["reason"]
    assert rows(store) == []


async def test_who_asked_for_no_more_messages_gets_none(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    refuses(store, clock, SITI)
    answer = await sent(bot)
    assert (answer.status_code, problem(answer)["code"]) == (409, "opted_out")
    assert "asked for no more messages" in problem(answer)["detail"]
    assert rows(store) == []


async def test_of_a_list_those_who_asked_for_no_more_are_left_out_and_the_others_get_theirs(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    refuses(store, clock, SITI)
    answer = await sent(bot, recipient="regu")
    assert answer.status_code == 202
    assert [(each["recipient"], each["code"]) for each in answer.json()["left_out"]] == [("+62…7890", "opted_out")]
    assert [row.chat for row in rows(store)] == [BUDI]


async def test_nothing_is_taken_while_the_account_is_held(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    Outbox(store, clock=clock).hold("default", "190", "the token has expired")
    answer = await sent(bot)
    assert (answer.status_code, problem(answer)["code"]) == (503, "account_held")
    assert "190: the token has expired" in problem(answer)["detail"]
    assert answer.headers["retry-after"] == "120"
    assert rows(store) == []
    [refusal] = audited(store)
    assert (refusal.actor, refusal.action, refusal.outcome) == ("key:environment", "send_message", "refused")
    assert refusal.details == {"status": 503, "code": "account_held"}
    clock.tick(seconds=120)
    assert (await sent(bot)).status_code == 202, "the worker needs something to try the channel with"


async def test_another_account_goes_while_one_is_held(bot: httpx.AsyncClient, store: Store, clock: FrozenClock) -> None:
    channel(store, "waha", "gudang")
    Outbox(store, clock=clock).hold("default", "190", "the token has expired")
    assert (await sent(bot, account="gudang")).status_code == 202


async def test_a_message_is_looked_up_with_its_way(bot: httpx.AsyncClient, store: Store, clock: FrozenClock) -> None:
    made = (await sent(bot)).json()["id"]
    outbox = Outbox(store, clock=clock)
    [claimed] = outbox.claim("test", {"default": AccountRules()})
    outbox.settle([(claimed, Accepted("wamid.1"))])
    said = (await bot.get(f"/v1/messages/{made}")).json()
    assert (said["id"], said["status"], said["recipient"], said["attempts"]) == (made, "sent", "+62…7890", 1)
    assert [step["status"] for step in said["steps"]] == ["sending", "sent"]
    assert said["waits"] is None


async def test_a_message_that_waits_says_for_what(bot: httpx.AsyncClient, store: Store, clock: FrozenClock) -> None:
    first, second = [(await sent(bot)).json()["id"] for _ in range(2)]
    outbox = Outbox(store, clock=clock)
    for claimed in outbox.claim("test", {"default": AccountRules()}):
        outbox.settle([(claimed, Failed(Action.RETRY, "130429", "Rate limit hit"))])
    outbox.hold("default", "190", "the token has expired")
    waits = [(await bot.get(f"/v1/messages/{made}")).json()["waits"] for made in (first, second)]
    assert waits[0]["due_at"].startswith("2040-11-20T00:00:")
    assert (waits[0]["behind"], waits[1]["behind"]) == (None, first)
    assert waits[0]["held"] == "190: the token has expired"


@pytest.mark.parametrize(
    ("message_id", "status"), [("99", 404), ("0", 422), ("x", 422), (str(2**63), 422), ("1.5", 422)]
)
async def test_a_message_that_there_is_not(bot: httpx.AsyncClient, message_id: str, status: int) -> None:
    answer = await bot.get(f"/v1/messages/{message_id}")
    assert answer.status_code == status
    problem(answer)


async def test_messages_are_listed_page_by_page_the_newest_first(bot: httpx.AsyncClient, store: Store) -> None:
    ids = [(await sent(bot)).json()["id"] for _ in range(5)]
    pages, cursor = [], None
    for _ in range(3):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await bot.get("/v1/messages", params=query)).json()
        pages.append([message["id"] for message in page["messages"]])
        cursor = page["next"]
        await sent(bot)  # what comes meanwhile moves no page
    newest = sorted(ids, reverse=True)
    assert pages == [newest[:2], newest[2:4], newest[4:]]
    assert cursor is None


@pytest.mark.parametrize(
    ("query", "reports"),
    [
        ({}, ["stok", "harian", None]),
        ({"report": "harian"}, ["harian"]),
        ({"slot": "2026-11"}, ["stok"]),
        ({"account": "gudang"}, ["stok"]),
        ({"status": "dead"}, ["harian"]),
        ({"code": "131026"}, ["harian"]),
        ({"report": "harian", "account": "gudang"}, []),
    ],
)
async def test_messages_are_listed_by_what_they_are(
    bot: httpx.AsyncClient, store: Store, clock: FrozenClock, query: dict[str, str], reports: list[str | None]
) -> None:
    outbox = Outbox(store, clock=clock)
    siti, text = Recipient.parse(SITI), Text(body="rahasia")
    outbox.enqueue([NewMessage(siti, text), NewMessage(siti, text, report="harian", slot="2026-11-19")])
    for _ in range(2):
        [claimed] = outbox.claim("test", {"default": AccountRules()})
        failed = Failed(Action.DEAD, "131026", "Message undeliverable")
        outbox.settle([(claimed, Accepted("wamid.1") if claimed.id == 1 else failed)])
    outbox.enqueue([NewMessage(siti, text, account="gudang", report="stok", slot="2026-11")])
    answer = await bot.get("/v1/messages", params=query)
    assert [message["report"] for message in answer.json()["messages"]] == reports
    assert "rahasia" not in answer.text
    assert SITI not in answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "gone"}, "status"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"cursor": "kursor"}, "cursor"),
        ({"cursor": "YmVmb3JlIDA"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"account": "a\0b"}, "account"),
    ],
)
async def test_a_wrong_filter_is_named(bot: httpx.AsyncClient, query: dict[str, str], field: str) -> None:
    answer = await bot.get("/v1/messages", params=query)
    assert (answer.status_code, fields(answer)) == (422, [field])


async def test_a_key_sees_and_uses_its_own_accounts_only(
    api: Starlette, bot: httpx.AsyncClient, store: Store, clock: FrozenClock
) -> None:
    for account in ("gudang", "kantor"):
        channel(store, "waha", account)
    made = {account: (await sent(bot, account=account)).json()["id"] for account in ("gudang", "kantor")}
    async with caller(api, new_key(store, clock, accounts=["gudang"])) as gudang:
        refused = await sent(gudang, account="kantor")
        unknown = await sent(gudang, account="pabrik")
        listed = (await gudang.get("/v1/messages")).json()["messages"]
        asked = (await gudang.get("/v1/messages", params={"account": "kantor"})).json()["messages"]
        found = [(await gudang.get(f"/v1/messages/{id_}")).status_code for id_ in made.values()]
        accounts = (await gudang.get("/v1/session")).json()["accounts"]
    assert (refused.status_code, problem(refused)["code"], fields(refused)) == (403, "no_account", ["account"])
    assert unknown.json() == refused.json(), "which accounts there are is told to nobody else"
    assert [message["account"] for message in listed] == ["gudang"]
    assert asked == []
    assert found == [200, 404]
    assert [each["account"] for each in accounts] == ["gudang"]


async def test_what_another_program_wrote_into_the_outbox_is_listed_too(bot: httpx.AsyncClient, store: Store) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO wa_outbox (recipient, content, status) VALUES ('0812', 'x', 'OK')")
    answer = await bot.get("/v1/messages")
    [message] = answer.json()["messages"]
    assert (message["recipient"], message["status"]) == ("(not addressed)", "OK")
