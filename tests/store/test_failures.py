"""Owners hear of a run that failed or died: once for a run, and only of what concerns them."""

from __future__ import annotations

from sqlalchemy import select

from tests.conftest import FrozenClock
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox
from wa_integrasi.upkeep.failures import FailedRun, tell_of_run


def catalog() -> Catalog:
    report = {"source": "pabrik", "query": "SELECT 1", "template": "rekap", "recipients": ["rizky"]}
    owners = {"harian": ("rizky", "daily"), "gudang": ("siti", "daily"), "mingguan": ("siti", "weekly")}
    return Catalog.model_validate(
        {
            "version": 1,
            "contacts": {
                "rizky": {"phone": "+6281200000005", "display_name": "Rizky"},
                "siti": {"phone": "+6281200000006", "display_name": "Siti", "language": "en"},
            },
            "chat_templates": {"rekap": {"body": "x"}},
            "reports": {
                name: {**report, "title": f"Rekap {name}", "owner": owner, "cadence": cadence}
                for name, (owner, cadence) in owners.items()
            },
        }
    )


def told(store: Store) -> dict[str, str]:
    with store.reading() as connection:
        rows = connection.execute(select(wa_outbox.c.recipient, wa_outbox.c.content).order_by(wa_outbox.c.id))
        return dict(rows.tuples().all())


def test_the_owner_of_the_report_that_failed_is_told_once(store: Store, clock: FrozenClock) -> None:
    apply_catalog(store, catalog())
    run = FailedRun("r1", "rekap daily", "Failed", "daily", ("send", "harian"))
    assert [tell_of_run(store, run, clock) for _ in range(2)] == [1, 0]
    [(owner, text)] = told(store).items()
    assert owner == "+6281200000005"
    for said in ("rekap daily berakhir sebagai Failed", "Rekap harian", "wa report run harian"):
        assert said in text
    assert "gudang" not in text


def test_of_a_run_that_died_the_owners_of_its_cadence_are_told_each_in_their_language(
    store: Store, clock: FrozenClock
) -> None:
    apply_catalog(store, catalog())
    assert tell_of_run(store, FailedRun("r2", "rekap daily", "Crashed", "daily"), clock) == 2
    texts = told(store)
    assert "berakhir sebagai Crashed" in texts["+6281200000005"]
    assert "ended as Crashed" in texts["+6281200000006"]
    assert "mingguan" not in texts["+6281200000006"]
    assert tell_of_run(store, FailedRun("r3", "complaints", "Crashed"), clock) == 2
