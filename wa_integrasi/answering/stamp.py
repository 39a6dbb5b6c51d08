"""What stands below an answer: the source, the time of its data, and how far the data can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wa_integrasi.answering.fetching import Found
from wa_integrasi.catalog.triggers import PiTrigger, Trigger
from wa_integrasi.commands import words
from wa_integrasi.reporting import LOCALES
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.markup import escape

_NAMED = 5
"""So many tags are named; more are counted."""

_MINUTE = timedelta(minutes=1)

_SAID: Mapping[str, words.Said] = {
    "good": {"id": "kualitas baik", "en": "quality good"},
    "bad": {"id": "{} tag buruk", "en": "{} {tags} bad"},
    "partly": {"id": "{} tag sebagian buruk", "en": "{} {tags} partly bad"},
    "questionable": {"id": "{} tag diragukan", "en": "{} {tags} questionable"},
    "substituted": {"id": "{} tag bernilai pengganti", "en": "{} {tags} substituted"},
    "stale": {"id": "{} tag berdata lama (lebih dari {age})", "en": "{} {tags} stale (older than {age})"},
}
_AGES: Mapping[str, tuple[tuple[int, str, str], ...]] = {
    "id": ((86_400, "hari", "hari"), (3_600, "jam", "jam"), (60, "menit", "menit"), (1, "detik", "detik")),
    "en": ((86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes"), (1, "second", "seconds")),
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """How a stamp reads."""

    source: str
    times: str
    quality: str
    """Empty where nothing is known of it."""
    doubts: str
    """What is wrong with the data; empty where nothing is known to be."""

    def below(self, text: str, said: frozenset[str]) -> str:
        """`text` with what its template has not `said` itself: `now` and `source`, and `quality`."""
        lines = [text]
        if not {"now", "source"} <= said:
            quality = "" if "quality" in said else self.quality
            lines.append(f"_{', '.join(filter(None, [self.source, self.times, quality]))}_")
        if self.doubts and "quality" not in said:
            lines.append(f"⚠️ _{self.doubts}_")
        return "\n".join(lines)


def stamp_of(trigger: Trigger, found: Found, language: str, zone: str) -> Stamp:
    """The stamp of what a source gave."""
    locale = Locale(LOCALES[language], zone)
    judged = _judged(trigger, found)
    times = [found.at]
    if isinstance(trigger, PiTrigger) and trigger.read == "value":
        times = _times(found) or times
    doubts = "; ".join(_doubt(kind, tags, trigger, language) for kind, tags in judged.items() if tags)
    known = "quality" in found.rows.columns and bool(found.rows.values)
    good = _SAID["good"][language] if known and not doubts else ""
    return Stamp(str(escape(found.source)), _span(times, locale), good, doubts)


def _judged(trigger: Trigger, found: Found) -> dict[str, list[str]]:
    """The tags that cannot be trusted wholly, by what is wrong with them; each with the worst only."""
    judged: dict[str, list[str]] = {kind: [] for kind in ("bad", "partly", "questionable", "substituted", "stale")}
    if not {"tag", "quality"} <= set(found.rows.columns):
        return judged
    by_tag: dict[str, list[Mapping[str, Any]]] = {}
    for row in found.rows.as_dicts():
        by_tag.setdefault(str(row["tag"]), []).append(row)
    for tag, rows in by_tag.items():
        if kind := _worst(rows, _oldest(trigger, found.at)):
            judged[kind].append(tag)
    return judged


def _worst(rows: Sequence[Mapping[str, Any]], oldest: datetime | None) -> str | None:
    kinds = {row["quality"] for row in rows}
    if "bad" in kinds:
        return "bad" if kinds == {"bad"} else "partly"
    times = [row.get("time") for row in rows]
    if oldest is not None and any(isinstance(at, datetime) and at < oldest for at in times):
        return "stale"
    return next((kind for kind in ("questionable", "substituted") if kind in kinds), None)


def _oldest(trigger: Trigger, at: datetime) -> datetime | None:
    """How old a value may be; None where that does not matter."""
    if not isinstance(trigger, PiTrigger) or trigger.max_age_s is None or trigger.read != "value":
        return None
    return at - timedelta(seconds=trigger.max_age_s)


def _times(found: Found) -> list[datetime]:
    """When the values were measured that are there."""
    rows = found.rows.as_dicts()
    return [row["time"] for row in rows if isinstance(row.get("time"), datetime) and row.get("quality") != "bad"]


def _span(times: Sequence[datetime], locale: Locale) -> str:
    first, last = min(times), max(times)
    if last - first < _MINUTE:
        return locale.datetime(last, "medium")
    return f"{locale.datetime(first, 'medium', zone=False)} – {locale.datetime(last, 'medium')}"


def _doubt(kind: str, tags: Sequence[str], trigger: Trigger, language: str) -> str:
    age = _age(trigger.max_age_s or 0, language) if isinstance(trigger, PiTrigger) else ""
    said = _SAID[kind][language].format(len(tags), tags="tag" if len(tags) == 1 else "tags", age=age)
    named = ", ".join(words.short(tag) for tag in tags) if len(tags) <= _NAMED else ""
    return f"{said}: {named}" if named else said


def _age(seconds: int, language: str) -> str:
    for length, one, several in _AGES[language]:
        if seconds % length == 0 and seconds >= length:
            count = seconds // length
            return f"{count} {one if count == 1 else several}"
    return f"0 {_AGES[language][-1][2]}"
