"""The demo plant: its data looks real and never changes, and every report of its catalog runs on it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployments.demo.plant import ZONE, build_plant
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog, read_catalog_files
from wa_integrasi.catalog.triggers import SqlTrigger
from wa_integrasi.catalog.writing import write_catalog
from wa_integrasi.commands.grammar import Phrasebook, Run, binds, read
from wa_integrasi.commands.permission import Allowed, may_run
from wa_integrasi.commands.showing import for_template
from wa_integrasi.sources.sql import SqlDatabase
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.template import compile_template

ROOT = Path(__file__).parents[3]
UNTIL = date(2026, 11, 20)
UNITS = ["Crusher", "Giling 1", "Giling 2", "Tungku", "Kemas 1", "Kemas 2"]
VERDICTS = {"✅": "tercapai", "⚠️": "hampir", "❌": "kurang"}
PERIODS = {
    "rekap-harian": (date(2026, 11, 19), date(2026, 11, 20)),
    "rekap-mingguan": (date(2026, 11, 9), date(2026, 11, 16)),
    "rekap-bulanan": (date(2026, 10, 1), date(2026, 11, 1)),
}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "plant.db"
    started = time.perf_counter()
    assert build_plant(path, UNTIL)
    assert time.perf_counter() - started < 3
    return path


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog_files([ROOT / "deployments" / "demo" / "catalog.yaml"])


def select(path: Path, query: str, start: date, end: date) -> list[dict[str, Any]]:
    def midnight(day: date) -> str:
        return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC).isoformat()

    binds = {"slot_start": midnight(start), "slot_end": midnight(end), "slot_date": start.isoformat()}
    return SqlDatabase(f"sqlite:///{path}", max_rows=50_000).query(query, binds).as_dicts()


HOURS = "SELECT * FROM production_hourly WHERE ts >= :slot_start AND ts < :slot_end ORDER BY ts, unit"
STOPS = "SELECT * FROM downtime WHERE start >= :slot_start AND start < :slot_end ORDER BY start, unit"


def test_the_demo_has_a_report_of_each_cadence(catalog: Catalog) -> None:
    assert {name: report.cadence for name, report in catalog.reports.items()} == {
        "rekap-harian": "daily",
        "rekap-mingguan": "weekly",
        "rekap-bulanan": "monthly",
        "rekap-tugas": "task_delivery",
    }
    assert catalog.reports["rekap-harian"].recipients == ("produksi",)
    assert len(catalog.groups["produksi"].members) == 3


@pytest.mark.parametrize(
    "text",
    [
        "produksi 19/11",
        "production mill 1 last week",
        "produksi minggu lalu giling 1",
        "produksi per jam kiln 18 nov 2026",
        "downtime 1-19 nov 2026",
        "waktu henti 1-19 nov 2026 60",
    ],
)
def test_what_operators_ask_is_answered(plant: Path, catalog: Catalog, text: str) -> None:
    now = datetime(2026, 11, 20, 10, tzinfo=ZONE)
    reading = read(text, Phrasebook.of(catalog.triggers, zone=ZONE.key), now=now)
    assert isinstance(reading, Run)
    trigger = catalog.triggers[reading.trigger]
    assert isinstance(trigger, SqlTrigger)
    source = SqlDatabase(f"sqlite:///{plant}", max_rows=trigger.max_rows)
    rows = source.query(trigger.query, binds(reading.arguments, ZONE.key, now)).as_dicts()
    assert rows
    locale = Locale("id_ID", ZONE.key)
    context = {
        "rows": rows,
        "trigger": {"name": reading.trigger, "title": trigger.title},
        "arguments": for_template(reading.arguments, locale),
        "now": now,
        "recipient": {"name": "Dewi Lestari", "salutation": "Ibu", "language": "id"},
        "source": trigger.source,
    }
    answer = compile_template(catalog.chat_templates[trigger.template].body).render(context, locale)
    assert answer.startswith(f"*{trigger.title}*, ")
    assert answer.endswith("_pabrik-contoh, Jumat, 20 November 2026 10.00 WIB_")
    assert "\n\n\n" not in answer
    assert all(str(row[column]) in answer for row in rows for column in ("unit", "jam", "reason") if column in row)


def test_who_works_there_may_ask(catalog: Catalog) -> None:
    may = {
        name: {each for each, trigger in catalog.triggers.items() if may_run(trigger, contact.roles, None) == Allowed()}
        for name, contact in catalog.contacts.items()
    }
    assert may["budi-santoso"] == may["dewi-lestari"] == may["agus-pratama"] == set(catalog.triggers)
    assert may["rizky-hidayat"] == set()


def test_the_demo_can_be_exported(catalog: Catalog) -> None:
    assert read_catalog(write_catalog(catalog), "c.yaml") == catalog


@pytest.mark.parametrize("name", PERIODS)
def test_a_query_gives_one_row_for_each_unit(plant: Path, catalog: Catalog, name: str) -> None:
    start, end = PERIODS[name]
    days = (end - start).days
    rows = select(plant, catalog.reports[name].query, start, end)
    assert [row["unit"] for row in rows] == UNITS
    for row in rows:
        assert isinstance(row["actual"], int)
        assert 0.7 * row["target"] < row["actual"] < 1.15 * row["target"]
        assert row["pct"] == 100 * row["actual"] // row["target"] or abs(row["actual"] / row["target"] % 0.01) < 1e-3
        assert 0 <= row["downtime"] < 8 * 60 * days
    assert sum(row["target"] for row in rows) == 285 * 24 * days
    if days > 1:
        previous, actual = sum(row["previous"] for row in rows), sum(row["actual"] for row in rows)
        assert 0.85 < previous / actual < 1.15


@pytest.mark.parametrize("name", PERIODS)
def test_a_message_reads_well_on_a_phone(plant: Path, catalog: Catalog, name: str) -> None:
    start, end = PERIODS[name]
    report = catalog.reports[name]
    context = {
        "rows": select(plant, report.query, start, end),
        "report": {"title": report.title},
        "slot": {"name": "s", "label": "19 November 2026", "end": datetime(2026, 11, 20, tzinfo=ZONE)},
        "now": datetime(2026, 11, 20, 7, tzinfo=ZONE),
        "recipient": {"name": "Dewi Lestari", "salutation": "Ibu", "language": "id"},
    }
    text = compile_template(catalog.chat_templates[report.template].body).render(context, Locale("id_ID", ZONE.key))
    assert text.startswith("Selamat pagi, Ibu Dewi Lestari.\n\nProduksi ")
    assert "\n\n\n" not in text
    assert len(text) < 1500
    _, table, rest = text.split("```")
    assert all(len(line) <= 34 for line in table.splitlines())
    assert all(any(f"{mark} {unit}: {word}\n" in rest for mark, word in VERDICTS.items()) for unit in UNITS)
    assert "*Total:* " in rest
    assert "*Waktu henti:* " in rest
    assert text.endswith(" 20 November 2026 00.00 WIB. Terima kasih._")
    context["recipient"] = {"name": "grup", "salutation": "", "language": "id"}
    text = compile_template(catalog.chat_templates[report.template].body).render(context, Locale("id_ID", ZONE.key))
    assert text.startswith("Selamat pagi, grup.")


@pytest.mark.parametrize("name", PERIODS)
def test_a_period_without_data_gives_no_rows(plant: Path, catalog: Catalog, name: str) -> None:
    assert select(plant, catalog.reports[name].query, date(2030, 1, 1), date(2030, 1, 2)) == []


def test_the_reason_of_the_day_is_that_of_the_longest_stop(plant: Path, catalog: Catalog) -> None:
    start, end = PERIODS["rekap-harian"]
    row = next(
        row for row in select(plant, catalog.reports["rekap-harian"].query, start, end) if row["unit"] == "Tungku"
    )
    stops = [stop for stop in select(plant, STOPS, start, end) if stop["unit"] == "Tungku"]
    longest = max(stops, key=lambda stop: stop["minutes"])
    assert (row["longest"], row["reason"]) == (longest["minutes"], longest["reason"])
    assert row["reason"] == "Perawatan mingguan"  # a Thursday


def test_a_day_is_the_same_whatever_range_it_is_built_in(plant: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    build_plant(other, UNTIL + timedelta(days=30), days=60)
    start, end = UNTIL - timedelta(days=20), UNTIL + timedelta(days=1)
    for query in (HOURS, STOPS):
        assert select(plant, query, start, end) == select(other, query, start, end) != []


def test_another_seed_is_another_plant(plant: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    build_plant(other, UNTIL, days=2, seed=8)
    assert select(plant, HOURS, UNTIL, UNTIL + timedelta(days=1)) != select(
        other, HOURS, UNTIL, UNTIL + timedelta(days=1)
    )


def test_the_days_go_from_first_to_last_in_jakarta(plant: Path) -> None:
    with closing(sqlite3.connect(plant)) as database:
        first, last, hours = database.execute("SELECT min(ts), max(ts), count(*) FROM production_hourly").fetchone()
    assert last == "2026-11-20T16:00:00+00:00"
    assert datetime.fromisoformat(last) - datetime.fromisoformat(first) == timedelta(days=400, hours=-1)
    assert hours == 400 * 24 * len(UNITS)


def test_nights_are_lower_and_one_day_of_the_month_is_bad(plant: Path) -> None:
    hours = select(plant, HOURS, date(2026, 10, 1), date(2026, 11, 1))
    by_day: dict[str, float] = {}
    shares: dict[bool, list[float]] = {True: [], False: []}
    for row in hours:
        local = datetime.fromisoformat(row["ts"]).astimezone(ZONE)
        by_day[f"{local:%d}"] = by_day.get(f"{local:%d}", 0) + row["ton"]
        if row["ton"] > 0.85 * row["target"]:
            shares[local.hour < 6].append(row["ton"] / row["target"])
    worst, second = sorted(by_day.values())[:2]
    assert worst < 0.85 * second
    assert sum(shares[True]) / len(shares[True]) < sum(shares[False]) / len(shares[False]) - 0.03


def test_stops_end_on_their_day_and_leave_their_hours_without_production(plant: Path) -> None:
    start, end = UNTIL - timedelta(days=60), UNTIL
    tons = {(row["unit"], row["ts"]): row["ton"] for row in select(plant, HOURS, start, end)}
    for stop in select(plant, STOPS, start, end):
        begin = datetime.fromisoformat(stop["start"])
        over = begin + timedelta(minutes=stop["minutes"])
        assert over.astimezone(ZONE).date() == begin.astimezone(ZONE).date()
        hour = begin.replace(minute=0) + timedelta(hours=1 if begin.minute else 0)
        if hour + timedelta(hours=1) <= over:
            assert tons[stop["unit"], hour.isoformat()] == 0


def test_it_is_built_again_only_when_needed(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "plant.db"
    assert build_plant(path, UNTIL, days=5)
    assert not build_plant(path, UNTIL, days=5)
    assert not build_plant(path, UNTIL - timedelta(days=1), days=3)
    assert build_plant(path, UNTIL + timedelta(days=1), days=5)
    assert build_plant(path, UNTIL + timedelta(days=1), days=6)
    assert build_plant(path, UNTIL, days=5, seed=8)
    assert [file.name for file in path.parent.iterdir()] == ["plant.db"]


def test_a_file_that_is_no_plant_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "plant.db"
    path.write_bytes(b"not a database" * 100)
    assert build_plant(path, UNTIL, days=2)
    assert not build_plant(path, UNTIL, days=2)
