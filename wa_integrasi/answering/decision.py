"""What is to be done about a command: an answer at once, or a trigger to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from wa_integrasi.commands import Command, State
from wa_integrasi.commands.confirming import Confirmation
from wa_integrasi.commands.conversation import Memory
from wa_integrasi.commands.grammar import Value
from wa_integrasi.commands.offering import Offer
from wa_integrasi.subscriptions import Change, NewSubscription, Subscriptions
from wa_integrasi.text.attachment import Kind


@dataclass(frozen=True, slots=True)
class Demand:
    """Somebody else is asked for a code."""

    chat: str
    text: str = field(repr=False)
    waiting: Confirmation
    offer: Offer | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that needs no source."""

    state: State
    note: str
    text: str | None = field(repr=False)
    """None: nothing is said."""
    memory: Memory
    refusal: str | None = None
    """Why it was refused, for the audit log."""
    once_a_day: bool = False
    """Whether the same person is told this only once a day."""
    demands: tuple[Demand, ...] = ()
    withdraws: bool = False
    """Whether what waits for somebody's approval is given up."""
    offer: Offer | None = field(default=None, repr=False)
    """The text with native choices, for channels that have them."""
    changes: tuple[Change, ...] = ()
    """Of subscriptions."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A subscription to a value, made once the answer shows where the value is."""

    what: NewSubscription
    named: str = ""
    """The row and the column that were named with it."""
    typed: str = field(default="", repr=False)
    """The limit and all behind it, as it was typed."""


@dataclass(frozen=True, slots=True)
class Order:
    """A trigger to run, allowed and complete."""

    trigger: str
    arguments: Mapping[str, Value] = field(repr=False)
    memory: Memory
    """What is to be remembered once it is answered."""
    confirmed: bool = False
    request: int | None = None
    """The command of somebody else that was approved by this one: the answer goes there."""
    file: Kind | None = None
    """As which file the rows are wanted."""
    wish: Wish | None = None
    """What it is to be watched for: the answer then says whether it is."""


Decision = Reply | Order


@dataclass(frozen=True, slots=True)
class Standing:
    """How the system is getting on."""

    held: bool
    commands: int
    messages: int


class Ledger(Protocol):
    """What deciding asks of the store."""

    @property
    def subscriptions(self) -> Subscriptions:
        """What people have subscribed to."""
        ...

    def ran_at(self, account: str, sender: str, trigger: str) -> datetime | None:
        """When somebody was last answered by a trigger."""
        ...

    def approve(self, request: int, by: int) -> bool:
        """Approve a request by a command; False where it was decided by another one, or withdrawn."""
        ...

    def awaits_approval(self, command: Command) -> bool:
        """Whether something that its asker wanted in this chat waits for somebody's approval."""
        ...

    def standing(self, account: str) -> Standing:
        """How the system is getting on."""
        ...
