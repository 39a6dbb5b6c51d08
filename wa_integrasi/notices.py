"""People are told once of what needs them: dead letters, accounts that are held or released, what channels warn of.

Messages die in many places (a send, a receipt, a row that nobody can read, an unknown fate), so dead letters are
collected from the store. `wa_outbox.noticed_at` and `breakers.noticed` say what was told; nothing else writes them.
`channel_facts.news` says what is still to be told of accounts and templates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, distinct, exists, func, literal, or_, select, update

from wa_integrasi.catalog.models import Catalog, Report
from wa_integrasi.catalog.people import Contact
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.content import Text
from wa_integrasi.message import Priority, Status
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.breaker import Circuit
from wa_integrasi.policy.standing import HELD
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.facts import Fact, FactKind, take_news
from wa_integrasi.store.tables import DEAD_STAGE, breakers, channel_facts, wa_outbox
from wa_integrasi.text.markup import bold, bullet, escape, mono

MOST = 10_000
"""Dead letters that are told of at once; the others are left to the next time."""

_AT_ONCE = 1_000
_PREFIX = "notice/"
"""Begins the dedupe key of every notice; a report's own begin with its name, which has no slash."""

URGENT = "urgent/"
"""Begins the dedupe key of what people on duty are told: `urgent/CONVERSATION/URGENCY/HOUR/CHAT`."""

_WORDS = {
    "id": {
        "failed": "Pengiriman gagal untuk {dead} dari {all} penerima.",
        "to": "Penerima: {}",
        "more": "dan {} lainnya",
        "look": "Periksa sebabnya:",
        "again": "Kirim lagi setelah diperbaiki:",
        "unnamed": "tanpa kode",
    },
    "en": {
        "failed": "Delivery failed for {dead} of {all} recipients.",
        "to": "Recipients: {}",
        "more": "and {} more",
        "look": "See why:",
        "again": "Send again once it is mended:",
        "unnamed": "no code",
    },
}
_CODES, _CHATS, _REASON = 5, 5, 120
"""How many error codes and recipients a notice names, and how much of a reason."""

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,62}")
_URGENT_KEY = re.compile(r"urgent/([0-9]{1,18})/([a-z]{1,20})/")
_NUMBER = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){8,}")


@dataclass(frozen=True, slots=True)
class Dead:
    """How many dead letters an account has of one report, slot and error code: no names, numbers or texts."""

    account: str
    report: str
    """Empty for messages of no report; `other` for what another program wrote there and is no name."""
    slot: str
    code: str
    count: int
    notices: int
    """How many of them were notices themselves."""


@dataclass(frozen=True, slots=True)
class Change:
    """An account that is held or released, with what its breaker says of it."""

    account: str
    since: datetime
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """Something that a channel has said of an account or of one of its templates."""

    account: str
    kind: str
    """As `FactKind`; a template's status is `template_held` while its messages wait."""
    since: datetime
    name: str = ""
    """Of the template, or what is warned of."""
    language: str = ""
    value: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Untold:
    """How many people on duty were not told of an urgent conversation, and why: they were refused, or it died."""

    account: str
    conversation: int | None
    """None where another program has written such a key."""
    urgency: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class Notices:
    """What was told now, for the events."""

    dead: tuple[Dead, ...] = ()
    held: tuple[Change, ...] = ()
    released: tuple[Change, ...] = ()
    news: tuple[News, ...] = ()
    untold: tuple[Untold, ...] = ()

    def __str__(self) -> str:
        letters = sum(dead.count for dead in self.dead)
        accounts = f"{len(self.held)} accounts held, {len(self.released)} released"
        alarms = f"{sum(untold.count for untold in self.untold)} alarms that reached nobody"
        return f"{letters} dead letters, {accounts}, {len(self.news)} changes by channels, {alarms}"


def collect(store: Store, clock: Clock = utc_now) -> Notices:
    """Take what nobody was told of, enqueue a notice for each report's owner, and return the facts for the events.

    Dead letters and their notices are one transaction, so that each is told of once, whoever else collects. A report
    and slot get one notice in an hour of the clock; what dies later in that hour waits for the next, as a whole.
    Messages of no report in force have no owner, and a notice that dies raises none: they are in the facts alone.
    What people on duty should have been told is no dead letter among others.
    """
    untold = _untold(store, clock)
    return Notices(_dead(store, clock), *_changes(store), _news(store), untold)


