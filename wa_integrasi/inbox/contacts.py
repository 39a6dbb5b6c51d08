"""What a message changes of its chat: when somebody last wrote, what they are called, and whether they want to hear.

Everything is dated by the message, so that late, early and repeated webhooks come to the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from wa_integrasi.inbox.channels.nodes import address, node, nodes, whole, word
from wa_integrasi.inbox.message import InboundMessage
from wa_integrasi.outbox import turns
from wa_integrasi.store.bulk import bulk, moment

OPT_OUT = frozenset({"stop", "stopall", "berhenti", "berhenti langganan", "unsubscribe", "unreg"})
OPT_IN = frozenset({"start", "unstop", "mulai", "mulai langganan", "subscribe"})

_SAID_IN = frozenset({"text", "button", "interactive"})
_NOT_WRITTEN = frozenset({"system"})
"""Kinds that nobody wrote: they open no window."""

_LONGEST_WORD = 60
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_LATEST_S = 10**11

_DATED = [("opted_out_at", "opted_out_by", "opted_in_at"), ("opted_in_at", "opted_in_by", "opted_out_at")]


def _later(moment: str, column: str, against: str | None = None) -> str:
    """The later of two words counts. Of a yes and a no in the same second the one that came last does."""
    newer = f"chats.{moment} IS NULL OR excluded.{moment} > chats.{moment}"
    undone = f" WHEN excluded.{against} = chats.{moment} THEN NULL" if against else ""
    return f"{column} = CASE WHEN {newer} THEN excluded.{column}{undone} ELSE chats.{column} END"


_CHANGES = ", ".join(
    [
        _later("last_inbound_at", "last_inbound_at"),
        "profile_name = coalesce(excluded.profile_name, chats.profile_name)",
        *(_later(moment, column, against) for moment, by, against in _DATED for column in (moment, by)),
    ]
)
_COLUMNS = ("last_inbound_at", "profile_name", "opted_out_at", "opted_out_by", "opted_in_at", "opted_in_by")
_NOTE = bulk(
    f"INSERT INTO chats (account, chat, {', '.join(_COLUMNS)}) "  # noqa: S608 - fixed words
    f"SELECT x.account, x.chat, {', '.join(f'x.{name}' for name in _COLUMNS)} FROM {{x}} WHERE true "
    f"ORDER BY x.account, x.chat ON CONFLICT (account, chat) DO UPDATE SET {_CHANGES}",
    account="text",
    chat="text",
    last_inbound_at="timestamptz",
    profile_name="text",
    opted_out_at="timestamptz",
    opted_out_by="text",
    opted_in_at="timestamptz",
    opted_in_by="text",
)
_MOVED = bulk(
    "INSERT INTO number_changes (account, old_chat, new_chat, at) "
    "SELECT x.account, x.old_chat, x.new_chat, x.at FROM {x} WHERE true "
    "ON CONFLICT (account, old_chat, new_chat) DO NOTHING",
    account="text",
    old_chat="text",
    new_chat="text",
    at="timestamptz",
)
_REFUSALS = bulk(
    "SELECT x.account, x.new_chat, c.opted_out_at, c.opted_out_by FROM {x} "
    "JOIN chats c ON c.account = x.account AND c.chat = x.old_chat "
    "WHERE c.opted_out_at IS NOT NULL AND (c.opted_in_at IS NULL OR c.opted_in_at <= c.opted_out_at)",
    account="text",
    old_chat="text",
    new_chat="text",
)
_BLOCKS = bulk(
    "INSERT INTO blocked (account, address, since, by, reason) "
    "SELECT DISTINCT b.account, x.new_chat, b.since, b.by, b.reason FROM {x} "
    "JOIN blocked b ON b.address = x.old_chat AND b.account IN ('*', x.account) WHERE true "
    "ORDER BY b.account, x.new_chat ON CONFLICT (account, address) DO NOTHING",
    account="text",
    old_chat="text",
    new_chat="text",
)
_WAITED_FOR = bulk(
    "SELECT DISTINCT x.account, x.chat FROM {x} JOIN wa_outbox o ON o.account = x.account AND o.chat = x.chat "
    "WHERE o.stage = 'open' AND o.status = 'pending' AND o.error_code = 'window_closed' ORDER BY x.account, x.chat",
    account="text",
    chat="text",
)


@dataclass(frozen=True, slots=True)
class Consent:
    """Somebody said whether they want messages, by a word of theirs or by the channel's own switch."""

    account: str
    chat: str
    agreed: bool
    at: datetime
    by: str


