"""Commands through the real processes: from the webhook to the provider's acceptance of the answer, and where it goes.

`wa serve`, `wa live`, a worker and a Prefect server, as `wa up` starts them, and a Cloud API that notes when the first
byte of a request came. Embedded: the store and Prefect on SQLite; else both on PostgreSQL.
"""

import asyncio
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import make_url, select

from benchmarks.children import Child
from benchmarks.figures import options, show, verdict
from benchmarks.load import NUMBER_ID, SECRET
from deployments.demo.place import demo_place, demo_set_up
from deployments.demo.setup import CATALOG
from deployments.up import Place, running
from tests.ports import free_port
from tests.postgres import database, postgres
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog_files
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.providers.meta import signature
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import commands, inbound_messages, wa_outbox

SENDERS = 20
PATH = "/webhooks/meta/default"
_ANSWERED_WITHIN_S = 120.0
_PAUSE_S = (0.8, 1.6)
"""Between two commands, drawn anew each time, so that they fall in step with no timer."""

STEPS = ("webhook to command", "command to run", "run to answer", "answer to wire")


@dataclass(frozen=True)
class Asked:
    """A command that was posted."""

    message_id: str
    at: datetime
    monotonic_ns: int


@dataclass(frozen=True)
class Answered:
    """When its answer was where, in seconds since it was posted."""

    total: float
    steps: Mapping[str, float]


def people() -> Catalog:
    """The demo's catalog with operators enough for a burst."""
    catalog = read_catalog_files([CATALOG]).model_dump(exclude_unset=True)
    roles = sorted({role for trigger in catalog["triggers"].values() for role in trigger.get("roles", ())})
    for number in range(SENDERS):
        catalog["contacts"][f"operator-{number}"] = {
            "phone": f"+{sender(number)}",
            "display_name": f"Operator {number}",
            "roles": roles,
        }
    return Catalog.model_validate(catalog)


def sender(number: int) -> str:
    """The number of one of them, as the Cloud API writes it."""
    return f"6281330000{number % SENDERS:03}"


