"""The keys of the Bot API: made once, shown once, and known afterwards by their hash alone.

A key is `wa_PREFIX_SECRET`. Its secret has 256 random bits, so a plain SHA-256 protects it: there is nothing to guess,
and a slow hash would only slow down who may come in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from wa_integrasi.audit.log import CLI, audit
from wa_integrasi.catalog.rules import suggest
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import api_keys

ENVIRONMENT = "environment"
"""The name of the key that `WA_BOT_API_KEY` is."""

PER_MINUTE = 600
"""Requests of a key, unless it says otherwise."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_KEY = re.compile(r"wa_([a-z0-9]{12})_[A-Za-z0-9_-]{43}")
_NOBODY = "0" * 12
_NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use is kept: each request would cost a commit otherwise."""


class NoKeyError(LookupError):
    """No key has that name. Its message says who lists them."""


class KeyRefusedError(ValueError):
    """A key cannot be made or revoked as asked. Its message is for people, and has no key."""


class Scope(StrEnum):
    """What a key may do."""

    SEND = "send"
    """Send messages and file complaints."""
    RUN = "run"
    """Run triggers."""
    READ = "read"
    """Look up messages, commands and sessions."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: without the key."""

    name: str
    scopes: frozenset[Scope]
    accounts: frozenset[str] | None = None
    """Those it may use; None for all."""
    per_minute: int = PER_MINUTE
    created_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def actor(self) -> str:
        """How the audit and the queues name who asked."""
        return f"key:{self.name}"

    def may_use(self, account: str) -> bool:
        """Whether it is allowed that account."""
        return self.accounts is None or account in self.accounts

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_COLUMNS = tuple(api_keys.c[name] for name in ApiKey.__slots__)


class Keyring:
    """The keys of one store, and the one of the environment."""

    def __init__(self, store: Store, environment_key: str | None = None, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock
        self._own = _digest(environment_key) if environment_key else None

    def create(
        self,
        name: str,
        scopes: Sequence[Scope],
        *,
        accounts: Sequence[str] = (),
        expires_at: datetime | None = None,
        per_minute: int = PER_MINUTE,
        actor: str = CLI,
    ) -> str:
        """Make a key and return it; this is the only time it is seen. Raises `KeyRefusedError`."""
        now = self._clock()
        if not _NAME.fullmatch(name) or name == ENVIRONMENT:
            raise KeyRefusedError(
                f"a name has up to 40 small letters, digits and dashes; {ENVIRONMENT} is that of WA_BOT_API_KEY"
            )
        if expires_at is not None and expires_at <= now:
            raise KeyRefusedError("the key would have expired already; --expires must be a day in the future")
        prefix = secrets.token_hex(6)
        key = f"wa_{prefix}_{secrets.token_urlsafe(32)}"
        values = {
            "name": name,
            "prefix": prefix,
            "hash": _digest(key),
            "scopes": sorted(set(scopes)),
            "accounts": sorted(set(accounts)) or None,
            "per_minute": per_minute,
            "created_at": now,
            "expires_at": expires_at,
        }
        told = {
            "scopes": values["scopes"],
            "accounts": values["accounts"],
            "per_minute": per_minute,
            "expires_at": expires_at.isoformat() if expires_at else None,
        }
        try:
            with self._store.writing() as connection:
                connection.execute(insert(api_keys).values(values))
                audit(connection, now, actor, "key.create", f"key:{name}", details=told)
        except IntegrityError:
            raise KeyRefusedError(f"there is or was a key called {name}; take another name") from None
        return key

    def revoke(self, name: str, actor: str = CLI) -> bool:
        """Let a key open nothing any more; False when it was revoked before. Raises `KeyRefusedError`, `NoKeyError`."""
        if name == ENVIRONMENT:
            raise KeyRefusedError("this key is WA_BOT_API_KEY: take it out of the environment, restart 'wa serve'")
        now = self._clock()
        good = (api_keys.c.name == name) & api_keys.c.revoked_at.is_(None)
        with self._store.writing() as connection:
            if connection.execute(update(api_keys).where(good).values(revoked_at=now)).rowcount:
                audit(connection, now, actor, "key.revoke", f"key:{name}")
                return True
            known = connection.execute(select(api_keys.c.name)).scalars().all()
        if name not in known:
            raise NoKeyError(f"no key is called {name}{suggest(name, known)}; 'wa key list' has them")
        return False

    def all(self) -> list[ApiKey]:
        """Every key by its name, also those that are good no more; the environment's own first."""
        with self._store.reading() as connection:
            rows = connection.execute(select(*_COLUMNS).order_by(api_keys.c.created_at, api_keys.c.name)).all()
        return [*([_environment_key()] if self._own else []), *map(_key, rows)]

    def find(self, presented: str) -> ApiKey | None:
        """The key that somebody presents, if it is good now; its use is noted.

        What is wrong with one that is not, nobody can tell, nor from the time that it takes.
        """
        now = self._clock()
        digest = _digest(presented)
        own = self._own is not None and hmac.compare_digest(self._own, digest)
        match = _KEY.fullmatch(presented)
        with self._store.reading() as connection:
            found = connection.execute(_kept(match[1] if match else _NOBODY)).first()
        same = hmac.compare_digest(found.hash if found else _digest(""), digest)
        if own:
            return _environment_key()
        key = _key(found) if found is not None and same else None
        if key is None or not key.is_good(now):
            return None
        if key.last_used_at is None or now - key.last_used_at >= _NOTED_EVERY:
            self._note(key.name, now)
        return key

    def _note(self, name: str, now: datetime) -> None:
        last = api_keys.c.last_used_at
        stale = (api_keys.c.name == name) & or_(last.is_(None), last <= now - _NOTED_EVERY)
        with self._store.single() as connection:
            connection.execute(update(api_keys).where(stale).values(last_used_at=now))


def _kept(prefix: str) -> Any:
    return select(*_COLUMNS, api_keys.c.hash).where(api_keys.c.prefix == prefix)


def _environment_key() -> ApiKey:
    return ApiKey(ENVIRONMENT, frozenset(Scope))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    values = {name: getattr(row, name) for name in ApiKey.__slots__}
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return ApiKey(**{**values, "scopes": scopes, "accounts": frozenset(row.accounts) if row.accounts else None})
