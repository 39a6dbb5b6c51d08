"""Which channel each account has, and what it takes to check that channel's webhooks, encrypted.

`wa deploy` writes it from the gateway blocks; `wa serve` reads it, so that it needs no Prefect. This is the only writer
of the columns `provider` and `webhook`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.providers.base import Receiver
from wa_integrasi.providers.channels import WEBHOOK_FIELDS, receiver_of
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import accounts

_PURPOSE = b"wa-integrasi accounts.webhook 1"


class AccountError(Exception):
    """What is kept of an account cannot be used. Says why, without anything secret."""


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What the store keeps of one account."""

    name: str
    provider: str
    webhook: bytes | None = field(repr=False)
    """Encrypted; None where there was no key to encrypt it with."""


class WebhookKey:
    """Encrypts what the receivers of accounts need, with a key of its own made from `WA_SECRET_KEY`."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, provider: str, fields: Mapping[str, str]) -> bytes:
        """Keep the webhook fields of an account's channel."""
        needed = {name: fields[name] for name in WEBHOOK_FIELDS[provider]}
        return self._fernet.encrypt(json.dumps(needed).encode())

    def receiver(self, account: KnownAccount) -> Receiver:
        """The receiver of an account. Raises `AccountError`."""
        if account.webhook is None:
            raise AccountError(
                f"nothing is kept for the webhooks of {account.name}: run 'wa deploy' with WA_SECRET_KEY"
            )
        try:
            fields = json.loads(self._fernet.decrypt(account.webhook))
            return receiver_of(account.provider, fields if isinstance(fields, dict) else {})
        except InvalidToken:
            reason = "encrypted with another WA_SECRET_KEY: run 'wa deploy' with the one that 'wa serve' has"
        except ValueError as error:
            reason = f"not usable ({error}): run 'wa deploy'"
        raise AccountError(f"what is kept for the webhooks of {account.name} is {reason}")


def save_account(connection: Connection, name: str, provider: str, webhook: bytes | None) -> None:
    """Say which channel an account has; what else the store knows of it stays."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {"provider": provider, "webhook": webhook}
    statement = insert(accounts).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def forget_other_accounts(connection: Connection, names: list[str]) -> list[str]:
    """Accounts other than `names` have no channel any more; returns those that had one."""
    gone = accounts.c.name.not_in(names) & accounts.c.provider.is_not(None)
    change = update(accounts).where(gone).values(provider=None, webhook=None)
    return sorted(connection.execute(change.returning(accounts.c.name)).scalars())


def known_accounts(store: Store) -> list[KnownAccount]:
    """Every account that has a channel, by name."""
    columns = (accounts.c.name, accounts.c.provider, accounts.c.webhook)
    with store.reading() as connection:
        rows = connection.execute(select(*columns).where(accounts.c.provider.is_not(None))).tuples().all()
    return sorted((KnownAccount(*row) for row in rows), key=lambda account: account.name)


def provider_of(connection: Connection, account: str) -> str | None:
    """The channel of an account; None where nobody has said it."""
    found: str | None = connection.execute(select(accounts.c.provider).where(accounts.c.name == account)).scalar()
    return found
