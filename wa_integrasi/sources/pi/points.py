"""Which WebId a tag has: asked once, remembered for a while, asked anew when it leads nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.pi.access import PiMemory
from wa_integrasi.sources.pi.config import PiConfig
from wa_integrasi.sources.pi.values import PiProblem, Point, problem_of_status
from wa_integrasi.sources.pi.wire import Answer, PiHttp

_WEB_ID = re.compile(r"[A-Za-z0-9_-]{1,1024}")
_FIELDS = "WebId;Name;PointType;EngineeringUnits;WebException"
_LONGEST_TAG = 1_023


@dataclass(frozen=True, slots=True)
class Found:
    """The points behind tags, the tags that have none, and which points were remembered, not asked."""

    points: tuple[Point, ...]
    problems: tuple[PiProblem, ...]
    remembered: frozenset[str]


class Points:
    """The points of one server."""

    def __init__(self, config: PiConfig, http: PiHttp, memory: PiMemory, clock: Callable[[], float]) -> None:
        self._config = config
        self._http = http
        self._memory = memory
        self._clock = clock

    async def find(self, tags: Sequence[str], ends: float) -> Found:
        """The points of the tags, in their order. Raises `PiError`."""
        now, known = self._clock(), self._memory.points
        remembered = {tag: known[tag][0] for tag in tags if tag in known and now < known[tag][1]}
        unknown = [tag for tag in tags if tag not in remembered]
        problems: list[PiProblem] = []
        found = dict(remembered)
        if unknown:
            params = {tag: [("path", self._path(tag)), ("selectedFields", _FIELDS)] for tag in unknown}
            asked = {str(number): self._http.resource("/points", params[tag]) for number, tag in enumerate(unknown)}
            answers = await self._http.batch(asked, ends)
            for number, tag in enumerate(unknown):
                point = _point(tag, answers[str(number)])
                if isinstance(point, PiProblem):
                    problems.append(point)
                    known.pop(tag, None)
                else:
                    found[tag] = point
                    known[tag] = point, self._clock() + self._config.fresh_s
        points = tuple(found[tag] for tag in tags if tag in found)
        return Found(points, tuple(problems), frozenset(remembered))

    def forget(self, tags: Iterable[str]) -> None:
        """Ask for these anew."""
        for tag in tags:
            self._memory.points.pop(tag, None)

    def _path(self, tag: str) -> str:
        return tag if tag.startswith("\\\\") else f"\\\\{self._config.data_server}\\{tag}"


def named(tags: Sequence[str], most: int) -> tuple[str, ...]:
    """The tags to read, each once. Raises `SourceError` for what can be no name of one, and for too many."""
    unique = tuple(dict.fromkeys(tag.strip() for tag in tags))
    if not unique:
        raise SourceError("no tag is asked for", transient=False)
    if len(unique) > most:
        raise SourceError(f"{len(unique)} tags are asked for, at most {most} may be", transient=False)
    wrong = [number for number, tag in enumerate(unique, 1) if not _is_name(tag)]
    if wrong:
        raise SourceError(f"tag {wrong[0]} of the list is empty, too long or has a control sign", transient=False)
    return unique


def _is_name(tag: str) -> bool:
    return 0 < len(tag) <= _LONGEST_TAG and tag.isprintable()


def _point(tag: str, answer: Answer) -> Point | PiProblem:
    status, content = answer
    if status == 0:
        return PiProblem(tag, "absent", "the server has said nothing about it")
    if status != 200:
        return problem_of_status(tag, status)
    web_id = content.get("WebId") if isinstance(content, dict) else None
    if not isinstance(web_id, str) or not _WEB_ID.fullmatch(web_id):
        return PiProblem(tag, "unreadable", "what the server says of it is no point")
    kind, unit = content.get("PointType"), content.get("EngineeringUnits")
    return Point(tag, web_id, kind if isinstance(kind, str) else "", unit if isinstance(unit, str) else "")
