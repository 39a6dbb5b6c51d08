"""What the store keeps of each account: its channel for everybody, and what checks its webhooks for `wa serve` only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from tests.providers.channels import TWILIO_HOOK, TWILIO_TOKEN, twilio_signed
from wa_integrasi.accounts import (
    AccountError,
    WebhookKey,
    forget_other_accounts,
    known_accounts,
    provider_of,
    save_account,
)
from wa_integrasi.providers.channels import SENDERS, WEBHOOK_FIELDS, receiver_of
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import accounts

KEY = WebhookKey("0123456789abcdef" * 2)
FIELDS = {"auth_token": TWILIO_TOKEN, "webhook_url": TWILIO_HOOK}
BODY = b"MessageSid=SM1&MessageStatus=delivered"


def save(store: Store, name: str = "gudang", key: WebhookKey | None = KEY) -> None:
    with store.writing() as connection:
        save_account(connection, name, "twilio", key.encrypt("twilio", FIELDS) if key else None)


def test_what_was_kept_checks_the_channels_webhooks(store: Store) -> None:
    save(store)
    [account] = known_accounts(store)
    assert (account.name, account.provider) == ("gudang", "twilio")
    assert KEY.receiver(account).verify(twilio_signed(BODY), BODY) == BODY


def test_the_secrets_are_not_in_the_store_nor_shown(store: Store) -> None:
    save(store)
    with store.reading() as connection:
        kept = connection.execute(select(accounts.c.webhook)).scalar_one()
    assert TWILIO_TOKEN.encode() not in kept
    assert str(kept) not in repr(known_accounts(store))


def test_saving_again_changes_the_channel_and_nothing_else(store: Store) -> None:
    save(store)
    with store.writing() as connection:
        save_account(connection, "gudang", "waha", None)
        assert provider_of(connection, "gudang") == "waha"
    assert [account.webhook for account in known_accounts(store)] == [None]


def test_an_account_that_only_has_a_pace_has_no_channel(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(accounts.insert().values(name="lama"))
        assert provider_of(connection, "lama") is None
        assert provider_of(connection, "tidak-ada") is None
    assert known_accounts(store) == []


def test_accounts_that_are_gone_lose_their_channel(store: Store) -> None:
    for name in ("gudang", "lama"):
        save(store, name)
    with store.writing() as connection:
        assert forget_other_accounts(connection, ["gudang"]) == ["lama"]
        assert forget_other_accounts(connection, ["gudang"]) == []
    assert [account.name for account in known_accounts(store)] == ["gudang"]


def test_another_key_reads_nothing_and_says_what_to_do(store: Store) -> None:
    save(store)
    [account] = known_accounts(store)
    with pytest.raises(AccountError, match=r"gudang is encrypted with another WA_SECRET_KEY: run 'wa deploy'"):
        WebhookKey("another key, also of 32 letters.").receiver(account)


def test_what_was_saved_without_a_key_or_spoilt_says_what_to_do(store: Store) -> None:
    save(store, key=None)
    [account] = known_accounts(store)
    with pytest.raises(AccountError, match="nothing is kept for the webhooks of gudang: run 'wa deploy'"):
        KEY.receiver(account)
    with store.writing() as connection:
        connection.execute(update(accounts).values(webhook=b"\x00spoilt"))
    with pytest.raises(AccountError, match="another WA_SECRET_KEY"):
        KEY.receiver(known_accounts(store)[0])
    unknown = replace(account, provider="telegram", webhook=KEY.encrypt("twilio", FIELDS))
    with pytest.raises(AccountError, match="not usable \\('telegram' is no channel"):
        KEY.receiver(unknown)
    with pytest.raises(AccountError, match="not usable \\(hmac_key, session: not given"):
        KEY.receiver(replace(unknown, provider="waha"))


def test_every_channel_that_sends_also_receives() -> None:
    assert set(SENDERS) == set(WEBHOOK_FIELDS)
    for channel, names in WEBHOOK_FIELDS.items():
        fields = dict.fromkeys(names, "a-secret-of-the-address_1") | {"webhook_url": TWILIO_HOOK}
        assert receiver_of(channel, fields).name == SENDERS[channel].name == channel
