"""What every data source promises: rows for a query, within its limits, and never a change to what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pandas import DataFrame


class SourceError(Exception):
    """The source could not answer. Its message is fit for logs: no URL, no password, no rows."""

    def __init__(self, text: str, *, transient: bool, outage: bool | None = None, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.transient = transient
        """Whether trying again may help: the source is away or slow, and the query is not at fault."""
        self.outage = transient if outage is None else outage
        """Whether it says that the source is in trouble, rather than that this query was too much."""
        self.wait_s = wait_s
        """How long the source asks to be left alone."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave: column names, values in their order, and whether the row cap cut it."""

    columns: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    truncated: bool = False

    def as_dicts(self) -> list[dict[str, Any]]:
        """Each row by column name, as chat templates read it."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.values]

    def capped(self, most: int) -> Rows:
        """The first `most` rows, marked as truncated where there were more."""
        if len(self.values) <= most:
            return self
        return Rows(self.columns, self.values[:most], truncated=True)

    def frame(self) -> DataFrame:
        """A DataFrame whose types do not hang on NULLs; exact numbers and dates stay Python's."""
        from wa_integrasi.sources.frame import framed

        return framed(self)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a source said when it was tried."""

    kind: str
    version: str
    zone: str
    latency_ms: float
    """From the first byte of the connection to the first answer."""
    writes: tuple[str, ...] | None = ()
    """Each privilege by which the account could change something; none is as it should be. None: it cannot be known."""
    doubts: tuple[str, ...] = ()
    """What of its data may be read otherwise than it is meant."""


class Source(Protocol):
    """A place that reports read from."""

    def query(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Run one read-only statement with bound `parameters`. Raises `SourceError`."""
        ...


class QuerySource(Source, Protocol):
    """A source that a block names; all that share the object share its limits and its patience."""

    def within(self, timeout_s: float, max_rows: int) -> QuerySource:
        """The same source for queries that may take less time and give fewer rows."""
        ...

    def check(self) -> SourceReport:
        """Ask it for a little and say what it is. Raises `SourceError`."""
        ...
