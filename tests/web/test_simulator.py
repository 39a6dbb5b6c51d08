"""The simulator's phone over real HTTP: what it takes, what it refuses, what it tells the webhook, what it survives."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.web.world import FAST, IDENTITY, NUMBER_ID, OPERATOR, TOKEN, Start, listener, serve
from wa_integrasi.content import Text
from wa_integrasi.message import Receipt
from wa_integrasi.providers.base import Accepted, Action, Failed, MessageEvent, Outbound, ReceiptEvent, Unanswered
from wa_integrasi.providers.meta import MetaCloudSender, MetaConfig
from wa_integrasi.recipient import Recipient
from wa_integrasi.simulator import Phone, PhoneConfig, simulator_app
from wa_integrasi.simulator.refusals import GraphError

TEXT = {"messaging_product": "whatsapp", "to": "+6281234567890", "type": "text", "text": {"body": "x"}}


class TestSending:
    async def test_a_message_is_kept_ticked_and_reported(self, start: Start) -> None:
        world = await start()
        outcome = await world.send("*Rekap* 🙂")
        events = await world.business.heard(3)
        assert isinstance(outcome, Accepted)
        assert sorted(event.receipt for event in events) == [Receipt.DELIVERED, Receipt.READ, Receipt.SENT]
        for event in events:
            assert isinstance(event, ReceiptEvent)
            assert (event.message_id, event.attempt_id) == (outcome.message_id, "attempt-1")
        assert {event.price_category for event in events if event.receipt is not Receipt.READ} == {"service"}
        (message,) = world.phone.messages()
        assert (message["id"], message["to"], message["body"]) == (outcome.message_id, "+6281234567890", "*Rekap* 🙂")
        assert message["status"] == "read"
        times = [message[key] for key in ("received_at", "sent_at", "delivered_at", "read_at")]  # type: ignore[literal-required]
        assert times == sorted(times)

    async def test_what_meta_answers(self, start: Start) -> None:
        world = await start()
        status, answer = await world.post(TEXT)
        assert status == 200
        assert answer["contacts"] == [{"input": "+6281234567890", "wa_id": "6281234567890"}]
        assert answer["messages"][0]["id"].startswith("wamid.")

    async def test_user_ids_are_reached_and_reported(self, start: Start) -> None:
        world = await start()
        assert isinstance(await world.send(to=Recipient.parse("ID.13491208655302741918")), Accepted)
        await world.business.heard(3)
        status = world.business.envelopes[0]["entry"][0]["changes"][0]["value"]["statuses"][0]
        assert status["recipient_user_id"] == "ID.13491208655302741918"

    async def test_a_number_without_a_plus_goes_astray_as_at_meta(self, start: Start) -> None:
        world = await start()
        await world.post({**TEXT, "to": "6281234567890"})
        assert [message["to"] for message in world.phone.messages()] == ["+626281234567890"]


class TestTyping:
    async def test_the_webhook_hears_what_the_owner_types(self, start: Start) -> None:
        world = await start()
        async with world.http.post(f"{world.url}/type", json={"from": "0812-3456-7890", "text": "rekap\nharian"}) as ok:
            assert (await ok.json())["chat"] == "+6281234567890"
        (event,) = await world.business.heard(1)
        assert isinstance(event, MessageEvent)
        assert (event.sender, event.text, event.kind) == ("+6281234567890", "rekap\nharian", "text")
        assert world.phone.messages() == []


class TestWebhooks:
    async def test_they_are_repeated_until_taken(self, start: Start) -> None:
        world = await start()
        world.business.refuse = 4
        await world.send()
        assert len(await world.business.heard(3)) == 3
        assert world.business.tries == 7

    async def test_a_restarted_phone_still_owes_them(self, start: Start, tmp_path: Path) -> None:
        config = PhoneConfig(tmp_path / "deep" / "phone.db", **IDENTITY, webhook_url="http://127.0.0.1:9/", delays=FAST)
        first = Phone(config)
        async with first.running():
            app = simulator_app(first)
            async with serve(Starlette(routes=[Mount("/simulator", app)])) as url:
                meta = MetaConfig(NUMBER_ID, TOKEN, api_url=f"{url}/simulator")
                async with MetaCloudSender(meta) as sender:
                    outcome = await sender.send(Outbound(OPERATOR, Text(body="x"), "attempt-9"))
        world = await start()
        events = await world.business.heard(3)
        assert {(event.message_id, event.attempt_id) for event in events} == {(outcome.message_id, "attempt-9")}
        assert [message["status"] for message in world.phone.messages()] == ["read"]

    async def test_they_are_given_up_in_the_end(self, start: Start) -> None:
        world = await start(give_up_after_s=0.3)
        world.business.refuse = 10_000
        await world.send()
        await asyncio.sleep(1.2)
        tries = world.business.tries
        await asyncio.sleep(0.5)
        assert 3 < tries == world.business.tries

    async def test_a_slow_webhook_holds_up_nothing(self, start: Start) -> None:
        with listener() as (silent, url):
            silent.listen()
            world = await start(webhook=f"{url}/hook", timeout_s=5)  # less than the phone waits for a webhook
            for _ in range(20):
                assert isinstance(await world.send(), Accepted)

    async def test_many_at_once(self, start: Start) -> None:
        world = await start()
        outcomes = await asyncio.gather(*(world.send(f"{n}", attempt=f"a{n}") for n in range(100)))
        ids = {outcome.message_id for outcome in outcomes}
        events = await world.business.heard(300)
        assert len(ids) == 100
        assert {(event.message_id, event.receipt) for event in events} == {
            (message_id, receipt) for message_id in ids for receipt in (Receipt.SENT, Receipt.DELIVERED, Receipt.READ)
        }

    async def test_it_runs_once(self, tmp_path: Path) -> None:
        phone = Phone(PhoneConfig(tmp_path / "phone.db", **IDENTITY))
        async with phone.running():
            with pytest.raises(RuntimeError):
                async with phone.running():
                    pass
        async with phone.running():
            assert phone.messages() == []
        phone.store.close()


class TestFaults:
    async def test_refused_next(self, start: Start) -> None:
        world = await start()
        world.phone.faults.fail_next += [
            GraphError(429, 130429, "Rate limit hit", retry_after=2),
            GraphError(400, 100, "odd", transient=True),
        ]
        assert await world.send() == Failed(Action.RETRY, "130429", "Rate limit hit", 2.0)
        assert (await world.send()).action is Action.RETRY
        assert isinstance(await world.send(), Accepted)

    async def test_a_dropped_answer_was_taken_all_the_same(self, start: Start) -> None:
        world = await start()
        world.phone.faults.drop_answers = 1
        assert isinstance(await world.send(attempt="attempt-lost"), Unanswered)
        assert {event.attempt_id for event in await world.business.heard(3)} == {"attempt-lost"}
        assert isinstance(await world.send(), Accepted)

    async def test_a_slow_answer_is_unanswered(self, start: Start) -> None:
        world = await start(webhook=None, timeout_s=0.5)
        world.phone.faults.latency_s = 0.7
        assert isinstance(await world.send(), Unanswered)
        assert len(world.phone.messages()) == 1

    async def test_a_bounced_message_is_reported_failed(self, start: Start) -> None:
        world = await start()
        world.phone.faults.bounce_next.append(131026)
        await world.send()
        (event,) = await world.business.heard(1)
        assert event.receipt is Receipt.FAILED
        assert (event.failure.action, event.failure.code) == (Action.DEAD, "131026")
        assert world.phone.messages()[0]["status"] == "failed"

    async def test_held_webhooks_come_later(self, start: Start) -> None:
        world = await start()
        world.phone.faults.webhooks = False
        await world.send()
        await asyncio.sleep(0.4)
        assert world.business.tries == 0
        assert world.phone.messages()[0]["status"] == "read"
        world.phone.faults.webhooks = True
        await world.business.heard(3)
