"""How long somebody waits to be routed behind 10,000 messages of one person, which were stored before."""

import json
import time
from datetime import UTC, datetime
from functools import partial
from unittest import mock

from sqlalchemy import func, select

from benchmarks.figures import Figures, medians, options, show, verdict
from benchmarks.load import NUMBER_ID, SECRET
from benchmarks.stores import store_of
from tests.postgres import postgres
from wa_integrasi.inbox import Inbox, RawEvent
from wa_integrasi.intake import incoming
from wa_integrasi.intake.routing import Router, no_commands
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.meta import MetaCloudReceiver
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_messages

RECEIVERS = {("meta", "default"): MetaCloudReceiver(SECRET, "verify", NUMBER_ID)}
BUDI, SPAMMER = "6281234567891", "6281234567890"
AT_ONCE = 200
AN_EVENT = 10
"""Messages of one webhook."""


class Inbound:
    def __init__(self, store: Store) -> None:
        self.store = store
        outbox = Outbox(store)
        self.inbox, self.router = Inbox(store, outbox), Router(store, outbox, no_commands)
        self._number = 0

    def write(self, *senders: str) -> None:
        """Keep one message of each."""
        now = datetime.now(UTC)
        items = []
        for sender in senders:
            self._number += 1
            said = {
                "from": sender,
                "id": f"wamid.{self._number}",
                "type": "text",
                "text": {"body": f"halo {self._number}"},
            }
            items.append({**said, "timestamp": str(int(now.timestamp()))})
        values = (
            {"metadata": {"phone_number_id": NUMBER_ID}, "messages": items[at : at + AN_EVENT]}
            for at in range(0, len(items), AN_EVENT)
        )
        bodies = [
            json.dumps(
                {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
            )
            for value in values
        ]
        if bodies:
            self.inbox.keep_all([RawEvent("meta", "default", body.encode(), now) for body in bodies])

    def read(self) -> None:
        while self.inbox.work(RECEIVERS, AT_ONCE):
            pass

    def until_heard(self, sender: str) -> float:
        """Seconds until a message of `sender` is routed."""
        mine = inbound_messages.c
        routed = select(func.count()).where(
            mine.chat == f"+{sender}", mine.route.is_not(None), mine.account == "default"
        )
        began = time.perf_counter()
        while self.router.work(AT_ONCE).total():
            took = time.perf_counter() - began
            with self.store.reading() as connection:
                if connection.execute(routed).scalar_one():
                    return took
        raise RuntimeError("nobody was heard")


def measure(kind: str, server: str, waiting: int, in_sight: int) -> Figures:
    with store_of(kind, server) as store, mock.patch.object(incoming, "IN_SIGHT", in_sight):
        inbound = Inbound(store)
        inbound.write(*(SPAMMER for _ in range(waiting)))
        inbound.read()
        inbound.write(BUDI)
        inbound.read()
        return {"wait ms": inbound.until_heard(BUDI) * 1000}


def main() -> None:
    chosen = options(__doc__, rounds=3, messages=10_000)
    ours = incoming.IN_SIGHT
    with postgres() as server:
        for kind in ("postgresql", "sqlite"):
            contenders = {
                "nobody": partial(measure, kind, server, 0, ours),
                "a spammer": partial(measure, kind, server, chosen.messages, ours),
                "a spammer, first come first served": partial(measure, kind, server, chosen.messages, AT_ONCE),
            }
            rows = medians(contenders, chosen.rounds)
            show(f"{kind}, behind", rows, ",.1f")
            _, fair, first_come = (row["wait ms"] for row in rows.values())
            verdict("wait, share of that when first come is first served", fair / first_come, 0.25, at_most=True)


if __name__ == "__main__":
    main()
