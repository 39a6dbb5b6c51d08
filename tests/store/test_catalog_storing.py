"""The catalog in the database: what was applied is what is in force, and every version is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from typer.testing import CliRunner

from deployments.cli import app
from tests.conftest import FrozenClock
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.renumbering import Carried
from wa_integrasi.catalog.storing import Changes, apply_catalog, load_catalog
from wa_integrasi.catalog.writing import write_catalog
from wa_integrasi.content import Text
from wa_integrasi.inbox.contacts import Consent, note_contacts
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import audit_log, contacts, reports, triggers

BODY = "*{{ report.title }}*\n{% for row in rows %}\n– {{ row.unit }}: 100 % “✅” 👩‍🏭\n---\n{% endfor %}\n"


def catalog(**changes: dict[str, Any]) -> Catalog:
    entries: dict[str, Any] = {
        "contacts": {
            "siti": {"phone": "0812-3456-7890", "display_name": "Siti Rahayu", "salutation": "Ibu"},
            "john": {"phone": "+1 650-253-0000", "display_name": "John O'Neil", "language": "en"},
        },
        "groups": {
            "produksi": {"members": ["siti", "john"]},
            "shift-malam": {"chat_id": "env"},
            "direksi": {"chat_id": "120363012345678901@g.us"},
        },
        "chat_templates": {"rekap": {"body": BODY}, "recap": {"body": "{{ rows|length }} rows", "language": "en"}},
        "reports": {
            "harian": {
                "title": "Rekap Harian",
                "description": "Apa?\n\n  'kutip', \"kutip\", \\ dan 100 %",
                "cadence": "daily",
                "owner": "siti",
                "source": "pabrik",
                "query": "SELECT unit\nFROM production -- komentar\nWHERE day = :slot_date AND name LIKE '50%'",
                "template": "rekap",
                "recipients": ["produksi", "shift-malam"],
            },
            "weekly": {
                "title": "Weekly",
                "cadence": "weekly",
                "enabled": False,
                "owner": "john",
                "source": "plant",
                "query": "SELECT 1",
                "template": "recap",
                "recipients": ["direksi", "john"],
                "when_empty": "alert",
                "account": "tenant",
                "max_rows": 7,
            },
        },
    }
    for kind, change in changes.items():
        entries[kind] = {**entries.get(kind, {}), **change}
    return Catalog.model_validate({"version": 1, **entries})


def versions(store: Store, table: Any = reports) -> list[tuple[str, int, bool]]:
    with store.reading() as connection:
        rows = connection.execute(select(table).order_by(table.c.name, table.c.version))
        return [(row.name, row.version, row.retired_at is None) for row in rows]


def without(whole: Catalog, kind: str, name: str) -> Catalog:
    document = whole.model_dump()
    del document[kind][name]
    return Catalog.model_validate(document)


def test_a_new_store_has_an_empty_catalog(store: Store) -> None:
    assert load_catalog(store) == Catalog(version=1)


def test_what_is_applied_comes_back_whole_also_by_way_of_yaml(store: Store) -> None:
    apply_catalog(store, catalog())
    loaded = load_catalog(store)
    assert loaded == catalog()
    assert read_catalog(write_catalog(loaded), "catalog.yaml") == catalog()


def test_applying_says_what_it_did(store: Store) -> None:
    changes = apply_catalog(store, catalog())
    assert len(changes.created) == 9
    assert changes.created[:3] == ["contacts.siti", "contacts.john", "groups.produksi"]
    assert (changes.changed, changes.removed, changes.same) == ([], [], 0)


def test_applying_the_same_again_changes_nothing(store: Store) -> None:
    apply_catalog(store, catalog())
    before = versions(store)
    assert apply_catalog(store, catalog(), prune=True) == Changes(same=9)
    assert apply_catalog(store, read_catalog(write_catalog(load_catalog(store)), "c.yaml")) == Changes(same=9)
    assert versions(store) == before


def test_saying_a_default_in_so_many_words_is_no_change(store: Store) -> None:
    apply_catalog(store, catalog())
    said = Catalog.model_validate(catalog().model_dump(exclude={"groups"}) | {"groups": catalog().groups})
    assert apply_catalog(store, said).changed == []


def test_a_change_makes_a_new_version_and_keeps_the_old_one(store: Store, clock: FrozenClock) -> None:
    apply_catalog(store, catalog(), clock=clock)
    clock.tick(days=1)
    louder = {"weekly": {**catalog().reports["weekly"].model_dump(), "title": "WEEKLY"}}
    assert apply_catalog(store, catalog(reports=louder), clock=clock).changed == ["reports.weekly"]
    assert versions(store) == [("harian", 1, True), ("weekly", 1, False), ("weekly", 2, True)]
    assert load_catalog(store).reports["weekly"].title == "WEEKLY"
    with store.reading() as connection:
        old, new = connection.execute(select(reports).where(reports.c.name == "weekly").order_by(reports.c.version))
    assert old.definition["title"] == "Weekly"
    assert old.retired_at == new.created_at == clock()


def test_what_a_file_does_not_name_stays(store: Store) -> None:
    apply_catalog(store, catalog())
    changes = apply_catalog(store, without(catalog(), "reports", "weekly"))
    assert (changes.changed, changes.removed, changes.same) == ([], [], 8)
    assert load_catalog(store) == catalog()


def test_pruning_retires_what_is_not_named_and_it_may_come_back(store: Store) -> None:
    apply_catalog(store, catalog())
    assert apply_catalog(store, without(catalog(), "reports", "weekly"), prune=True).removed == ["reports.weekly"]
    assert list(load_catalog(store).reports) == ["harian"]
    assert apply_catalog(store, catalog()).created == ["reports.weekly"]
    assert versions(store) == [("harian", 1, True), ("weekly", 1, False), ("weekly", 2, True)]


def test_pruning_with_an_empty_catalog_empties_it(store: Store) -> None:
    apply_catalog(store, catalog())
    assert len(apply_catalog(store, Catalog(version=1), prune=True).removed) == 9
    assert load_catalog(store) == Catalog(version=1)


def test_what_does_not_fit_with_what_stays_is_refused_and_nothing_of_it_is_kept(store: Store) -> None:
    apply_catalog(store, catalog())
    before = versions(store, contacts)
    person = {"phone": "0812-3456-7899", "display_name": "Budi"}
    namesake = Catalog.model_validate({"version": 1, "contacts": {"andi": person, "produksi": person}})
    with pytest.raises(ValidationError, match=r"groups\.produksi: found a contact of the same name"):
        apply_catalog(store, namesake)
    assert versions(store, contacts) == before
    assert load_catalog(store) == catalog()
    assert apply_catalog(store, namesake, prune=True).created == ["contacts.andi", "contacts.produksi"]


def test_entries_are_in_the_same_order_on_every_database(store: Store) -> None:
    person = {"phone": "0812-3456-7890", "display_name": "Siti"}
    names = ["b", "a-b", "ab", "a", "1", "a0"]
    apply_catalog(store, Catalog.model_validate({"version": 1, "contacts": dict.fromkeys(names, person)}))
    assert list(load_catalog(store).contacts) == sorted(names)


SUHU: dict[str, Any] = {
    "kind": "sql",
    "title": "Suhu",
    "phrases": ["suhu boiler"],
    "arguments": [
        {"name": "boiler", "kind": "int", "minimum": 1, "maximum": 4},
        {"name": "batas", "kind": "number", "default": 2.5},
        {"name": "unit", "kind": "choice", "choices": ["A", {"value": "B", "words": ["be"]}], "required": False},
        {"name": "hari", "kind": "date", "range": True, "default": "kemarin"},
    ],
    "roles": ["operator"],
    "source": "pabrik",
    "query": "SELECT :boiler",
    "template": "jawab",
}
ANSWER = {"jawab": {"body": "{{ rows | length }}"}}


def test_a_trigger_comes_back_whole_also_by_way_of_yaml(store: Store) -> None:
    whole = catalog(triggers={"suhu": SUHU}, chat_templates=ANSWER)
    assert apply_catalog(store, whole).created[-1] == "triggers.suhu"
    loaded = load_catalog(store)
    assert loaded == whole
    assert read_catalog(write_catalog(loaded), "catalog.yaml") == whole
    assert apply_catalog(store, whole) == Changes(same=11)


def test_arguments_in_another_order_are_another_version(store: Store) -> None:
    apply_catalog(store, catalog(triggers={"suhu": SUHU}, chat_templates=ANSWER))
    turned = {**SUHU, "arguments": SUHU["arguments"][::-1]}
    changes = apply_catalog(store, catalog(triggers={"suhu": turned}, chat_templates=ANSWER))
    assert changes.changed == ["triggers.suhu"]
    assert versions(store, triggers) == [("suhu", 1, False), ("suhu", 2, True)]
    assert load_catalog(store).triggers["suhu"].arguments[0].name == "hari"


def test_a_phrase_of_a_trigger_that_stays_cannot_be_taken(store: Store) -> None:
    apply_catalog(store, catalog(triggers={"suhu": SUHU}, chat_templates=ANSWER))
    other = {**SUHU, "phrases": ["SUHU — boiler"]}
    with pytest.raises(ValidationError, match="which is a phrase of 'lain' too"):
        apply_catalog(
            store, Catalog.model_validate({"version": 1, "chat_templates": ANSWER, "triggers": {"lain": other}})
        )
    assert list(load_catalog(store).triggers) == ["suhu"]


def test_a_part_that_others_use_is_said_to_be_theirs_too(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`wa new` and partial files make parts of names that are taken: who replaces them sees whose they were."""
    apply_catalog(store, catalog())
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    file = tmp_path / "rekap.yaml"
    file.write_text(
        """version: 1
contacts:
  siti: {phone: "0812-3456-7890", display_name: Siti R.}
  andi: {phone: "+1 650-253-0000", display_name: Andi}
chat_templates:
  rekap: {body: "{{ rows | length }} baris"}
reports:
  harian:
    {title: Rekap, cadence: daily, owner: siti, source: pabrik, query: SELECT 1, template: rekap, recipients: [siti]}
"""
    )
    ran = CliRunner().invoke(app, ["catalog", "apply", str(file)])
    assert ran.stdout.splitlines() == [
        "+ contacts.andi",
        "~ contacts.siti (also used by groups.produksi)",
        "~ chat_templates.rekap",
        "~ reports.harian",
        "0 unchanged",
    ]
    assert ran.stderr == (
        "warning: contacts.john.phone: found the number of the contact 'andi', should be another one: what is written "
        "from it counts as written by 'andi', with the roles of that contact\n"
    )
    document = {"version": 1, "chat_templates": {"rekap": {"body": "baru"}}}
    assert apply_catalog(store, Catalog.model_validate(document)).also_used_by == {
        "chat_templates.rekap": ["reports.harian"]
    }


