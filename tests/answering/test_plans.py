"""The queries of commands are answered by an index, however many commands there have been."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from sqlalchemy import event

from tests.answering.world import PEOPLE, World
from wa_integrasi.answering.ledger import StoredLedger, withdraw
from wa_integrasi.commands import NewCommand
from wa_integrasi.commands.queue import imagined


def test_no_query_of_commands_reads_all_of_them(worlds: World) -> None:
    store, plans = worlds.store, list[str]()

    def explain(connection: Any, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if "commands" not in statement or not statement.startswith(("SELECT", "UPDATE")):
            return
        with closing(connection.connection.driver_connection.cursor()) as cursor:
            if store.dialect == "postgresql":  # of so few rows it would read all, whatever there is
                cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(
                f"{'EXPLAIN QUERY PLAN' if store.dialect == 'sqlite' else 'EXPLAIN'} {statement}", parameters
            )
            plans.append("\n".join(str(line) for line in cursor.fetchall()))

    mine = imagined(NewCommand("default", PEOPLE["budi"], "batal", sender=PEOPLE["budi"]), worlds.clock())
    ledger = StoredLedger(store, worlds.desk.queue, worlds.clock)
    event.listen(store.engine, "before_cursor_execute", explain)
    worlds.desk.queue.due_in()
    worlds.desk.queue.take()
    ledger.ran_at("default", PEOPLE["budi"], "produksi")
    ledger.awaits_approval(mine)
    with store.writing() as connection:
        withdraw(connection, mine, worlds.clock())
    event.remove(store.engine, "before_cursor_execute", explain)
    used = (
        "ix_commands_due_at",
        "ix_commands_due_at",
        "ix_commands_ran",
        "ix_commands_approval",
        "ix_commands_approval",
    )
    assert len(plans) == len(used)
    for index, plan in zip(used, plans, strict=True):
        assert index in plan, plan
