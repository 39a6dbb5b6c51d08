"""The demo plant: its data looks real and never changes, its reports agree with each other and read well."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployments.demo.plant import AHEAD_DAYS, ZONE, build_plant
from deployments.demo.setup import CATALOG
from wa_integrasi.catalog.arguments import ChoiceArgument
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog, read_catalog_files
from wa_integrasi.catalog.writing import write_catalog
from wa_integrasi.commands.permission import Allowed, may_run
from wa_integrasi.reporting import ReportJob, addressees, compose, due_reports, read_data, report_text
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.sources.base import Rows
from wa_integrasi.sources.sql import SqlDatabase

UNTIL = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 7, tzinfo=ZONE)
UNITS = ["Crusher", "Giling 1", "Giling 2", "Tungku", "Giling 3", "Kemas 1", "Kemas 2"]
REPORTS = {
    "rekap-harian": "daily",
    "rekap-shift": "daily",
    "mutu-harian": "daily",
    "rekap-alarm": "daily",
    "rekap-pengiriman": "daily",
    "rekap-pembangkit": "daily",
    "rekap-mingguan": "weekly",
    "rekap-henti": "weekly",
    "rekap-bulanan": "monthly",
    "rekap-energi": "monthly",
    "rekap-tugas": "task_delivery",
}
SCHEDULED = [name for name, cadence in REPORTS.items() if cadence != "task_delivery"]
"""Those that read the plant; the recap of tasks reads a database of its own."""
DAYS = [date(2026, 10, 1) + timedelta(days=count) for count in range(31)]


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "plant.db"
    assert build_plant(path, UNTIL, days=100)
    return path


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog_files([CATALOG])


def job_of(catalog: Catalog, name: str, day: date) -> ReportJob:
    cadence = Cadence(catalog.reports[name].cadence)
    [job] = due_reports(catalog, Slot.containing(day, cadence, ZONE.key), [name])
    return job


def rows_of(plant: Path, catalog: Catalog, name: str, day: date, query: str = "") -> list[dict[str, Any]]:
    data = read_data(job_of(catalog, name, day), SqlDatabase(f"sqlite:///{plant}"))
    return (data.queries[query] if query else data.rows).as_dicts()


def select(path: Path, query: str, start: date, end: date) -> list[dict[str, Any]]:
    def midnight(day: date) -> str:
        return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC).isoformat()

    binds = {"slot_start": midnight(start), "slot_end": midnight(end), "slot_date": start.isoformat()}
    return SqlDatabase(f"sqlite:///{path}", max_rows=50_000).query(query, binds).as_dicts()


HOURS = "SELECT * FROM production_hourly WHERE ts >= :slot_start AND ts < :slot_end ORDER BY ts, unit"
STOPS = "SELECT * FROM downtime WHERE start >= :slot_start AND start < :slot_end ORDER BY start, unit"
OTHERS = (
    "SELECT * FROM energy_shift WHERE start >= :slot_start AND start < :slot_end ORDER BY start, area",
    "SELECT * FROM lab_results WHERE ts >= :slot_start AND ts < :slot_end ORDER BY ts, measure",
    "SELECT * FROM alarms WHERE start >= :slot_start AND start < :slot_end ORDER BY start, tag",
    "SELECT * FROM orders WHERE day >= :slot_date ORDER BY order_no LIMIT 100",
    "SELECT * FROM shipments WHERE departed >= :slot_start AND departed < :slot_end ORDER BY order_no, truck",
)


def test_the_demo_has_what_a_plant_has(catalog: Catalog) -> None:
    assert {name: report.cadence for name, report in catalog.reports.items()} == REPORTS
    assert {report.when_empty for report in catalog.reports.values()} == {"nihil", "skip", "alert"}
    assert {report.attach for report in catalog.reports.values()} == {None, "xlsx", "pdf"}
    assert {report.chart.kind for report in catalog.reports.values() if report.chart} == {"line", "bar"}
    assert catalog.reports["rekap-harian"].recipients == ("produksi",)
    assert len(catalog.groups["produksi"].members) == 3
    assert len(catalog.triggers) == 15
    assert {trigger.kind for trigger in catalog.triggers.values()} == {"sql", "pi", "report", "group"}
    assert [name for name, trigger in catalog.triggers.items() if trigger.confirm] == ["penjualan"]
    assert [name for name, trigger in catalog.triggers.items() if trigger.approval] == ["pelanggan"]
    kinds = {argument.kind for trigger in catalog.triggers.values() for argument in trigger.arguments}
    assert kinds == {"choice", "date", "int", "tag"}


def test_every_trigger_says_what_it_answers_in_both_languages(catalog: Catalog) -> None:
    for name, trigger in catalog.triggers.items():
        assert trigger.section, name
        assert 10 <= len(trigger.description) <= 60, name
        assert len(trigger.phrases) >= 2, name


def test_who_works_there_may_ask_for_what_is_theirs(catalog: Catalog) -> None:
    may = {
        name: {each for each, trigger in catalog.triggers.items() if may_run(trigger, contact.roles, None) == Allowed()}
        for name, contact in catalog.contacts.items()
    }
    assert may["budi-santoso"] == may["dewi-lestari"] == set(catalog.triggers)
    assert may["agus-pratama"] == set(catalog.triggers) - {"penjualan", "pelanggan", "ringkasan"}
    assert may["nina-anggraini"] == {"mutu"}
    assert may["hendra-wijaya"] == {"pengiriman", "pesanan", "penjualan", "pelanggan"}
    assert may["rizky-hidayat"] == set()
    assert all(trigger.roles for trigger in catalog.triggers.values())


def test_the_demo_can_be_exported(catalog: Catalog) -> None:
    assert read_catalog(write_catalog(catalog), "c.yaml") == catalog


@pytest.mark.parametrize("name", ["rekap-harian", "rekap-mingguan"])
def test_a_query_gives_one_row_for_each_unit(plant: Path, catalog: Catalog, name: str) -> None:
    rows = rows_of(plant, catalog, name, date(2026, 11, 14))
    assert [row["unit"] for row in rows] == UNITS
    for row in rows:
        assert isinstance(row["actual"], int)
        assert 0.7 * row["target"] < row["actual"] < 1.15 * row["target"]
        assert row["pct"] == 100 * row["actual"] // row["target"]
        assert 0.85 < row["previous"] / row["actual"] < 1.15


def test_a_month_is_the_sum_of_its_days(plant: Path, catalog: Catalog) -> None:
    daily = [row for day in DAYS for row in rows_of(plant, catalog, "rekap-harian", day)]
    by_unit = {unit: sum(row["actual"] for row in daily if row["unit"] == unit) for unit in UNITS}
    month = rows_of(plant, catalog, "rekap-bulanan", DAYS[0], "unit")
    assert {row["unit"]: row["actual"] for row in month} == by_unit
    in_file = rows_of(plant, catalog, "rekap-bulanan", DAYS[0])
    assert [row["hari"] for row in in_file] == [day.isoformat() for day in DAYS]
    assert sum(row["semen"] for row in in_file) == by_unit["Kemas 1"] + by_unit["Kemas 2"]
    assert sum(row["klinker"] for row in in_file) == by_unit["Tungku"]


def test_a_week_is_the_sum_of_its_days_and_a_day_of_its_shifts(plant: Path, catalog: Catalog) -> None:
    monday = date(2026, 11, 9)
    week = rows_of(plant, catalog, "rekap-mingguan", monday)
    daily = [rows_of(plant, catalog, "rekap-harian", monday + timedelta(days=count)) for count in range(7)]
    for field in ("actual", "target", "downtime"):
        assert sum(row[field] for row in week) == sum(row[field] for rows in daily for row in rows)
    shifts = rows_of(plant, catalog, "rekap-shift", monday)
    assert [row["shift"] for row in shifts] == [3, 1, 2]
    assert sum(row["semen"] for row in shifts) == sum(row["actual"] for row in daily[0] if "Kemas" in row["unit"])
    assert sum(row["henti"] for row in shifts) == sum(row["downtime"] for row in daily[0])
    stops = rows_of(plant, catalog, "rekap-henti", monday)
    assert sum(row["menit"] for row in stops) == sum(row["downtime"] for row in week)


def test_no_more_is_delivered_than_was_packed_and_ordered(plant: Path, catalog: Catalog) -> None:
    days = [rows_of(plant, catalog, "rekap-pengiriman", day) for day in DAYS]
    ordered = sum(row["ton"] for rows in days for row in rows)
    arrived = sum(row["terkirim"] for rows in days for row in rows)
    packed = sum(row["semen"] for row in rows_of(plant, catalog, "rekap-bulanan", DAYS[0]))
    assert 0.9 * ordered < arrived <= ordered
    assert arrived <= packed
    assert any(0 < row["terkirim"] < row["ton"] for rows in days for row in rows), "some are under way"
    assert any(row["terlambat"] for rows in days for row in rows)


def test_power_of_all_areas_is_that_of_the_month(plant: Path, catalog: Catalog) -> None:
    rows = rows_of(plant, catalog, "rekap-energi", DAYS[0])
    assert [row["area"] for row in rows] == [*UNITS, "Utilitas"]
    whole = "SELECT SUM(kwh) AS kwh FROM energy_shift WHERE start >= :slot_start AND start < :slot_end"
    [found] = select(plant, whole, DAYS[0], date(2026, 11, 1))
    assert sum(row["kwh"] for row in rows) == found["kwh"]
    [cement] = rows_of(plant, catalog, "rekap-energi", DAYS[0], "semen")
    assert 90 < found["kwh"] / cement["ton"] < 110, "kWh for a ton, as of a plant that is run well"


def pages(plant: Path, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Each report on a day that went badly, in both languages."""
    for name in SCHEDULED:
        job = job_of(catalog, name, date(2026, 11, 18))
        data = read_data(job, SqlDatabase(f"sqlite:///{plant}"))
        for reader in addressees(catalog, ["budi-santoso", "emma-clark"], {}):
            yield f"{name} in {reader.language}", report_text(job, data, reader, NOW)


