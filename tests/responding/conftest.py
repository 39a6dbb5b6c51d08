"""Complaints of every origin, and what people of ours and the complainants are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Table, select, text

from tests.conftest import FrozenClock
from tests.store.test_routing import People
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage
from wa_integrasi.recipient import Recipient
from wa_integrasi.responding import Escalated, Escalator, Handled, Responder, tell_of_asides
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import complaint_queue, wa_outbox

ZONE = "Asia/Jakarta"
DUTY, OWNER, STAFF, JOHN = "+6281300000001", "+6281300000002", "+6281300000003", "+6281300000004"

CATALOG = {
    "version": 1,
    "contacts": {
        "piket": {"phone": DUTY, "display_name": "Piket"},
        "pemilik": {"phone": OWNER, "display_name": "Rizky Hidayat"},
        "staf": {"phone": STAFF, "display_name": "Agus Pratama"},
        "john": {"phone": JOHN, "display_name": "John Smith", "salutation": "Mr", "language": "en"},
    },
    "chat_templates": {
        "komplain-diterima": {"body": "Halo {{ recipient.name }}, tiket {{ complaint.ticket }} kami proses."},
        "komplain-rusak": {"body": "{{ complaint.text | number }}"},
    },
    "policies": {
        "intake": {"complaints": {"escalate_minutes": [30, 120], "duty_group": "piket", "owner": "pemilik"}},
    },
}


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database does in its own way."""


class Desk:
    """The complaint flow without Prefect, on one store."""

    def __init__(self, store: Store, clock: FrozenClock) -> None:
        self.store, self.clock = store, clock
        self.people = People(store, clock)
        self.catalog(CATALOG)

    def catalog(self, definition: Any) -> None:
        apply_catalog(self.store, Catalog.model_validate(definition), clock=self.clock)

    def policy(self, **policy: Any) -> None:
        """The complaint policy with changes."""
        own = {**CATALOG["policies"]["intake"]["complaints"], **policy}  # type: ignore[index]
        self.catalog({**CATALOG, "policies": {"intake": {"complaints": own}}})

    def responder(self) -> Responder:
        return Responder(self.store, ZONE, self.clock)

    def respond(self) -> list[Handled]:
        return list(self.responder().work())

    def escalate(self) -> Escalated:
        return Escalator(self.store, ZONE, {}, self.clock).work()

    def tell_owner(self) -> int:
        return tell_of_asides(self.store, {}, self.clock)

    def insert(self, complainant: object, template: object = None, *, said: str = "", status: str = "pending") -> None:
        """As another program does: the old columns and nothing else."""
        columns = "complainant, response_template, status, created_at"
        sql = f"INSERT INTO complaint_queue ({columns}) VALUES (:who, :tpl, :st, :at)"
        at = self.clock().strftime(
            "%Y-%m-%d %H:%M:%S.%f+00:00" if self.store.dialect != "sqlite" else "%Y-%m-%d %H:%M:%S"
        )
        with self.store.writing() as connection:
            connection.execute(text(sql), {"who": complainant, "tpl": template, "st": status, "at": at})
            if said:
                connection.execute(text("UPDATE complaint_queue SET text = :said WHERE text IS NULL"), {"said": said})

    def by_hand(self, to: str, said: str = "Sudah kami perbaiki, Bu.") -> None:
        """As `wa send` does."""
        self.people.outbox.enqueue([NewMessage(Recipient.of_chat(to), Text(body=said), priority=Priority.REPLY)])

    def complaints(self) -> Sequence[Any]:
        # Without the one column that cannot be read where another program has written it.
        columns = [column for column in complaint_queue.c if column.name != "fields"]
        with self.store.reading() as connection:
            return connection.execute(select(*columns).order_by(complaint_queue.c.id)).all()

    def messages(self, to: str | None = None) -> list[str]:
        """The texts of the outbox, of one chat or of all."""
        with self.store.reading() as connection:
            rows = connection.execute(select(wa_outbox).order_by(wa_outbox.c.id)).all()
        return [row.content for row in rows if to in (None, row.chat)]

    def rows(self, table: Table) -> Sequence[Any]:
        return self.people.rows(table)


@pytest.fixture
def desk(store: Store, clock: FrozenClock) -> Desk:
    clock.tick(hours=3)  # ten in the morning
    return Desk(store, clock)