@dataclass(slots=True)
class _Note:
    account: str
    chat: str
    last_inbound_at: datetime | None = None
    profile_name: str | None = None
    opted_out_at: datetime | None = None
    opted_out_by: str | None = None
    opted_in_at: datetime | None = None
    opted_in_by: str | None = None

    def wrote(self, message: InboundMessage) -> None:
        if self.last_inbound_at is None or message.at >= self.last_inbound_at:
            self.last_inbound_at = message.at
            self.profile_name = message.name if message.group is None and message.name else self.profile_name

    def said(self, consent: Consent) -> None:
        if consent.agreed and (self.opted_in_at is None or consent.at > self.opted_in_at):
            self.opted_in_at, self.opted_in_by = consent.at, consent.by
            if self.opted_out_at == consent.at:
                self.opted_out_at = self.opted_out_by = None
        if not consent.agreed and (self.opted_out_at is None or consent.at > self.opted_out_at):
            self.opted_out_at, self.opted_out_by = consent.at, consent.by
            if self.opted_in_at == consent.at:
                self.opted_in_at = self.opted_in_by = None


def consents_of(message: InboundMessage) -> Iterator[Consent]:
    """What a message says of consent, for every name that its writer has. In a group nobody speaks for all."""
    agreed = consent_of(message.kind, message.group, message.text or "")
    if agreed is not None:
        by = f"wrote {plain_words(message.text or '')}"
        for chat in message.addresses:
            yield Consent(message.account, chat, agreed, message.at, by)


def consent_of(kind: str, group: str | None, text: str) -> bool | None:
    """Whether a message is a word of consent (True) or of refusal (False), and nothing else."""
    if group is not None or kind not in _SAID_IN:
        return None
    said = plain_words(text)
    return True if said in OPT_IN else False if said in OPT_OUT else None


def preferences_of(change: object, account: str, received_at: datetime) -> Iterator[Consent]:
    """What Meta's `user_preferences` say: people stop and resume marketing messages in WhatsApp itself."""
    for item in nodes(node(change, "value"), "user_preferences"):
        value, seconds = item.get("value"), whole(item, "timestamp")
        if value not in ("stop", "resume"):
            continue
        at = datetime.fromtimestamp(seconds, UTC) if seconds and seconds < _LATEST_S else received_at
        for chat in filter(None, (address(word(item, "wa_id")), address(word(item, "user_id")))):
            yield Consent(account, chat, value == "resume", min(at, received_at), "user_preferences")


def plain_words(text: str) -> str:
    """A short text without case, accents and punctuation; of a long one nothing."""
    if len(text) > _LONGEST_WORD:
        return ""
    letters = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _BETWEEN_WORDS.sub(" ", bare).strip()


def note_contacts(connection: Connection, messages: Sequence[InboundMessage], consents: Iterable[Consent]) -> None:
    """Write down what messages and consents change of their chats.

    One statement, in the order in which everything locks chats: to lock those that are there before those that are
    new would wait crosswise with whoever adds the same ones.
    """
    notes: dict[turns.Key, _Note] = {}

    def note(account: str, chat: str) -> _Note:
        return notes.setdefault((account, chat), _Note(account, chat))

    for message in messages:
        if message.kind not in _NOT_WRITTEN:
            note(message.account, message.chat).wrote(message)
    for consent in consents:
        note(consent.account, consent.chat).said(consent)
    moved = [change for change in map(_moved, messages) if change is not None]
    for change in moved:
        note(change["account"], change["new_chat"])
    if not notes:
        return
    if moved:
        _MOVED(connection, moved)
        _BLOCKS(connection, moved)
        for account, chat, told_at, by in _REFUSALS(connection, moved):
            if (at := moment(told_at, connection.dialect)) is not None:
                note(account, chat).said(Consent(account, chat, agreed=False, at=at, by=by))
    _NOTE(connection, [asdict(notes[key]) for key in sorted(notes)])


def waited_for(connection: Connection, messages: Sequence[InboundMessage]) -> list[turns.Key]:
    """The chats in which messages of ours wait until somebody writes, and somebody has."""
    wrote = sorted({(m.account, m.chat) for m in messages if m.kind not in _NOT_WRITTEN})
    rows = [{"account": account, "chat": chat} for account, chat in wrote]
    return [(account, chat) for account, chat in _WAITED_FOR(connection, rows)] if rows else []


def _moved(message: InboundMessage) -> Mapping[str, Any] | None:
    details = message.details or {}
    new = details.get("new_chat")
    if message.kind != "system" or details.get("type") != "user_changed_number" or new in (None, message.chat):
        return None
    return {"account": message.account, "old_chat": message.chat, "new_chat": new, "at": message.at}
