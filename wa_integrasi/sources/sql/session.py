"""What every SQL dialect does in its own way: one session, which reads one query and is thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import URL

from wa_integrasi.sources.base import SourceError

LONGEST_VALUE = 4_000_000
"""Bytes, or characters of a text, of one value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a query may take and how much it may give."""

    timeout_s: float
    max_rows: int
    max_bytes: int
    zone: ZoneInfo
    """Of the session, and of what the database keeps without a zone."""
    functions: frozenset[str]
    """What a query may call."""

    @property
    def connect_s(self) -> float:
        """Seconds for connecting; the same host that does not answer is asked more than once."""
        return min(self.timeout_s, 10.0)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server says of itself."""

    version: str
    zone: str
    """Of the session."""


class Session(Protocol):
    """One connection, read-only, with its time limit set in the server too."""

    def run(self, text: str, values: Mapping[str, Any]) -> Sequence[str]:
        """Begin a SELECT; gives the names of its columns, and nothing where it gives no rows."""
        ...

    def fetch(self, most: int) -> Sequence[Sequence[Any]]:
        """The next rows, at most so many; no rows at the end."""
        ...

    def cancel(self) -> None:
        """From another thread: ask the server to stop. Does nothing where it does not listen."""
        ...

    def sever(self) -> None:
        """From another thread: cut the connection, so that who waits for the server waits no longer."""
        ...

    def close(self) -> None:
        """End it at once, whatever has not been read."""
        ...

    def facts(self) -> Facts:
        """Version and zone."""
        ...

    def writes(self) -> tuple[str, ...]:
        """Each privilege of the account by which it could change something; none is as it should be."""
        ...


class Dialect(Protocol):
    """One kind of database."""

    name: str
    percent: bool
    """Whether the driver's binds are `%(name)s`, rather than `:name`."""

    def connect(self, url: URL, limits: Limits) -> Session:
        """A new read-only session."""
        ...

    def failure(self, error: Exception) -> SourceError | None:
        """What an error says to people, without the URL, the statement and its data; None where it is not its own."""
        ...


def too_slow(dialect: str) -> SourceError:
    """A query that was stopped."""
    return SourceError(f"{dialect}: the query took longer than its time limit", transient=True, outage=False)


def unreachable(dialect: str, why: str = "") -> SourceError:
    """A server that is away, or does not let the account in."""
    detail = f" ({why})" if why else ""
    return SourceError(f"{dialect}: the server cannot be reached or refused the connection{detail}", transient=True)


def first_line(error: BaseException) -> str:
    """One line of an error, not too long."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
