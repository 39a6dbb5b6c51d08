"""The catalog of a process that stays."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.conftest import FrozenClock
from wa_integrasi.catalog import kept
from wa_integrasi.catalog.kept import KeptCatalog
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import contacts


def catalog(*names: str) -> Catalog:
    people = {name: {"phone": f"+6281200000{number:03}", "display_name": name} for number, name in enumerate(names)}
    return Catalog.model_validate({"version": 1, "contacts": people})


def test_it_is_read_again_when_it_has_changed_and_only_then(
    store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    monkeypatch.setattr(kept, "load_catalog", lambda store: read.append(store) or load_catalog(store))
    known = KeptCatalog(store, clock)
    apply_catalog(store, catalog("budi", "siti"), clock=clock)
    first = known.current()
    assert set(first.contacts) == {"budi", "siti"}
    clock.tick(seconds=30)
    assert known.current() is first
    assert len(read) == 1
    apply_catalog(store, catalog("budi"), prune=True, clock=clock)
    assert set(known.current().contacts) == {"budi", "siti"}, "for three seconds"
    clock.tick(seconds=3)
    assert set(known.current().contacts) == {"budi"}
    clock.tick(seconds=60)
    assert known.current() is known.current()


def test_what_was_changed_by_hand_is_seen_within_a_minute(store: Store, clock: FrozenClock) -> None:
    apply_catalog(store, catalog("budi"), clock=clock)
    known = KeptCatalog(store, clock)
    assert known.current().contacts["budi"].display_name == "budi"
    with store.writing() as connection:
        connection.execute(update(contacts).values(definition={"phone": "+6281200000000", "display_name": "Budi S."}))
    clock.tick(minutes=1)
    assert known.current().contacts["budi"].display_name == "Budi S."
