"""From an account's name to its block, whatever its kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, cast

from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from blocks.gateways.meta import MetaCloudApi
from blocks.gateways.twilio import TwilioWhatsApp
from blocks.gateways.waha import Waha
from blocks.gateways.watzap import Watzap
from blocks.gateways.wwebjs import WwebjsApi
from wa_integrasi.providers.base import FetchesMedia

KINDS: Mapping[str, type[Gateway]] = {
    "meta": MetaCloudApi,
    "twilio": TwilioWhatsApp,
    "waha": Waha,
    "watzap": Watzap,
    "wwebjs": WwebjsApi,
}
"""Every kind of gateway by the name of its channel."""

GATEWAYS: tuple[type[Gateway], ...] = tuple(KINDS.values())

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


@asynccontextmanager
async def media_of(account: str) -> AsyncIterator[FetchesMedia]:
    """What fetches the files of an account (`wa_integrasi.intake.media.Fetchers`). Raises as `load_gateway` does."""
    gateway = await load_gateway(account)
    async with gateway.media() as fetcher:
        yield fetcher


async def gateway_channels(client: PrefectClient) -> dict[str, list[str]]:
    """Every account that has a block, with the channels of its blocks; more than one is a mistake."""
    found: dict[str, list[str]] = {}
    for channel, kind in KINDS.items():
        for name in await _names(client, kind):
            found.setdefault(name, []).append(channel)
    return dict(sorted(found.items()))


async def _names(client: PrefectClient, kind: type[Gateway]) -> list[str]:
    try:
        documents = await client.read_block_documents_by_type(_slug(kind), include_secrets=False)
    except PrefectHTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:  # a kind that was never registered has none
            return []
        raise
    return [document.name for document in documents if document.name]


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