class TestStop:
    """Who has said STOP has said it under a new number too."""

    OLD, NEW, LATER, LID = "+6281234567890", "+6281200000077", "+6281200000088", "112233445566778@lid"

    def known_by(self, store: Store, clock: FrozenClock, phone: str, *ids: str, prune: bool = False) -> Changes:
        siti = {"siti": {"phone": phone, "ids": list(ids), "display_name": "Siti"}} if phone else {}
        catalog = Catalog.model_validate({"version": 1, "contacts": siti})
        return apply_catalog(store, catalog, prune=prune, clock=clock, actor="cli:ani")

    def said(self, store: Store, chat: str, agreed: bool, at: datetime) -> None:
        with store.writing() as connection:
            note_contacts(connection, [], [Consent("default", chat, agreed, at, "wrote")])

    def may_send(self, store: Store, clock: FrozenClock, chat: str) -> bool:
        outbox = Outbox(store, clock=clock)
        outbox.enqueue([NewMessage(Recipient.of_chat(chat), Text(body="rekap"))])
        return len(outbox.claim("test", {"default": AccountRules()})) == 1

    def test_it_goes_along_to_a_new_number_and_is_said_and_audited_once(self, store: Store, clock: FrozenClock) -> None:
        assert not self.known_by(store, clock, self.OLD).carried
        self.said(store, self.OLD, False, clock())
        clock.tick(seconds=1)
        carried = [Carried("siti", "default", "+62…7890", ("+62…0077", "lid …6778"))]
        assert self.known_by(store, clock, self.NEW, self.LID).carried == carried
        assert not self.may_send(store, clock, self.NEW)
        assert not self.may_send(store, clock, self.LID)
        assert not self.known_by(store, clock, self.NEW, self.LID).carried
        with store.reading() as connection:
            [row] = connection.execute(select(audit_log)).all()
        assert (row.actor, row.action, row.subject) == ("cli:ani", "contact.stop_follows", "contact:siti")
        assert row.details == {"account": "default", "from": "+62…7890", "to": ["+62…0077", "lid …6778"]}

    def test_a_start_ends_it(self, store: Store, clock: FrozenClock) -> None:
        self.known_by(store, clock, self.OLD)
        self.said(store, self.OLD, False, clock())
        self.known_by(store, clock, self.NEW)
        clock.tick(seconds=1)
        self.said(store, self.NEW, True, clock())
        assert self.may_send(store, clock, self.NEW)
        assert not self.known_by(store, clock, self.LATER).carried

    def test_what_they_said_since_under_the_new_number_counts_more(self, store: Store, clock: FrozenClock) -> None:
        self.known_by(store, clock, self.OLD)
        self.said(store, self.OLD, False, clock())
        self.said(store, self.NEW, True, clock() + timedelta(seconds=1))
        assert not self.known_by(store, clock, self.NEW).carried
        assert self.may_send(store, clock, self.NEW)

    def test_what_they_said_before_counts_less(self, store: Store, clock: FrozenClock) -> None:
        self.known_by(store, clock, self.OLD)
        self.said(store, self.NEW, True, clock() - timedelta(days=1))
        self.said(store, self.OLD, False, clock())
        assert self.known_by(store, clock, self.NEW).carried
        assert not self.may_send(store, clock, self.NEW)

    def test_it_is_remembered_of_who_was_removed(self, store: Store, clock: FrozenClock) -> None:
        self.known_by(store, clock, self.OLD)
        self.said(store, self.OLD, False, clock())
        self.known_by(store, clock, "", prune=True)
        assert self.known_by(store, clock, self.NEW).carried
        assert not self.may_send(store, clock, self.NEW)

    def test_who_applies_the_catalog_is_told(
        self, store: Store, clock: FrozenClock, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("WA_DATABASE_URL", database_url)
        self.known_by(store, clock, self.OLD)
        self.said(store, self.OLD, False, clock())
        file = tmp_path / "siti.yaml"
        file.write_text(f'version: 1\ncontacts: {{siti: {{phone: "{self.NEW}", display_name: Siti}}}}\n')
        ran = CliRunner().invoke(app, ["catalog", "apply", str(file)])
        said = (
            "siti had said STOP under +62…7890 (default); it stays so under +62…0077 until they write START "
            "(or 'wa contact start siti --reason …')"
        )
        assert ran.stdout.splitlines() == [
            "~ contacts.siti",
            "0 unchanged",
            f"note: {said}",
        ]
