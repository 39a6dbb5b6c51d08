"""The steps of a worker: claim, attempt, settle, ask, and stay alive meanwhile."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from sqlalchemy.exc import SQLAlchemyError

from wa_integrasi.content import Document, linked, media_of
from wa_integrasi.delivery.flight import Flight
from wa_integrasi.delivery.patience import Patience
from wa_integrasi.delivery.tally import Tally
from wa_integrasi.files import FileGoneError, OutgoingFiles
from wa_integrasi.message import Status
from wa_integrasi.outbox import LEASE, Claimed, Outbox
from wa_integrasi.policy.fit import Unfit, fit
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import (
    Accepted,
    Action,
    Failed,
    LooksUp,
    Missing,
    Outbound,
    Outcome,
    Sender,
    Unanswered,
)
from wa_integrasi.store.engine import StoreError

_BEAT_S = LEASE.total_seconds() / 3

log = logging.getLogger(__name__)


@dataclass
class Worker:
    """One owner of leases, with its channels; the store is reached in threads, so that sends overlap."""

    outbox: Outbox
    senders: Mapping[str, Sender]
    owner: str
    rules: Mapping[str, AccountRules]
    at_once: int
    patience: Patience
    files: OutgoingFiles | None = None
    tally: Tally = field(default_factory=Tally)
    _until: dict[str, datetime] = field(default_factory=dict)
    """How long each lease holds, as far as is known here."""
    _next_at: dict[str, datetime] = field(default_factory=dict)
    """When the next message of an account may go from here."""

    @asynccontextmanager
    async def flight(self) -> AsyncIterator[Flight]:
        """What is on its way, its leases renewed; when the block is left early it is stopped, its fate unknown."""
        at_once = {name: min(self.at_once, sender.capabilities.at_once) for name, sender in self.senders.items()}
        flight = Flight(self._attempt, at_once)
        renewing = asyncio.create_task(self._renew(flight), name="renew leases")
        try:
            yield flight
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, flight.stop(), return_exceptions=True)
            if unsent := flight.unsent:
                await asyncio.shield(asyncio.to_thread(self._give_back, unsent))

    def _give_back(self, unsent: Sequence[Claimed]) -> None:
        """What was never handed to its channel is not of unknown fate, where the store can be told so."""
        try:
            self.outbox.give_back(unsent)
        except (StoreError, SQLAlchemyError) as error:
            log.warning("%s messages were not given back: %s", len(unsent), type(error).__name__)

    async def claim(self, limit: int, room: Mapping[str, int] | None = None) -> list[Claimed]:
        """Take up to `limit` messages, and of each account no more than there is `room` for."""
        claimed = await self.patience(self.outbox.claim, self.owner, self.rules, limit=limit, room=room)
        self._until |= {message.lease: message.lease_until for message in claimed if message.lease_until}
        return claimed

    async def settle(self, flight: Flight) -> None:
        """Write down all that has come back."""
        landed = flight.take()
        sent = [(message, outcome) for message, outcome in landed if not isinstance(outcome, Status | None)]
        if sent:
            settled = await self.patience(self.outbox.settle, sent, self.rules)
            self.tally.statuses.update(settlement.status for settlement in settled)
        self.tally.statuses.update(outcome for _, outcome in landed if isinstance(outcome, Status))
        flight.settled([message for message, _ in landed])

    async def ask(self) -> bool:
        """Ask the channels that can be asked what became of messages of unknown fate; whether any answer came."""
        able = [account for account, rules in self.rules.items() if rules.looks_up]
        if not able:
            return False
        unknown = await self.patience(self.outbox.to_ask_about, able)
        answers = await asyncio.gather(*(self._look_up(message, since) for message, since in unknown))
        told = False
        for (message, _), answer in zip(unknown, answers, strict=True):
            if not isinstance(answer, Unanswered):
                await self.patience(self.outbox.answered, message, answer)
                told = True
        return told

    async def due_in(self) -> float:
        """Seconds until something may be done: a message sent, a lost worker noted, a wait for evidence ended."""
        return await self.patience(self.outbox.due_in, self.rules)

    async def _look_up(self, message: Claimed, since: datetime) -> Accepted | Missing | Unanswered:
        sender = self.senders[message.account]
        try:
            return await cast(LooksUp, sender).look_up(_outbound(message, sender, self.files), since)
        except Exception as error:
            return Unanswered(f"the channel broke: {type(error).__name__}")

    async def _renew(self, flight: Flight) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            try:
                held = await asyncio.to_thread(self.outbox.renew, flight.messages)
                self._until = {message.lease: self._until[message.lease] for message in flight.messages} | held
            except (StoreError, SQLAlchemyError) as error:
                # The next try may still be in time; without it the messages could be sent twice.
                log.warning("leases not renewed: %s", type(error).__name__)

    async def _attempt(self, message: Claimed) -> Outcome | Status | None:
        """Send a message; the status of one that was refused, None for one whose lease is over: it is another's."""
        sender = self.senders[message.account]
        try:
            outbound = await self._with_file(_outbound(message, sender, self.files), sender)
        except (Unfit, FileGoneError) as error:
            await self.patience(self.outbox.refuse, message, f"{sender.name}: {error}")
            return Status.REFUSED
        except OSError as error:
            return Failed(Action.RETRY, "file", f"the message's file cannot be read: {error.strerror}")
        await self._turn(message)
        if (until := self._until.get(message.lease)) is not None and self.outbox.now() >= until:
            log.warning("message %s is not sent: its lease was over before its turn came", message.id)
            return None
        try:
            return await sender.send(outbound)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            return Unanswered("the channel broke: CancelledError")
        except Exception as error:
            return Unanswered(f"the channel broke: {type(error).__name__}")

    async def _with_file(self, outbound: Outbound, sender: Sender) -> Outbound:
        """The message with the bytes of its file, or their address, if it has one of ours.

        Raises `FileGoneError`, `OSError`.
        """
        media = media_of(outbound.content)
        if media is None or media.file is None:
            return outbound
        if self.files is None:
            raise FileGoneError("no folder of outgoing files is known here")
        name = media.filename if isinstance(media, Document) else ""
        file = await asyncio.to_thread(self.files.read, media.file, name)
        if sender.capabilities.files or self.files.links is None:
            return replace(outbound, file=file)
        name = name or f"file{mimetypes.guess_extension(file.mime_type) or ''}"
        return replace(outbound, content=linked(outbound.content, self.files.links.link(file.sha256, name)))

    async def _turn(self, message: Claimed) -> None:
        """Wait for the moment of a message; and after a stall, in which several have passed, let none bunch up."""
        if (pace := self.rules[message.account].pace) is None:
            return
        now, kept = self.outbox.now(), self._next_at.get(message.account)
        at = max(message.not_before, pace.moment(kept, now))
        self._next_at[message.account] = pace.after(kept, at, 1)
        if at > now:
            await asyncio.sleep((at - now).total_seconds())


def _outbound(message: Claimed, sender: Sender, files: OutgoingFiles | None) -> Outbound:
    """The message as its channel can send it. Raises `Unfit`."""
    links = files is not None and files.links is not None
    contents = fit(message.content, message.recipient, sender.capabilities, links=links)
    if len(contents) != 1:
        raise Unfit(f"a {message.content.type} would become {len(contents)} messages here")
    return Outbound(message.recipient, contents[0], message.attempt_id, message.reply_to)
