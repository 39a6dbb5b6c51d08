"""The templates that the channels have approved: the only writer of `approved_templates`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.providers.base import ApprovedTemplate, Failed, ListsTemplates, Sender, Unanswered
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import approved_templates

_TEMPLATE = TypeAdapter(ApprovedTemplate)
_KEY = ("account", "name", "language")


@dataclass(frozen=True, slots=True)
class Known:
    """A template of an account, and when the channel was last asked for it."""

    account: str
    template: ApprovedTemplate
    synced_at: datetime


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
        answer = await _listing(sender)
        match answer:
            case Failed(code=code, text=text):
                results.append(Synced(account, code=code, text=text))
            case Unanswered(text=text):
                results.append(Synced(account, code="no_answer", text=text))
            case _:
                await asyncio.to_thread(replace_templates, store, account, answer, clock)
                results.append(Synced(account, count=len(answer)))
    return results


async def _listing(sender: ListsTemplates) -> Sequence[ApprovedTemplate] | Failed | Unanswered:
    try:
        return await sender.templates()
    except Exception as error:
        return Unanswered(f"the channel broke: {type(error).__name__}")


def replace_templates(
    store: Store, account: str, templates: Sequence[ApprovedTemplate], clock: Clock = utc_now
) -> None:
    """Make `templates` all that the account has; what the channel has no longer is gone."""
    # Pages that move while they are read show a template twice; in one order, so that no two syncs wait for each other.
    listed = {(template.name, template.language): template for template in templates}
    rows = [_row(account, listed[key], clock()) for key in sorted(listed)]
    with store.writing() as connection:
        connection.execute(delete(approved_templates).where(approved_templates.c.account == account))
        if rows:
            insert = postgresql.insert if store.dialect == "postgresql" else sqlite.insert
            statement = insert(approved_templates)
            new = {name: statement.excluded[name] for name in ("definition", "synced_at")}
            connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=new), rows)


def approved_of(connection: Connection, account: str) -> list[ApprovedTemplate] | None:
    """All templates of an account, whatever their status; None where none are known: the channel decides then."""
    return [known.template for known in known_templates(connection, account)] or None


def known_templates(connection: Connection, account: str | None = None) -> list[Known]:
    """The templates of one account or of all, by account, name and language."""
    statement = select(approved_templates)
    if account is not None:
        statement = statement.where(approved_templates.c.account == account)
    rows = connection.execute(statement).mappings()
    known = [Known(row["account"], _TEMPLATE.validate_python(row["definition"]), row["synced_at"]) for row in rows]
    # Sorted here: each database server has an order of its own for names.
    return sorted(known, key=lambda each: (each.account, each.template.name, each.template.language))


def change_status(connection: Connection, account: str, name: str, language: str, status: str) -> bool:
    """Note what the channel says of one template; False where it is not known, until the next sync brings it."""
    values = (account, name, language.replace("-", "_"))
    one = [approved_templates.c[column] == value for column, value in zip(_KEY, values, strict=True)]
    found = connection.execute(select(approved_templates.c.definition).where(*one).with_for_update()).scalar()
    if found is None:
        return False
    changed = replace(_TEMPLATE.validate_python(found), status=status.upper())
    connection.execute(update(approved_templates).where(*one).values(definition=_definition(changed)))
    return True


def _row(account: str, template: ApprovedTemplate, now: datetime) -> dict[str, Any]:
    return {
        "account": account,
        "name": template.name,
        "language": template.language,
        "definition": _definition(template),
        "synced_at": now,
    }


def _definition(template: ApprovedTemplate) -> Any:
    return _TEMPLATE.dump_python(template, mode="json")
