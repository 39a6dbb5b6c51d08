"""Commands of one store from the queue to their end. Several processes may have a desk; a command ends at one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wa_integrasi.answering.asker import Asker, askers_of
from wa_integrasi.answering.case import code_of
from wa_integrasi.answering.deciding import Decider
from wa_integrasi.answering.decision import Order, Reply
from wa_integrasi.answering.ending import Ending, end, let_wait
from wa_integrasi.answering.fetching import Fetched
from wa_integrasi.answering.leaves import Leaf
from wa_integrasi.answering.ledger import StoredLedger
from wa_integrasi.answering.memories import Dialog, Key, first_warning, forget_old, recall, take_warnings
from wa_integrasi.answering.sayings import told
from wa_integrasi.answering.telling import Answer, answer_of
from wa_integrasi.catalog.kept import KeptCatalog
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.commands import Command, CommandQueue, NewCommand, State, words
from wa_integrasi.commands.conversation import Memory
from wa_integrasi.commands.grammar import Phrasebook
from wa_integrasi.commands.queue import LEASE, imagined
from wa_integrasi.content import Text
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.intake.asking import contact_of
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.reporting import Addressee
from wa_integrasi.store.engine import Store, is_away

_TRIES = 3
_AGAIN_AFTER = timedelta(seconds=5)
"""How long a command waits that could not be answered for a reason that may pass."""

log = logging.getLogger(__name__)


class OrderError(ValueError):
    """What a program asks for cannot be run. Its text is for its author."""


@dataclass(eq=False, slots=True)
class Ticket:
    """A command with an order, on its way to be answered."""

    command: Command
    asker: Asker
    dialog: Dialog
    order: Order
    decider: Decider
    now: datetime
    ended: bool = False
    state: State | None = None
    """How it ended, where it was ended here."""

    @property
    def code(self) -> str:
        """By what people name it when it fails."""
        return code_of(self.command)

    @property
    def to(self) -> Addressee:
        """Who reads the answer."""
        return addressee_of(self.asker)

    def answer(self, leaves: Sequence[Leaf], fetched: Sequence[Fetched]) -> Answer:
        """What is said, for what the sources gave."""
        decider = self.decider
        return answer_of(leaves, fetched, decider.catalog, self.to, decider.zone, self.code, self.order.file)


@dataclass(slots=True)
class Opened:
    """What was taken at once: how many commands, and those of them that want a source."""

    taken: int = 0
    tickets: list[Ticket] = field(default_factory=list)
    given_up: list[Command] = field(default_factory=list)
    """Those that had waited, and end now without having been run."""


class Desk:
    """Takes commands, answers at once what needs no source, and ends the others once they are answered."""

    def __init__(
        self,
        store: Store,
        zone: str,
        group_ids: Mapping[str, str] | None = None,
        clock: Clock = utc_now,
        files: OutgoingFiles | None = None,
    ) -> None:
        """`zone` is the business zone, `group_ids` is `Settings.group_ids`; without `files` long answers have pages."""
        self.store = store
        self.zone = zone
        self.queue = CommandQueue(store, clock)
        self.outbox = Outbox(store, clock=clock)
        self.clock = clock
        self.group_ids = group_ids or {}
        self.files = files
        self._ledger = StoredLedger(store, self.queue, clock)
        self._catalog = KeptCatalog(store, clock)
        self._decider: Decider | None = None

    def due_in(self) -> timedelta | None:
        """How long until a command is due, or a warning; None when nothing waits."""
        due = self.queue.due_in()
        with self.store.reading() as connection:
            warn_at = first_warning(connection)
        if warn_at is None:
            return due
        wait = max(timedelta(), warn_at - self.clock())
        return wait if due is None else min(due, wait)

    def warn(self) -> int:
        """Tell those whose question is soon forgotten, each once; says how many."""
        now = self.clock()
        with self.store.reading() as connection:
            first = first_warning(connection)
        if first is None or first > now:
            return 0
        catalog = self.decider().catalog
        with self.store.writing() as connection:
            keys = take_warnings(connection, now)
            self.outbox.enqueue([_warning(key, catalog) for key in keys], connection)
        return len(keys)

    def open(self, limit: int = 20) -> Opened:
        """Take up to `limit` commands, and end those at once that need no source. Raises when the store is away."""
        commands = self.queue.take(limit)
        if not commands:
            return Opened()
        decider, now = self.decider(), self.clock()
        with self.store.reading() as connection:
            askers = askers_of(connection, commands, decider.catalog, self.group_ids)
            keys = {each.id: (each.account, each.chat, each.sender or "") for each in commands}
            others = {each.id: _other_keys(keys[each.id], askers[each.id]) for each in commands}
            dialogs = {each.id: recall(connection, keys[each.id], now, others[each.id]) for each in commands}
        opened = Opened(len(commands))
        for command in commands:
            try:
                ticket = self._begin(command, askers[command.id], dialogs[command.id], decider, now)
            except Exception as error:
                if is_away(error):
                    raise
                self._stumbled(command, askers[command.id], type(error).__name__)
            else:
                opened.tickets += [ticket] if ticket else []
                opened.given_up += [command] if ticket is None and command.waited else []
        return opened

    def order(self, wanted: NewCommand, *, dry_run: bool = False) -> Ticket:
        """Take up what a program asks for now; with `dry_run` the store knows nothing of it. Raises `OrderError`."""
        decider, now = self.decider(), self.clock()
        command = imagined(wanted, now) if dry_run else self.queue.ask_and_take(wanted)
        with self.store.reading() as connection:
            asker = askers_of(connection, [command], decider.catalog, self.group_ids)[command.id]
        decision = decider.decide(command, asker, Dialog(Memory()), now)
        if isinstance(decision, Order):
            return Ticket(command, asker, Dialog(Memory()), decision, decider, now)
        if not dry_run:
            end(self, command, asker, Dialog(Memory()), Ending.of(decision))
        raise OrderError(decision.note)

    def decider(self) -> Decider:
        """By the catalog in force."""
        catalog = self._catalog.current()
        if self._decider is None or self._decider.catalog is not catalog:
            self._decider = Decider(catalog, Phrasebook.of(catalog.triggers, zone=self.zone), self._ledger)
        return self._decider

    def settle(self, ticket: Ticket, answer: Answer, flow_run_id: str | None = None) -> bool:
        """Enqueue an answer and end its command, in one transaction; False where somebody else has it by now.

        One that cannot be enqueued is tried again and holds up no other. Raises when the store is away.
        """
        note = "; ".join(answer.troubles)
        if note:
            log.warning("%s: %s", ticket.code, note)
        ending = Ending(
            State.FAILED if answer.failed else State.ANSWERED,
            f"{ticket.code}: {note}" if note else "",
            None if answer.failed and ticket.asker.program else answer.text,
            replace(ticket.order.memory, asked=answer.asked) if answer.asked else ticket.order.memory,
            trigger=ticket.order.trigger,
            request=ticket.order.request,
            confirmed=ticket.order.confirmed,
            flow_run_id=flow_run_id,
            paper=answer.paper,
            changes=answer.changes,
        )
        try:
            ours = end(self, ticket.command, ticket.asker, ticket.dialog, ending)
        except Exception as error:
            if is_away(error):
                raise
            self._stumbled(ticket.command, ticket.asker, type(error).__name__)
            ours = False
        ticket.ended, ticket.state = True, ending.state if ours else None
        return ours

    def wait(self, tickets: Sequence[Ticket], note: str) -> None:
        """Let commands wait that cannot be answered now, and tell each person once."""
        for ticket in tickets:
            if not ticket.ended:
                due_at = self.clock() + _AGAIN_AFTER
                let_wait(self, ticket.command, ticket.asker, due_at, note)

    def stumble(self, tickets: Sequence[Ticket], why: str) -> None:
        """Try commands again whose run has failed; those that have failed too often end with an apology."""
        for ticket in tickets:
            if not ticket.ended:
                ticket.state = self._stumbled(ticket.command, ticket.asker, why)

    def renew(self, tickets: Sequence[Ticket]) -> None:
        """Say that commands are still being worked on."""
        if held := [ticket.command for ticket in tickets if not ticket.ended]:
            self.queue.renew(held, LEASE)

    def tidy(self) -> None:
        """Forget what is over."""
        with self.store.writing() as connection:
            forget_old(connection, self.clock())
        if self.files is not None:
            self.files.sweep()

    def _begin(self, command: Command, asker: Asker, dialog: Dialog, decider: Decider, now: datetime) -> Ticket | None:
        decision = decider.decide(command, asker, dialog, now)
        match decision:
            case Order():
                return Ticket(command, asker, dialog, decision, decider, now)
            case Reply():
                end(self, command, asker, dialog, Ending.of(decision))
                return None

    def _stumbled(self, command: Command, asker: Asker, why: str) -> State | None:
        """Try a command again later, or end it; the state in which it has ended."""
        code = code_of(command)
        log.error("%s: not answered, try %s: %s", code, command.attempts, why)
        if command.attempts < _TRIES:
            self.queue.put_back(command, self.clock() + _AGAIN_AFTER, f"{code}: {why}")
            return None
        said = told("broken", asker.language, code) if asker.program is None else None
        ending = Ending(State.FAILED, f"{code}: {why}", said, Memory())
        return ending.state if end(self, command, asker, Dialog(Memory()), ending) else None


def _other_keys(key: Key, asker: Asker) -> list[Key]:
    """The same chat under the other names of who asks."""
    account, chat, _ = key
    names = asker.addresses[1:] if asker.program is None else ()
    return [(account, name if asker.group is None else chat, name) for name in names]


def _warning(key: Key, catalog: Catalog) -> NewMessage:
    account, chat, sender = key
    contact = contact_of(catalog, [sender])
    said = words.say("ends_soon", contact.language if contact else "id")
    return NewMessage(Recipient.of_chat(chat), Text(body=said), account=account, priority=Priority.REPLY)


def addressee_of(asker: Asker) -> Addressee:
    """Who reads what this asker is told."""
    recipient = Recipient.of_chat(asker.chat)
    if asker.contact is None:
        return Addressee(recipient, asker.shown, language=asker.language)
    return replace(Addressee.of(asker.contact), recipient=recipient, name=asker.shown, language=asker.language)
