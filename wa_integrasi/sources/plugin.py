"""What a further kind of source is: one class in one file, named by one entry point.

    [project.entry-points."wa_integrasi.sources"]
    weather = "plant_weather:Weather"

The class is a pydantic model. Its fields become the form of a Prefect block, `check_query` is what `wa catalog check`
asks, `read` what reports and commands ask. Limits, types, trying again and pausing are done here for all of them.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from wa_integrasi.sources.base import Rows, SourceError, SourceReport
from wa_integrasi.sources.patience import Patience, Reconnect
from wa_integrasi.sources.sql.values import plain, settled, size

_T = TypeVar("_T")


class SourcePlugin(BaseModel, ABC):
    """One source of a further kind: what its block says, and how it is asked.

    Attributes:
        timeout_s: Seconds for one query, trying again included.
        max_rows: Most rows that a query may give.
        max_bytes: Most bytes that a query may give.
        zone: Time zone of moments that have none.
        reconnect: How often it is tried again when it cannot be reached, and for how long it is left alone then.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    title: ClassVar[str]
    """What the Prefect UI calls a block of it, such as `Weather source`."""
    about: ClassVar[str]
    """One sentence for the Prefect UI."""

    timeout_s: float = Field(default=30.0, gt=0, le=600, description="Seconds for one query, trying again included.")
    max_rows: int = Field(default=10_000, ge=1, le=1_000_000, description="Most rows that a query may give.")
    max_bytes: int = Field(default=16_000_000, ge=1_000, le=500_000_000, description="Most bytes a query may give.")
    zone: str = Field(default="Asia/Jakarta", description="Time zone of moments that have none, as Asia/Jakarta.")
    reconnect: Reconnect = Field(default_factory=Reconnect, description="What is done while it cannot be reached.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"found {zone!r}, must be a zone such as Asia/Jakarta") from None
        return zone

    @classmethod
    @abstractmethod
    def check_query(cls, query: str, binds: Collection[str]) -> Iterator[str]:
        """What is wrong with a query that may use `binds`, each as `found …, must be …`. Asks nothing of a source."""

    @abstractmethod
    def read(self, query: str, parameters: Mapping[str, Any], *, timeout_s: float, max_rows: int) -> Rows:
        """The rows of one query, read only; in a thread of its own.

        What it gives over the limits is cut off for it. Raises `SourceError`, whose text has no address, no secret and
        no data; `transient` where asking again may help.
        """

    @abstractmethod
    def look(self, *, timeout_s: float) -> str:
        """Ask for as little as shows that it can be read; says in a few words what is there. Raises `SourceError`.

        Each further line is a doubt: what of the data may be read otherwise than it is meant.
        """


@dataclass(frozen=True)
class PluginSource:
    """One source of a plug-in within its limits. Keep the object: its `patience` knows that the source is away."""

    kind: str
    plugin: SourcePlugin = field(repr=False, hash=False)
    timeout_s: float
    max_rows: int
    patience: Patience = field(repr=False, compare=False)

    @classmethod
    def of(cls, kind: str, plugin: SourcePlugin) -> PluginSource:
        """A source as its block says it."""
        return cls(kind, plugin, plugin.timeout_s, plugin.max_rows, Patience(plugin.reconnect))

    def within(self, timeout_s: float, max_rows: int) -> PluginSource:
        """The same source, with the same patience, for queries that may take less time and give fewer rows."""
        return replace(self, timeout_s=min(self.timeout_s, timeout_s), max_rows=min(self.max_rows, max_rows))

    def query(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Run one query with `parameters`. Raises `SourceError`."""
        rows = self._ask(
            lambda left_s: self.plugin.read(statement, parameters, timeout_s=left_s, max_rows=self.max_rows)
        )
        return kept_within(rows, self.max_rows, self.plugin.max_bytes, ZoneInfo(self.plugin.zone))

    def check(self) -> SourceReport:
        """Ask it for a little and say what it is. Raises `SourceError`."""
        started = time.perf_counter()
        said = self._ask(lambda left_s: self.plugin.look(timeout_s=left_s))
        version, *doubts = said.splitlines() or [""]
        latency_ms = 1000 * (time.perf_counter() - started)
        return SourceReport(self.kind, version, self.plugin.zone, latency_ms, None, tuple(doubts))

    def _ask(self, ask: Callable[[float], _T]) -> _T:
        ends = time.monotonic() + self.timeout_s

        def once() -> _T:
            try:
                return ask(max(0.001, ends - time.monotonic()))
            except SourceError:
                raise
            except Exception as error:  # a mistake of the plug-in; its text may hold data
                text = f"the source plug-in {self.kind} failed ({type(error).__name__})"
                raise SourceError(text, transient=False) from None

        return self.patience.ask(once, self.timeout_s)


def kept_within(rows: Rows, max_rows: int, max_bytes: int, zone: ZoneInfo) -> Rows:
    """Rows of the same types as those of databases, cut where they are too many or too large."""
    kept: list[tuple[Any, ...]] = []
    taken = 0
    for row in rows.values:
        values = tuple(plain(value, zone) for value in row)
        taken += sum(map(size, values))
        if len(kept) == max_rows or taken > max_bytes:
            return Rows(rows.columns, settled(kept), truncated=True)
        kept.append(values)
    return Rows(rows.columns, settled(kept), truncated=rows.truncated)
