"""From an account's name to its block, whatever its kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, cast

from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import ObjectNotFound

from blocks.gateways.meta import MetaCloudApi
from blocks.gateways.twilio import TwilioWhatsApp
from blocks.gateways.waha import Waha
from blocks.gateways.watzap import Watzap
from blocks.gateways.wwebjs import WwebjsApi

_PAGE = 200
_ACCOUNTS = 10_000

GATEWAYS: tuple[type[Gateway], ...] = (MetaCloudApi, TwilioWhatsApp, Waha, Watzap, WwebjsApi)
"""Every kind of gateway."""

Gateway = MetaCloudApi | TwilioWhatsApp | Waha | Watzap | WwebjsApi
"""A block of any of these kinds."""


class GatewayError(LookupError):
    """An account has no block, or several. Its message is for people."""


async def load_gateway(account: str) -> Gateway:
    """The block of an account. Raises `GatewayError` unless there is exactly one, of whatever kind."""
    async with get_client() as client:
        there = await asyncio.gather(*(_is_there(client, kind, account) for kind in GATEWAYS))
        kinds = [kind for kind, found in zip(GATEWAYS, there, strict=True) if found]
        if len(kinds) != 1:
            raise GatewayError(_explained(account, [_slug(kind) for kind in kinds]))
        loaded: Any = await kinds[0].aload(account, client=client)
        return cast(Gateway, loaded)


async def gateway_accounts() -> list[str]:
    """The names of all accounts that have a block, of whatever kind."""
    names: set[str] = set()
    async with get_client() as client:
        for kind in GATEWAYS:
            with suppress(ObjectNotFound):  # a kind that was never registered has none
                names |= {name async for name in _names(client, _slug(kind))}
    return sorted(names)


async def _names(client: PrefectClient, slug: str) -> AsyncIterator[str]:
    for offset in range(0, _ACCOUNTS, _PAGE):
        page = await client.read_block_documents_by_type(slug, offset=offset, limit=_PAGE, include_secrets=False)
        for document in page:
            if document.name is not None:
                yield document.name
        if len(page) < _PAGE:
            return


async def _is_there(client: PrefectClient, kind: type[Gateway], account: str) -> bool:
    try:
        await client.read_block_document_by_name(account, _slug(kind), include_secrets=False)
    except ObjectNotFound:
        return False
    return True


def _slug(kind: type[Gateway]) -> str:
    return kind.get_block_type_slug()


def _explained(account: str, found: list[str]) -> str:
    if found:
        return f"the account {account!r} has {len(found)} blocks ({', '.join(found)}): rename or delete all but one"
    kinds = ", ".join(_slug(kind) for kind in GATEWAYS)
    return f"no block belongs to the account {account!r}: save one under this name, of the type {kinds}"