def test_every_report_reads_well_on_a_phone(plant: Path, catalog: Catalog) -> None:
    for name, text in pages(plant, catalog):
        headline, greeting, gap, title, label, *_ = text.splitlines()
        assert re.match(r"[✅⚠❌]\ufe0f? \w[\w ]*: \S", headline), name
        assert len(headline) <= 44, name
        assert greeting.startswith(("Selamat pagi, ", "Good morning, ")), name
        assert (gap, title[0], title[-1]) == ("", "*", "*"), name
        assert "2026" in label, name
        assert "\n\n\n" not in text, name
        assert len(text) < 1_500, name
        for table in text.split("```")[1::2]:
            assert all(len(line) <= 34 for line in table.splitlines()), name
        assert text.endswith("_"), name


def test_what_comes_where_there_is_nothing(plant: Path, catalog: Catalog) -> None:
    said = {}
    for name in SCHEDULED:
        report = catalog.reports[name]
        job = job_of(catalog, name, date(2030, 1, 1))
        data = read_data(job, SqlDatabase(f"sqlite:///{plant}"))
        assert data.rows == Rows(data.rows.columns, ()), name
        messages = compose(job, data, now=NOW, group_ids={})
        said[name] = {message.recipient.chat for message in messages}
        assert all(re.search("NIHIL|NIL", message.content.body) for message in messages)  # type: ignore[union-attr]
        if report.when_empty == "alert":
            assert said[name] == {catalog.contacts["rizky-hidayat"].phone}
    assert [name for name, chats in said.items() if not chats] == ["rekap-pengiriman", "rekap-henti"]


