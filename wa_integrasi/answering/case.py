"""One command while it is decided on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from wa_integrasi.answering.asker import Asker
from wa_integrasi.answering.decision import Ledger, Reply
from wa_integrasi.answering.memories import Dialog
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands import Command, State, words
from wa_integrasi.commands.conversation import Memory
from wa_integrasi.commands.grammar import Phrasebook
from wa_integrasi.commands.permission import Allowed, Denied, may_run


@dataclass(frozen=True)
class Case:
    """A command, who gave it, and what is known."""

    catalog: Catalog
    book: Phrasebook
    ledger: Ledger
    command: Command
    asker: Asker
    dialog: Dialog
    now: datetime

    @property
    def asked_at(self) -> datetime:
        """When it was written, or asked by a program."""
        return min(self.command.created_at, self.asker.written_at or self.command.created_at)

    @property
    def shown(self) -> Callable[[Trigger], bool]:
        """Whether they may see a trigger."""
        return lambda trigger: isinstance(self.may(trigger), Allowed)

    def may(self, trigger: Trigger) -> Allowed | Denied:
        """Whether they may run a trigger."""
        return may_run(trigger, self.asker.roles, self.asker.group)

    def say(self, text: str, note: str, **remembered: object) -> Reply:
        """An answer; what was asked before is forgotten, unless `remembered` says otherwise."""
        return Reply(State.ANSWERED, note, text, self.after(**remembered))

    def after(self, **remembered: object) -> Memory:
        """What is to be remembered: what was asked is over."""
        changed: Mapping[str, object] = {"asked": None, **remembered}
        return replace(self.dialog.memory, **changed)  # type: ignore[arg-type]

    def refuse(self, text: str, why: str, **remembered: object) -> Reply:
        """A polite no, with its reason for the audit log."""
        return replace(self.say(text, why, **remembered), state=State.REFUSED, refusal=why)

    def deny(self, trigger: Trigger, denied: Denied) -> Reply:
        """A no for want of a right."""
        said = words.denied(denied.reason, self.asker.language)
        return self.refuse(said, f"{self.named(trigger)}: {denied.reason}")

    def named(self, trigger: Trigger) -> str:
        """What the catalog calls a trigger."""
        return next(name for name, each in self.book.triggers.items() if each is trigger)

    @property
    def zone(self) -> str:
        """The business zone."""
        return self.book.zone

    @property
    def code(self) -> str:
        """By what a person, and a tap on what is answered, names this command."""
        return code_of(self.command)


def code_of(command: Command) -> str:
    """By what a person names a failed command, and an administrator finds it in the log and in `commands.note`."""
    return f"K{command.id}"
