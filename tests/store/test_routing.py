"""Every message goes one way, once: to the commands, the complaints, a conversation, or nowhere."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from sqlalchemy import Table, event, select, update

from tests.conftest import FrozenClock
from tests.store.told import KEY, ToldReceiver, keep
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.content import Text
from wa_integrasi.inbox import Inbox
from wa_integrasi.intake import routing
from wa_integrasi.intake.asking import Asked, CommandReader
from wa_integrasi.intake.routing import Route, Router
from wa_integrasi.intake.senders import Block, block, blocks, unblock
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Accepted, MessageEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import (
    audit_log,
    commands,
    complaint_queue,
    conversations,
    dialogs,
    inbound_messages,
    learned_ids,
    media,
    reports,
    senders,
    wa_outbox,
)

SITI, BUDI = "+6281234567890", "+6281234567891"
GROUP = "120363000000000000@g.us"
COMPLAINT = "*Pesan Komplain*\nNama : Siti\nKeluhan: AC ruang 3 bocor\nsejak kemarin"


def asks(asked: Asked, _: Catalog) -> bool:
    return (asked.message.text or "").startswith(("suhu", "kebakaran", "langganan", "beritahu", "bantuan", "Peta"))


class People:
    """Writes to an account as people do, and routes."""

    def __init__(self, store: Store, clock: FrozenClock) -> None:
        self.store, self.clock = store, clock
        self.outbox = Outbox(store, clock=clock)
        self.inbox = Inbox(store, self.outbox, clock)
        self.router = Router(store, self.outbox, asks, clock)
        self._receiver = ToldReceiver()
        self._numbers = itertools.count(1)

    def write(self, *texts: str, by: str = SITI, kind: str = "text", at: datetime | None = None, **more: Any) -> None:
        """Store messages; nothing is routed yet."""
        number = next(self._numbers)
        items = [
            MessageEvent(
                f"m{number}.{i}",
                by,
                at or self.clock(),
                kind,
                text,
                more.get("raw", {}),
                more.get("chat"),
                user_id=more.get("user_id"),
            )
            for i, text in enumerate(texts)
        ]
        keep(self.inbox, self._receiver, f"said {number}".encode(), lambda: items)
        assert self.inbox.work({KEY: self._receiver}) == 1

    def write_at_once(self, *texts: str) -> None:
        """Store messages of one second, each in a webhook of its own, read together."""
        at, number = self.clock(), next(self._numbers)
        for i, text in enumerate(texts):
            item = MessageEvent(f"m{number}.{i}", SITI, at, "text", text, {}, None)
            keep(self.inbox, self._receiver, f"said {number}.{i}".encode(), lambda item=item: [item])
            self.clock.tick(seconds=0.001)
        assert self.inbox.work({KEY: self._receiver}) == len(texts)

    def routes(self, limit: int = 200) -> Counter[Route]:
        """Route all that waits."""
        total: Counter[Route] = Counter()
        while done := self.router.work(limit):
            total += done
        return total

    def said(self, *texts: str, **more: Any) -> Counter[Route]:
        """Write, and route."""
        self.write(*texts, **more)
        return self.routes()

    def rows(self, table: Table) -> Sequence[Any]:
        with self.store.reading() as connection:
            return connection.execute(select(table)).all()


@pytest.fixture
def people(store: Store, clock: FrozenClock) -> People:
    return People(store, clock)


def policy(people: People, **spam: int) -> None:
    definition = {"policies": {"intake": {"spam": spam}}}
    apply_catalog(people.store, Catalog.model_validate({"version": 1, **definition}), clock=people.clock)


class TestRoutes:
    def test_a_command_that_tells_of_a_danger_is_a_conversation_too(self, people: People) -> None:
        trigger = {"kind": "sql", "title": "Alarm", "phrases": ["Kebakaran"], "roles": ["operator"]}
        source = {"source": "pabrik", "query": "SELECT 1 AS satu", "template": "jawab"}
        catalog = {"version": 1, "chat_templates": {"jawab": {"body": "ya"}}, "triggers": {"alarm": trigger | source}}
        apply_catalog(people.store, Catalog.model_validate(catalog), clock=people.clock)
        assert people.said("suhu boiler 2", "kebakaran kemarin") == {Route.COMMAND: 2}
        for about in ("langganan kebakaran", "beritahu jika kebakaran > 5", "langganan, kebakaran"):
            assert people.said(about) == {Route.COMMAND: 1}
        tap = {
            "interactive": {"type": "list_reply", "list_reply": {"id": "K7:peta kebakaran", "title": "Peta kebakaran"}}
        }
        assert people.said("Peta kebakaran", kind="interactive", raw=tap) == {Route.COMMAND: 1}
        assert len(people.rows(conversations)) == 0, "the catalog calls a command so"
        assert people.said("suhu boiler 2, ada kebakaran") == {Route.COMMAND: 1}
        assert len(people.rows(conversations)) == 1
        people.clock.tick(days=1)
        assert people.said("bantuan! kebakaran") == {Route.COMMAND: 1}
        assert len(people.rows(conversations)) == 2

    def test_a_command_waits_in_the_queue_with_where_its_answer_goes(self, people: People) -> None:
        assert people.said("suhu boiler 2") == {Route.COMMAND: 1}
        [command] = people.rows(commands)
        [message] = people.rows(inbound_messages)
        assert (command.account, command.chat, command.sender, command.text) == ("default", SITI, SITI, "suhu boiler 2")
        assert (command.state, command.message_id, command.quote_id) == ("waiting", message.id, message.message_id)
        assert (message.state, message.route, message.due_at, message.conversation_id) == (
            "done",
            "command",
            None,
            None,
        )

    def test_a_complaint_is_filed_with_its_headers(self, people: People) -> None:
        assert people.said(COMPLAINT) == {Route.COMPLAINT: 1}
        [complaint] = people.rows(complaint_queue)
        assert (complaint.complainant, complaint.chat, complaint.status) == (SITI, SITI, "pending")
        assert complaint.fields == {"nama": "Siti", "keluhan": "AC ruang 3 bocor\nsejak kemarin"}
        assert complaint.response_template is None

    def test_a_complaint_in_a_group_is_answered_there(self, people: People) -> None:
        people.said(COMPLAINT, chat=GROUP)
        [complaint] = people.rows(complaint_queue)
        assert (complaint.complainant, complaint.chat) == (SITI, GROUP)

    def test_everything_else_is_a_conversation(self, people: People) -> None:
        assert people.said("halo", "ada bau gas di gudang", kind="text") == {Route.CONVERSATION: 2}
        [talk] = people.rows(conversations)
        assert (talk.chat, talk.sender, talk.messages, talk.closed_at) == (SITI, SITI, 2, None)
        assert {row.conversation_id for row in people.rows(inbound_messages)} == {talk.id}

    @pytest.mark.parametrize("kind", ["reaction", "system", "unsupported", "unknown"])
    def test_what_wants_no_answer_is_kept_only(self, people: People, kind: str) -> None:
        assert people.said("x", kind=kind) == {Route.NOTED: 1}

    @pytest.mark.parametrize("word", ["STOP", "berhenti", "unsubscribe"])
    def test_who_wants_nothing_more_gets_nothing_more(self, people: People, word: str) -> None:
        assert people.said(word) == {Route.NOTED: 1}

    def test_what_people_say_to_each_other_in_a_group_is_nobodys_business(self, people: People) -> None:
        assert people.said("nanti makan di mana?", chat=GROUP) == {Route.NOTED: 1}
        assert people.rows(conversations) == []

    def test_in_a_group_an_answer_to_us_is_meant_for_us(self, people: People) -> None:
        people.outbox.enqueue([NewMessage(Recipient.of_chat(GROUP), Text(body="laporan"))])
        claimed = people.outbox.claim("test", {"default": AccountRules()})
        people.outbox.settle([(each, Accepted("wamid.ours")) for each in claimed])
        quoting = {"context": {"id": "wamid.ours"}}
        assert people.said("kok turun?", chat=GROUP, raw=quoting) == {Route.CONVERSATION: 1}
        assert people.said("ya?", chat=GROUP, raw={"context": {"id": "wamid.theirs"}}) == {Route.NOTED: 1}

    def test_who_falls_silent_begins_a_new_conversation(self, people: People, clock: FrozenClock) -> None:
        people.said("halo")
        clock.tick(minutes=239)
        people.said("masih di sini")
        clock.tick(minutes=241)
        people.said("pagi")
        first, second = people.rows(conversations)
        assert (first.messages, first.closed_at, second.messages, second.closed_at) == (2, clock(), 1, None)

    def test_what_comes_late_joins_and_moves_nothing_back(self, people: People, clock: FrozenClock) -> None:
        people.said("sekarang")
        people.said("tadi", at=clock() - timedelta(minutes=5))
        [talk] = people.rows(conversations)
        assert (talk.messages, talk.last_at) == (2, clock())

    def test_a_backlog_of_days_is_parted_into_its_conversations(self, people: People, clock: FrozenClock) -> None:
        for days in (3, 3, 1):
            people.write("dulu", at=clock() - timedelta(days=days))
        people.routes()
        assert [talk.messages for talk in people.rows(conversations)] == [2, 1]
        assert [talk.closed_at is None for talk in people.rows(conversations)] == [False, True]


class TestSpam:
    def test_one_warning_and_then_silence_until_a_pause(self, people: People, clock: FrozenClock) -> None:
        for number in range(30):
            people.write(f"pesan {number}")
        assert people.routes() == {Route.CONVERSATION: 15, Route.SPAM: 15}
        [warning] = people.rows(wa_outbox)
        assert (warning.chat, warning.reply_to) == (SITI, None)
        assert "5 menit" in warning.content
        clock.tick(minutes=4)
        assert people.said("masih?") == {Route.SPAM: 1}
        clock.tick(minutes=5)
        assert people.said("suhu boiler 2") == {Route.COMMAND: 1}
        assert len(people.rows(wa_outbox)) == 1
        [standing] = people.rows(senders)
        assert standing.silenced == 16

    def test_who_writes_too_much_is_told_that_they_have_stopped_and_why_no_answer_comes_after_starting(
        self, people: People, clock: FrozenClock
    ) -> None:
        contact = {"phone": SITI, "display_name": "Siti"}
        definition = {"contacts": {"siti": contact}, "policies": {"intake": {"spam": {"burst": 1}}}}
        apply_catalog(people.store, Catalog.model_validate({"version": 1, **definition}))
        assert people.said("halo", "berhenti") == {Route.CONVERSATION: 1, Route.SPAM: 1}
        [goodbye] = people.rows(wa_outbox)
        assert "Tulis *mulai*" in goodbye.content
        for _ in range(3):
            clock.tick(seconds=1)
            people.said("mulai", "mulai")
        [_, warning] = people.rows(wa_outbox)
        assert "5 menit" in warning.content

    def test_others_are_heard_meanwhile(self, people: People) -> None:
        for number in range(40):
            people.write(f"pesan {number}")
        people.write("halo", by=BUDI)
        assert people.routes()[Route.CONVERSATION] == 16

    def test_nobody_waits_behind_what_a_spammer_has_written(self, people: People, clock: FrozenClock) -> None:
        people.write(*(f"pesan {number}" for number in range(300)))
        clock.tick(seconds=1)
        people.write("halo", by=BUDI)
        assert people.router.work(20) == {Route.CONVERSATION: 16, Route.SPAM: 285}
        [standing] = [row for row in people.rows(senders) if row.sender == SITI]
        assert (standing.silenced, standing.last_at) == (285, clock() - timedelta(seconds=1))
        assert len(people.rows(wa_outbox)) == 1

    def test_what_was_written_after_a_pause_is_heard_though_all_of_it_waits(
        self, people: People, clock: FrozenClock
    ) -> None:
        began = clock() - timedelta(hours=1)
        people.write(*(f"pesan {number}" for number in range(40)), at=began)
        people.write("suhu boiler 2", at=began + timedelta(minutes=20))
        people.write("x", kind="system", at=began + timedelta(seconds=1))
        assert people.routes(limit=20) == {
            Route.CONVERSATION: 15,
            Route.SPAM: 25,
            Route.COMMAND: 1,
            Route.NOTED: 1,
        }
        [standing] = people.rows(senders)
        assert standing.silenced == 25

    def test_people_take_turns_and_each_is_heard_in_their_order(self, people: People, clock: FrozenClock) -> None:
        policy(people, per_minute=600, burst=100)
        for number in range(30):
            people.write(f"suhu {number}")
        people.write("suhu", by=BUDI)
        assert people.router.work(15) == {Route.COMMAND: 15}
        assert [row.text for row in people.rows(commands) if row.sender == BUDI] == ["suhu"]
        people.routes(limit=15)
        asked = [row.text for row in people.rows(commands) if row.sender == SITI]
        assert asked == [f"suhu {number}" for number in range(30)]

    def test_the_same_again_and_again_is_too_much(self, people: People, clock: FrozenClock) -> None:
        for _ in range(5):
            assert people.said("Suhu  boiler", kind="text") == {Route.CONVERSATION: 1}
            clock.tick(seconds=10)
        assert people.said("suhu BOILER") == {Route.SPAM: 1}

    def test_the_same_now_and_then_is_not(self, people: People, clock: FrozenClock) -> None:
        for _ in range(8):
            assert people.said("suhu boiler 2") == {Route.COMMAND: 1}
            clock.tick(seconds=61)

    def test_a_group_counts_for_itself(self, people: People) -> None:
        for number in range(12):
            people.write(f"pesan {number}", chat=GROUP)
        people.write("halo")
        assert people.routes() == {Route.NOTED: 8, Route.SPAM: 4, Route.CONVERSATION: 1}
        [warning] = people.rows(wa_outbox)
        assert (warning.chat, warning.reply_to) == (GROUP, "m9.0")

    def test_what_was_written_over_hours_and_comes_at_once_is_no_flood(
        self, people: People, clock: FrozenClock
    ) -> None:
        for minutes in range(60):
            people.write(f"laporan {minutes}", at=clock() - timedelta(minutes=60 - minutes))
        assert people.routes() == {Route.CONVERSATION: 60}

    def test_the_rules_are_those_of_the_catalog_as_it_is_now(self, people: People, clock: FrozenClock) -> None:
        people.said("satu")
        policy(people, per_minute=1, burst=1)
        clock.tick(seconds=4)
        assert people.said("dua", "tiga") == {Route.CONVERSATION: 1, Route.SPAM: 1}

    def test_a_catalog_that_nobody_can_read_leaves_the_last_one_in_force(
        self, people: People, clock: FrozenClock
    ) -> None:
        policy(people, burst=1)
        people.said("satu")
        with people.store.writing() as connection:
            connection.execute(
                reports.insert().values(name="x", version=1, definition={"title": 3}, created_at=clock())
            )
        clock.tick(seconds=4)
        assert people.said("dua", "tiga") == {Route.CONVERSATION: 1, Route.SPAM: 1}

    def test_a_warning_is_in_the_language_of_the_contact(self, people: People) -> None:
        contact = {"phone": SITI, "display_name": "Siti", "language": "en"}
        definition = {"contacts": {"siti": contact}, "policies": {"intake": {"spam": {"burst": 1}}}}
        apply_catalog(people.store, Catalog.model_validate({"version": 1, **definition}))
        people.said("one", "two")
        [warning] = people.rows(wa_outbox)
        assert warning.content.startswith("Too many messages")


class TestBlocked:
    def test_who_is_blocked_is_kept_and_not_answered(self, people: People, clock: FrozenClock) -> None:
        block(people.store, Block("*", SITI, clock(), "cli", "penipu"))
        assert people.said("suhu boiler 2", COMPLAINT, "halo") == {Route.BLOCKED: 3}
        assert people.said("halo", by=BUDI) == {Route.CONVERSATION: 1}
        assert (people.rows(commands), people.rows(complaint_queue), people.rows(wa_outbox)) == ([], [], [])
        assert unblock(people.store, "*", SITI, "cli:uji", people.clock())
        assert not unblock(people.store, "*", SITI, "cli:uji", people.clock())
        assert people.said("halo") == {Route.CONVERSATION: 1}

    def test_a_block_holds_for_every_address_of_a_person(self, people: People, clock: FrozenClock) -> None:
        block(people.store, Block("default", "ID.1349", clock(), "cli", "x"))
        people.write("halo")
        with people.store.writing() as connection:
            connection.execute(update(inbound_messages).values(sender_user_id="ID.1349"))
        assert people.routes() == {Route.BLOCKED: 1}

    def test_who_takes_a_new_number_takes_the_block_along(self, people: People, clock: FrozenClock) -> None:
        block(people.store, Block("*", SITI, clock(), "cli", "x"))
        moved = {"type": "user_changed_number", "wa_id": BUDI.lstrip("+")}
        people.said("pindah", kind="system", raw={"system": moved})
        assert people.said("halo", by=BUDI) == {Route.BLOCKED: 1}
        assert [found.address for found in blocks(people.store)] == [SITI, BUDI]

    def test_a_block_of_another_account_does_not(self, people: People, clock: FrozenClock) -> None:
        block(people.store, Block("pabrik", SITI, clock(), "cli", "x"))
        assert people.said("halo") == {Route.CONVERSATION: 1}

    def test_a_second_block_changes_the_reason(self, people: People, clock: FrozenClock) -> None:
        for reason in ("satu", "dua"):
            block(people.store, Block("*", SITI, clock(), "cli", reason))
        assert [found.reason for found in blocks(people.store)] == ["dua"]


class TestTrouble:
    def test_a_message_that_cannot_be_routed_holds_up_no_other(
        self, people: People, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(text: str) -> None:
            if text == "racun":
                raise RuntimeError(text)

        monkeypatch.setattr(routing, "read_complaint", broken)
        people.write("halo", "racun", "apa kabar")
        assert people.routes() == {Route.CONVERSATION: 2}
        [poison] = [row for row in people.rows(inbound_messages) if row.text == "racun"]
        assert (poison.state, poison.note, poison.attempts) == ("route", "RuntimeError", 1)
        assert poison.due_at > clock()
        monkeypatch.undo()
        clock.tick(minutes=1)
        assert people.routes() == {Route.CONVERSATION: 1}

    def test_nothing_is_done_twice_by_many_at_once(self, people: People) -> None:
        for number in range(60):
            people.write(f"suhu {number}", by=f"+62812345678{number % 10:02d}")

        def work(_: int) -> Counter[Route]:
            router = Router(people.store, people.outbox, asks, people.clock)
            total: Counter[Route] = Counter()
            for _ in range(20):
                total += router.work(7)
            return total

        with ThreadPoolExecutor(4) as pool:
            done = sum(pool.map(work, range(4)), Counter())
        assert done == {Route.COMMAND: 60}
        assert len({row.message_id for row in people.rows(commands)}) == 60


def removed(plan: dict[str, Any]) -> int:
    """How many rows a query has read for nothing."""
    return plan.get("Rows Removed by Filter", 0) + sum(map(removed, plan.get("Plans", [])))


class TestLearnedIds:
    """Who shows only an id is known by the number that the channel told with it before."""

    ID, LID, OTHER = "ID.1349120865", "112233445566778@lid", "+6281234567892"
    CONTACTS: ClassVar[dict[str, Any]] = {"siti": {"phone": SITI, "display_name": "Siti", "roles": ["operator"]}}

    @pytest.fixture
    def plant(self, people: People) -> People:
        self.known(people, **self.CONTACTS)
        people.router = Router(people.store, people.outbox, CommandReader("Asia/Jakarta"), people.clock)
        return people

    def known(self, people: People, **contacts: Any) -> None:
        """Apply a catalog with these people; it counts at once."""
        catalog = Catalog.model_validate({"version": 1, **CATALOG, "contacts": contacts})
        apply_catalog(people.store, catalog, prune=True, clock=people.clock)
        people.clock.tick(minutes=10)

    def may_run(self, people: People, by: str) -> bool:
        """Whether somebody is taken for one who may run something: only then a typing error is a command."""
        return people.said("suhu boler 2", by=by) == {Route.COMMAND: 1}

    def audited(self, people: People) -> list[tuple[str, str, str, Any]]:
        return [(row.action, row.subject, row.outcome, row.details) for row in people.rows(audit_log)]

    def may_send(self, people: People, chat: str) -> bool:
        people.outbox.enqueue([NewMessage(Recipient.of_chat(chat), Text(body="rekap"))])
        people.outbox.claim("test", {"default": AccountRules()})
        return {row.chat: row.status for row in people.rows(wa_outbox) if row.content == "rekap"}[chat] == "sending"

    def test_their_rights_are_theirs_and_it_is_audited_once(self, plant: People) -> None:
        assert not self.may_run(plant, self.ID)
        plant.said("halo", "halo juga", user_id=self.ID)
        plant.said("halo lagi", user_id=self.ID)
        assert self.may_run(plant, self.ID)
        last = plant.rows(inbound_messages)[-1]
        assert (last.chat, last.sender, last.sender_phone) == (self.ID, self.ID, SITI), (
            "the answer goes where it was asked"
        )
        shown = {"account": "default", "id": "bsuid …0865", "phone": "+62…7890"}
        assert self.audited(plant) == [("contact.id_learned", "contact:siti", "done", shown)]

    def test_stop_and_start_count_for_their_number(self, plant: People) -> None:
        plant.said("halo", user_id=self.ID)
        plant.said("berhenti", by=self.ID)
        assert not self.may_send(plant, SITI)
        plant.clock.tick(seconds=1)
        plant.said("mulai", by=self.ID)
        assert self.may_send(plant, SITI)

    def test_a_stop_counts_that_was_said_before_the_id_was_known(self, plant: People) -> None:
        plant.said("berhenti", by=self.ID)
        assert self.may_send(plant, SITI)
        plant.said("halo", user_id=self.ID)
        assert not self.may_send(plant, SITI)

    def test_a_stop_by_number_counts_for_the_id(self, plant: People) -> None:
        plant.said("halo", user_id=self.ID)
        plant.said("berhenti")
        assert not self.may_send(plant, self.ID)

    def test_a_block_holds_for_the_id(self, plant: People, clock: FrozenClock) -> None:
        plant.said("halo", user_id=self.ID)
        block(plant.store, Block("*", SITI, clock(), "cli", "x"))
        assert plant.said("halo", by=self.ID) == {Route.BLOCKED: 1}

    def test_an_id_that_the_catalog_gives_to_another_is_not_believed(
        self, plant: People, caplog: pytest.LogCaptureFixture
    ) -> None:
        budi = {"phone": BUDI, "display_name": "Budi", "ids": [self.ID]}
        self.known(plant, **self.CONTACTS, budi=budi)
        plant.said("halo", user_id=self.ID)
        plant.said("halo", user_id=self.ID)
        assert not self.may_run(plant, self.ID)
        plant.said("berhenti", by=self.ID)
        assert self.may_send(plant, self.OTHER)
        shown = {"account": "default", "id": "bsuid …0865", "phone": "+62…7890", "belongs_to": "budi"}
        assert self.audited(plant) == [("contact.id_refused", "contact:siti", "refused", shown)]
        assert "bsuid …0865" in caplog.text
        assert self.ID not in caplog.text
        assert SITI not in caplog.text

    def test_the_catalog_takes_an_id_back_at_once(self, plant: People) -> None:
        plant.said("halo", user_id=self.ID)
        self.known(plant, **self.CONTACTS, budi={"phone": BUDI, "display_name": "Budi", "ids": [self.ID]})
        assert plant.rows(learned_ids) == []
        assert not self.may_run(plant, self.ID)

    def test_the_newest_word_counts_whenever_it_comes(self, plant: People, clock: FrozenClock) -> None:
        self.known(plant, **self.CONTACTS, budi={"phone": BUDI, "display_name": "Budi"})
        plant.said("halo", by=BUDI, user_id=self.ID)
        plant.said("halo", user_id=self.ID, at=clock() - timedelta(minutes=5))
        assert not self.may_run(plant, self.ID)
        clock.tick(seconds=1)
        plant.said("halo", user_id=self.ID)
        assert self.may_run(plant, self.ID)
        assert self.audited(plant)[-1][3]["before"] == "+62…7891"

    def test_whoever_has_the_number_now_takes_it_from_the_id_before(self, plant: People, clock: FrozenClock) -> None:
        plant.said("halo", user_id=self.ID)
        clock.tick(seconds=1)
        plant.said("halo", user_id="ID.777777")
        plant.said("halo", user_id=self.ID, at=clock() - timedelta(minutes=1))
        assert not self.may_run(plant, self.ID)
        assert self.may_run(plant, "ID.777777")

    def test_an_id_whose_number_is_nobodys_is_nobody(self, plant: People, clock: FrozenClock) -> None:
        plant.said("halo", user_id=self.ID)
        clock.tick(seconds=1)
        plant.said("halo", by=self.OTHER, user_id=self.ID)
        assert not self.may_run(plant, self.ID)
        assert plant.rows(learned_ids) == [], "nothing is kept of strangers"

    def test_of_most_messages_nothing_is_to_be_learned_and_nothing_is_locked(self, plant: People) -> None:
        self.known(plant, **self.CONTACTS, budi={"phone": BUDI, "display_name": "Budi", "ids": ["ID.777777"]})
        plant.said("halo", user_id=self.ID)
        asked: list[str] = []

        def note(_: object, __: object, statement: str, *___: object) -> None:
            if "learned_ids" in statement or "FROM contacts" in statement:
                asked.append(statement)

        plant.write("halo", user_id=self.ID)
        plant.write("halo", by=BUDI, user_id="ID.777777")
        plant.write("halo", by=self.OTHER, user_id="ID.888888")
        event.listen(plant.store.engine, "before_cursor_execute", note)
        plant.routes()
        event.remove(plant.store.engine, "before_cursor_execute", note)
        assert len(asked) == 1, asked

    def test_a_number_that_the_catalog_gives_to_another_gives_the_id_before_nothing(self, plant: People) -> None:
        plant.said("halo", user_id=self.ID)
        self.known(plant, tono={"phone": SITI, "display_name": "Tono", "roles": ["operator"]})
        assert not self.may_run(plant, self.ID)
        assert plant.rows(learned_ids) == []

    def test_what_was_said_before_the_number_was_theirs_proves_nothing(self, plant: People) -> None:
        plant.write("halo", user_id=self.ID)
        plant.clock.tick(minutes=1)
        self.known(plant, tono={"phone": SITI, "display_name": "Tono", "roles": ["operator"]})
        plant.routes()
        assert not self.may_run(plant, self.ID)

    def test_nothing_is_left_of_who_is_no_contact_any_more(self, plant: People) -> None:
        plant.said("halo", user_id=self.ID)
        self.known(plant)
        assert plant.rows(learned_ids) == []

    def test_what_people_write_of_themselves_proves_nothing(self, plant: People) -> None:
        card = {"contacts": [{"name": {"formatted_name": "Siti"}, "phones": [{"phone": SITI, "wa_id": SITI[1:]}]}]}
        plant.said("", by=self.ID, kind="contacts", raw=card)
        plant.said(f"saya Siti, {SITI}", by=self.ID)
        assert not self.may_run(plant, self.ID)

    @pytest.mark.parametrize(
        ("provider", "believed"), [("waha", True), ("wwebjs", False), ("twilio", False), ("watzap", False)]
    )
    def test_channels_that_prove_nothing_are_not_believed(self, plant: People, provider: str, believed: bool) -> None:
        plant.write("halo")
        with plant.store.writing() as connection:
            connection.execute(update(inbound_messages).values(provider=provider, sender_lid=self.LID))
        plant.routes()
        assert [row.address for row in plant.rows(learned_ids)] == ([self.LID] if believed else [])

    def test_another_account_has_its_own(self, plant: People) -> None:
        plant.said("halo", user_id=self.ID)
        plant.write("suhu boler 2", by=self.ID)
        with plant.store.writing() as connection:
            connection.execute(
                update(inbound_messages).where(inbound_messages.c.sender == self.ID).values(account="lain")
            )
        assert plant.routes() == {Route.CONVERSATION: 1}


def test_what_is_asked_of_those_who_write_does_not_grow_with_those_who_once_did(people: People) -> None:
    if people.store.dialect == "sqlite":
        pytest.skip("only PostgreSQL says how many rows were read")
    once = [{"account": "default", "chat": f"+628{n}", "sender": f"+628{n}"} for n in range(3_000)]
    with people.store.writing() as connection:
        connection.execute(senders.insert(), once)
        until = people.clock() + timedelta(days=1)
        connection.execute(dialogs.insert(), [{**one, "memory": {}, "until": until} for one in once])
        connection.exec_driver_sql("ANALYZE senders, dialogs")
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        if statement.startswith("SELECT") and ("senders" in statement or "dialogs" in statement):
            asked.append((statement, values))

    for number in range(30):
        people.write("halo", by=f"+6281234567{number:03d}")
    event.listen(people.store.engine, "before_cursor_execute", note)
    people.routes()
    event.remove(people.store.engine, "before_cursor_execute", note)
    assert len(asked) == 2
    with people.store.writing() as connection:
        for statement, values in asked:
            explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).scalar_one()
            assert removed(explained[0]["Plan"]) == 0


CATALOG = {
    "contacts": {"siti": {"phone": SITI, "display_name": "Siti", "roles": ["operator"]}},
    "groups": {"pabrik": {"chat_id": GROUP}},
    "chat_templates": {"t": {"body": "x"}},
    "triggers": {
        "suhu": {
            "kind": "sql",
            "title": "Suhu",
            "phrases": ["suhu boiler"],
            "arguments": [{"name": "boiler", "kind": "int"}],
            "roles": ["operator"],
            "groups": ["pabrik"],
            "source": "pabrik",
            "query": "SELECT :boiler AS boiler",
            "template": "t",
        }
    },
}


class TestCommands:
    @pytest.fixture
    def operators(self, people: People) -> People:
        apply_catalog(people.store, Catalog.model_validate({"version": 1, **CATALOG}))
        reader = CommandReader("Asia/Jakarta", clock=people.clock)
        people.router = Router(people.store, people.outbox, reader, people.clock)
        return people

    @pytest.mark.parametrize(
        "text", ["suhu boiler 2", "SUHU  BOILER", "menu", "bantuan suhu", "mulai", "status", "ya 1234"]
    )
    def test_a_phrase_is_a_command_whoever_types_it(self, operators: People, text: str) -> None:
        assert operators.said(text) == {Route.COMMAND: 1}
        assert operators.said(text, by=BUDI) == {Route.COMMAND: 1}

    def test_a_typing_error_is_a_command_of_who_may_run_something(self, operators: People) -> None:
        assert operators.said("suhu boler 2") == {Route.COMMAND: 1}
        assert operators.said("suhu boler 2", by=BUDI) == {Route.CONVERSATION: 1}

    def test_a_complaint_that_is_only_begun_is_no_typing_error(self, operators: People) -> None:
        trigger = {**CATALOG["triggers"]["suhu"], "phrases": ["pesanan"]}
        catalog = {**CATALOG, "triggers": {"pesanan": trigger}}
        apply_catalog(operators.store, Catalog.model_validate({"version": 1, **catalog}))
        assert operators.said("*Pesan Komplain*:") == {Route.CONVERSATION: 1}
        assert operators.said("pesann 3") == {Route.COMMAND: 1}

    @pytest.mark.parametrize("text", ["halo pak", "truk sudah datang?", "ada bau gas di gudang", "2"])
    def test_what_is_like_no_phrase_is_a_conversation(self, operators: People, text: str) -> None:
        assert operators.said(text) == {Route.CONVERSATION: 1}

    def test_what_follows_a_command_without_an_answer_belongs_to_it(
        self, operators: People, clock: FrozenClock
    ) -> None:
        operators.said("suhu boiler")
        assert operators.said("2") == {Route.COMMAND: 1}
        assert operators.said("2", by=BUDI) == {Route.CONVERSATION: 1}
        clock.tick(minutes=2)
        assert operators.said("3") == {Route.CONVERSATION: 1}

    def test_what_follows_a_command_belongs_to_it_also_where_both_are_routed_at_once(self, operators: People) -> None:
        assert operators.said("suhu boiler", "2", "halo pak") == {Route.COMMAND: 3}
        assert [row.text for row in operators.rows(commands)] == ["suhu boiler", "2", "halo pak"]

    def test_an_answer_to_what_the_bot_asked_is_a_command(self, operators: People, clock: FrozenClock) -> None:
        asked = {"account": "default", "chat": SITI, "sender": SITI, "memory": {}}
        with operators.store.writing() as connection:
            connection.execute(dialogs.insert().values(**asked, until=clock() + timedelta(minutes=5)))
        assert operators.said("2") == {Route.COMMAND: 1}
        clock.tick(minutes=5)
        assert operators.said("3") == {Route.CONVERSATION: 1}

    def test_in_a_group_a_prefix_is_needed(self, operators: People) -> None:
        assert operators.said("suhu boiler 2", chat=GROUP) == {Route.NOTED: 1}
        assert operators.said("!suhu boiler 2", chat=GROUP) == {Route.COMMAND: 1}

    def test_new_triggers_count_within_seconds(self, operators: People, clock: FrozenClock) -> None:
        trigger = {**CATALOG["triggers"]["suhu"], "phrases": ["tekanan ketel"]}
        catalog = {**CATALOG, "triggers": {"suhu": CATALOG["triggers"]["suhu"], "tekanan": trigger}}
        assert operators.said("tekanan ketel 1", by=BUDI) == {Route.CONVERSATION: 1}
        apply_catalog(operators.store, Catalog.model_validate({"version": 1, **catalog}))
        clock.tick(seconds=4)
        assert operators.said("tekanan ketel 2", by=BUDI) == {Route.COMMAND: 1}


class TestFiles:
    RAW: ClassVar = {"image": {"id": "9", "mime_type": "image/jpeg", "sha256": "x"}}

    def test_files_of_a_message_are_noted_to_be_fetched(self, people: People, clock: FrozenClock) -> None:
        assert people.said("lihat ini", kind="image", raw=self.RAW) == {Route.CONVERSATION: 1}
        [file] = people.rows(media)
        [message] = people.rows(inbound_messages)
        assert (file.message_id, file.position, file.kind, file.state) == (message.id, 0, "image", "fetch")
        assert (file.source["id"], file.due_at) == ("9", clock())

    def test_files_of_who_writes_too_much_or_is_blocked_are_not(self, people: People, clock: FrozenClock) -> None:
        policy(people, burst=1)
        people.said("satu")
        assert people.said("dua", kind="image", raw=self.RAW) == {Route.SPAM: 1}
        block(people.store, Block("*", BUDI, clock(), "cli", "x"))
        assert people.said("halo", by=BUDI, kind="image", raw=self.RAW) == {Route.BLOCKED: 1}
        assert people.rows(media) == []
