"""The Bot API in memory, over a clock that the test moves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.routing import Mount

from wa_integrasi.accounts import save_account
from wa_integrasi.catalog.triggers import SqlTrigger, Trigger
from wa_integrasi.clock import Clock
from wa_integrasi.keys import Keyring, Scope
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import audit_log, chats, wa_outbox
from wa_integrasi.web.api.app import ApiOptions, create_api
from wa_integrasi.web.app import nothing_there
from wa_integrasi.web.metrics import Metrics

OWN_KEY = "kunci-lingkungan-yang-panjang-sekali"
SITI = "+6281234567890"
BUDI = "+6281234567891"
GROUP = "120363012345678901@g.us"
CATALOG: dict[str, Any] = {
    "version": 1,
    "contacts": {
        "budi": {"phone": BUDI, "display_name": "Budi"},
        "siti": {"phone": SITI, "display_name": "Siti"},
    },
    "groups": {
        "regu": {"members": ["siti", "budi"]},
        "produksi": {"chat_id": GROUP},
        "malam": {"chat_id": "env"},
        "siang": {"chat_id": "env"},
    },
}
TEXT = {"recipient": SITI, "content": {"type": "text", "body": "Mesin 3 jalan lagi"}}


STOK = SqlTrigger.model_validate(
    {
        "kind": "sql",
        "title": "Stok",
        "phrases": ["stok"],
        "source": "pabrik",
        "template": "stok",
        "query": "SELECT 1",
        "arguments": [
            {"name": "unit", "kind": "choice", "choices": ["mesin-3", {"value": "mesin-4", "words": ["m4"]}]},
            {"name": "sejak", "kind": "date", "default": "kemarin"},
            {"name": "hari", "kind": "int", "minimum": 1, "maximum": 31, "required": False},
            {"name": "batas", "kind": "number", "required": False},
            {"name": "catatan", "kind": "text", "required": False, "max_length": 20},
        ],
    }
)


def api_app(
    store: Store, clock: Clock, triggers: Mapping[str, Trigger] = MappingProxyType({"stok": STOK})
) -> Starlette:
    options = ApiOptions(SecretStr(OWN_KEY), {"siang": "120363000000000009@g.us"}, lambda: triggers, "Asia/Jakarta")
    api = create_api(store, Metrics(), options, clock)
    return Starlette(routes=[Mount("/api", api, name="api")], exception_handlers={404: nothing_there})


def inside(app: Starlette) -> Any:
    """The API's own app."""
    [mount] = app.routes
    assert isinstance(mount, Mount)
    return mount.app


def caller(app: Starlette, key: str | None = OWN_KEY) -> httpx.AsyncClient:
    headers = {"X-API-Key": key} if key is not None else {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://wa/api", headers=headers)


def named(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid.uuid4())}


def new_key(store: Store, clock: Clock, name: str = "erp", scopes: Sequence[Scope] = tuple(Scope), **more: Any) -> str:
    return Keyring(store, clock=clock).create(name, scopes, **more)


def channel(store: Store, provider: str, account: str = "default") -> None:
    with store.writing() as connection:
        save_account(connection, account, provider, None)


def refuses(store: Store, clock: Clock, chat: str, account: str = "default") -> None:
    """Somebody has asked for no more messages."""
    with store.writing() as connection:
        connection.execute(chats.insert().values(account=account, chat=chat, opted_out_at=clock(), opted_out_by="STOP"))


def rows(store: Store) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(wa_outbox).order_by(wa_outbox.c.id)))


def count(store: Store, table: Any) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def audited(store: Store) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(audit_log).order_by(audit_log.c.id)))


def problem(answer: httpx.Response) -> Mapping[str, Any]:
    """The problem that an answer is; its shape is that of every problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert said["status"] == answer.status_code
    assert {"type", "title", "detail", "code"} <= said.keys() <= {"type", "title", "status", "detail", "code", "errors"}
    return said


def fields(answer: httpx.Response) -> list[str]:
    return [error["field"] for error in problem(answer).get("errors", [])]
