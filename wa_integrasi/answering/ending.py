"""The one transaction that ends a command: its answer, what is remembered, who is told, what is written down."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from wa_integrasi.answering.asker import Asker
from wa_integrasi.answering.decision import Demand, Reply
from wa_integrasi.answering.ledger import withdraw
from wa_integrasi.answering.memories import Change, Dialog, Key, changes_of, remember
from wa_integrasi.answering.paper import Paper
from wa_integrasi.answering.sayings import told
from wa_integrasi.answering.telling import pages_of
from wa_integrasi.audit.log import AuditOutcome, audit
from wa_integrasi.clock import Clock
from wa_integrasi.commands import Command, CommandQueue, State, words
from wa_integrasi.commands.conversation import Memory, Page
from wa_integrasi.commands.offering import Offer
from wa_integrasi.composing import compose_all, takes, text_limit
from wa_integrasi.content import Content, Text
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.subscriptions import Change as SubscriptionChange
from wa_integrasi.subscriptions import apply
from wa_integrasi.text.attachment import AttachmentError
from wa_integrasi.text.split import split

log = logging.getLogger(__name__)


class Counter(Protocol):
    """What ending needs of a desk."""

    store: Store
    queue: CommandQueue
    outbox: Outbox
    clock: Clock
    zone: str
    files: OutgoingFiles | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ends."""

    state: State
    note: str
    text: str | None = field(repr=False)
    """None: nothing is said."""
    memory: Memory
    refusal: str | None = None
    once_a_day: bool = False
    demands: Sequence[Demand] = ()
    withdraws: bool = False
    offer: Offer | None = field(default=None, repr=False)
    trigger: str | None = None
    """What ran."""
    request: int | None = None
    """The command of somebody else that gets the answer."""
    confirmed: bool = False
    flow_run_id: str | None = None
    paper: Paper | None = field(default=None, repr=False)
    """The answer as a file, for where its text is too long."""
    changes: Sequence[SubscriptionChange] = ()

    @classmethod
    def of(cls, reply: Reply) -> Ending:
        """The end of a command that is answered at once."""
        return cls(
            reply.state,
            reply.note,
            reply.text,
            reply.memory,
            refusal=reply.refusal,
            once_a_day=reply.once_a_day,
            demands=reply.demands,
            withdraws=reply.withdraws,
            offer=reply.offer,
            changes=reply.changes,
        )


def end(at: Counter, command: Command, asker: Asker, dialog: Dialog, ending: Ending) -> bool:
    """End a command; False where somebody else has it by now, and nothing is done."""
    now = at.clock()
    key: Key = (command.account, command.chat, command.sender or "")
    request = at.queue.find(ending.request) if ending.request is not None else None
    texts = _pages(at, asker, ending)
    memory, pages = ending.memory, None
    contents: list[Content] = [Text(body=text) for text in texts]
    if (instead := _instead(at, request or command, ending, texts)) is not None:
        contents = [instead]
    elif len(texts) > 1 and command.sender is not None and request is None:
        memory = replace(memory, page=Page(f"command/{command.id}", 1, len(texts), now))
        contents, pages = contents[:1], tuple(texts)
    composed = compose_all(
        at.store, list(_messages(at, command, asker, ending, contents, request)), links=_links(at.files)
    )
    changes = changes_of(key, dialog, memory, pages) if command.sender is not None else []
    for demand in ending.demands:
        theirs: Key = (command.account, demand.chat, demand.chat)
        changes.append(Change(theirs, Memory(), Memory(confirmation=demand.waiting)))
    note = "; ".join(filter(None, [ending.note, *(f"not sent: {error.reason}" for error in composed.refused)]))
    with at.store.writing() as connection:
        ran = {"trigger": ending.trigger, "flow_run_id": ending.flow_run_id}
        if not at.queue.end(command, ending.state, note, connection, **ran):
            return False
        if ending.withdraws:
            withdraw(connection, command, now)
        remember(connection, changes, now)
        apply(connection, ending.changes, asker.actor, now)
        _write_down(connection, command, asker, ending, now)
        at.outbox.enqueue(composed.messages, connection)
    return True


