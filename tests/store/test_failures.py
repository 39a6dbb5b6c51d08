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
    owners["mati"] = ("rizky", "daily")
    return Catalog.model_validate(
        {
            "version": 1,
            "contacts": {
                "rizky": {"phone": "+6281200000005", "display_name": "Rizky"},
                "siti": {"phone": "+6281200000006", "display_name": "Siti", "language": "en"},
            },
            "chat_templates": {"rekap": {"body": "x"}},
            "reports": {
                name: {
                    **report,
                    "title": f"Rekap {name}",
                    "owner": owner,
                    "cadence": cadence,
                    "enabled": name != "mati",
                }
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
    run = FailedRun("r1", "rekap daily", "Failed", "daily", failed={"harian"}, done={"gudang"})
    assert [tell_of_run(store, run, clock) for _ in range(2)] == [1, 0]
    [(owner, text)] = told(store).items()
    assert owner == "+6281200000005"
    for said in ("rekap daily berakhir sebagai Failed", "Rekap harian", "wa report run harian"):
        assert said in text
    assert "gudang" not in text


def test_the_owner_is_told_at_which_step_it_failed_and_why(store: Store, clock: FrozenClock) -> None:
    apply_catalog(store, catalog())
    why = {"harian": "query: sqlite: no such table: x", "gudang": "format: " + "z" * 5_000}
    run = FailedRun("r8", "rekap daily", "Failed", "daily", failed={"harian", "gudang"}, why=why)
    assert tell_of_run(store, run, clock) == 2
    texts = told(store)
    assert "Rekap harian (query: sqlite: no such table: x)" in texts["+6281200000005"]
    assert "zzz…)" in texts["+6281200000006"]
    assert len(texts["+6281200000006"]) < 500


def test_of_a_run_that_died_owners_are_told_what_it_had_not_brought_out_each_in_their_language(
    store: Store, clock: FrozenClock
) -> None:
    apply_catalog(store, catalog())
    assert tell_of_run(store, FailedRun("r2", "rekap daily", "Crashed", "daily"), clock) == 2
    texts = told(store)
    assert "berakhir sebagai Crashed" in texts["+6281200000005"]
    assert "mati" not in texts["+6281200000005"]
    assert "ended as Crashed" in texts["+6281200000006"]
    assert "mingguan" not in texts["+6281200000006"]
    assert tell_of_run(store, FailedRun("r3", "rekap daily", "Crashed", "daily", done={"gudang"}), clock) == 1
    assert tell_of_run(store, FailedRun("r4", "rekap daily", "Crashed", "daily", done={"gudang", "harian"}), clock) == 0


def test_of_a_run_that_died_after_a_report_had_failed_the_others_are_told_of_too(
    store: Store, clock: FrozenClock
) -> None:
    apply_catalog(store, catalog())
    died = FailedRun("r8", "rekap daily", "Crashed", "daily", failed={"harian"}, died=True)
    assert tell_of_run(store, died, clock) == 2
    assert {owner[-1] for owner in told(store)} == {"5", "6"}
    failed = FailedRun("r9", "rekap daily", "Crashed", "daily", failed={"harian"}, done={"gudang"}, died=True)
    assert tell_of_run(store, failed, clock) == 1


def test_of_a_run_for_some_reports_only_those_are_named_with_the_period_asked_for(
    store: Store, clock: FrozenClock
) -> None:
    apply_catalog(store, catalog())
    run = FailedRun("r5", "rekap daily", "Failed", "daily", only=["mati"], slot="2040-11-01")
    assert tell_of_run(store, run, clock) == 1
    [text] = told(store).values()
    assert "Rekap mati" in text
    assert "Rekap harian" not in text
    assert "wa report run mati --slot 2040-11-01" in text


def test_of_a_run_that_makes_no_reports_none_is_named(store: Store, clock: FrozenClock) -> None:
    apply_catalog(store, catalog())
    assert tell_of_run(store, FailedRun("r6", "complaints", "Crashed"), clock) == 2
    assert all("Rekap" not in text and "wa report run" not in text for text in told(store).values())
    owned = {**catalog().model_dump(), "policies": {"intake": {"complaints": {"owner": "siti"}}}}
    apply_catalog(store, Catalog.model_validate(owned))
    assert tell_of_run(store, FailedRun("r7", "complaints", "Crashed"), clock) == 1
