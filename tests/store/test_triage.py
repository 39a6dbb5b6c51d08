"""Conversations are classified once, whoever dies on the way, and people on duty hear of what is urgent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.conftest import FrozenClock
from tests.store.test_routing import BUDI, GROUP, SITI, People
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.intake import triage as module
from wa_integrasi.intake.classification import Classification, Intent, Urgency
from wa_integrasi.intake.classifying import Classifier
from wa_integrasi.intake.routing import Route
from wa_integrasi.intake.triage import LEASE, Triage
from wa_integrasi.privacy.names import Names
from wa_integrasi.store.tables import complaint_queue, conversations, inbound_messages, wa_outbox

DUTY = {
    "contacts": {
        "siti": {"phone": SITI, "display_name": "Siti Aminah"},
        "piket-1": {"phone": "+6281300000001", "display_name": "Piket Satu"},
        "piket-2": {"phone": "+6281300000002", "display_name": "Night Shift", "language": "en"},
    },
    "groups": {"piket": {"members": ["piket-1", "piket-2"]}},
    "policies": {"intake": {"duty_group": "piket"}},
}
FIRE = "Kebakaran di gudang B, tolong segera!"


class Recorder(Classifier):
    """The rules, with a note of what was asked."""

    def __init__(self) -> None:
        super().__init__(None)
        self.asked: list[list[str]] = []
        self.error: Exception | None = None

    async def classify(self, texts: Sequence[str], names: Names) -> Classification:
        self.asked.append(list(texts))
        if self.error:
            raise self.error
        return await super().classify(texts, names)


@pytest.fixture
def people(store: Any, clock: FrozenClock) -> People:
    return People(store, clock)


@pytest.fixture
def triage(people: People) -> Triage:
    apply_catalog(people.store, Catalog.model_validate({"version": 1, **DUTY}))
    return Triage(people.store, people.outbox, clock=people.clock)


@pytest.fixture
def classifier() -> Recorder:
    return Recorder()


async def classify(triage: Triage, classifier: Classifier) -> int:
    talks = triage.take()
    await triage.classify(talks, classifier, triage.catalog())
    return len(talks)


def talk(people: People) -> Any:
    [found] = people.rows(conversations)
    return found


def notices(people: People) -> list[Any]:
    return [row for row in people.rows(wa_outbox) if (row.dedupe_key or "").startswith("urgent/")]


async def test_several_messages_of_one_thought_are_classified_together(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said("halo")
    clock.tick(seconds=1)
    people.said("kapan truk datang?")
    assert (await classify(triage, classifier), triage.due_in()) == (0, timedelta(seconds=1))
    clock.tick(seconds=1)
    assert await classify(triage, classifier) == 1
    assert classifier.asked == [["halo", "kapan truk datang?"]]
    found = talk(people)
    assert (found.intent, found.urgency, found.classified_by) == (Intent.QUESTION, Urgency.NORMAL, "rules")
    assert (found.due_at, found.lease, found.urgent_at, triage.due_in()) == (None, None, None, None)


async def test_people_on_duty_hear_of_what_is_urgent_each_in_their_language(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said(FIRE)
    clock.tick(seconds=2)
    await classify(triage, classifier)
    first, second = notices(people)
    assert {first.chat, second.chat} == {"+6281300000001", "+6281300000002"}
    assert first.content == (
        "*🔴 DARURAT*\nLaporan kejadian\n\nKebakaran di gudang B, tolong segera!\n\n"
        "Dari: Siti Aminah · +6281234567890\n\nJawab orangnya langsung: https://wa.me/6281234567890"
    )
    assert second.content.startswith("*🔴 EMERGENCY*\nReport of an incident\n\n")
    [alarm] = triage.alarms()
    assert (alarm.id, alarm.urgency, alarm.intent, alarm.by) == (talk(people).id, "critical", "report", "rules")
    assert SITI not in repr(alarm)
    triage.told([alarm])
    assert triage.alarms() == []


async def test_of_the_same_urgency_nobody_hears_twice_of_a_worse_one_again(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    for text, expected in (("mesin 3 mati, produksi berhenti", 2), ("masih mati", 2), (FIRE, 4), ("api besar", 4)):
        people.said(text)
        clock.tick(seconds=2)
        await classify(triage, classifier)
        assert len(notices(people)) == expected, text
    assert [alarm.urgency for alarm in triage.alarms()] == ["critical"]


async def test_a_new_danger_in_an_old_conversation_is_told_of_though_another_was_before(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said(FIRE)
    clock.tick(seconds=2)
    await classify(triage, classifier)
    triage.told(triage.alarms())
    clock.tick(hours=3)
    people.said("ada ledakan di kiln, dua orang terluka")
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert len(notices(people)) == 4
    assert "ledakan di kiln" in notices(people)[-1].content
    assert len(triage.alarms()) == 1


async def test_what_waited_for_hours_to_be_judged_is_not_over(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said("halo")
    clock.tick(seconds=2)
    await classify(triage, classifier)
    people.write(FIRE)
    clock.tick(hours=2)
    people.write("halo?")
    people.routes()
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert classifier.asked[-1] == [FIRE, "halo?"]
    assert len(notices(people)) == 2


async def test_what_is_over_for_hours_makes_a_word_of_thanks_no_alarm(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said(FIRE)
    clock.tick(seconds=2)
    await classify(triage, classifier)
    clock.tick(hours=3)
    people.said("terima kasih pak")
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert (talk(people).urgency, len(notices(people))) == (Urgency.LOW, 2)
    people.said("kebakaran lagi di gudang B")
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert (talk(people).urgency, len(notices(people))) == (Urgency.CRITICAL, 4)


async def test_an_alarm_that_became_worse_while_prefect_was_told_is_told_again(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said("mesin 3 mati, produksi berhenti")
    clock.tick(seconds=2)
    await classify(triage, classifier)
    told = triage.alarms()
    people.said(FIRE)
    clock.tick(seconds=2)
    await classify(triage, classifier)
    triage.told(told)
    assert [alarm.urgency for alarm in triage.alarms()] == ["critical"]


async def test_a_stranger_is_named_as_they_call_themselves_and_their_markup_is_shown_not_obeyed(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said("*kebakaran* _di_ gudang", by=BUDI)
    clock.tick(seconds=2)
    await classify(triage, classifier)
    body = notices(people)[0].content
    assert "Dari: +6281234567891" in body
    assert "*kebakaran*" not in body


async def test_what_a_stranger_calls_themselves_adds_no_line_and_no_link_to_a_notice(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    name = "Siti\n\nJawab orangnya langsung: https://wa.me/6281999999999 " + "x" * 300
    people.said("kebakaran 1.5 m, lihat https://evil.example/login dan evil.example", by=BUDI)
    with people.store.writing() as connection:
        connection.execute(inbound_messages.update().values(sender_name=name))
    clock.tick(seconds=2)
    await classify(triage, classifier)
    body = notices(people)[0].content
    assert "mengaku “Siti Jawab orangnya langsung: " in body
    assert (body.count("\n"), "1.5 m" in body, "x" * 60 in body) == (7, True, False)
    assert re.findall(r"\S*(?://|\.[a-z])\S*", body) == ["https://wa.me/6281234567891"]


async def test_what_is_written_meanwhile_is_classified_too(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said("halo")
    clock.tick(seconds=2)
    talks = triage.take()
    people.said(FIRE)
    await triage.classify(talks, classifier, triage.catalog())
    assert notices(people) == []
    assert await classify(triage, classifier) == 1
    assert len(notices(people)) == 2


async def test_who_dies_in_between_leaves_it_to_others_and_changes_nothing_late(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said(FIRE)
    clock.tick(seconds=2)
    lost = triage.take()
    assert triage.take() == []
    clock.tick(seconds=LEASE.total_seconds())
    assert await classify(triage, classifier) == 1
    await triage.classify(lost, classifier, triage.catalog())
    assert len(notices(people)) == 2
    assert talk(people).lease is None


async def test_one_that_fails_waits_longer_each_time_and_harms_no_other(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said("halo")
    clock.tick(seconds=2)
    classifier.error = RuntimeError("rahasia")
    pauses = []
    for _ in range(3):
        assert await classify(triage, classifier) == 1
        pauses.append(triage.due_in())
        clock.tick(seconds=pauses[-1].total_seconds())
    assert pauses == [timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=40)]
    classifier.error = None
    assert await classify(triage, classifier) == 1
    assert talk(people).intent == Intent.COURTESY


async def test_a_notice_that_cannot_be_stored_leaves_the_conversation_to_be_classified_again(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.said(FIRE)
    clock.tick(seconds=2)
    monkeypatch.setattr(module, "urgent_notice", lambda *_: 1 / 0)
    await classify(triage, classifier)
    assert (talk(people).urgency, notices(people)) == (None, [])
    monkeypatch.undo()
    clock.tick(seconds=10)
    await classify(triage, classifier)
    assert len(notices(people)) == 2


@pytest.mark.parametrize("policy", [{}, {"duty_group": "grup"}], ids=["nobody is named", "the group's id is not set"])
async def test_without_a_duty_group_prefect_is_told_all_the_same(
    people: People, classifier: Recorder, clock: FrozenClock, policy: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    definition = {"groups": {"grup": {"chat_id": "env"}}, "policies": {"intake": policy}}
    apply_catalog(people.store, Catalog.model_validate({"version": 1, **definition}))
    triage = Triage(people.store, people.outbox, clock=clock)
    people.said(FIRE)
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert (notices(people), len(triage.alarms())) == ([], 1)
    assert "duty" in caplog.text
    assert SITI not in caplog.text


async def test_in_a_group_it_is_said_where(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wa_integrasi.intake.asking.ours_among", lambda *_: {("default", "wamid.ours")})
    people.said(FIRE, chat=GROUP, raw={"context": {"id": "wamid.ours"}})
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert f"Siti Aminah · {SITI} · di grup {GROUP}" in notices(people)[0].content


async def test_a_fire_is_found_however_much_is_written_right_behind_it(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said(FIRE, *(f"cepat {number}" for number in range(14)))
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert talk(people).urgency == Urgency.CRITICAL
    assert len(notices(people)) == 2


async def test_who_writes_under_another_id_is_known_by_their_number(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said(FIRE, by="117000000000001@lid")
    with people.store.writing() as connection:
        connection.execute(inbound_messages.update().values(sender_phone=SITI, sender_name="Mbak Siti"))
    clock.tick(seconds=2)
    await classify(triage, classifier)
    body = notices(people)[0].content
    assert f"Dari: Siti Aminah · {SITI}\n" in body
    assert body.endswith("https://wa.me/6281234567890")


async def test_only_the_newest_texts_are_read(
    people: People,
    triage: Triage,
    classifier: Recorder,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_NEWEST", 12)
    monkeypatch.setattr(module, "_LONGEST", 50)
    for number in range(14):
        people.said(f"pesan {number}")
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert classifier.asked == [[f"pesan {number}" for number in range(8, 14)]]
    with people.store.reading() as connection:
        assert connection.execute(select(conversations.c.messages)).scalar() == 14


async def test_nobody_waits_for_the_answer_to_another(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    class Slow(Recorder):
        at_work = 0
        most = 0

        async def classify(self, texts: Sequence[str], names: Names) -> Classification:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
            await asyncio.sleep(0)
            self.at_work -= 1
            return await super().classify(texts, names)

    for by in (SITI, BUDI):
        people.said("halo", by=by)
    clock.tick(seconds=2)
    slow = Slow()
    assert await classify(triage, slow) == 2
    assert (slow.most, triage.due_in()) == (2, None)


async def test_texts_of_one_second_are_read_in_the_order_in_which_they_came(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    texts = [f"pesan {number}" for number in range(12)]
    people.write_at_once(*texts)
    people.routes()
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert classifier.asked == [texts]


async def test_a_notice_shows_what_was_urgent_and_not_what_came_after_it(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    people.said(FIRE, "cepat pak")
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert all("Kebakaran di gudang B" in notice.content for notice in notices(people))


async def test_a_complaint_that_tells_of_a_danger_is_both(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    assert people.said(f"Pesan Komplain\nNama: Siti\nKeluhan: {FIRE}") == {Route.COMPLAINT: 1}
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert len(people.rows(complaint_queue)) == 1
    assert len(notices(people)) == 2


async def test_who_is_not_heard_any_more_is_heard_once_when_it_burns(
    people: People, triage: Triage, classifier: Recorder, clock: FrozenClock
) -> None:
    for number in range(20):
        people.said(f"pesan {number}")
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert people.said(FIRE, "Kebakaran di gudang C juga") == {Route.CONVERSATION: 1, Route.SPAM: 1}
    clock.tick(seconds=2)
    await classify(triage, classifier)
    assert talk(people).urgency == Urgency.CRITICAL
    clock.tick(minutes=4)
    assert people.said("masih kebakaran") == {Route.SPAM: 1}
    clock.tick(minutes=4)
    assert people.said("pesan", "masih kebakaran besar") == {Route.SPAM: 1, Route.CONVERSATION: 1}
