"""Values that people watch, read by a real run from a database and from PI."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from flows.watches import watches
from tests.prefect.conftest import House, eventually
from wa_integrasi.clock import utc_now
from wa_integrasi.commands.grammar.conditions import Operator
from wa_integrasi.store.tables import wa_outbox
from wa_integrasi.subscriptions import Cancel, Kind, Limit, NewSubscription, Subscribe, Subscriptions, apply

BUDI = "+6281200000001"
WATCHED = [
    ("produksi", "produksi tungku kemarin", "actual", ""),
    ("suhu-boiler", "suhu boiler 2", "value", "BLR2.TI-02"),
    ("suhu-boiler", "suhu boiler 2", "value", "BLR9.TIDAK-ADA"),
]


async def test_a_run_reads_what_is_watched_and_tells_those_who_watch(house: House) -> None:
    with house.store.writing() as connection:
        for name, asked, column, row in WATCHED:
            limit = Limit(asked, Operator.ABOVE, -1, timedelta(), timedelta(hours=1), column, row)
            what = NewSubscription("default", BUDI, "budi-santoso", BUDI, "id", Kind.LIMIT, name, limit=limit)
            apply(connection, [Subscribe(what)], "test", utc_now())
    state = await watches(return_state=True)
    assert state.is_completed(), state
    found = Subscriptions(house.store).in_force()
    with house.store.reading() as connection:
        keys = [f"subscription/{each.id}/1" for each in found]
        told = connection.execute(
            select(wa_outbox.c.content).where(wa_outbox.c.dedupe_key.in_(keys)).order_by(wa_outbox.c.dedupe_key)
        )
        first, second = told.scalars()
    assert first.startswith("🔴 *produksi tungku kemarin* sekarang *")
    assert second.startswith("🔴 *suhu boiler 2, BLR2.TI-02* sekarang *")
    assert [(str(each.standing.state), each.standing.misses) for each in found] == [("firing", 0)] * 2 + [("ok", 1)]
    of_run = {"flow_run_id": {"any_": [str(state.state_details.flow_run_id)]}}
    steps = ["query pabrik-contoh", "query pi", "tell of pabrik-contoh", "tell of pi"]
    # Prefect names a task's run a moment after it has begun.
    assert eventually(
        lambda: sorted(run["name"] for run in house.prefect("task_runs/filter", task_runs=of_run)) == steps
    )
    with house.store.writing() as connection:
        apply(connection, [Cancel([each.id for each in found])], "test", utc_now())