def webhook(number: int, text: str, at: datetime) -> bytes:
    """A text message of now, as the Cloud API tells it."""
    message = {
        "from": sender(number),
        "id": f"wamid.ask{number:024}",
        "timestamp": str(int(at.timestamp())),
        "type": "text",
        "text": {"body": text},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "628110000001", "phone_number_id": NUMBER_ID},
        "contacts": [{"profile": {"name": "Operator"}, "wa_id": sender(number)}],
        "messages": [message],
    }
    entry = {"id": "100000000000001", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


async def ask(session: aiohttp.ClientSession, at: Place, number: int) -> Asked:
    """Post a command; every one asks something else, so that none is answered from what was kept."""
    text = f"produksi {number % 27 + 1}/{(number // 27) % 9 + 1}"
    moment = datetime.now().astimezone()
    asked = Asked(f"wamid.ask{number:024}", moment, time.monotonic_ns())
    body = webhook(number, text, moment)
    headers = {"X-Hub-Signature-256": signature(SECRET.encode(), body), "Content-Type": "application/json"}
    async with session.post(f"{at.service_url}{PATH}", data=body, headers=headers) as answer:
        answer.raise_for_status()
    return asked


def found(store: Store, asked: Sequence[Asked]) -> dict[str, Any]:
    """The answers that the provider has accepted, by the message that asked."""
    o, c, m = wa_outbox.c, commands.c, inbound_messages.c
    given = (
        select(m.message_id, c.created_at, c.flow_run_id, o.created_at.label("enqueued_at"), o.provider_message_id)
        .join(commands, c.message_id == m.id)
        .join(wa_outbox, o.reply_to == m.message_id)
        .where(m.message_id.in_([each.message_id for each in asked]), o.provider_message_id.is_not(None))
        .where(c.flow_run_id.is_not(None), o.flow_run_id.is_not(None))
    )
    with store.reading() as connection:
        return {row.message_id: row for row in connection.execute(given)}


def standing(store: Store, asked: Sequence[Asked]) -> dict[tuple[str, str | None], int]:
    """In which states commands are, and why."""
    c, m = commands.c, inbound_messages.c
    named = select(c.state, c.note).join(inbound_messages, c.message_id == m.id)
    with store.reading() as connection:
        ids = [each.message_id for each in asked]
        return dict(Counter(connection.execute(named.where(m.message_id.in_(ids))).tuples().all()))


async def answers(at: Place, store: Store, asked: Sequence[Asked]) -> list[Answered]:
    """Wait until all of them are answered."""
    ends = time.monotonic() + _ANSWERED_WITHIN_S
    while len(rows := await asyncio.to_thread(found, store, asked)) < len(asked):
        if time.monotonic() > ends:
            left = await asyncio.to_thread(standing, store, [each for each in asked if each.message_id not in rows])
            raise RuntimeError(f"{len(asked) - len(rows)} of {len(asked)} were not answered by a run: {left}")
        await asyncio.sleep(0.05)
    began = await _runs(at, {row.flow_run_id for row in rows.values()})
    made = []
    for each in asked:
        row = rows[each.message_id]
        wire = (int(row.provider_message_id.removeprefix("wamid.")) - each.monotonic_ns) / 1e9
        stored = (row.created_at - each.at).total_seconds()
        enqueued = (row.enqueued_at - each.at).total_seconds()
        ran = (began[row.flow_run_id] - each.at).total_seconds()
        made.append(
            Answered(wire, dict(zip(STEPS, (stored, ran - stored, enqueued - ran, wire - enqueued), strict=True)))
        )
    return made


async def _runs(at: Place, ids: set[str]) -> dict[str, datetime]:
    """When Prefect says that runs began."""
    wanted = {"flow_runs": {"id": {"any_": sorted(ids)}}, "limit": 200}
    url = f"{at.prefect_url}/api/flow_runs/filter"
    async with aiohttp.ClientSession() as session, session.post(url, json=wanted) as answer:
        answer.raise_for_status()
        return {run["id"]: datetime.fromisoformat(run["start_time"]) for run in await answer.json()}


async def idle(at: Place, store: Store, count: int) -> list[Answered]:
    """Commands one at a time."""
    made = []
    async with aiohttp.ClientSession() as session:
        for number in range(count):
            made += await answers(at, store, [await ask(session, at, 1_000 + number)])
            await asyncio.sleep(random.uniform(*_PAUSE_S))
    return made[1:]  # the first finds nothing loaded


async def burst(at: Place, store: Store, count: int) -> list[Answered]:
    """Commands all at once."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=SENDERS)) as session:
        asked = await asyncio.gather(*(ask(session, at, 5_000 + number) for number in range(count)))
    first = min(asked, key=lambda each: each.monotonic_ns)
    return await answers(at, store, [replace(each, at=first.at, monotonic_ns=first.monotonic_ns) for each in asked])


@contextmanager
def stores(kind: str) -> Iterator[dict[str, str]]:
    """Where the store and Prefect keep what they have; nothing said: in files of their own."""
    if kind == "embedded":
        yield {}
        return
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        ours = stack.enter_context(database(server, driver="postgresql"))
        theirs = make_url(stack.enter_context(database(server)))
        url = theirs.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        yield {"WA_DATABASE_URL": ours, "PREFECT_SERVER_DATABASE_CONNECTION_URL": url}


@asynccontextmanager
async def started(kind: str, api: str, folder: Path) -> AsyncIterator[Place]:
    """Everything up, with the Cloud API of this benchmark as its channel."""
    with stores(kind) as where:
        at = demo_place(folder, free_port(), free_port())
        own = {"WA_PROVIDER": "meta", "WA_API_URL": api, "WA_APP_SECRET": SECRET, "WA_PHONE_NUMBER_ID": NUMBER_ID}
        at = replace(at, environment={**at.environment, **own, **where})
        async with running(at, lambda _: None, demo_set_up(at)):
            yield at


async def measured(kind: str, api: str, count: int, many: int) -> dict[str, list[Answered]]:
    """One at a time, then all at once."""
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder:
        async with started(kind, api, Path(folder)) as at:
            with Store.open(at.settings.database_url.get_secret_value()) as store:
                apply_catalog(store, people())
                await asyncio.sleep(8)  # until all have seen the catalog and made their first connections
                return {"idle": await idle(at, store, count + 1), "burst": await burst(at, store, many)}


def tell(kind: str, made: Mapping[str, Sequence[Answered]], many: int) -> None:
    """Print the figures beside their targets, and where the time goes."""
    totals = sorted(each.total for each in made["idle"])
    median, late = statistics.median(totals), totals[min(len(totals) - 1, len(totals) * 95 // 100)]
    spent = {step: {"median, s": statistics.median(each.steps[step] for each in made["idle"])} for step in STEPS}
    show(f"{kind}, idle: where it goes", spent, ".3f")
    verdict(f"{kind}: webhook to answer accepted, median, s", median, 0.8, at_most=True)
    verdict(f"{kind}: webhook to answer accepted, p95, s", late, 1.5, at_most=True)
    all_of = max(each.total for each in made["burst"])
    verdict(f"{kind}: {many} commands of {SENDERS} people at once, the last answer, s", all_of, 10, at_most=True)
    print(flush=True)


def main() -> None:
    chosen = options(__doc__, commands=40, burst=100)
    with Child("benchmarks.cloud_api") as cloud_api:
        api = cloud_api.hear()
        for kind in ("postgresql", "embedded"):
            tell(kind, asyncio.run(measured(kind, api, chosen.commands, chosen.burst)), chosen.burst)


if __name__ == "__main__":
    main()
