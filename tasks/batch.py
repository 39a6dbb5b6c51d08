"""The commands that one run answers: given by a process that stays, or taken up by the run itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from prefect.runtime import flow_run

from blocks.trigger_sources import TriggerSources
from tasks.standby import Progress
from wa_integrasi.answering.desk import Desk, OrderError, Ticket
from wa_integrasi.answering.fetching import Fetched, Kitchen
from wa_integrasi.answering.leaves import Leaf
from wa_integrasi.answering.telling import Answer
from wa_integrasi.commands import NewCommand
from wa_integrasi.composing import files_of
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.reporting import recipients_of
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store

_RENEW_EVERY_S = 10.0

log = logging.getLogger(__name__)


class Batch(Progress):
    """Some commands, and what is needed to answer them. No dataclass: Prefect would look through all of it."""

    def __init__(self, desk: Desk, kitchen: Kitchen, tickets: Sequence[Ticket], *, dry_run: bool = False) -> None:
        super().__init__()
        self.desk = desk
        self.kitchen = kitchen
        self.tickets = tickets
        self.dry_run = dry_run

    @contextmanager
    def given(self) -> Iterator[None]:
        """Within the block this is what a run finds. Parameters would not do: Prefect keeps those, as JSON."""
        token = _given.set(self)
        try:
            yield
        finally:
            _given.reset(token)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Within the block the commands stay ours."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY_S)
            try:
                await asyncio.to_thread(self.desk.renew, self.tickets)
            except Exception as error:
                log.warning("commands are not renewed: %s", type(error).__name__)


class Gathered:
    """What the sources gave for each command of a batch. No dataclass either."""

    def __init__(self, leaves: Sequence[Sequence[Leaf]], fetched: Sequence[Sequence[Fetched]]) -> None:
        self.leaves = leaves
        self.fetched = fetched


class Answers:
    """What is to be said to each command of a batch."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = answers


_given: ContextVar[Batch | None] = ContextVar("batch", default=None)


@asynccontextmanager
async def batch_of(
    trigger: str, arguments: Mapping[str, Any], recipient: str, account: str, *, dry_run: bool
) -> AsyncIterator[Batch]:
    """The commands of this run: those it was given, else the one that its parameters ask for. Raises `OrderError`."""
    if (given := _given.get()) is not None:
        yield given
        return
    settings = load_settings()
    async with AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(settings.database_url.get_secret_value()))
        kitchen = Kitchen(await stack.enter_async_context(TriggerSources()))
        desk = Desk(store, settings.timezone, settings.group_ids, files=files_of(settings))
        to = await asyncio.to_thread(_recipients, store, recipient, settings.group_ids)
        asked_by = f"flow-run:{flow_run.id}"
        tickets = [
            await asyncio.to_thread(
                desk.order,
                NewCommand(account, each.chat, trigger=trigger, arguments=arguments, asked_by=asked_by),
                dry_run=dry_run,
            )
            for each in to
        ]
        batch = Batch(desk, kitchen, tickets, dry_run=dry_run)
        async with batch.renewed():
            yield batch


def _recipients(store: Store, name: str, group_ids: Mapping[str, str]) -> Sequence[Recipient]:
    try:
        Recipient.parse(name)
    except RecipientError:
        pass
    else:
        raise OrderError("recipient: found a number or an id, must be a name of the catalog: Prefect keeps parameters")
    try:
        return recipients_of(store, name, group_ids)
    except RecipientError as error:
        raise OrderError(f"recipient: {error}") from None
