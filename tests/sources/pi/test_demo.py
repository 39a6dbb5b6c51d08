"""The demo's triggers of the kind pi, on the simulated plant that `wa serve` has; and nowhere else."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import httpx
import pytest

from deployments.demo.alarms import COPIED
from deployments.demo.place import demo_place
from deployments.demo.plant import build_plant
from deployments.demo.setup import CATALOG
from deployments.serve import build_app
from tests.ports import free_port
from tests.sources.pi.conftest import NOW, Pi
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.answering.leaves import leaves_of
from wa_integrasi.answering.telling import answer_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog_files
from wa_integrasi.commands.grammar import Phrasebook, Run
from wa_integrasi.commands.grammar import read as understood
from wa_integrasi.privacy.names import Names
from wa_integrasi.reporting import addressees
from wa_integrasi.settings import load_settings
from wa_integrasi.simulator.pi import PLANT
from wa_integrasi.sources.base import Rows
from wa_integrasi.sources.pi import Read, Recorded, ValueNow
from wa_integrasi.sources.pi.server import asked
from wa_integrasi.store.engine import Store

ZONE = "Asia/Jakarta"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog_files([CATALOG])


@dataclass(frozen=True)
class OnePi:
    """The sources of the demo's triggers of the kind pi."""

    pi: Pi

    async def rows(self, *_: object) -> Rows:
        raise AssertionError("no database here")

    async def readings(
        self, source: str, tags: Sequence[str], read: Read, days: tuple[str, str] | None, timeout_s: float
    ) -> Rows:
        assert source == "pi"
        reading = await self.pi.read(tags, asked(read, *(days or (None, None))))
        assert reading.problems == ()
        return cast(Rows, reading.rows)

    async def said(self, *_: object) -> str:
        raise AssertionError("no AI here")


async def answer(pi: Pi, catalog: Catalog, question: str) -> str:
    """What the demo says to a question about tags."""
    now = NOW.astimezone(ZoneInfo(ZONE))
    found = understood(question, Phrasebook.of(catalog.triggers, zone=ZONE), now=now)
    assert isinstance(found, Run)
    leaves = leaves_of(found.trigger, found.arguments, catalog, ZONE, NOW)
    [fetched] = await Kitchen(OnePi(pi), clock=lambda: NOW).fetch([(leaves, False)], Names(()))
    [dewi] = addressees(catalog, ["dewi-lestari"], {})
    told = answer_of(leaves, fetched, catalog, dewi, ZONE, "K1")
    assert told.troubles == []
    return told.text


@pytest.mark.parametrize("boiler", [1, 2, 3])
async def test_what_operators_ask_of_a_boiler_is_answered(pi: Pi, catalog: Catalog, boiler: int) -> None:
    title, *lines, foot = (await answer(pi, catalog, f"suhu boiler {boiler}")).splitlines()
    assert title == f"*Suhu boiler {boiler}*"
    points = ("TI-01", "TI-02", "TI-03", "PI-01", "ST-01")
    assert [line.split(":")[0] for line in lines] == [f"• BLR{boiler}.{point}" for point in points]
    assert all(("°C" in line) == ("TI-02" in line or "TI-03" in line) for line in lines[1:])
    assert lines[-1].endswith(("BERHENTI", "MENYALA", "SIAGA"))
    assert re.fullmatch(r"_pi, (20 Nov 2026 09\.\d\d – )?20 Nov 2026 10\.00 WIB, kualitas baik_", foot)


ANSWERS = {
    "tag lama.ti-01": """*Tag PI*
• LAMA.TI-01: Shutdown
_pi, 20 Nov 2026 10.00 WIB_
⚠️ _1 tag buruk: LAMA.TI-01_""",
    "kiln temperature 19/11": """*Suhu tungku*, 19 November 2026
*KILN.TI-01*
rata-rata: 1.448 °C
terendah: 1.420 °C
tertinggi: 1.476 °C
*KILN.TI-02*
rata-rata: 1.010 °C
terendah: 973 °C
tertinggi: 1.047 °C
*KILN.TI-03*
rata-rata: 118 °C
terendah: 107 °C
tertinggi: 129 °C
_pi, 20 Nov 2026 10.00 WIB, kualitas baik_""",
    "tag kiln.ai-02": """*Tag PI*
• KILN.AI-02: 25,7 mg/Nm³
_pi, 20 Nov 2026 10.00 WIB, kualitas baik_""",
}


@pytest.mark.parametrize("question", ANSWERS)
async def test_the_answers_from_tags_letter_by_letter(pi: Pi, catalog: Catalog, question: str) -> None:
    assert await answer(pi, catalog, question) == ANSWERS[question]


