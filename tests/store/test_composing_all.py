"""What is enqueued by an account whose channel is known: each message as the channel takes it, or why it cannot."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from tests.store.channel import BUDI, SITI
from wa_integrasi.approved import replace_templates
from wa_integrasi.composing import compose_all, text_limit
from wa_integrasi.content import TEXT_LIMIT, Template, Text
from wa_integrasi.history import History
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.providers.base import ApprovedTemplate
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import accounts

GROUP = Recipient.parse("120363012345678901@g.us")
READY = Template(name="siap", language="id", body=("x",))
LONG = Text(body="kata " * 500)


@pytest.fixture(autouse=True)
def _accounts(store: Store) -> None:
    with store.writing() as connection:
        rows = [("default", "meta"), ("sms", "twilio"), ("nameless", None), ("odd", "telegram")]
        connection.execute(insert(accounts), [{"name": name, "provider": provider} for name, provider in rows])


def test_one_that_cannot_go_keeps_no_other_back(store: Store) -> None:
    halo = Text(body="halo")
    composed = compose_all(store, [NewMessage(SITI, halo), NewMessage(GROUP, halo), NewMessage(BUDI, halo)])
    assert [message.recipient for message in composed.messages] == [SITI, BUDI]
    [refused] = composed.refused
    assert (refused.message.recipient, refused.field) == (GROUP, "recipient")


def test_each_account_has_its_own_channel(store: Store) -> None:
    composed = compose_all(store, [NewMessage(SITI, LONG, "k", account=name) for name in ("default", "sms")])
    assert [(message.account, message.dedupe_key) for message in composed.messages] == [
        ("default", "k"),
        ("sms", "k/1"),
        ("sms", "k/2"),
    ]


@pytest.mark.parametrize("account", ["nameless", "odd", "unheard-of"])
def test_without_a_known_channel_messages_stay_as_they_are(store: Store, account: str) -> None:
    messages = [NewMessage(GROUP, LONG, account=account), NewMessage(SITI, READY, account=account)]
    composed = compose_all(store, messages)
    assert (composed.messages, composed.refused) == (messages, [])


def test_templates_are_checked_once_they_were_synced(store: Store) -> None:
    message = NewMessage(SITI, READY)
    assert compose_all(store, [message]).messages == [message]
    replace_templates(store, "default", [ApprovedTemplate("siap", "id", "REJECTED", "UTILITY", body=1)])
    [refused] = compose_all(store, [message]).refused
    assert str(refused) == (
        "template to +62…7890: template siap (id), status: was rejected; change it and submit it again"
    )
    replace_templates(store, "default", [ApprovedTemplate("siap", "id", "APPROVED", "UTILITY", body=1)])
    assert compose_all(store, [message]).messages == [message]


def test_enqueueing_again_what_was_cut_adds_nothing(store: Store) -> None:
    for created in (True, False):
        composed = compose_all(store, [NewMessage(SITI, LONG, "k", account="sms")])
        assert [row.created for row in Outbox(store).enqueue(composed.messages)] == [created] * 2
    assert [(entry.part, entry.parts) for entry in History(store).messages()] == [(2, 2), (1, 2)]


def test_the_limit_of_a_text_is_the_channels(store: Store) -> None:
    limits = {name: text_limit(store, name) for name in ("default", "sms", "nameless", "unheard-of")}
    assert limits == {"default": TEXT_LIMIT, "sms": 1600, "nameless": TEXT_LIMIT, "unheard-of": TEXT_LIMIT}