def _untold(store: Store, clock: Clock) -> tuple[Untold, ...]:
    """What people on duty were to be told and were not, refused or dead."""
    c = wa_outbox.c
    # The range is for the index of the keys, in whatever order a database has for the slash.
    lost = and_(c.dedupe_key.between("urgent", "urgenu"), c.dedupe_key.startswith(URGENT), c.noticed_at.is_(None))
    chosen = select(c.id).where(lost, c.status.in_([Status.DEAD, Status.REFUSED])).order_by(c.id).limit(_AT_ONCE)
    with store.reading() as connection:
        if connection.execute(chosen.limit(1)).first() is None:
            return ()
    with store.writing() as connection:
        ids = connection.execute(chosen.with_for_update(skip_locked=True)).scalars().all()
        told = update(wa_outbox).where(c.id.in_(ids)).values(noticed_at=clock())
        rows = connection.execute(told.returning(c.account, c.dedupe_key, c.error_code)).all()
    counts = Counter((_named(row.account), *_alarm(row.dedupe_key), _named(row.error_code)) for row in rows)
    return tuple(Untold(*group, count) for group, count in counts.items())


def _alarm(key: str) -> tuple[int | None, str]:
    """The conversation and the urgency in a key."""
    found = _URGENT_KEY.match(key)
    return (int(found[1]), found[2]) if found else (None, "other")


def _dead(store: Store, clock: Clock) -> tuple[Dead, ...]:
    hour = f"{clock().astimezone(UTC):%Y-%m-%dT%H}"
    with store.reading() as connection:
        if not connection.execute(select(exists().where(_unnoticed(hour)))).scalar_one():
            return ()
    catalog = load_catalog(store)
    columns = (wa_outbox.c[name] for name in ("id", "account", "report", "slot", "error_code", "dedupe_key"))
    chosen = select(*columns).where(_unnoticed(hour)).order_by(wa_outbox.c.id).limit(MOST)
    with store.writing() as connection:
        rows = connection.execute(chosen.with_for_update(skip_locked=True, of=wa_outbox)).all()
        told = {(row.report, row.slot): _owned(catalog, row) for row in rows}
        messages = [_notice(connection, catalog, report, slot, hour) for (report, slot), owned in told.items() if owned]
        # In the order of their keys: another who collects at this moment waits for ours and has none of its own.
        messages.sort(key=lambda message: message.dedupe_key or "")
        enqueued = Outbox(store, clock=clock).enqueue(messages, connection)
        late = {message.dedupe_key for message, row in zip(messages, enqueued, strict=True) if not row.created}
        rows = [row for row in rows if not (told[row.report, row.slot] and _key(row.report, row.slot, hour) in late)]
        for start in range(0, len(rows), _AT_ONCE):
            ids = [row.id for row in rows[start : start + _AT_ONCE]]
            connection.execute(update(wa_outbox).where(wa_outbox.c.id.in_(ids)).values(noticed_at=clock()))
    return _facts(rows)


def _unnoticed(hour: str) -> ColumnElement[bool]:
    """The dead letters to tell of now: those whose report and slot have had no notice in this hour."""
    notice = wa_outbox.alias()
    key = literal(_PREFIX).concat(wa_outbox.c.report).concat("/").concat(func.coalesce(wa_outbox.c.slot, ""))
    told = exists().where(notice.c.dedupe_key == key.concat(f"/{hour}"))
    return and_(DEAD_STAGE, wa_outbox.c.noticed_at.is_(None), ~told)


def _key(report: str, slot: str | None, hour: str) -> str:
    return f"{_PREFIX}{report}/{slot or ''}/{hour}"


def _owned(catalog: Catalog, row: Row[Any]) -> bool:
    """Whether a report in force, and so its owner, stands behind a message."""
    return row.report in catalog.reports and (row.slot is None or _named(row.slot) == row.slot)


def _notice(connection: Connection, catalog: Catalog, name: str, slot: str | None, hour: str) -> NewMessage:
    report = catalog.reports[name]
    owner = catalog.contacts[report.owner]
    return NewMessage(
        Recipient.of_chat(owner.phone),
        Text(body=_body(connection, name, report, slot, owner)),
        dedupe_key=_key(name, slot, hour),
        account=report.account,
        priority=Priority.REPLY,
    )