SHARED = {
    "MILL1.FI-01": "SELECT AVG(ton) FROM production_hourly WHERE unit = 'Giling 1' AND {within}",
    "MILL2.FI-01": "SELECT AVG(ton) FROM production_hourly WHERE unit = 'Giling 2' AND {within}",
    "MILL3.FI-01": "SELECT AVG(ton) FROM production_hourly WHERE unit = 'Giling 3' AND {within}",
    # 1.67 tons of raw meal become a ton of clinker; 20 bags of 50 kg are a ton.
    "KILN.FI-01": "SELECT 1.67 * AVG(ton) FROM production_hourly WHERE unit = 'Tungku' AND {within}",
    "KEMAS1.CNT": "SELECT 20 * AVG(ton) FROM production_hourly WHERE unit = 'Kemas 1' AND {within}",
    "KEMAS2.CNT": "SELECT 20 * AVG(ton) FROM production_hourly WHERE unit = 'Kemas 2' AND {within}",
    "UTIL.KWH-01": "SELECT SUM(kwh) / (8 * COUNT(DISTINCT ts)) / 1000 FROM (SELECT start AS ts, kwh FROM energy_shift)"
    " WHERE {within}",
    "KILN.FI-02": "SELECT SUM(coal) / (8 * COUNT(DISTINCT ts)) FROM (SELECT start AS ts, coal FROM energy_shift)"
    " WHERE {within}",
}


def test_tags_and_the_database_of_the_demo_say_the_same(tmp_path: Path) -> None:
    plant = tmp_path / "plant.db"
    build_plant(plant, date(2026, 11, 20), days=30)
    middles = {tag.name: tag.middle for tag in PLANT}
    within = "ts >= '2026-10-31T17:00:00+00:00' AND ts < '2026-11-17T17:00:00+00:00'"
    with closing(sqlite3.connect(plant)) as database:
        for tag, query in SHARED.items():
            [found] = database.execute(query.format(within=within)).fetchone()
            assert found == pytest.approx(middles[tag], rel=0.05), tag


async def test_the_copied_tags_are_what_the_server_has(pi: Pi, tmp_path: Path) -> None:
    plant = tmp_path / "plant.db"
    build_plant(plant, date(2026, 11, 20), days=2)
    at = NOW.replace(minute=0, second=0)
    moments = (at - timedelta(seconds=59), at + timedelta(seconds=1))
    reading = await pi.read(COPIED, Recorded(*(moment.isoformat() for moment in moments)))
    stored = {value.tag: (value.value, value.state or "") for value in reading.values}
    with closing(sqlite3.connect(plant)) as database:
        rows = database.execute("SELECT tag, value, state FROM pi_hourly WHERE ts = ?", (at.isoformat(),)).fetchall()
    assert {tag: (value, state) for tag, value, state in rows} == stored
    assert len(rows) == len(COPIED)


async def test_a_tag_of_the_plant_that_is_always_broken_costs_the_others_nothing(pi: Pi) -> None:
    reading = await pi.read(["RUSAK.TI-01", "BLR2.TI-02"], ValueNow())
    assert [value.tag for value in reading.values] == ["BLR2.TI-02"]
    assert [(problem.tag, problem.code) for problem in reading.problems] == [("RUSAK.TI-01", "unavailable")]


def test_the_plant_has_a_tag_of_every_kind_and_no_name_twice() -> None:
    assert len({tag.name.upper() for tag in PLANT}) == len(PLANT) >= 60
    assert {tag.kind for tag in PLANT} == {"Float32", "Int32", "Digital", "String"}


@pytest.mark.parametrize(("password", "status"), [(True, 200), (False, 401)])
async def test_wa_serve_has_it_for_those_who_have_the_password(
    tmp_path: Path, migrated_file: Path, password: bool, status: int
) -> None:
    at = demo_place(tmp_path, free_port(), free_port())
    settings = load_settings(at.environment, tmp_path / "none.env")
    given = settings.meta_account().access_token.get_secret_value() if password else "salah"
    with Store.open(f"sqlite+pysqlite:///{migrated_file}") as store:
        app = build_app(settings, store, at.service_url, tmp_path / "phone.db")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as browser:
            answer = await browser.get("/simulator/pi/piwebapi/dataservers", auth=("simulator", given))
            other = await browser.get("/simulator/pi/piwebapi/", headers={"Host": "pi.example.id"})
    assert answer.status_code == status
    assert other.status_code == 400


async def test_wa_serve_has_none_for_a_real_account(tmp_path: Path, migrated_file: Path) -> None:
    at = demo_place(tmp_path, free_port(), free_port())
    environment = {**at.environment, "WA_PROVIDER": "meta", "WA_API_URL": ""}
    with Store.open(f"sqlite+pysqlite:///{migrated_file}") as store:
        app = build_app(load_settings(environment, tmp_path / "none.env"), store, at.service_url, tmp_path / "phone.db")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as browser:
            assert (await browser.get("/simulator/pi/piwebapi")).status_code == 404
