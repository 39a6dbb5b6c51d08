"""What can be asked of tags, as paths and parameters of PI Web API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.pi.times import Moment, span

SUMMARIES = (
    "Average",
    "Minimum",
    "Maximum",
    "Total",
    "Range",
    "StdDev",
    "PopulationStdDev",
    "Count",
    "PercentGood",
)
"""The summaries that are known; `Count` is a whole number, every other one is not."""

Params = list[tuple[str, str]]
Write = Callable[[Moment], str]
"""Makes a moment into the text of a request."""


@dataclass(frozen=True, slots=True)
class ValueNow:
    """The value of each tag now, or as it was at a moment."""

    name: ClassVar[str] = "value"
    at: Moment | None = None

    def params(self, write: Write) -> Params:
        """What goes into the query. Raises `SourceError`, as all of these do."""
        return [] if self.at is None else [("time", write(self.at))]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Every value that was stored from `start` on and before `end`."""

    name: ClassVar[str] = "recorded"
    start: Moment
    end: Moment = "*"

    def params(self, write: Write) -> Params:
        """What goes into the query."""
        return _between(self.start, self.end, write)


@dataclass(frozen=True, slots=True)
class Interpolated:
    """Values at even steps from `start` to `end`, between the stored ones."""

    name: ClassVar[str] = "interpolated"
    start: Moment
    end: Moment = "*"
    every: str = "1h"

    def params(self, write: Write) -> Params:
        """What goes into the query."""
        return [*_between(self.start, self.end, write), ("interval", span(self.every))]


@dataclass(frozen=True, slots=True)
class Summary:
    """Averages and the like over `start` to `end`, weighted by time; `every` cuts that into parts.

    Ask `PercentGood` beside the others: an average over an hour of data in a day looks like any other.
    """

    name: ClassVar[str] = "summary"
    start: Moment
    end: Moment = "*"
    of: tuple[str, ...] = ("Average", "Minimum", "Maximum", "PercentGood")
    every: str = ""

    def params(self, write: Write) -> Params:
        """What goes into the query."""
        if not self.of or (unknown := sorted(set(self.of) - set(SUMMARIES))):
            told = ", ".join(unknown) if self.of else "none"
            raise SourceError(f"found the summary {told[:80]}, must be of: {', '.join(SUMMARIES)}", transient=False)
        cut = [("summaryDuration", span(self.every))] if self.every else []
        return [*_between(self.start, self.end, write), *(("summaryType", each) for each in self.of), *cut]


@dataclass(frozen=True, slots=True)
class Plot:
    """The values that a chart needs: of each of `intervals` parts the first, last, highest, lowest and a bad one."""

    name: ClassVar[str] = "plot"
    start: Moment
    end: Moment = "*"
    intervals: int = 24

    def params(self, write: Write) -> Params:
        """What goes into the query."""
        if not 1 <= self.intervals <= 10_000:
            raise SourceError("intervals must be 1 to 10000", transient=False)
        return [*_between(self.start, self.end, write), ("intervals", str(self.intervals))]


Ask = ValueNow | Recorded | Interpolated | Summary | Plot


def _between(start: Moment, end: Moment, write: Write) -> Params:
    return [("startTime", write(start)), ("endTime", write(end))]
