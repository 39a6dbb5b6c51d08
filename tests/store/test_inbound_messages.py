"""Messages that people write: each is one row however it comes, and changes what is known of its chat."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, select, update

from tests.conftest import FrozenClock
from tests.store.told import KEY, ToldReceiver, keep, rows
from wa_integrasi.content import Text
from wa_integrasi.inbox import LEASE, Inbox
from wa_integrasi.inbox.contacts import Consent, note_contacts
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.gate import GateRules
from wa_integrasi.policy.rules import AccountRules, rules_of
from wa_integrasi.providers.base import Accepted, BadItem, MessageEvent, OtherEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import accounts, chats, inbound_messages, number_changes, unread_items, wa_outbox

SITI, BUDI = "+6281234567890", "+6281234567891"
GROUP = "120363000000000000@g.us"


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


@pytest.fixture
def inbox(store: Store, outbox: Outbox, clock: FrozenClock) -> Inbox:
    return Inbox(store, outbox, clock)


@pytest.fixture
def receiver() -> ToldReceiver:
    return ToldReceiver()


class Told:
    """Says to an inbox what a test says, and lets it work."""

    def __init__(self, inbox: Inbox, receiver: ToldReceiver, clock: FrozenClock) -> None:
        self._inbox, self._receiver, self._clock = inbox, receiver, clock
        self._count = 0

    def items(self, *items: Any) -> None:
        self._count += 1
        keep(self._inbox, self._receiver, f"told {self._count}".encode(), lambda: list(items))
        assert self._inbox.work({KEY: self._receiver}) == 1

    def said(self, text: str | None, by: str = SITI, kind: str = "text", **more: Any) -> str:
        self._count += 1
        name = f"m{self._count}"
        self.items(message(name, more.pop("at", self._clock()), by, text, kind, **more))
        return name


@pytest.fixture
def told(inbox: Inbox, receiver: ToldReceiver, clock: FrozenClock) -> Told:
    return Told(inbox, receiver, clock)


def message(
    message_id: str, at: datetime, by: str = SITI, text: str | None = "halo", kind: str = "text", **more: Any
) -> MessageEvent:
    return MessageEvent(message_id, by, at, kind, text, more.pop("raw", {}), **more)


def everything(store: Store, table: Table) -> Sequence[Any]:
    with store.reading() as connection:
        return connection.execute(select(table)).all()


def chat(store: Store, name: str = SITI) -> Any:
    [found] = [row for row in everything(store, chats) if row.chat == name]
    return found


def may_send(outbox: Outbox, to: str = SITI, rules: AccountRules | None = None) -> bool:
    outbox.enqueue([NewMessage(Recipient.of_chat(to), Text(body="x"), priority=Priority.REPLY)])
    claimed = outbox.claim("test", {"default": rules or AccountRules()})
    outbox.settle([(each, Accepted(f"w{each.id}")) for each in claimed])
    return bool(claimed)


class TestRows:
    def test_every_message_of_a_webhook_has_a_row_and_a_next_step(
        self, told: Told, store: Store, clock: FrozenClock
    ) -> None:
        told.items(
            message("a", clock() - timedelta(seconds=5), name="Siti", quote_id="q", raw={"id": "a"}),
            message("b", clock(), BUDI, "di grup", chat=GROUP),
        )
        [first, second] = everything(store, inbound_messages)
        assert (first.account, first.provider, first.message_id, first.chat) == ("default", "meta", "a", SITI)
        assert (first.sender, first.sender_phone, first.sender_name, first.text) == (SITI, SITI, "Siti", "halo")
        assert (first.at, first.received_at) == (clock() - timedelta(seconds=5), clock())
        assert (first.state, first.due_at, first.lease, first.quote_id) == ("route", clock(), None, "q")
        assert (first.media, first.context, first.raw) == (None, None, '{"id":"a"}')
        assert (second.chat, second.group_id, second.sender) == (GROUP, GROUP, BUDI)
        assert [row.note for row in rows(store)] == ["2 messages"]

    def test_files_and_context_are_read_back_as_they_were(self, told: Told, store: Store) -> None:
        raw = {"image": {"id": "9", "mime_type": "image/jpeg"}, "context": {"id": "wamid.0"}}
        told.said(None, kind="image", raw=raw)
        [row] = everything(store, inbound_messages)
        assert [(media["id"], media["mime_type"], media["voice"]) for media in row.media] == [
            ("9", "image/jpeg", False)
        ]
        assert row.context == {"message_id": "wamid.0", "sender": None, "forwarded": False, "mentions_us": False}

    def test_a_bad_item_is_kept_with_its_reason_and_loses_nothing_else(
        self, told: Told, store: Store, clock: FrozenClock
    ) -> None:
        bad = [BadItem("a message has no id\x00", {"text": "\x00\ud800"}), BadItem("x" * 5000, {1, 2})]
        told.items(message("a", clock()), *bad, message("b", clock()))
        assert [row.message_id for row in everything(store, inbound_messages)] == ["a", "b"]
        [first, second] = everything(store, unread_items)
        assert (first.position, first.reason, first.raw) == (
            1,
            "a message has no id\ufffd",
            '{"text":"\\u0000\\ud800"}',
        )
        assert (second.position, len(second.reason)) == (2, 500)

    def test_a_message_that_makes_no_sense_to_us_loses_nothing_else(
        self, told: Told, store: Store, clock: FrozenClock
    ) -> None:
        told.items(message("a", clock().replace(tzinfo=None)), message("b", clock()))
        assert [row.message_id for row in everything(store, inbound_messages)] == ["b"]
        assert [(row.position, row.reason) for row in everything(store, unread_items)] == [(0, "TypeError")]

    def test_the_same_message_in_two_webhooks_and_twice_in_one_is_one(
        self, told: Told, store: Store, clock: FrozenClock
    ) -> None:
        for _ in range(2):
            told.items(message("a", clock(), text="pertama"), message("a", clock(), "23456789012345@lid", "lagi"))
        assert [row.text for row in everything(store, inbound_messages)] == ["pertama"]

    def test_the_same_message_read_by_several_at_once_is_one(
        self, inbox: Inbox, receiver: ToldReceiver, store: Store, outbox: Outbox, clock: FrozenClock
    ) -> None:
        names = [f"m{number}" for number in range(20)]
        for number in range(24):
            order = names if number % 2 else names[::-1]
            keep(inbox, receiver, str(number).encode(), lambda order=order: [message(each, clock()) for each in order])

        def work(_: int) -> int:
            own, done = Inbox(store, outbox, clock), 0
            while taken := own.work({KEY: receiver}, limit=3):
                done += taken
            return done

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) == 24
        assert sorted(row.message_id for row in everything(store, inbound_messages)) == sorted(names)
        assert {row.attempts for row in rows(store)} == {1}

    def test_events_of_a_dead_worker_come_back_and_are_not_done_twice(
        self, inbox: Inbox, receiver: ToldReceiver, store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keep(inbox, receiver, b"a", lambda: [message("a", clock())])

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("wa_integrasi.inbox.box.finish_events", die)
            with pytest.raises(KeyboardInterrupt):
                inbox.work({KEY: receiver})
        assert inbox.work({KEY: receiver}) == 0
        clock.now += LEASE
        assert inbox.work({KEY: receiver}) == 1
        assert len(everything(store, inbound_messages)) == 1
        assert rows(store)[0].attempts == 2

    def test_a_worker_that_lost_its_lease_says_nothing_of_the_event(
        self, inbox: Inbox, receiver: ToldReceiver, store: Store, outbox: Outbox, clock: FrozenClock
    ) -> None:
        def slow() -> list[Any]:
            clock.now += LEASE
            receiver.meanings[b"a"] = lambda: [OtherEvent("errors", {})]
            assert Inbox(store, outbox, clock).work({KEY: receiver}) == 1
            raise ValueError("too late")

        keep(inbox, receiver, b"a", slow)
        assert inbox.work({KEY: receiver}) == 1
        assert rows(store)[0].note == "1 others"

    def test_one_event_that_the_store_refuses_harms_no_other_of_its_batch(
        self, inbox: Inbox, receiver: ToldReceiver, store: Store, clock: FrozenClock
    ) -> None:
        keep(inbox, receiver, b"a", lambda: [message("a", clock())])
        keep(inbox, receiver, b"b", lambda: [message("b\x00\ud800", clock())])
        keep(inbox, receiver, b"c", lambda: [message("c", clock())])
        assert inbox.work({KEY: receiver}) == 3
        assert {"a", "c"} <= {row.message_id for row in everything(store, inbound_messages)}
        [first, second, third] = rows(store)
        assert (first.due_at, third.due_at) == (None, None)
        assert second.due_at > clock()


class TestContacts:
    def test_a_message_opens_the_window_and_tells_a_name(self, told: Told, store: Store, clock: FrozenClock) -> None:
        told.said("halo", name="Siti")
        assert (chat(store).last_inbound_at, chat(store).profile_name) == (clock(), "Siti")
        told.said("halo")
        assert chat(store).profile_name == "Siti"
        told.said("halo", by=BUDI)
        assert len(everything(store, chats)) == 2

    def test_an_older_message_does_not_close_it_again(self, told: Told, store: Store, clock: FrozenClock) -> None:
        told.said("baru")
        told.said("lama", at=clock() - timedelta(hours=30))
        assert chat(store).last_inbound_at == clock()

    def test_a_message_from_the_future_does_not_keep_it_open(
        self, told: Told, store: Store, clock: FrozenClock
    ) -> None:
        told.said("halo", at=clock() + timedelta(days=900))
        assert chat(store).last_inbound_at == clock()

    def test_what_waits_in_the_chat_is_not_disturbed(
        self, told: Told, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        outbox.enqueue([NewMessage(Recipient.of_chat(SITI), Text(body="x"))])
        before = chat(store)
        told.said("halo")
        after = chat(store)
        for name in ("head_id", "priority", "due_at", "held_by"):
            assert getattr(after, name) == getattr(before, name)
        assert after.last_inbound_at == clock()
        assert len(outbox.claim("test", {"default": AccountRules(gate=GateRules(windowed=True))})) == 1

    @pytest.mark.parametrize("word", ["STOP", " berhenti!", "Unsubscribe.", "_stop_", "ＳＴＯＰ", "stóp"])
    def test_who_says_stop_gets_nothing_more_until_they_say_start(
        self, told: Told, outbox: Outbox, store: Store, clock: FrozenClock, word: str
    ) -> None:
        assert may_send(outbox)
        told.said(word)
        assert not may_send(outbox)
        assert chat(store).opted_out_by.startswith("wrote ")
        clock.tick(seconds=1)
        told.said("Mulai")
        assert may_send(outbox)
        assert chat(store).opted_in_by == "wrote mulai"

    @pytest.mark.parametrize("text", ["stop mesin 3", "mesin stop?", "", "STOP " * 40, "non-stop"])
    def test_a_sentence_is_no_refusal(self, told: Told, outbox: Outbox, text: str) -> None:
        told.said(text)
        assert may_send(outbox)

    def test_a_button_counts_a_caption_does_not(self, told: Told, outbox: Outbox) -> None:
        told.said("stop", kind="image")
        assert may_send(outbox)
        told.said("Stop", kind="button")
        assert not may_send(outbox)

    def test_in_a_group_nobody_speaks_for_all(self, told: Told, outbox: Outbox) -> None:
        told.said("stop", chat=GROUP)
        assert may_send(outbox, GROUP)
        assert may_send(outbox, SITI)

    def test_a_refusal_holds_for_every_name_of_the_person(self, told: Told, outbox: Outbox) -> None:
        told.said("stop", user_id="ID.1349120865")
        assert not may_send(outbox, "ID.1349120865")

    def test_a_late_refusal_does_not_undo_a_newer_agreement(
        self, told: Told, outbox: Outbox, clock: FrozenClock
    ) -> None:
        told.said("start")
        told.said("stop", at=clock() - timedelta(minutes=1))
        assert may_send(outbox)

    @pytest.mark.parametrize("words", [["stop", "mulai"], ["mulai", "stop"], ["stop", "mulai", "stop"]])
    def test_of_words_in_the_same_second_the_last_one_counts(
        self, told: Told, outbox: Outbox, words: list[str]
    ) -> None:
        for word in words:
            told.said(word)
        assert may_send(outbox) == (words[-1] == "mulai")

    def test_of_words_in_the_same_webhook_too(self, store: Store, clock: FrozenClock, outbox: Outbox) -> None:
        said = [Consent("default", SITI, agreed, clock(), "wrote") for agreed in (False, True)]
        with store.writing() as connection:
            note_contacts(connection, [], said)
        assert may_send(outbox)
        with store.writing() as connection:
            note_contacts(connection, [], said[::-1])
        assert not may_send(outbox)

    def test_preferences_of_whatsapp_itself_count(
        self, told: Told, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        def prefer(value: str) -> OtherEvent:
            at = str(int(clock().timestamp()))
            item = {"wa_id": SITI[1:], "category": "marketing_messages", "value": value, "timestamp": at}
            return OtherEvent(
                "user_preferences", {"field": "user_preferences", "value": {"user_preferences": [item, 5]}}
            )

        told.items(prefer("stop"))
        assert not may_send(outbox)
        assert chat(store).opted_out_by == "user_preferences"
        clock.tick(seconds=1)
        told.items(prefer("resume"), prefer("perhaps"))
        assert may_send(outbox)

    def test_a_changed_number_is_kept_and_takes_a_refusal_along(
        self, told: Told, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        told.said("stop")
        clock.tick(seconds=1)
        system = {"wa_id": BUDI[1:], "type": "user_changed_number"}
        for _ in range(2):
            told.said(None, kind="system", raw={"system": system})
        assert [tuple(row) for row in everything(store, number_changes)] == [("default", SITI, BUDI, clock())]
        assert not may_send(outbox, BUDI)
        assert chat(store, SITI).last_inbound_at == clock() - timedelta(seconds=1), "nobody wrote that"

    def test_what_waited_for_a_silent_person_goes_once_they_write(
        self, told: Told, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        outbox.enqueue([NewMessage(Recipient.of_chat(person), Text(body="x")) for person in (SITI, BUDI)])
        tomorrow = clock() + timedelta(days=1)
        with store.writing() as connection:
            connection.execute(update(wa_outbox).values(error_code="window_closed", next_attempt_at=tomorrow))
            connection.execute(update(chats).values(due_at=tomorrow))
        assert outbox.claim("test", {"default": AccountRules()}) == []
        told.said("halo")
        [claimed] = outbox.claim("test", {"default": AccountRules()})
        assert claimed.recipient.chat == SITI


class TestPace:
    def test_what_comes_in_takes_from_the_pace_but_never_more_than_half(
        self, inbox: Inbox, receiver: ToldReceiver, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        keep(inbox, receiver, b"a", lambda: [message(f"a{number}", clock()) for number in range(10)])
        inbox.work({KEY: receiver})
        assert [row.next_at - clock() for row in everything(store, accounts)] == [timedelta(seconds=10 / 80)]
        keep(inbox, receiver, b"b", lambda: [message(f"b{number}", clock()) for number in range(1000)])
        inbox.work({KEY: receiver})
        assert [row.next_at - clock() for row in everything(store, accounts)] == [timedelta(seconds=0.5)]
        people = [Recipient.of_chat(f"+6281234568{number:03}") for number in range(100)]
        outbox.enqueue([NewMessage(person, Text(body="x")) for person in people])
        assert len(outbox.claim("test", {"default": rules_of("meta")}, limit=100)) == 41


def test_messages_and_reports_that_meet_in_new_chats_do_not_wait_for_each_other(
    inbox: Inbox, receiver: ToldReceiver, outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    people = [f"+62812345{number:05}" for number in range(300)]
    outbox.enqueue([NewMessage(Recipient.of_chat(person), Text(body="x")) for person in people[::7]])
    groups = [people[start : start + 30] for start in range(0, 300, 30)]

    def told(number: int, group: list[str]) -> list[Any]:
        return [message(f"m{number} {person}", clock(), person) for person in group[::-1]]

    for number, group in enumerate(groups):
        keep(inbox, receiver, str(number).encode(), lambda number=number, group=group: told(number, group))

    def read(_: int) -> int:
        return Inbox(store, outbox, clock).work({KEY: receiver}, limit=1)

    def enqueue(number: int) -> int:
        return len(outbox.enqueue([NewMessage(Recipient.of_chat(each), Text(body="y")) for each in groups[number]]))

    with ThreadPoolExecutor(4) as pool:
        done = [(pool.submit(read, number), pool.submit(enqueue, number)) for number in range(10)]
        assert [(first.result(), second.result()) for first, second in done] == [(1, 30)] * 10
    assert {row.note for row in rows(store)} == {"30 messages"}
