"""Two of each, over one PostgreSQL: the processes, what they read, and the provider that counts.

Run as `python -m tests.scale.plant FILE` it makes the plant's database and catalog, and saves the source's block.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from deployments import postgres
from deployments.children import Child, Children, children
from deployments.register import POOL, save_source
from tests.ports import free_port
from tests.waiting import until
from wa_integrasi.catalog.kept import LOOKED_AFTER
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.providers.meta import signature
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store

PEOPLE = [f"62812000000{number:02}" for number in range(20)]
SECRET, NUMBER_ID = "an-app-secret", "106540352242922"
QUESTION = "produksi kemarin"
STARTS_WITHIN_S = 180.0
REPORT = "rekap"
_CONTACTS = "".join(
    f"  p{person[-2:]}: {{phone: '+{person}', display_name: Siti, roles: [operator]}}\n" for person in PEOPLE
)
CATALOG = f"""
version: 1
contacts:
{_CONTACTS}
chat_templates:
  ton: {{body: "{{% for row in rows %}}{{{{ row.unit }}}}: {{{{ row.ton | number }}}} ton{{% endfor %}}"}}
reports:
  {REPORT}:
    title: Produksi
    owner: p00
    cadence: daily
    source: plant
    query: SELECT unit, ton FROM produksi
    template: ton
    recipients: [{", ".join(f"p{person[-2:]}" for person in PEOPLE)}]
triggers:
  produksi:
    kind: sql
    title: Produksi
    phrases: [{QUESTION}]
    source: plant
    query: SELECT unit, ton FROM produksi
    template: ton
    roles: [operator]