def test_the_reason_of_the_day_is_that_of_the_longest_stop(plant: Path, catalog: Catalog) -> None:
    day = date(2026, 11, 19)
    row = next(row for row in rows_of(plant, catalog, "rekap-harian", day) if row["unit"] == "Tungku")
    stops = [stop for stop in select(plant, STOPS, day, day + timedelta(days=1)) if stop["unit"] == "Tungku"]
    longest = max(stops, key=lambda stop: stop["minutes"])
    assert (row["longest"], row["reason"]) == (longest["minutes"], longest["reason"])
    assert row["reason"] == "Perawatan mingguan"  # a Thursday


def test_a_day_is_the_same_whatever_range_it_is_built_in(plant: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    build_plant(other, UNTIL + timedelta(days=5), days=12)
    start, end = UNTIL - timedelta(days=5), UNTIL + timedelta(days=1)
    for query in (HOURS, STOPS, *OTHERS):
        assert select(plant, query, start, end)[1:] == select(other, query, start, end)[1:] != []


def test_another_seed_is_another_plant(plant: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    build_plant(other, UNTIL, days=2, seed=8)
    assert select(plant, HOURS, UNTIL, UNTIL + timedelta(days=1)) != select(
        other, HOURS, UNTIL, UNTIL + timedelta(days=1)
    )


def test_the_days_go_from_first_to_a_week_after_the_last_in_jakarta(plant: Path) -> None:
    with closing(sqlite3.connect(plant)) as database:
        first, last, hours = database.execute("SELECT min(ts), max(ts), count(*) FROM production_hourly").fetchone()
    assert last == "2026-11-27T16:00:00+00:00"
    days = 100 + AHEAD_DAYS
    assert datetime.fromisoformat(last) - datetime.fromisoformat(first) == timedelta(days=days, hours=-1)
    assert hours == days * 24 * len(UNITS)


def test_the_plant_rests_at_idul_fitri_and_the_kiln_once_a_year(tmp_path: Path, catalog: Catalog) -> None:
    path = tmp_path / "plant.db"
    build_plant(path, date(2026, 3, 22), days=2)
    for row in rows_of(path, catalog, "rekap-harian", date(2026, 3, 21)):
        assert (row["actual"] == 0) == (row["unit"] != "Tungku")
    assert rows_of(path, catalog, "rekap-pengiriman", date(2026, 3, 21)) == []
    build_plant(path, date(2026, 2, 10), days=2)
    kiln = {row["unit"]: row for row in rows_of(path, catalog, "rekap-harian", date(2026, 2, 10))}["Tungku"]
    assert (kiln["actual"], kiln["reason"]) == (0, "Perbaikan tahunan tungku")


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
    assert not build_plant(path, UNTIL + timedelta(days=AHEAD_DAYS), days=5), "a demo that runs on has data"
    later = UNTIL + timedelta(days=AHEAD_DAYS + 1)
    assert build_plant(path, later, days=5)
    assert build_plant(path, later, days=6)
    assert build_plant(path, later, days=6, seed=8)
    assert [file.name for file in path.parent.iterdir()] == ["plant.db"]


def test_a_file_that_is_no_plant_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "plant.db"
    path.write_bytes(b"not a database" * 100)
    assert build_plant(path, UNTIL, days=2)
    assert not build_plant(path, UNTIL, days=2)


def test_choices_are_offered_by_the_names_that_the_answers_have(catalog: Catalog) -> None:
    for trigger in catalog.triggers.values():
        for argument in trigger.arguments:
            if isinstance(argument, ChoiceArgument):
                offered = [option.words[0] if option.words else option.value for option in argument.options]
                assert [name.lower() for name in offered] == [option.value.lower() for option in argument.options]


def test_no_stop_of_a_month_is_missing_in_the_sum_of_an_answer(catalog: Catalog, plant: Path) -> None:
    with closing(sqlite3.connect(plant)) as connection:
        by_month = "SELECT COUNT(*) FROM downtime GROUP BY strftime('%Y-%m', start)"
        most = max(connection.execute(by_month))
    assert catalog.triggers["waktu-henti"].max_rows > 2 * most[0]
