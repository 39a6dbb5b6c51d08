"""What `berhenti` and `mulai` mean of somebody of the catalog: for each name of theirs, and what they are told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select, tuple_

from wa_integrasi.audit.log import audit
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.content import Text
from wa_integrasi.inbox import Consent, consent_of, note_contacts, plain_words
from wa_integrasi.intake.asking import contact_of
from wa_integrasi.intake.incoming import Incoming
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage
from wa_integrasi.policy.gate import ChatState, goodbye_key
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import chats, learned_ids

_SAID: Mapping[str, str] = {
    "id": "Baik, mulai sekarang Anda tidak menerima pesan apa pun dari nomor ini: tidak ada rekap, langganan, atau "
    "jawaban. Tulis *mulai* untuk menerimanya lagi. _*langganan berhenti 1* hanya menghentikan satu langganan._",
    "en": "Very well, from now on you get no messages from this number: no reports, no subscriptions, no answers. "
    "Write *start* to get them again. _*unsubscribe 1* ends a single subscription only._",
}


def consents_elsewhere(messages: Sequence[Incoming], catalog: Catalog) -> Iterator[Consent]:
    """What words of consent and refusal of contacts mean for all names of theirs, not only those told with them."""
    for message in messages:
        agreed = consent_of(message.kind, message.group_id, message.text or "")
        contact = contact_of(catalog, message.addresses) if agreed is not None else None
        if agreed is None or contact is None:
            continue
        by = f"wrote {plain_words(message.text or '')}"
        for chat in dict.fromkeys((*message.addresses, *contact.addresses)):
            if chat != message.sender:
                yield Consent(message.account, chat, agreed, message.at, by)


def goodbyes(connection: Connection, stops: Sequence[Incoming], catalog: Catalog) -> list[NewMessage]:
    """What contacts are told whose message was a word of refusal, and their last word: the last that reaches them.

    Strangers are told nothing.
    """
    known = {message.id: contact_of(catalog, message.addresses) for message in stops}
    theirs = [message for message in stops if known[message.id] is not None]
    if not theirs:
        return []
    c = chats.c
    key = tuple_(c.account, c.chat)
    columns = (c.account, c.chat, c.opted_in_at, c.opted_out_at)
    rows = connection.execute(select(*columns).where(key.in_({(m.account, m.chat) for m in theirs}))).all()
    states = {(row.account, row.chat): ChatState(None, row.opted_in_at, row.opted_out_at) for row in rows}
    found = []
    for message in theirs:
        state, contact = states.get((message.account, message.chat)), known[message.id]
        if state is None or contact is None or not state.opted_out or state.opted_out_at != message.at:
            continue
        found.append(
            NewMessage(
                Recipient.of_chat(message.chat),
                Text(body=_SAID[contact.language]),
                dedupe_key=goodbye_key(message.account, message.chat, message.at),
                account=message.account,
                priority=Priority.REPLY,
                reply_to=message.quote_id or message.message_id,
            )
        )
    return found


def start(
    store: Store, addresses: Collection[str], by: str, reason: str, at: datetime, account: str | None = None
) -> list[tuple[str, str]]:
    """Write to somebody again who had said STOP, because a person says so; accounts and chats that were stopped."""
    c, of_theirs = chats.c, learned_ids.c.phone.in_(addresses) & learned_ids.c.believed
    refused = select(c.account, c.chat, c.opted_in_at, c.opted_out_at).where(
        or_(c.chat.in_(addresses), c.chat.in_(select(learned_ids.c.address).where(of_theirs))),
        c.opted_out_at.is_not(None),
        *([c.account == account] if account else []),
    )
    with store.writing() as connection:
        rows = connection.execute(refused).all()
        found = sorted((r.account, r.chat) for r in rows if ChatState(None, r.opted_in_at, r.opted_out_at).opted_out)
        note_contacts(connection, [], [Consent(in_account, chat, True, at, by) for in_account, chat in found])
        for in_account, chat in found:
            shown = {"account": in_account, "contact": Recipient.of_chat(chat).masked, "reason": reason}
            audit(connection, at, by, "start_contact", details=shown)
    return found
