"""The store: reachable, migrated, in time, and what waits in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from deployments.doctor.finding import Finding, broken, good, warning
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.message import Status
from wa_integrasi.policy.breaker import Circuit
from wa_integrasi.settings import Settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.store.tables import OPEN_STAGE, UtcDateTime, breakers, owner_notices, wa_outbox

_APART = timedelta(seconds=2)
_OLD = timedelta(hours=1)


def store(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, has the right shape, and has the same time as this machine."""
    with Store.open(settings.database_url.get_secret_value(), create=False) as opened:
        check_revision(opened)
        apart = _apart(opened)
        if apart > _APART:
            yield warning("clock", f"the database's differs by {apart.total_seconds():.0f} s", "set both by NTP")
        yield good("store", opened.name)


def queue(settings: Settings) -> Iterator[Finding]:
    """How many messages wait, since when, what is held, and what the owner could not be told."""
    with Store.open(settings.database_url.get_secret_value(), create=False) as opened:
        check_revision(opened)
        with opened.reading() as connection:
            oldest = select(func.count(), func.min(wa_outbox.c.created_at, type_=UtcDateTime)).where(OPEN_STAGE)
            waiting, since = connection.execute(oldest).one()
            dead = connection.execute(
                select(func.count()).where(wa_outbox.c.stage == "dead", wa_outbox.c.status == Status.DEAD)
            ).scalar_one()
            held = select(breakers.c.account, breakers.c.code).where(breakers.c.circuit != Circuit.CLOSED)
            accounts = connection.execute(held).tuples().all()
            untold = connection.execute(
                select(func.count()).where(owner_notices.c.due_at.is_not(None), owner_notices.c.attempts > 0)
            ).scalar_one()
    for account, code in accounts:
        yield broken("account", f"{account} is held: {code or 'no code'}", "wa session status, or see its error code")
    if since is not None and utc_now() - since > _OLD:
        age = (utc_now() - since).total_seconds() / 3600
        yield warning(
            "queue", f"{waiting} messages wait, the oldest for {age:.1f} hours", "wa outbox list --status pending"
        )
    else:
        yield good("queue", f"{waiting} messages wait")
    if dead:
        yield warning("queue", f"{dead} dead letters", "wa outbox list --status dead")
    if untold:
        yield warning("owner notices", f"{untold} matters that no address has accepted", "wa notice test")


def catalog(settings: Settings) -> Iterator[Finding]:
    """Whether the catalog in force can be used."""
    with Store.open(settings.database_url.get_secret_value(), create=False) as opened:
        check_revision(opened)
        found = load_catalog(opened)
    if not found.reports and not found.triggers:
        yield warning("catalog", "it is empty", "wa catalog apply FILE")
        return
    yield good(
        "catalog", f"{len(found.reports)} reports, {len(found.triggers)} triggers, {len(found.contacts)} contacts"
    )


def _apart(opened: Store) -> timedelta:
    if opened.dialect == "sqlite":
        return timedelta()
    with opened.reading() as connection:
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return abs(utc_now() - theirs)
