"""Files of messages from the channel into the vault: fetched, checked, encrypted, scanned, at every step restartable.

A file's place in the vault is written into its row before anything is put there. Who finds such a place in a row that
still says `fetch` goes on with what is there when it is whole, and removes it when it is not.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.intake.media.rows import LEASE, State, TakenMedia, change, first_due, renew, take_media
from wa_integrasi.intake.media.spool import Spool
from wa_integrasi.privacy.kind import LARGEST, Genuine, Refused
from wa_integrasi.privacy.scan import ClamAv, Clean, Infected, ScanFailed, ScanningOff
from wa_integrasi.privacy.vault import MissingMediaError, TamperedMediaError, Vault, VaultError, new_id
from wa_integrasi.providers.base import Fetched, FetchesMedia, FileSource, Lack, Unfetched
from wa_integrasi.store.engine import Store, again_after_deadlock, is_away
from wa_integrasi.store.tables import media

LIVES = timedelta(days=7)
"""How long Meta knows the id of a file; no other channel has it for longer."""

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)
_CONVINCED = 3
"""A file is given up at this try at the earliest, when the channel says again that it does not have it."""
_AT_ONCE = 4
_LONGEST_NOTE = 300

Fetchers = Callable[[str], AbstractAsyncContextManager[FetchesMedia]]
"""What fetches for an account; entering it may raise anything when the account cannot be used now."""

log = logging.getLogger(__name__)


class MediaWork:
    """The worker. Any number of them may be at work, in one process or several."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        scanner: ClamAv | ScanningOff | None,
        fetchers: Fetchers | None,
        clock: Clock = utc_now,
        *,
        spool: Path | None = None,
    ) -> None:
        """`scanner`: None leaves every file in quarantine. `fetchers`: None for a worker that only scans.

        `spool`: where up to 400 MB may lie for a while.
        """
        self._store = store
        self._vault = vault
        self._scanner = scanner
        self._fetchers = fetchers
        self._clock = clock
        self._spool = spool

    async def work(self, limit: int = 20) -> int:
        """Take up to `limit` due files and bring each as far as it goes; returns how many there were.

        Raises `StoreError` or `DBAPIError` while the store is away; what was taken then is due again when its lease
        ends.
        """
        taken = await asyncio.to_thread(self._take, limit)
        if not taken:
            return 0
        at_once = asyncio.Semaphore(_AT_ONCE)
        async with self._held(taken[0].lease), AsyncExitStack() as stack:
            fetchers = await self._opened(stack, taken)

            async def one(each: TakenMedia) -> None:
                async with at_once:
                    await self._guarded(each, fetchers.get(each.account))

            await asyncio.gather(*map(one, taken))
        return len(taken)

    def due_in(self) -> timedelta | None:
        """How long until a file is due that can be dealt with here; None when none waits."""
        with self._store.reading() as connection:
            due = first_due(connection, self._states)
        return max(timedelta(), due - self._clock()) if due else None

    @property
    def _states(self) -> Sequence[State]:
        fetches = () if self._fetchers is None else (State.FETCH,)
        return fetches if self._scanner is None else (*fetches, State.SCAN)

    def _take(self, limit: int) -> list[TakenMedia]:
        with self._store.writing() as connection:
            return take_media(connection, self._states, self._clock(), limit)

    @asynccontextmanager
    async def _held(self, lease: str) -> AsyncIterator[None]:
        """Renew a lease until the block ends."""

        async def renewing() -> None:
            while True:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                try:
                    await asyncio.to_thread(self._renew, lease)
                except Exception as error:  # the next one may succeed; else the files come back by themselves
                    log.warning("a lease of media was not renewed: %s", type(error).__name__)

        task = asyncio.create_task(renewing())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    def _renew(self, lease: str) -> None:
        with self._store.writing() as connection:
            renew(connection, lease, self._clock())

    async def _opened(
        self, stack: AsyncExitStack, taken: Sequence[TakenMedia]
    ) -> Mapping[str, FetchesMedia | Unfetched]:
        found: dict[str, FetchesMedia | Unfetched] = {}
        if self._fetchers is None:
            return found
        for account in sorted({each.account for each in taken if each.state is State.FETCH}):
            try:
                found[account] = await stack.enter_async_context(self._fetchers(account))
            except Exception as error:  # of this account only
                found[account] = Unfetched(Lack.AGAIN, f"the account cannot be used now ({type(error).__name__})")
        return found

    async def _guarded(self, taken: TakenMedia, fetcher: FetchesMedia | Unfetched | None) -> None:
        """One file, which harms no other whatever happens to it."""
        try:
            if taken.state is State.SCAN or await self._is_in_vault(taken):
                await self._scan_stored(taken)
            elif isinstance(fetcher, Unfetched):
                await self._not_fetched(taken, fetcher)
            elif fetcher is not None:
                await self._fetch(taken, fetcher)
        except Exception as error:
            why = str(error) if isinstance(error, VaultError) else type(error).__name__  # others may quote a person
            log.warning("medium %s waits: %s", taken.id, why)
            if not is_away(error):
                await self._put_back(taken, why)

    async def _put_back(self, taken: TakenMedia, why: str) -> None:
        try:
            await self._again(taken, why)
        except Exception as error:  # its lease ends by itself
            log.warning("medium %s was not put back: %s", taken.id, type(error).__name__)

    async def _is_in_vault(self, taken: TakenMedia) -> bool:
        """Whether an earlier worker had put it there before it died; what is there otherwise is removed."""
        if taken.vault_id is None:
            return False
        digest = hashlib.sha256()
        try:
            async with aclosing(self._vault.open(taken.vault_id)) as pieces:
                async for piece in pieces:
                    digest.update(piece)
            whole = digest.hexdigest() == taken.sha256
        except (MissingMediaError, TamperedMediaError):
            whole = False
        if whole:
            return await self._change(taken, state=State.SCAN, stored_at=self._clock(), attempts=0)
        await self._vault.delete(taken.vault_id)
        return False

    async def _fetch(self, taken: TakenMedia, fetcher: FetchesMedia) -> None:
        source = FileSource(taken.source.id, taken.source.url)
        with Spool(self._spool) as spool:
            fetched = await fetcher.fetch(source, spool.take, LARGEST[taken.kind])
            if isinstance(fetched, Unfetched):
                await self._not_fetched(taken, fetched)
                return
            if wrong := _mismatch(taken, fetched, spool):
                await self._not_fetched(taken, Unfetched(Lack.MISSING, wrong), State.REFUSED)
                return
            found = await spool.check(taken.kind, taken.source.mime_type or fetched.mime_type or "")
            about = {"size": spool.size, "sha256": spool.sha256}
            match found:
                case Refused(reason):
                    await self._end(taken, State.REFUSED, reason, **about, vault_id=None)
                case Genuine(mime):
                    await self._store_and_scan(taken, spool, {**about, "mime_type": mime})

    async def _store_and_scan(self, taken: TakenMedia, spool: Spool, about: Mapping[str, Any]) -> None:
        place = new_id()
        if not await self._change(taken, vault_id=place, **about):
            return
        async with aclosing(spool.pieces()) as pieces:
            await self._vault.put(pieces, place)
        if not await self._change(taken, state=State.SCAN, stored_at=self._clock(), attempts=0):
            await self._forget(taken, place)
            return
        if isinstance(self._scanner, ClamAv):
            async with aclosing(spool.pieces()) as pieces:
                await self._settle(taken, await self._scanner.scan(pieces), attempts=0)
        else:
            await self._settle(taken, self._scanner, attempts=0)

    async def _forget(self, taken: TakenMedia, place: str) -> None:
        """Remove what was put into the vault too late, unless its next holder goes on with it."""

        def current() -> str | None:
            with self._store.reading() as connection:
                found = connection.execute(media.select().where(media.c.id == taken.id)).first()
            return found.vault_id if found else None

        if await asyncio.to_thread(current) != place:
            await self._vault.delete(place)

    async def _scan_stored(self, taken: TakenMedia) -> None:
        attempts = taken.attempts if taken.state is State.SCAN else 0
        if not isinstance(self._scanner, ClamAv):
            await self._settle(taken, self._scanner, attempts=attempts)
            return
        try:
            async with aclosing(self._vault.open(str(taken.vault_id))) as pieces:
                verdict = await self._scanner.scan(pieces)
        except MissingMediaError:
            await self._end(taken, State.GONE, "the vault does not have it any more", vault_id=None)
        except TamperedMediaError as error:
            await self._end(taken, State.REFUSED, str(error))
        else:
            await self._settle(taken, verdict, attempts=attempts)

    async def _settle(
        self, taken: TakenMedia, verdict: Clean | Infected | ScanFailed | ScanningOff | None, *, attempts: int
    ) -> None:
        now = self._clock()
        match verdict:
            case Clean():
                await self._end(taken, State.KEPT, None, scanned_at=now)
            case Infected(signature):
                log.warning("medium %s is infected: %s", taken.id, signature)
                await self._end(taken, State.INFECTED, signature, scanned_at=now)
            case ScanFailed(reason):
                await self._change(taken, note=reason, due_at=now + _wait(attempts), lease=None)
            case ScanningOff():
                await self._end(taken, State.KEPT, "not scanned: WA_CLAMAV=off")
            case None:
                await self._change(taken, note="not scanned: WA_CLAMAV is not set", due_at=now, lease=None)

    async def _not_fetched(self, taken: TakenMedia, why: Unfetched, at_last: State = State.GONE) -> None:
        again = taken.attempts >= _CONVINCED and taken.note == why.text
        convinced = why.lack is Lack.MISSING and again
        if why.lack is Lack.REFUSED:
            await self._end(taken, State.REFUSED, why.text, vault_id=None)
        elif why.lack is Lack.NEVER or convinced:
            await self._end(taken, at_last, why.text, vault_id=None)
        elif self._clock() - taken.received_at >= LIVES:
            await self._end(taken, State.GONE, f"not fetched within {LIVES.days} days: {why.text}", vault_id=None)
        else:
            await self._again(taken, why.text, why.retry_after or 0.0)

    async def _again(self, taken: TakenMedia, why: str, at_least_s: float = 0.0) -> None:
        due_at = self._clock() + max(_wait(taken.attempts), timedelta(seconds=at_least_s))
        await self._change(taken, note=why[:_LONGEST_NOTE], due_at=due_at, lease=None)

    async def _end(self, taken: TakenMedia, state: State, why: str | None, **more: Any) -> None:
        note = why[:_LONGEST_NOTE] if why else None
        await self._change(taken, state=state, note=note, due_at=None, lease=None, **more)

    async def _change(self, taken: TakenMedia, **values: Any) -> bool:
        def changed() -> bool:
            with self._store.writing() as connection:
                return change(connection, taken, values)

        return await asyncio.to_thread(again_after_deadlock, changed)


def _mismatch(taken: TakenMedia, fetched: Fetched, spool: Spool) -> str | None:
    """How what came differs from what the channel said would come."""
    digests = {told.lower() for told in (taken.source.sha256, fetched.sha256) if told}
    if digests and digests != {spool.sha256}:
        return "its content is not what the channel said: another SHA-256"
    sizes = {told for told in (taken.source.size, fetched.size) if told is not None}
    if not digests and sizes and sizes != {spool.size}:
        return f"its content is not what the channel said: {spool.size} bytes"
    return None


def _wait(attempts: int) -> timedelta:
    return min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(max(attempts - 1, 0), 10)))
