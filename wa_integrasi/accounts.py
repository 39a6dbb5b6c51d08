"""What the store knows of the accounts that send."""

from __future__ import annotations

from sqlalchemy import Connection, select

from wa_integrasi.store.tables import accounts


def provider_of(connection: Connection, account: str) -> str | None:
    """The channel of an account, as its sender is named; None where it is not known."""
    found = select(accounts.c.provider).where(accounts.c.name == account)
    provider: str | None = connection.execute(found).scalar()
    return provider
