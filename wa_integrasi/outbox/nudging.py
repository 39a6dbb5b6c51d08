"""Silent people: outside the 24 hours they are asked, by an approved template, to write back; until then it waits."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from wa_integrasi.content import ContentError, Template, dump_content, load_content
from wa_integrasi.message import Priority, Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.enqueuing import insert_messages
from wa_integrasi.outbox.events import event, record
from wa_integrasi.outbox.rows import NewMessage
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.tables import OPEN_STAGE, accounts, chats, wa_outbox

WINDOW_CLOSED = "window_closed"
SILENCE = timedelta(hours=24)
"""How long a message waits before the person is asked again."""

_DAY_BEGINS = timedelta(hours=18)
"""In UTC; that is between 01:00 and 03:00 in Indonesia, when no report is sent."""

_LONGEST = timedelta(days=3)
"""How old a message may be for its reader to be asked still; a report that is older is of no use."""


def nudge_of(connection: Connection, account: str) -> Template | None:
    """The template by which the account asks people to write back, if it has one."""
    kept = connection.execute(select(accounts.c.nudge).where(accounts.c.name == account)).scalar()
    if kept is None:
        return None
    try:
        content = load_content("template", kept)
    except ContentError:
        return None
    return content if isinstance(content, Template) else None


def set_nudge(connection: Connection, account: str, template: Template | None) -> bool:
    """Ask by this template from now on, or not at all; False where there is no such account."""
    change = update(accounts).where(accounts.c.name == account)
    kept = None if template is None else dump_content(template)
    return connection.execute(change.values(nudge=kept)).rowcount > 0


def ask(connection: Connection, account: str, chat: str, since: datetime | None, now: datetime) -> bool:
    """Ask a person to write back, once a day, for a message of `since`; their chat is locked.

    False when that is too long ago to matter, or the account has no template for it.
    """
    template = nudge_of(connection, account)
    if template is None or since is None or since < now - _LONGEST:
        return False
    key = f"nudge/{account}/{chat}/{(now - _DAY_BEGINS).date()}"
    nudge = NewMessage(Recipient.of_chat(chat), template, key, account, Priority.NUDGE)
    insert_messages(connection, [nudge], now)
    return True


def close_window(connection: Connection, account: str, chat: str) -> None:
    """The channel says that this person has been silent for too long, whatever was known of it here."""
    silent = (chats.c.account == account) & (chats.c.chat == chat)
    connection.execute(update(chats).where(silent).values(last_inbound_at=None))


def open_window(connection: Connection, account: str, chat: str, now: datetime) -> None:
    """The person has written: what waited for that goes now."""
    turns.lock_chats(connection, [(account, chat)])
    waited = OPEN_STAGE & (wa_outbox.c.status == Status.PENDING) & (wa_outbox.c.error_code == WINDOW_CLOSED)
    here = (wa_outbox.c.account == account) & (wa_outbox.c.chat == chat)
    connection.execute(update(wa_outbox).where(here, waited).values(next_attempt_at=now))
    asked = OPEN_STAGE & (wa_outbox.c.status == Status.PENDING) & (wa_outbox.c.priority == int(Priority.NUDGE))
    why = {"error_code": "answered", "error_text": "the person has written"}
    gone = update(wa_outbox).where(here, asked).values(status=Status.CANCELLED, **why).returning(wa_outbox.c.id)
    ended = connection.execute(gone).scalars().all()
    record(connection, [event(id_, Status.CANCELLED, **why) for id_ in ended], now)
    turns.pass_on(connection, [((account, chat), None, 0)])