def _body(connection: Connection, name: str, report: Report, slot: str | None, owner: Contact) -> str:
    """What the owner reads: how many, why, who, and what to do; of the report and slot as a whole."""
    words = _WORDS[owner.language]
    whole = (wa_outbox.c.report == name) & (wa_outbox.c.slot.is_(None) if slot is None else wa_outbox.c.slot == slot)
    dead = wa_outbox.c.status == Status.DEAD
    person = func.coalesce(wa_outbox.c.chat, wa_outbox.c.recipient)
    everybody, failed = func.count(distinct(person)), func.count(distinct(case((dead, person))))
    count_all, count_dead = connection.execute(select(everybody, failed).where(whole)).one()
    codes = select(wa_outbox.c.error_code, failed, func.min(wa_outbox.c.error_text)).where(whole, dead)
    codes = codes.group_by(wa_outbox.c.error_code).order_by(failed.desc(), wa_outbox.c.error_code)
    chats = select(wa_outbox.c.chat).where(whole, dead, wa_outbox.c.chat.is_not(None)).distinct()
    shown = connection.execute(chats.order_by(wa_outbox.c.chat).limit(_CHATS)).scalars().all()
    which = f"--report {name}" + (f" --slot {slot}" if slot else "")
    parts = [
        bold(report.title) + (f"\n{slot}" if slot else ""),
        words["failed"].format(dead=count_dead, all=count_all),
        "\n".join(_reasons(connection.execute(codes.limit(_CODES + 1)).tuples().all(), words)),
        words["to"].format(", ".join(_some(shown, count_dead, words["more"]))) if shown else "",
        words["look"] + "\n" + mono(f"wa outbox list --status dead {which}"),
        words["again"] + "\n" + mono(f'wa outbox requeue {which} --reason "…"'),
    ]
    return "\n\n".join(part for part in parts if part)


def _reasons(codes: Sequence[tuple[str | None, int, str | None]], words: dict[str, str]) -> Iterable[str]:
    for code, count, text in codes[:_CODES]:
        reason = f": {masked(str(text))[:_REASON]}" if text else ""
        yield bullet(escape(f"{code or words['unnamed']} ({count}){reason}".replace("\n", " ")))
    if len(codes) > _CODES:
        yield bullet("…")


def _some(chats: Sequence[str], count: int, more: str) -> list[str]:
    """Some of `count` recipients as the console shows them, and how many others there are."""
    shown = [Recipient.of_chat(str(chat)).masked for chat in chats]
    return shown if len(shown) >= count else [*shown, more.format(count - len(shown))]


def _facts(rows: Sequence[Row[Any]]) -> tuple[Dead, ...]:
    counts: Counter[tuple[str, str, str, str]] = Counter()
    notices: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        group = (_named(row.account), _named(row.report), _named(row.slot), _named(row.error_code))
        counts[group] += 1
        notices[group] += str(row.dedupe_key).startswith(_PREFIX)
    return tuple(Dead(*group, counts[group], notices[group]) for group in sorted(counts))


def _named(value: object) -> str:
    """A name or code from a row, fit for Prefect: another program may have written anything, even a number."""
    if value is None:
        return ""
    fits = isinstance(value, str) and _TOKEN.fullmatch(value) and not _NUMBER.search(value)
    return str(value) if fits else "other"


def masked(text: str) -> str:
    """`text` with what looks like a phone number masked."""
    return _NUMBER.sub(lambda found: f"{found[0][:3]}…{found[0][-4:]}", text)


def _changes(store: Store) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Accounts that were held or released since people were last told; probes while one is held change nothing."""
    unaware = or_(breakers.c.noticed.is_(None), breakers.c.noticed != Circuit.OPEN)
    held = and_(breakers.c.circuit != Circuit.CLOSED, unaware)
    released = and_(breakers.c.circuit == Circuit.CLOSED, breakers.c.noticed == Circuit.OPEN)
    return _changed(store, held, Circuit.OPEN), _changed(store, released, Circuit.CLOSED)


def _changed(store: Store, condition: ColumnElement[bool], told: Circuit) -> tuple[Change, ...]:
    """Each account is a transaction of its own: workers hold breakers together with much else."""
    with store.reading() as connection:
        names = connection.execute(select(breakers.c.account).where(condition).order_by(breakers.c.account)).scalars()
        accounts = names.all()
    found: list[Row[Any]] = []
    for account in accounts:
        change = update(breakers).where(breakers.c.account == account, condition).values(noticed=told)
        columns = (breakers.c.account, breakers.c.changed_at, breakers.c.code, breakers.c.reason)
        with store.writing() as connection:
            found += connection.execute(change.returning(*columns)).all()
    return tuple(
        Change(_named(row.account), row.changed_at, _named(row.code), masked(str(row.reason or ""))) for row in found
    )


def _news(store: Store) -> tuple[News, ...]:
    with store.reading() as connection:
        if not connection.execute(select(exists().where(channel_facts.c.news))).scalar_one():
            return ()
    with store.writing() as connection:
        return tuple(_said(fact) for fact in take_news(connection))


def _said(fact: Fact) -> News:
    held = fact.kind is FactKind.TEMPLATE_STATUS and fact.value in HELD
    kind = "template_held" if held else fact.kind.value
    value = "" if fact.kind is FactKind.WARNING else _named(fact.value)  # that is when it came
    reason = masked(fact.reason or "")[:_REASON]
    return News(_named(fact.account), kind, fact.at, _named(fact.name), _named(fact.language), value, reason)