"""


class CloudApi:
    """Accepts messages and tells of their receipts, once whichever service takes them; counts what came."""

    def __init__(self) -> None:
        self.hooks: list[str] = []
        self.received: Counter[tuple[str, str]] = Counter()
        """By the attempt's own mark and the person."""
        self.texts: Counter[tuple[str, str]] = Counter()
        self.url = ""
        self._telling: set[asyncio.Task[None]] = set()
        self._http: aiohttp.ClientSession

    async def accept(self, request: web.Request) -> web.Response:
        sent = await request.json()
        if "to" not in sent or sent["type"] == "reaction":  # ⏳ and ✅ are two of one mark
            return web.json_response({"success": True, "messages": [{"id": f"wamid.sign{id(sent)}"}]})
        number = sum(self.received.values())
        body = sent.get("text", {}).get("body", sent["type"])
        self.received[sent.get("biz_opaque_callback_data", ""), sent["to"]] += 1
        self.texts[sent["to"], body] += 1
        receipts = [
            {
                "id": f"wamid.out{number:020}",
                "status": status,
                "timestamp": str(int(time.time())),
                "recipient_id": sent["to"],
                "biz_opaque_callback_data": sent.get("biz_opaque_callback_data", ""),
            }
            for status in ("sent", "delivered", "read")
        ]
        task = asyncio.create_task(self.post({"statuses": receipts}, number))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return web.json_response({"messaging_product": "whatsapp", "messages": [{"id": f"wamid.out{number:020}"}]})

    async def types(self, person: str, text: str, number: int) -> None:
        """Somebody writes to us; sent until a service takes it, as Meta does."""
        message = {
            "from": person,
            "id": f"wamid.in{number:020}",
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text},
        }
        contacts = [{"profile": {"name": "Siti"}, "wa_id": person}]
        await self.post({"contacts": contacts, "messages": [message]}, number)

    async def post(self, value: dict[str, Any], number: int) -> None:
        to = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER_ID}}
        entry = {"id": "100000000000001", "changes": [{"field": "messages", "value": to | value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        signed = {"X-Hub-Signature-256": signature(SECRET.encode(), body)}
        while True:
            try:
                async with self._http.post(self.hooks[number % len(self.hooks)], data=body, headers=signed) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                number += 1
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[CloudApi]:
        app = web.Application()
        app.add_routes([web.post("/{version}/{number}/messages", self.accept)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as self._http:
                yield self
                for task in self._telling:
                    task.cancel()
        finally:
            await runner.cleanup()


@dataclass
class Plant:
    """What runs."""

    provider: CloudApi
    processes: Children
    prefect_url: str
    serve: list[Child] = field(default_factory=list)
    live: list[Child] = field(default_factory=list)
    workers: list[Child] = field(default_factory=list)

    async def ask(self, path: str, **body: Any) -> Any:
        """Ask the Prefect server."""
        how = {"json": body} if body else {}
        async with (
            aiohttp.ClientSession() as http,
            http.request("POST" if body else "GET", f"{self.prefect_url}/api{path}", **how) as answer,
        ):
            answer.raise_for_status()
            return await answer.json()

    async def runs(self, *states: str) -> list[dict[str, Any]]:
        """The flow runs of `rekap` in these states."""
        which = {"flows": {"name": {"any_": ["rekap"]}}, "flow_runs": {"state": {"type": {"any_": list(states)}}}}
        found: list[dict[str, Any]] = await self.ask("/flow_runs/filter", **which)
        return found


@asynccontextmanager
async def plant(folder: Path) -> AsyncIterator[Plant]:
    """Everything up: two services, three runners, two workers."""
    prefect_port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WA_", "PREFECT_"))}
    async with CloudApi().listening() as provider:
        environment = kept | {
            "PYTHONPATH": str(Path.cwd()),
            "WA_PROVIDER": "simulator",
            "WA_API_URL": provider.url,
            "WA_API_KEY": "none",
            "WA_APP_SECRET": SECRET,
            "WA_VERIFY_TOKEN": "a-verify-token",
            "WA_PHONE_NUMBER_ID": NUMBER_ID,
            "WA_SECRET_KEY": "a-secret-key-of-at-least-32-characters",
            "WA_FILES_PATH": str(folder / "files"),
            "WA_MEDIA_PATH": str(folder / "media"),
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{prefect_port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
        }
        async with children(environment, folder, folder / "logs") as processes:
            made = Plant(provider, processes, f"http://127.0.0.1:{prefect_port}")
            await _start(made, folder, prefect_port)
            yield made


async def _start(made: Plant, folder: Path, prefect_port: int) -> None:
    processes, kept = made.processes, folder / "postgres"
    await processes.start("postgres", ["deployments.postgres", str(kept)])
    await until(postgres.address_file(kept).exists, STARTS_WITHIN_S)
    processes.environment |= postgres.addresses(kept)
    server = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(prefect_port)]
    await processes.start("prefect server", server, 1)
    await processes.run("wa init", ["deployments.cli", "init"])
    for number in (1, 2):
        port = free_port()
        serve = ["deployments.cli", "serve", "--port", str(port), "--phone-file", str(folder / f"phone{number}.db")]
        made.serve.append(await processes.start(f"serve {number}", serve, 2))
        made.provider.hooks.append(f"http://127.0.0.1:{port}/webhooks/meta/default")
        await _answers(f"http://127.0.0.1:{port}/readyz")
    await _answers(f"{made.prefect_url}/api/health")
    await processes.run("wa deploy", ["deployments.cli", "deploy"])
    await processes.run("plant", ["tests.scale.plant", str(folder / "plant.db")])
    await asyncio.sleep(2 * LOOKED_AFTER.total_seconds())  # until both services have seen the catalog
    for number in (1, 2, 3):
        made.live.append(await processes.start(f"live {number}", ["deployments.cli", "live"], 3))
    for number in (1, 2):
        worker = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", f"worker {number}"]
        made.workers.append(await processes.start(f"worker {number}", worker, 3))


async def _answers(url: str) -> None:
    async with asyncio.timeout(STARTS_WITHIN_S), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)


def main(file: Path) -> None:
    """Make what the flows read."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE produksi AS SELECT 'Tungku 1' AS unit, 412.5 AS ton")
        database.commit()
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        apply_catalog(store, read_catalog(CATALOG, "plant"))
    asyncio.run(save_source("plant", f"sqlite:///{file.absolute()}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
