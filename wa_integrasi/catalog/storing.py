"""The catalog in the database: what is applied becomes a new version of each entry that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from wa_integrasi.audit.log import CLI
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.renumbering import (
    Carried,
    addresses_before,
    carry_refusals,
    forget_ids,
    holders,
    lock_contacts,
)
from wa_integrasi.catalog.uses import shared_phones, users_of
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import calendars, chat_templates, contacts, groups, policies, reports, triggers

_TABLES: Mapping[str, Table] = {
    "contacts": contacts,
    "groups": groups,
    "chat_templates": chat_templates,
    "reports": reports,
    "triggers": triggers,
    "policies": policies,
    "calendars": calendars,
}


@dataclass(slots=True)
class Changes:
    """What applying a catalog did, as `reports.rekap-harian` names."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    same: int = 0
    also_used_by: dict[str, list[str]] = field(default_factory=dict)
    """By changed part who else uses it: what was not applied with it, and is changed by it all the same."""
    shared_phones: dict[str, str] = field(default_factory=dict)
    """By contact the one whose number it has: of the whole catalog that is in force now."""
    carried: list[Carried] = field(default_factory=list)
    """Words of refusal that went along to new numbers and ids of contacts."""


def apply_catalog(
    store: Store, catalog: Catalog, *, prune: bool = False, clock: Clock = utc_now, actor: str = CLI
) -> Changes:
    """Make the database say what `catalog` says, in one transaction.

    Entries that are not in it stay as they are, unless `prune` retires them. Who has said STOP is not written to under
    a new number either. Raises `pydantic.ValidationError` when what stays does not fit together with what is new.
    """
    changes = Changes()
    with store.writing() as connection:
        wanted = _definitions(catalog)
        lock_contacts(connection)
        before, held = addresses_before(connection, catalog.contacts), holders(connection)
        for kind, table in _TABLES.items():
            found = _in_force(connection, table)
            for name, definition in wanted[kind].items():
                entry = f"{kind}.{name}"
                if name not in found:
                    changes.created.append(entry)
                elif found[name] != definition:
                    changes.changed.append(entry)
                else:
                    changes.same += 1
                    continue
                _retire(connection, table, name, clock)
                _add(connection, table, name, definition, clock)
            for name in found.keys() - wanted[kind].keys() if prune else ():
                changes.removed.append(f"{kind}.{name}")
                _retire(connection, table, name, clock)
        in_force = _load(connection)
        # Ids before chats, as they are locked by whoever routes.
        forget_ids(connection, held, in_force.contacts)
        changes.carried = carry_refusals(connection, before, catalog.contacts, actor, clock())
    users, applied = users_of(in_force), {f"{kind}.{name}" for kind, names in wanted.items() for name in names}
    for entry in changes.changed:
        if others := [user for user in users.get(entry, ()) if user not in applied]:
            changes.also_used_by[entry] = others
    changes.shared_phones.update(shared_phones(in_force.contacts))
    return changes


def load_catalog(store: Store) -> Catalog:
    """The catalog in force."""
    with store.reading() as connection:
        return _load(connection)


Mark = tuple[tuple[int, int], ...]
"""Changes whenever `apply_catalog` changes something."""


def catalog_mark(store: Store) -> Mark:
    """Of each kind how many versions there are and how many are retired: both only grow."""
    with store.reading() as connection:
        counts = [select(func.count(), func.count(table.c.retired_at)) for table in _TABLES.values()]
        return tuple(connection.execute(each).tuples().one() for each in counts)


def _load(connection: Connection) -> Catalog:
    kinds = {kind: _in_force(connection, table) for kind, table in _TABLES.items()}
    return Catalog.model_validate({"version": 1, **kinds})


def _definitions(catalog: Catalog) -> dict[str, dict[str, Any]]:
    document = catalog.model_dump(mode="json", exclude_defaults=True)
    return {kind: document.get(kind, {}) for kind in _TABLES}


def _in_force(connection: Connection, table: Table) -> dict[str, Any]:
    current = select(table.c.name, table.c.definition).where(table.c.retired_at.is_(None))
    # Sorted here: each database server has an order of its own for names.
    return dict(sorted(connection.execute(current).tuples().all()))


def _retire(connection: Connection, table: Table, name: str, clock: Clock) -> None:
    current = (table.c.name == name) & table.c.retired_at.is_(None)
    connection.execute(update(table).where(current).values(retired_at=clock()))


def _add(connection: Connection, table: Table, name: str, definition: Any, clock: Clock) -> None:
    latest = connection.execute(select(func.max(table.c.version)).where(table.c.name == name)).scalar() or 0
    values = {"name": name, "version": latest + 1, "definition": definition, "created_at": clock()}
    connection.execute(insert(table).values(**values))
