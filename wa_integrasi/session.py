"""Paired phones: how each account's session stands, a file that says so, and the account held while it is lost."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.history import History
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import Action, Failed, HasSession, Sender, SessionState, Unanswered
from wa_integrasi.store.engine import Store

SESSION_LOST = "session_lost"
"""The code by which an account is held here, so that nothing else that holds it is lifted."""

_ANSWERS_WITHIN_S = 20.0

Asked = SessionState | Failed | Unanswered


class SessionError(Exception):
    """How a session stands cannot be asked or written down. Its message is for people."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the session of an account stood when it was looked at."""

    account: str
    at: datetime
    ready: bool
    lost: bool
    """Whether nothing can be sent, for certain; neither ready nor lost where the channel did not say."""
    reason: str | None = None
    qr: str | None = field(default=None, repr=False)
    """Whoever scans it has the account's chats: it is a secret for as long as it holds."""

    def document(self) -> dict[str, Any]:
        """What the status file says."""
        return {
            "ready": self.ready,
            "qr": self.qr,
            "last_update": self.at.isoformat(),
            "reason": self.reason,
            "account": self.account,
        }


async def look(account: str, ask: Callable[[], Awaitable[Asked]], clock: Clock = utc_now) -> Look:
    """Ask how a session stands."""
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            answer = await ask()
    except TimeoutError:
        answer = Unanswered(f"no answer within {_ANSWERS_WITHIN_S:.0f} seconds")
    except Exception as error:
        answer = Unanswered(f"the channel broke: {type(error).__name__}")
    match answer:
        case SessionState(ready=True):
            return Look(account, clock(), ready=True, lost=False)
        case SessionState():
            return Look(account, clock(), ready=False, lost=True, reason=answer.state, qr=answer.qr)
        case Failed():
            lost = answer.action is Action.HOLD_ACCOUNT
            return Look(account, clock(), ready=False, lost=lost, reason=answer.text)
        case Unanswered():
            return Look(account, clock(), ready=False, lost=False, reason=answer.text)


async def watch(
    store: Store, senders: Mapping[str, Sender], status_file: Path | None, clock: Clock = utc_now
) -> list[Look]:
    """Look once at every account that has a session; to be called again every half a minute or so.

    An account whose session is lost is held, so that its messages wait and lose no try; when the session is back, they
    go on in their order and at the account's pace. Raises `SessionError` when the file cannot be written, after
    everything else is done.
    """
    asked = {account: sender.session for account, sender in senders.items() if isinstance(sender, HasSession)}
    looks = await asyncio.gather(*(look(account, ask, clock) for account, ask in asked.items()))
    await asyncio.to_thread(note, store, looks, status_file, clock)
    return looks


def note(store: Store, looks: list[Look], status_file: Path | None, clock: Clock = utc_now) -> None:
    """Write down how sessions stood, and hold or release their accounts. Raises `SessionError`."""
    problem = None
    for found in looks:
        if status_file is not None:
            try:
                write_status(status_of(status_file, found.account), found)
            except OSError as error:
                problem = error
        _hold_or_release(store, found, clock)
    if problem is not None:
        raise SessionError(f"WA_STATUS_FILE: {status_file} cannot be written: {problem.strerror}") from problem


def status_of(status_file: Path, account: str) -> Path:
    """Where the state of an account is written: `default` to the file itself, others beside it under their names."""
    if account == "default":
        return status_file
    return status_file.with_name(f"{status_file.stem}-{account}{status_file.suffix}")


def write_status(file: Path, found: Look) -> None:
    """Write the status file, whole or not at all, for its owner only: it may have a QR code. Raises `OSError`."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            json.dump(found.document(), output)
            output.flush()
            os.fsync(descriptor)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


_OF_THE_SESSION = {SESSION_LOST, "session_status", "session_not_found", "session_not_connected", "1004"}
"""What the channels call it when a message finds the session lost."""


def is_of_session(code: str) -> bool:
    """Whether an account that is held by this code is held since its session is lost."""
    return code in _OF_THE_SESSION


def _hold_or_release(store: Store, found: Look, clock: Clock) -> None:
    outbox = Outbox(store, clock=clock)
    if found.lost:
        outbox.hold(found.account, SESSION_LOST, found.reason or "the session is lost")
    elif found.ready and (held := History(store).held_by(found.account)) and is_of_session(held[0]):
        outbox.release(found.account, held[0])
