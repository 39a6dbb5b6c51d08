"""The templates that the channels have approved: the only writer of `approved_templates`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.policy.standing import HELD
from wa_integrasi.providers.base import ApprovedTemplate, Failed, ListsTemplates, Sender, Unanswered
from wa_integrasi.store.engine import Store
from wa_integrasi.store.facts import OF_TEMPLATES, Fact, FactKind, facts_of, forget_templates, note_facts
from wa_integrasi.store.tables import approved_templates

_TEMPLATE = TypeAdapter(ApprovedTemplate)
_KEY = ("account", "name", "language")


@dataclass(frozen=True, slots=True)
class Known:
    """A template of an account, and when the channel was last asked for it."""

    account: str
    template: ApprovedTemplate
    synced_at: datetime
    quality: str | None = None
    """The channel's own word: GREEN, YELLOW, RED."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of asking one account's channel: how many templates it has, or the error that changed nothing."""

    account: str
    count: int = 0
    code: str | None = None
    text: str | None = None


async def sync(store: Store, senders: Mapping[str, Sender], clock: Clock = utc_now) -> list[Synced]:
    """Ask every channel that approves templates for them; `senders` by account, each one entered.

    An account whose channel does not list them keeps those that are known, and stops no other.
    """
    results = []
    for account, sender in senders.items():
        if not isinstance(sender, ListsTemplates):
            continue
        asked_at = clock()
        answer = await _listing(sender)
        match answer:
            case Failed(code=code, text=text):
                results.append(Synced(account, code=code, text=text))
            case Unanswered(text=text):
                results.append(Synced(account, code="no_answer", text=text))
            case _:
                await asyncio.to_thread(replace_templates, store, account, answer, asked_at)
                results.append(Synced(account, count=len(answer)))
    return results


async def _listing(sender: ListsTemplates) -> Sequence[ApprovedTemplate] | Failed | Unanswered:
    try:
        return await sender.templates()
    except Exception as error:
        return Unanswered(f"the channel broke: {type(error).__name__}")


def replace_templates(
    store: Store, account: str, templates: Sequence[ApprovedTemplate], at: datetime | None = None
) -> None:
    """Make `templates`, as the channel had them `at` some moment (now), all that the account has.

    What it has no longer is gone; what it said of them since stands.
    """
    # Pages that move while they are read show a template twice; in one order, so that no two syncs wait for each other.
    listed = {(template.name, template.language): template for template in templates}
    at = at or utc_now()
    rows = [_row(account, listed[key], at) for key in sorted(listed)]
    with store.writing() as connection:
        note_facts(connection, [fact for key in sorted(listed) for fact in _facts(account, listed[key], at)])
        forget_templates(connection, account, set(listed), at)
        connection.execute(delete(approved_templates).where(approved_templates.c.account == account))
        if rows:
            insert = postgresql.insert if store.dialect == "postgresql" else sqlite.insert
            statement = insert(approved_templates)
            new = {name: statement.excluded[name] for name in ("definition", "synced_at")}
            connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=new), rows)


def _facts(account: str, template: ApprovedTemplate, at: datetime) -> Iterator[Fact]:
    told = {FactKind.TEMPLATE_STATUS: template.status, FactKind.TEMPLATE_CATEGORY: template.category}
    for kind, value in told.items():
        if value:
            news = kind is FactKind.TEMPLATE_STATUS and value in HELD
            yield Fact(account, kind, value, at, template.name, template.language, news=news)


def approved_of(connection: Connection, account: str) -> list[ApprovedTemplate] | None:
    """All templates of an account, whatever their status; None where none are known: the channel decides then."""
    return [known.template for known in known_templates(connection, account)] or None


def known_templates(connection: Connection, account: str | None = None) -> list[Known]:
    """The templates of one account or of all, by account, name and language, with what the channel said of them since.

    Of what it has never listed nothing is shown: how many parameters it takes is not known.
    """
    statement = select(approved_templates)
    if account is not None:
        statement = statement.where(approved_templates.c.account == account)
    rows = connection.execute(statement).mappings()
    listed = [Known(row["account"], _TEMPLATE.validate_python(row["definition"]), row["synced_at"]) for row in rows]
    said = {fact.key: fact.value for fact in facts_of(connection, account, *OF_TEMPLATES)}
    # Sorted here: each database server has an order of its own for names.
    return sorted((_as_said(known, said) for known in listed), key=_order)


def _as_said(known: Known, said: Mapping[tuple[str, str, str, str], str]) -> Known:
    template = known.template
    status, category, quality = (
        said.get((known.account, kind.value, template.name, template.language))
        for kind in (FactKind.TEMPLATE_STATUS, FactKind.TEMPLATE_CATEGORY, FactKind.TEMPLATE_QUALITY)
    )
    changed = replace(template, status=status or template.status, category=category or template.category)
    return replace(known, template=changed, quality=quality)


def _order(known: Known) -> tuple[str, str, str]:
    return known.account, known.template.name, known.template.language


def _row(account: str, template: ApprovedTemplate, at: datetime) -> dict[str, Any]:
    return {
        "account": account,
        "name": template.name,
        "language": template.language,
        "definition": _TEMPLATE.dump_python(template, mode="json"),
        "synced_at": at,
    }
