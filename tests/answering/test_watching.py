"""Values that people watch, from the first look to the last word."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.answering.world import PEOPLE, ZONE, World
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.answering.watching import Round, Watchers
from wa_integrasi.answering.watching.claiming import LEASE
from wa_integrasi.answering.watching.reading import values_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.reporting import ReportData, compose, due_reports, subscribers_of
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.sources.base import Rows
from wa_integrasi.store.engine import StoreError
from wa_integrasi.store.tables import audit_log, learned_ids, subscriptions, wa_outbox
from wa_integrasi.subscriptions import GRACE


@pytest.fixture
def watched(world: World, tmp_path: Path) -> World:
    """With a plant of its own, whose values change."""
    world.plant.file = Path(shutil.copyfile(world.plant.file, tmp_path / "own-plant.db"))
    return world


def boiler(world: World, number: int, degrees: float | None) -> None:
    with closing(sqlite3.connect(world.plant.file)) as connection, connection:
        connection.execute("UPDATE boiler SET suhu = ? WHERE nomor = ?", [degrees, number])


def watchers(world: World) -> Watchers:
    return Watchers(world.store, ZONE, world.clock)


def settle(world: World, mine: Watchers, taken: Round, budget_s: float = 30) -> int:
    async def read() -> int:
        kitchen = Kitchen(world.plant, world.clock, pauses_s=())
        told = 0
        for source in taken.sources:
            async for group, found in values_of(kitchen, taken.of_source(source), budget_s):
                told += mine.settle(taken, group, found)
        return told

    return asyncio.run(read())


def look(world: World, minutes: float = 1) -> list[str]:
    """What people are told by a round, some time after the last."""
    world.clock.tick(minutes=minutes)
    mine = watchers(world)
    taken = mine.take()
    settle(world, mine, taken)
    mine.end(taken)
    return told(world)


def told(world: World) -> list[str]:
    if news := [row.content for row in world.news()]:
        world.send()
    return news


def test_from_firing_to_resolved(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 540 ulang 30 menit")
    assert look(watched) == [], "521 is below the limit"
    boiler(watched, 2, 541.25)
    [fired] = look(watched)
    assert fired.splitlines() == [
        "🔴 *suhu boiler 2* sekarang *541,25* (batas > 540)",
        "Sejak 10.02 WIB. Data 10.02 WIB, pabrik.",
        "_Langganan 1: balas *ok* bila sudah ditangani, *diam 2 jam*, atau *langganan berhenti 1*._",
    ]
    assert [look(watched, 10), look(watched, 10)] == [[], []]
    boiler(watched, 2, 555)
    assert look(watched, 10)[0].startswith("🔴 *suhu boiler 2* masih *555* (batas > 540), sudah 30 menit\n")
    assert watched.said("budi", "ok") == [
        "Dicatat: suhu boiler 2 > 540. Tidak diulang lagi; Anda diberi tahu bila sudah normal."
    ]
    assert look(watched, 60) == [], "who knows is not told again"
    assert watched.said("budi", "ok") == [], "nor is 'ok' a command any more"
    boiler(watched, 2, 539)
    assert [look(watched), look(watched)] == [[], []], "it may only have dipped"
    assert [text.splitlines() for text in look(watched)] == [
        [
            "🟢 *suhu boiler 2* kembali normal: *539* (batas > 540)",
            "Berlangsung 1 jam 31 menit, 10.02 WIB sampai 11.33 WIB. Data 11.35 WIB, pabrik.",
        ]
    ]
    actions = [(row.actor, row.action) for row in watched.rows(audit_log)]
    assert actions == [("contact:budi", "subscription.make"), ("contact:budi", "subscription.acknowledge")]


def test_a_value_that_swings_is_counted_and_told_of_once(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 540 ulang 30 menit")
    news = []
    for _ in range(2):
        for degrees in (550, 530, 530, 530):
            boiler(watched, 2, degrees)
            news += look(watched, 2)
    assert [text[:1] for text in news] == ["🔴", "🟢"]
    boiler(watched, 2, 551)
    assert look(watched, 20)[0].splitlines()[2] == "Sejak peringatan sebelumnya batas ini terlewati 2 kali."


def test_all_who_watch_a_value_cost_one_question_and_a_source_that_is_away_costs_the_others_nothing(
    watched: World,
) -> None:
    for who, text in (("budi", "beritahu jika suhu boiler 2 > 540"), ("siti", "beritahu jika suhu boiler 2 > 530")):
        watched.said(who, text)
    watched.said("john", "notify if boiler temperature 2 < 600")
    watched.said("siti", "beritahu jika tekanan uap 1 blr1.pi-01 > 12")
    asked = len(watched.plant.asked)
    watched.plant.away = 1
    assert [text.splitlines()[0] for text in look(watched)] == [
        "🔴 *tekanan uap 1, BLR1.PI-01* sekarang *12,5* (batas > 12)"
    ]
    assert len(watched.plant.asked) == asked + 1
    boiler(watched, 2, 535)
    assert sorted(text.splitlines()[0] for text in look(watched)) == [
        "🔴 *boiler temperature 2* is now *535* (limit < 600)",
        "🔴 *suhu boiler 2* sekarang *535* (batas > 530)",
    ]
    assert len(watched.plant.asked) == asked + 2


def test_what_cannot_be_read_is_unknown_and_never_resolved(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 540 ulang 1 jam")
    boiler(watched, 2, 550)
    assert look(watched)[0].startswith("🔴 *suhu boiler 2* sekarang *550*")
    watched.plant.away = 3
    assert [look(watched), look(watched)] == [[], []], "twice may be chance"
    assert [text.splitlines() for text in look(watched)] == [
        [
            "⚪ *suhu boiler 2* tidak terbaca sejak 10.01 WIB, sumber pabrik. Nilainya tidak diketahui.",
            "Terakhir *550*; batas > 540 terlewati sejak 10.01 WIB.",
        ]
    ]
    boiler(watched, 2, None)
    assert [look(watched) for _ in range(4)] == [[]] * 4, "told once, also where the source answers with nothing"
    boiler(watched, 2, 551)
    assert look(watched)[0].startswith("🔴 *suhu boiler 2* masih *551* (batas > 540), sudah 8 menit")
    boiler(watched, 2, 520)
    assert [look(watched), look(watched), look(watched)[0].splitlines()[0]] == [
        [],
        [],
        "🟢 *suhu boiler 2* kembali normal: *520* (batas > 540)",
    ]


def test_nothing_while_silent_then_how_it_stands(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 540")
    watched.said("budi", "beritahu jika suhu boiler 3 > 540")
    boiler(watched, 2, 550)
    assert len(look(watched)) == 1
    [muted] = watched.said("budi", "diam 2 jam", quoting=False)
    assert muted.startswith("Diam sampai 12.01 WIB: suhu boiler 2 > 540; suhu boiler 3 > 540.")
    boiler(watched, 3, 560)
    assert [look(watched, 30) for _ in range(3)] == [[]] * 3
    boiler(watched, 2, 520)
    assert [look(watched, 10) for _ in range(2)] == [[]] * 2
    assert sorted(text.splitlines()[0] for text in look(watched, 15)) == [
        "🔴 *suhu boiler 3* sekarang *560* (batas > 540)",
        "🟢 *suhu boiler 2* kembali normal: *520* (batas > 540)",
    ]
    assert look(watched) == []


def test_a_reply_to_an_alarm_says_that_it_is_known_and_a_danger_in_it_is_heard(watched: World) -> None:
    for number in (2, 3):
        watched.said("budi", f"beritahu jika suhu boiler {number} > 540")
        boiler(watched, number, 550)
        assert len(look(watched)) == 1
    assert watched.said("budi", "sedang kami cek, pak", quoting=True)[0].startswith("Dicatat: suhu boiler 3 > 540.")
    assert watched.said("budi", "ok")[0].startswith("Dicatat: suhu boiler 2 > 540.")
    assert watched.said("budi", "suhu boiler 1", quoting=True)[0].startswith("Boiler 1"), "a command stays one"
    boiler(watched, 2, 500)
    look(watched), look(watched), look(watched)
    assert watched.said("budi", "kebakaran di boiler!", quoting=True)[0].startswith(
        "Sudah selesai: suhu boiler 2 > 540."
    )
    with watched.store.reading() as connection:
        said = connection.exec_driver_sql("SELECT count(*) FROM conversations").scalar()
    assert said == 1, "whoever is on duty hears of the fire"


def test_a_thumbs_up_on_an_alarm_says_ok_and_nothing_else_does(watched: World) -> None:
    for number in (2, 3):
        watched.said("budi", f"beritahu jika suhu boiler {number} > 540 ulang 30 menit")
        boiler(watched, number, 550)
        assert len(look(watched)) == 1
    for emoji in ("❤️", "👎🏽", ""):
        assert watched.react("budi", emoji) == []
    assert watched.react("budi", "👍🏽")[0].startswith("Dicatat: suhu boiler 3 > 540. Tidak diulang lagi")
    assert [text.splitlines()[0] for text in look(watched, 40)] == [
        "🔴 *suhu boiler 2* masih *550* (batas > 540), sudah 41 menit"
    ], "the other one is not seen to"
    assert watched.rows(wa_outbox)[-2].reply_to is None, "a reaction cannot be quoted"
    watched.said("budi", "suhu boiler 1")
    assert watched.react("budi", "👍") == [], "a thumb on an answer is a courtesy"


def test_an_alarm_for_the_number_is_known_by_an_ok_from_the_same_persons_other_name(watched: World) -> None:
    watched.said("siti", "beritahu jika suhu boiler 2 > 540 ulang 30 menit")
    boiler(watched, 2, 550)
    assert len(look(watched)) == 1
    assert watched.said("oranglid", "ok") == []
    assert watched.said("budiid", "ok") == []
    assert watched.said("sitilid", "ok")[0].startswith("Dicatat: suhu boiler 2 > 540.")
    assert look(watched, 40) == []


def test_two_processes_and_one_that_dies_tell_everybody_once(worlds: World, monkeypatch: pytest.MonkeyPatch) -> None:
    worlds.said("budi", "beritahu jika suhu boiler 2 > 500")
    worlds.clock.tick(minutes=1)
    one, other = watchers(worlds), watchers(worlds)
    taken = one.take()
    assert other.take().groups == [], "it is the other's"
    worlds.clock.tick(seconds=LEASE.total_seconds())
    again = other.take()
    assert settle(worlds, one, taken) == 0, "who was given up tells nobody"
    with monkeypatch.context() as patch:
        patch.setattr(other._outbox, "enqueue", _fails)
        with pytest.raises(StoreError):
            settle(worlds, other, again)
    [row] = worlds.rows(subscriptions)
    assert (row.state, row.tellings) == ("ok", 0), "what was not enqueued was not told"
    worlds.clock.tick(seconds=LEASE.total_seconds())
    last = one.take()
    assert settle(worlds, one, last) == 1
    assert settle(worlds, one, last) == 0
    assert settle(worlds, other, again) == 0
    assert len([row for row in worlds.rows(wa_outbox) if row.dedupe_key.startswith("subscription/")]) == 1


def _fails(*_: object) -> None:
    raise StoreError("the power fails")


def changed(world: World, **people: list[str]) -> None:
    """The same catalog with other roles."""
    catalog = load_catalog(world.store)
    roles = {name: catalog.contacts[name].model_copy(update={"roles": tuple(each)}) for name, each in people.items()}
    apply_catalog(
        world.store, catalog.model_copy(update={"contacts": {**catalog.contacts, **roles}}), clock=world.clock
    )


def test_without_the_right_it_sleeps_and_its_owner_is_told_once(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 540")
    watched.said("budi", "langganan rekap harian")
    boiler(watched, 2, 550)
    changed(watched, budi=["pimpinan"])
    asked = len(watched.plant.asked)
    assert look(watched) == [
        "ℹ️ Langganan 1 (suhu boiler 2 > 540): tidak aktif: hak Anda sudah dicabut.",
        "ℹ️ Langganan 2 (Rekap Harian): tidak aktif: hak Anda sudah dicabut.",
    ]
    assert look(watched) == []
    assert len(watched.plant.asked) == asked, "nothing is asked for who may not know"
    assert "1. suhu boiler 2 > 540 (tidak aktif: hak Anda sudah dicabut)" in watched.said("budi", "langganan")[0]
    changed(watched, budi=["operator"])
    watched.clock.tick(minutes=2)
    assert look(watched)[0].startswith("🔴 *suhu boiler 2* sekarang *550*")
    changed(watched, budi=["pimpinan"])
    assert len(look(watched)) == 2
    watched.clock.tick(days=GRACE.days)
    look(watched)
    changed(watched, budi=["operator"])
    assert look(watched, 5) == [], "what has slept for a week is over"
    assert {row.cancelled_at is None for row in watched.rows(subscriptions)} == {False}


def with_contacts(world: World, **people: dict[str, Any] | None) -> None:
    """The same catalog with other contacts; None: without them."""
    catalog = load_catalog(world.store)
    contacts = dict(catalog.contacts)
    for name, changes in people.items():
        gone = contacts.pop(name) if name in contacts else None
        if changes is not None:
            contacts[name] = Contact.model_validate({**(gone.model_dump() if gone else {}), **changes})
    apply_catalog(world.store, catalog.model_copy(update={"contacts": contacts}), prune=True, clock=world.clock)
    world.clock.tick(minutes=2)


def test_a_subscription_goes_with_its_contact_and_not_with_their_number(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 540")
    watched.said("budi", "langganan rekap harian")
    old, new = PEOPLE["budi"], "+6281200000077"
    agus = {"phone": old, "display_name": "Agus", "roles": ["operator"]}
    with_contacts(watched, budi={"phone": new, "ids": []}, agus=agus)
    watched.said("budi", "berhenti")
    boiler(watched, 2, 550)
    watched.news()
    look(watched)
    [alarm] = [row for row in watched.rows(wa_outbox) if row.content.startswith("🔴")]
    assert alarm.recipient == new, "what the new owner of the number has said is not theirs"
    assert recipients(watched) == [PEOPLE["dewi"], new]
    watched.clock.tick(minutes=2)
    watched.said("budi", "mulai")
    assert "belum berlangganan" in watched.said("budi", "langganan")[0], "the new owner of the number has none"
    assert [row.action for row in watched.rows(audit_log)][-2:] == ["subscription.move"] * 2
    with_contacts(watched, budi=None)
    assert look(watched) == []
    assert recipients(watched) == [PEOPLE["dewi"]], "who is gone gets nothing from then on"
    watched.clock.tick(days=GRACE.days)
    look(watched)
    assert [row.cancelled_at is not None for row in watched.rows(subscriptions)] == [True, True]


def test_an_alarm_does_not_go_to_an_id_that_is_somebody_elses_by_now(watched: World) -> None:
    watched.said("sitilid", "beritahu jika suhu boiler 2 > 540")
    lid = PEOPLE["sitilid"]
    agus = {"phone": "+6281200000066", "display_name": "Agus", "roles": ["operator"], "ids": [lid]}
    with_contacts(watched, siti={"ids": []}, agus=agus)
    boiler(watched, 2, 550)
    look(watched)
    assert watched.rows(wa_outbox)[-1].content.startswith("🔴")
    assert watched.rows(wa_outbox)[-1].recipient == PEOPLE["siti"]
    assert [row.action for row in watched.rows(audit_log)][-1] == "subscription.move"


def test_who_shows_an_id_that_was_learned_goes_on_where_they_were(watched: World) -> None:
    learned = {"phone": PEOPLE["budi"], "account": "default", "believed": True, "at": watched.clock()}
    with watched.store.writing() as connection:
        connection.execute(learned_ids.insert().values(address=PEOPLE["oranglid"], **learned))
    code = re.search(r"ya ([0-9]+)", watched.said("oranglid", "setel 7")[0])
    assert code is not None
    assert "disetel ke 7" in watched.said("budi", f"ya {code[1]}")[0]
    watched.said("oranglid", "beritahu jika suhu boiler 2 > 540")
    assert "suhu boiler 2 > 540" in watched.said("budi", "langganan")[0]
    boiler(watched, 2, 550)
    look(watched)
    assert watched.rows(wa_outbox)[-1].recipient == PEOPLE["budi"], "the number in the catalog"
    assert watched.said("oranglid", "ok")[0].startswith("Dicatat: suhu boiler 2 > 540.")


def test_who_says_berhenti_under_another_name_gets_nothing_more(watched: World) -> None:
    watched.said("siti", "beritahu jika suhu boiler 2 > 540")
    watched.said("siti", "langganan rekap harian")
    watched.said("sitilid", "berhenti")
    boiler(watched, 2, 550)
    assert (look(watched), recipients(watched)) == ([], [PEOPLE["dewi"]])
    assert watched.said("siti", "suhu boiler 1") != []
    watched.send()
    assert watched.rows(wa_outbox)[-1].error_code == "opted_out"
    watched.clock.tick(minutes=1)
    watched.said("sitilid", "mulai")
    assert look(watched)[0].startswith("🔴 *suhu boiler 2*")
    assert recipients(watched) == [PEOPLE["dewi"], PEOPLE["siti"]]


def test_a_right_that_is_lost_while_the_value_is_read_counts(watched: World) -> None:
    for who in ("budi", "siti"):
        watched.said(who, "beritahu jika suhu boiler 2 > 500")
    watched.clock.tick(minutes=1)
    mine = watchers(watched)
    taken = mine.take()
    changed(watched, budi=["pimpinan"])
    assert settle(watched, mine, taken) == 1
    mine.end(taken)
    assert [row.recipient for row in watched.news()] == [PEOPLE["siti"]]
    told(watched)
    assert look(watched) == ["ℹ️ Langganan 1 (suhu boiler 2 > 500): tidak aktif: hak Anda sudah dicabut."]


def test_a_value_that_may_seldom_be_asked_for_is_watched_all_the_same(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 540 selama 10 menit")
    catalog = load_catalog(watched.store)
    [row] = watched.rows(subscriptions)
    seldom = catalog.triggers[row.name].model_copy(update={"cooldown_s": 3600})
    apply_catalog(
        watched.store,
        catalog.model_copy(update={"triggers": {**catalog.triggers, row.name: seldom}}),
        clock=watched.clock,
    )
    boiler(watched, 2, 550)
    assert [look(watched), look(watched, 30)] == [[], []]
    assert look(watched, 31)[0].startswith("🔴 *suhu boiler 2* sekarang *550*")
    boiler(watched, 2, 520)
    assert look(watched, 61) == []
    assert look(watched, 61)[0].startswith("🟢 *suhu boiler 2* kembali normal: *520*")


def test_who_writes_stop_hears_nothing_and_then_how_it_stands(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 540")
    boiler(watched, 2, 550)
    watched.said("budi", "berhenti")
    asked = len(watched.plant.asked)
    assert [look(watched), len(watched.plant.asked)] == [[], asked]
    watched.clock.tick(seconds=5)
    watched.said("budi", "mulai")
    assert look(watched)[0].startswith("🔴 *suhu boiler 2* sekarang *550*")


def recipients(world: World, catalog: Catalog | None = None) -> list[str]:
    [job] = due_reports(
        catalog or load_catalog(world.store), Slot.ended(world.clock(), Cadence.DAILY, ZONE), ["rekap-harian"]
    )
    data = ReportData(Rows(("unit", "ton"), (("GL1", 5),)))
    messages = compose(job, data, now=world.clock(), group_ids={}, subscribers=subscribers_of(world.store, job))
    assert len({message.dedupe_key for message in messages}) == len(messages)
    return [message.recipient.chat for message in messages]


def test_a_report_goes_to_who_has_subscribed_too(watched: World) -> None:
    assert recipients(watched) == [PEOPLE["dewi"]]
    watched.said("budi", "langganan rekap harian")
    watched.said("john", "subscribe daily recap")
    assert recipients(watched) == [PEOPLE["dewi"], PEOPLE["budi"], PEOPLE["john"]]
    catalog = load_catalog(watched.store)
    also = catalog.reports["rekap-harian"].model_copy(update={"recipients": ("dewi", "budi")})
    twice = catalog.model_copy(update={"reports": {**catalog.reports, "rekap-harian": also}})
    assert recipients(watched, twice) == [PEOPLE["dewi"], PEOPLE["budi"], PEOPLE["john"]], "nobody gets it twice"
    watched.said("john", "unsubscribe 1")
    watched.said("budi", "berhenti")
    assert recipients(watched) == [PEOPLE["dewi"]]
    watched.clock.tick(minutes=2)
    watched.said("budi", "mulai")
    assert recipients(watched) == [PEOPLE["dewi"], PEOPLE["budi"]]
    changed(watched, budi=["pimpinan"])
    assert recipients(watched) == [PEOPLE["dewi"]]


def test_relative_days_stay_relative(watched: World) -> None:
    watched.said("budi", "beritahu jika produksi crusher kemarin < 1500")
    assert look(watched) == []
    watched.said("budi", "langganan")
    watched.clock.tick(days=1)
    watched.plant.asked.clear()
    look(watched)
    assert [str(asked["hari"]) for asked in watched.plant.asked] == ["2040-11-20"]


def test_queries_that_hang_leave_time_for_the_others(watched: World) -> None:
    watched.said("budi", "beritahu jika suhu boiler 2 > 500")
    watched.clock.tick(minutes=1)
    mine = watchers(watched)
    taken = mine.take()
    assert settle(watched, mine, taken, budget_s=0) == 0
    assert [row.misses for row in watched.rows(subscriptions)] == [1]