def let_wait(at: Counter, command: Command, asker: Asker, due_at: datetime, note: str) -> bool:
    """Let a command wait, and tell its asker once; False where somebody else has it by now."""
    said = _message(command, Text(body=told("wait", asker.language)), f"command/{command.id}/wait")
    composed = compose_all(at.store, [said] if asker.program is None else [])
    with at.store.writing() as connection:
        if not at.queue.put_back(command, due_at, note, connection, counts=False):
            return False
        at.outbox.enqueue(composed.messages, connection)
    return True


def _pages(at: Counter, asker: Asker, ending: Ending) -> list[str]:
    if ending.text is None:
        return []
    limit = text_limit(at.store, asker.account)
    if asker.program is not None:
        return split(ending.text, limit)  # nobody there would turn the page
    return pages_of(ending.text, limit, asker.language)


def _instead(at: Counter, to: Command, ending: Ending, texts: Sequence[str]) -> Content | None:
    """What is sent in the place of the texts, where the channel has it: native choices, or a file for a long one."""
    if ending.offer is not None and len(texts) == 1:
        return ending.offer if _taken(at, to, ending.offer) else None
    paper = ending.paper
    if paper is None or at.files is None or not texts or not (paper.wanted or len(texts) > 1):
        return None
    try:
        document = paper.document(at.files)
    except (AttachmentError, OSError) as error:
        why = str(error) if isinstance(error, AttachmentError) else type(error).__name__
        log.warning("%s: no file, its text is sent: %s", ending.trigger, why)
        return None
    return document if _taken(at, to, document) else None


def _taken(at: Counter, to: Command, content: Content) -> bool:
    return takes(at.store, _message(to, content, ""), links=_links(at.files))


def _links(files: OutgoingFiles | None) -> bool:
    return files is not None and files.links is not None


def _messages(
    at: Counter, command: Command, asker: Asker, ending: Ending, contents: Sequence[Content], request: Command | None
) -> Iterator[NewMessage]:
    to = request or command
    key = f"command/{command.id}"
    if ending.once_a_day:
        key = f"access/{command.account}/{command.sender}/{at.clock().astimezone(ZoneInfo(at.zone)):%Y-%m-%d}"
    for number, content in enumerate(contents, 1):
        message = _message(to, content, f"{key}/{number}", ending.flow_run_id)
        quoted = to.quote_id if number == 1 else None
        yield replace(message, part=number, parts=len(contents), reply_to=quoted)
    if request is not None:
        who = Recipient.of_chat(request.sender or request.chat).masked
        said = told("approved", asker.language, words.short(ending.trigger or ""), words.short(who))
        yield _message(command, Text(body=said), f"{key}/approved")
    for demand in ending.demands:
        offer = demand.offer
        asked = offer if offer is not None and _taken(at, command, offer) else Text(body=demand.text)
        message = _message(command, asked, f"{key}/ask/{demand.chat}")
        yield replace(message, recipient=Recipient.of_chat(demand.chat), reply_to=None)


def _message(to: Command, content: Content, key: str, flow_run_id: str | None = None) -> NewMessage:
    return NewMessage(
        Recipient.of_chat(to.chat),
        content,
        dedupe_key=key,
        account=to.account,
        priority=Priority.REPLY,
        flow_run_id=flow_run_id,
        reply_to=to.quote_id,
    )


def _write_down(connection: Connection, command: Command, asker: Asker, ending: Ending, now: datetime) -> None:
    """The audit log keeps what was refused, and what dangerous was run."""
    if ending.refusal is None and not ending.confirmed:
        return
    outcome = AuditOutcome.DONE if ending.refusal is None else AuditOutcome.REFUSED
    details = {"account": command.account, "chat": Recipient.of_chat(command.chat).masked}
    if ending.trigger:
        details["trigger"] = ending.trigger
    if ending.refusal:
        details["reason"] = ending.refusal
    audit(connection, now, asker.actor, "command.run", f"command:{command.id}", outcome, details)
