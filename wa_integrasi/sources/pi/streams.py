"""What PI Web API says of one stream, and where its next page begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wa_integrasi.sources.pi.asking import SUMMARIES, Ask, Interpolated, Recorded, Summary, ValueNow
from wa_integrasi.sources.pi.times import after, received
from wa_integrasi.sources.pi.values import PiProblem, PiValue, Point, problem_of_status, status_within, value_of
from wa_integrasi.sources.pi.wire import Answer


@dataclass(slots=True)
class Stream:
    """One tag while it is read."""

    point: Point
    values: list[PiValue] = field(default_factory=list)
    problems: list[PiProblem] = field(default_factory=list)
    next_from: str | None = None
    """Where the next page begins; None when all is read."""

    @property
    def gone(self) -> bool:
        """Whether its WebId leads nowhere."""
        return any(problem.code == "missing" for problem in self.problems)

    @property
    def unavailable(self) -> bool:
        """Whether it may work at another time."""
        return any(problem.code == "unavailable" for problem in self.problems)

    def take(self, answer: Answer, ask: Ask, count: int, ends_before: datetime | None) -> None:
        """Add a page. `count`: values that were asked for; `ends_before`: values from here on are not wanted."""
        tag, began, self.next_from = self.point.tag, self.next_from, None
        status, content = answer
        if status != 200:
            absent = PiProblem(tag, "absent", "the server has said nothing about it")
            self.problems.append(problem_of_status(tag, status) if status else absent)
            return
        items = _items(content, ask)
        if items is None:
            self.problems.append(PiProblem(tag, "unreadable", "what the server says of it are no values"))
            return
        page = [(value, item) for item in items if (value := _value(item, self.point, ask)) is not None]
        broken = len(items) - len(page) + sum(_is_broken(item) for _, item in page)
        if broken:
            self.problems.append(PiProblem(tag, "unreadable", f"{broken} of its values could not be read"))
        values = [value for value, _ in page]
        if isinstance(ask, Recorded):
            values = self._kept(page, len(items) >= count or _has_next(content), began)
        self.values += [v for v in values if ends_before is None or v.time is None or v.time < ends_before]

    def _kept(self, page: list[tuple[PiValue, Any]], full: bool, began: str | None) -> list[PiValue]:
        """The values of a page of recorded ones, without those of its last moment if more of them may follow."""
        values = [value for value, _ in page]
        times = [value.time for value in values if value.time is not None]
        if not times:
            return []
        since, first, last = received(began), times[0], times[-1]
        if since is not None and (first < since or (last <= since and first != last)):
            text = "the server does not go on with the next page: what comes after is left out"
            self.problems.append(PiProblem(self.point.tag, "stuck", text))
            return []
        if not full:
            return values
        written = str(page[-1][1]["Timestamp"])
        before = [value for value, item in page if item["Timestamp"] != written]
        if before:
            self.next_from = written
            return before
        text = "it has more values at one moment than fit into an answer: some are left out"
        self.problems.append(PiProblem(self.point.tag, "stuck", text))
        self.next_from = after(last)
        return values


def by_web_id(content: object, ask: Ask) -> Iterator[tuple[str, Answer]]:
    """The streams of a stream set, by WebId."""
    items = content.get("Items") if isinstance(content, Mapping) else None
    for item in items if isinstance(items, list) else []:
        web_id = item.get("WebId") if isinstance(item, Mapping) else None
        if isinstance(web_id, str):
            status = status_within(item)
            inner = item.get("Value") if isinstance(ask, ValueNow) else item
            yield web_id, (status or 200, inner)


def _items(content: object, ask: Ask) -> list[Any] | None:
    if isinstance(ask, ValueNow):
        return [content] if isinstance(content, Mapping) else None
    items = content.get("Items") if isinstance(content, Mapping) else None
    return items if isinstance(items, list) else None


def _value(item: object, point: Point, ask: Ask) -> PiValue | None:
    if not isinstance(ask, Summary):
        return value_of(item, point, whole=not isinstance(ask, Interpolated))
    kind = item.get("Type") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or kind not in SUMMARIES:
        return None
    return value_of(item.get("Value"), point, summary=kind)


def _is_broken(item: Mapping[str, Any]) -> bool:
    inner = item.get("Value") if "Type" in item else item
    return isinstance(inner, Mapping) and bool(inner.get("Errors") or inner.get("WebException"))


def _has_next(content: object) -> bool:
    links = content.get("Links") if isinstance(content, Mapping) else None
    return isinstance(links, Mapping) and bool(links.get("Next"))
