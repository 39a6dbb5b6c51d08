"""Routing a text among 1,000 triggers: the phrasebook beside a linear scan of all phrases."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from benchmarks.figures import Figures, medians, options, show
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands.grammar import Phrasebook, Run, read
from wa_integrasi.typed.words import words_of

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
PLACES = ("boiler", "turbin", "tungku", "kiln", "pompa", "kompresor", "genset", "crusher", "conveyor", "silo")
VALUES = ("suhu", "tekanan", "getaran", "arus", "tegangan", "level", "debit", "putaran", "beban", "status")
TEXTS = {
    "a command": "suhu boiler 7 nomor 12 kemarin",
    "a polite command": "tolong cek suhu boiler 7 nomor 12 kemarin dong pak",
    "a typo": "shu boiler 7 nomor 12",
    "talk": "selamat pagi pak, besok jadi rapat dengan vendor jam sepuluh di ruang atas?",
    "polite talk": "tolong besok suhu di ruang atas dicek lagi ya pak",
    "4,096 characters": "pompa bocor di lantai dua " * 157 + "sekali lagi pompa",
}


def triggers(count: int) -> Mapping[str, Trigger]:
    """Triggers of several phrases, whose first words they share."""
    made = {}
    for number in range(count):
        value, place = VALUES[number % 10], PLACES[number // 10 % 10]
        made[f"t{number}"] = {
            "kind": "sql",
            "title": f"{value} {place}",
            "phrases": [f"{value} {place} {number // 100} nomor", f"{place} {number // 100} {value}"],
            "arguments": [
                {"name": "nomor", "kind": "int", "minimum": 1, "maximum": 99},
                {"name": "hari", "kind": "date", "range": True, "default": "hari ini"},
            ],
            "source": "pabrik",
            "query": "SELECT :nomor, :hari_start, :hari_end",
            "template": "jawab",
            "roles": ["operator"],
        }
    document = {"version": 1, "chat_templates": {"jawab": {"body": "{{ rows | length }}"}}, "triggers": made}
    return Catalog.model_validate(document).triggers


def scan(text: str, phrases: Mapping[tuple[str, ...], str]) -> str | None:
    """The trigger with the longest phrase that a text begins with: what a first version would do."""
    words = words_of(text)
    found = [(len(phrase), name) for phrase, name in phrases.items() if words[: len(phrase)] == phrase]
    return max(found)[1] if found else None


def timed(work: Callable[[], object], times: int) -> Figures:
    """The CPU time of one call, in microseconds: what else the machine does is not in it."""
    started = time.process_time()
    for _ in range(times):
        work()
    return {"us of CPU": (time.process_time() - started) / times * 1e6}


def main() -> None:
    chosen = options(__doc__, triggers=1_000, times=200, rounds=5)
    catalog = triggers(chosen.triggers)
    started = time.process_time()
    book = Phrasebook.of(catalog, zone="Asia/Jakarta")
    print(f"the book of {chosen.triggers:,} triggers takes {(time.process_time() - started) * 1e3:,.0f} ms, once\n")
    phrases = {words_of(phrase): name for name, trigger in catalog.items() for phrase in trigger.phrases}
    assert isinstance(read(TEXTS["a command"], book, now=NOW), Run)
    for name, text in TEXTS.items():
        contenders: dict[str, Callable[[], Figures]] = {
            "phrasebook, all of it read": lambda text=text: timed(lambda: read(text, book, now=NOW), chosen.times),
            "linear scan, phrase only": lambda text=text: timed(lambda: scan(text, phrases), chosen.times),
        }
        show(name, medians(contenders, chosen.rounds))
        print()


if __name__ == "__main__":
    main()
