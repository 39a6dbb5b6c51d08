"""The triggers of these tests, and readings in a short form that fits into a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands.grammar import (
    Ambiguous,
    Builtin,
    Missing,
    NotForUs,
    Phrasebook,
    Reading,
    Run,
    Unknown,
    dump,
    read,
)

ZONE = "Asia/Jakarta"
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
"""Friday, 20 November 2026, 10.00 WIB."""

_UNIT = {"name": "unit", "kind": "choice", "choices": ["Crusher", {"value": "GL1", "words": ["giling 1", "mill 1"]}]}
_DAYS = {"name": "hari", "kind": "date", "range": True, "max_days": 31}


def _sql(*phrases: str, arguments: list[dict[str, Any]] | None = None, **others: Any) -> dict[str, Any]:
    binding = {"kind": "sql", "source": "pabrik", "query": "SELECT 1", "template": "jawab", "roles": ["operator"]}
    return {**binding, "title": phrases[0].title(), "phrases": phrases, "arguments": arguments or [], **others}


TRIGGERS: Mapping[str, Trigger] = TypeAdapter(dict[str, Trigger]).validate_python(
    {
        "semua-suhu": _sql("suhu"),
        "suhu": _sql(
            "suhu boiler",
            "boiler temperature",
            arguments=[{"name": "boiler", "kind": "int", "minimum": 1, "maximum": 4, "title": "Nomor boiler"}],
        ),
        "produksi": _sql(
            "produksi",
            "production",
            arguments=[{**_UNIT, "required": False}, {**_DAYS, "default": "hari ini"}],
        ),
        "henti": _sql("waktu henti", "downtime", arguments=[_UNIT, {"name": "hari", "kind": "date"}]),
        "harian": _sql(
            "rekap harian", "daily recap", arguments=[{"name": "hari", "kind": "date", "default": "kemarin"}]
        ),
        "mingguan": _sql("rekap mingguan", "weekly recap"),
        "setel": _sql(
            "setel",
            "set",
            arguments=[
                {"name": "tag", "kind": "tag", "pattern": "[A-Z]{2}-[0-9]{4}"},
                {"name": "nilai", "kind": "number", "minimum": -50, "maximum": 2000},
            ],
            confirm=True,
        ),
        "catat": _sql(
            "catat gangguan",
            arguments=[_UNIT, {"name": "catatan", "kind": "text", "max_length": 80}],
        ),
        "tanya": {
            "kind": "ai",
            "title": "Tanya",
            "phrases": ["tanya", "ask"],
            "arguments": [{"name": "pertanyaan", "kind": "text"}],
            "source": "ai",
            "prompt": "Jawab.",
        },
        "rencana": _sql("rencana", "plan", arguments=[{"name": "hari", "kind": "date", "future": True}]),
        "status-boiler": _sql("status boiler"),
        "mati": _sql("mesin mati", enabled=False),
    }
)
BOOK = Phrasebook.of(TRIGGERS, zone=ZONE)


def typed(text: str, **options: Any) -> Reading:
    """A text as the bot reads it on that Friday."""
    return read(text, BOOK, now=NOW, **options)


def brief(reading: Reading) -> str:
    """A reading on one line."""
    match reading:
        case NotForUs():
            return "not for us"
        case Builtin(name, rest):
            return f":{name} {rest}".rstrip()
        case Run(trigger, arguments):
            return " ".join([trigger, *(f"{name}={value}" for name, value in dump(arguments).items())])
        case Missing():
            why = f" '{reading.given}' {reading.problem.wrong}" if reading.problem else ""
            return f"{reading.trigger}.{reading.argument or ''}?{why}"
        case Ambiguous(candidates):
            return "which? " + " | ".join(candidate.text for candidate in candidates)
        case Unknown(suggestions):
            return " | ".join(["unknown", *(candidate.text for candidate in suggestions)])
