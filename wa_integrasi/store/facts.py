"""What channels say of their accounts and templates: each thing they may say is one row, and the newest word stands.

Everything is dated by the channel, so that late, early and repeated webhooks come to the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.store.bulk import bulk
from wa_integrasi.store.tables import accounts, channel_facts


class FactKind(StrEnum):
    """What a fact is about. Those of templates have the template's name and language."""

    TEMPLATE_STATUS = "template_status"
    TEMPLATE_QUALITY = "template_quality"
    TEMPLATE_CATEGORY = "template_category"
    NUMBER_QUALITY = "number_quality"
    TIER = "tier"
    """Unique users with whom conversations may be begun in 24 hours: a number, or `unlimited`."""
    STANDING = "standing"
    """Whether the channel lets the account work at all: `active`, `disabled` or `deleted`."""
    RESTRICTED = "restricted"
    """Until when the account may begin no conversation, in ISO 8601; `for_good` where no end was said."""
    WARNING = "warning"
    """Something that changes nothing here and that people must hear of; `name` says what."""


OF_TEMPLATES = (FactKind.TEMPLATE_STATUS, FactKind.TEMPLATE_QUALITY, FactKind.TEMPLATE_CATEGORY)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a channel has said, and when."""

    account: str
    kind: FactKind
    value: str
    at: datetime
    name: str = ""
    language: str = ""
    reason: str | None = None
    news: bool = False
    """Whether people are to be told even where nothing was known before; a change is always told."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What there is one of."""
        return self.account, self.kind.value, self.name, self.language


_COLUMNS = {"account": "text", "kind": "text", "name": "text", "language": "text"}
_VALUES = {"value": "text", "reason": "text", "at": "timestamptz", "news": "boolean"}
# Where two were said in one second, the later in the alphabet stands: DISABLED, PAUSED and REJECTED before APPROVED.
_NOTE = bulk(
    f"INSERT INTO channel_facts ({', '.join(_COLUMNS | _VALUES)}) "  # noqa: S608 - fixed words
    f"SELECT {', '.join(f'x.{name}' for name in _COLUMNS | _VALUES)} FROM {{x}} WHERE true "
    "ON CONFLICT (account, kind, name, language) DO UPDATE SET value = excluded.value, reason = excluded.reason, "
    "at = excluded.at, news = channel_facts.news OR excluded.value <> channel_facts.value "
    "WHERE excluded.at > channel_facts.at OR (excluded.at = channel_facts.at AND excluded.value > channel_facts.value) "
    "RETURNING account, kind, name, language",
    **_COLUMNS,
    **_VALUES,
)


def note_facts(connection: Connection, facts: Sequence[Fact]) -> list[Fact]:
    """Write down what is newer than what is known, and return it.

    Locks the accounts, as a claim does before its chats: nobody else notes or claims meanwhile.
    """
    newest: dict[tuple[str, str, str, str], Fact] = {}
    for fact in facts:
        known = newest.get(fact.key)
        if known is None or (fact.at, fact.value) > (known.at, known.value):
            newest[fact.key] = fact
    if not newest:
        return []
    lock_accounts(connection, {fact.account for fact in facts})
    written = _NOTE(connection, [asdict(newest[key]) for key in sorted(newest)]).tuples()
    return [newest[account, kind, name, language] for account, kind, name, language in written]


def lock_accounts(connection: Connection, names: Iterable[str]) -> None:
    """Lock the rows of accounts, made where there are none, in one order."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    ordered = sorted(set(names))
    connection.execute(insert(accounts).on_conflict_do_nothing(), [{"name": name} for name in ordered])
    for name in ordered:
        connection.execute(select(accounts.c.name).where(accounts.c.name == name).with_for_update())


def facts_of(
    connection: Connection, account: str | None, *kinds: FactKind, names: Collection[str] | None = None
) -> list[Fact]:
    """What is known of one account or of all, of these kinds; with `names` only of templates that are called so."""
    statement = select(channel_facts).where(channel_facts.c.kind.in_([kind.value for kind in kinds]))
    if account is not None:
        statement = statement.where(channel_facts.c.account == account)
    if names is not None:
        statement = statement.where(channel_facts.c.name.in_(sorted(names)))
    return [_fact(row) for row in connection.execute(statement).mappings()]


def forget_templates(connection: Connection, account: str, kept: set[tuple[str, str]], before: datetime) -> None:
    """Nothing is known any more of templates other than `kept`, by name and language, that was said `before`."""
    for fact in facts_of(connection, account, *OF_TEMPLATES):
        if (fact.name, fact.language) not in kept and fact.at < before:
            columns = zip(_COLUMNS, fact.key, strict=True)
            connection.execute(
                delete(channel_facts).where(*(channel_facts.c[name] == value for name, value in columns))
            )


def take_news(connection: Connection) -> list[Fact]:
    """What people are to be told of, each once; whoever takes it tells it."""
    taken = update(channel_facts).where(channel_facts.c.news).values(news=False).returning(*channel_facts.c)
    return sorted((_fact(row) for row in connection.execute(taken).mappings()), key=lambda fact: (fact.at, fact.key))


def _fact(row: Mapping[Any, Any]) -> Fact:
    return Fact(**{**row, "kind": FactKind(row["kind"])})
