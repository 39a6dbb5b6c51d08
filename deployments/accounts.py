"""The accounts: `default` from the environment into Prefect, and all of them from Prefect into the store."""

from __future__ import annotations

from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from pydantic import SecretStr, ValidationError

from blocks.gateways import KINDS, Gateway, GatewayError, gateway_channels, load_gateway
from deployments.errors import RegistrationError
from wa_integrasi.accounts import WebhookKey, forget_other_accounts, save_account
from wa_integrasi.catalog.rules import missing
from wa_integrasi.providers.channels import WEBHOOK_FIELDS
from wa_integrasi.settings import Settings, SettingsError
from wa_integrasi.store.engine import Store

DEFAULT = "default"


async def load_account(account: str) -> Gateway:
    """The block of an account. Raises `RegistrationError`."""
    try:
        return await load_gateway(account)
    except GatewayError as error:
        async with get_client() as client:
            there = await gateway_channels(client)
        hint = "; 'wa deploy' makes this one from the environment" if account == DEFAULT else ""
        unknown = "" if account in there else f"{missing('account', account, there)}; "
        raise RegistrationError(f"{unknown}{error}{hint}") from None
    except ValidationError as error:
        raise RegistrationError(f"the block of the account {account!r} cannot be used: {_first(error)}") from None


async def check_key(client: PrefectClient, settings: Settings) -> None:
    """Raise `SettingsError` where other accounts than `default` need a key that is not there."""
    others = [name for name in await gateway_channels(client) if name != DEFAULT]
    if others and settings.secret_key is None:
        raise SettingsError(
            f"WA_SECRET_KEY: not set; 'wa deploy' needs it to keep what checks the webhooks of {', '.join(others)}; "
            "make one with: openssl rand -hex 32"
        )


async def save_default(client: PrefectClient, settings: Settings) -> list[str]:
    """Save the account `default`; its name is the environment's, so that a block of another kind loses it.

    Fields that no variable decides on, such as Twilio's `content_sids`, stay as the Prefect UI has them.
    """
    account = settings.account()
    kind: Any = KINDS[account.channel]
    channels = (await gateway_channels(client)).get(DEFAULT, [])
    kept: dict[str, Any] = {}
    if account.channel in channels:
        kept = await _undecided(client, kind, settings)
    try:
        block = kind(**kept, **account.fields)
    except ValidationError as error:
        raise settings.unusable(_first(error)) from None
    await block.asave(DEFAULT, overwrite=True, client=client)
    lines = [f"block {kind.get_block_type_slug()}/{DEFAULT}"]
    for other in (KINDS[channel] for channel in channels if channel != account.channel):
        slug = other.get_block_type_slug()
        document = await client.read_block_document_by_name(DEFAULT, slug, include_secrets=False)
        await client.delete_block_document(document.id)
        lines.append(f"block {slug}/{DEFAULT} removed: WA_PROVIDER={settings.provider} makes this account")
    return lines


async def _undecided(client: PrefectClient, kind: Any, settings: Settings) -> dict[str, Any]:
    """What the block that is there says where no variable does; nothing when it cannot be read any more."""
    try:
        block = await kind.aload(DEFAULT, client=client)
    except ValidationError:
        return {}
    return {name: getattr(block, name) for name in kind.model_fields if name not in settings.account_fields}


async def keep_accounts(client: PrefectClient, settings: Settings, store: Store) -> list[str]:
    """Tell the store the channel of every account, and what `wa serve` needs for its webhooks.

    An account that cannot be used keeps none of the others out. Raises `RegistrationError` that names all of those.
    """
    found = await gateway_channels(client)
    key = WebhookKey(settings.secret_key.get_secret_value()) if settings.secret_key else None
    lines, problems = [], []
    for name, channels in found.items():
        try:
            block = await load_account(name)
        except RegistrationError as error:
            problems.append(str(error))
            continue
        [channel] = channels
        webhook = key.encrypt(channel, _webhook_fields(block, channel)) if key else None
        with store.writing() as connection:
            save_account(connection, name, channel, webhook)
        lines.append(f"account {name} ({channel})")
    with store.writing() as connection:
        lines += [f"account {name} removed" for name in forget_other_accounts(connection, list(found))]
    if problems:
        raise RegistrationError("\n".join(problems))
    return lines


def _webhook_fields(block: Gateway, channel: str) -> dict[str, str]:
    values = {name: getattr(block, name) for name in WEBHOOK_FIELDS[channel]}
    return {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in values.items()}


def _first(error: ValidationError) -> str:
    """The first mistake, beginning with its field; never a value."""
    problem = error.errors(include_url=False, include_input=False)[0]
    place = " ".join(str(step) for step in problem["loc"])
    return f"{place} {problem['msg'].removeprefix('Value error, ')}".strip()
