"""What people read, letter by letter: what the demo reports and answers, and a report that has all there is.

After a wanted change: `WA_WRITE_GOLDEN=1 pytest tests/unit/test_golden_texts.py`, then read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from deployments.demo.plant import build_plant
from deployments.demo.setup import CATALOG, TASK_SOURCE
from deployments.demo.tasks import build_tasks
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.answering.leaves import leaves_of
from wa_integrasi.answering.telling import answer_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog, read_catalog_files
from wa_integrasi.commands.grammar import Phrasebook, Run, read
from wa_integrasi.content import media_of
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.privacy.names import Names
from wa_integrasi.reporting import Addressee, ReportJob, addressees, compose, due_reports, enclose, read_data
from wa_integrasi.reporting.recaps import CADENCE
from wa_integrasi.slot import Cadence, Slot, Span
from wa_integrasi.sources.base import Rows
from wa_integrasi.sources.sql import SqlDatabase

HERE = Path(__file__).parent / "golden"
ZONE = "Asia/Jakarta"
NOW = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
DAYS = {Cadence.DAILY: date(2026, 11, 14), Cadence.WEEKLY: date(2026, 11, 14), Cadence.MONTHLY: date(2026, 10, 1)}
SINCE = Span(datetime(2026, 11, 14, 3, tzinfo=UTC), datetime(2026, 11, 14, 3, 30, tzinfo=UTC), ZONE)
READERS = {"id": "sari-wulandari", "en": "emma-clark"}
DEMO = read_catalog_files([CATALOG])
QUESTIONS = (
    "produksi kemarin",
    "production mill 1 last week",
    "produksi per jam kiln 14 nov 2026",
    "downtime 14/11",
    "alarm 18/11 kritis",
    "rekap harian 14/11",
    "mutu 18/11",
    "pengiriman 18/11",
    "pesanan do-261118-10",
    "penjualan minggu lalu",
    "pelanggan",
    "energi kemarin",
    "ringkasan",
)
"""One for each of the demo's triggers that asks no PI server; tests/sources/pi/test_demo.py has the others."""


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> SqlDatabase:
    place = tmp_path_factory.mktemp("tasks") / "tugas.db"
    build_tasks(place, date(2026, 11, 20))
    return SqlDatabase(f"sqlite:///{place}")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> SqlDatabase:
    place = tmp_path_factory.mktemp("plant") / "plant.db"
    build_plant(place, date(2026, 11, 20), days=90)
    return SqlDatabase(f"sqlite:///{place}")


def job_of(catalog: Catalog, name: str) -> ReportJob:
    report = catalog.reports[name]
    if report.cadence == CADENCE:
        return ReportJob(name, report, catalog.chat_templates[report.template], SINCE, catalog)
    cadence = Cadence(report.cadence)
    [job] = due_reports(catalog, Slot.containing(DAYS[cadence], cadence, ZONE), [name])
    return job


def texts(job: ReportJob, plant: SqlDatabase, folder: Path) -> str:
    data = read_data(job, plant)
    enclosures = enclose(job, data, NOW)
    assert enclosures.problems == ()
    messages = compose(job, data, now=NOW, group_ids={}, enclosed=enclosures.contents(job, OutgoingFiles(folder)))
    shown = []
    for message in messages:
        media = media_of(message.content)
        said = f"[{media.type}] {media.caption}" if media else message.content.body  # type: ignore[union-attr]
        shown.append(f"== {message.recipient.chat} {message.part}/{message.parts}\n{said}\n")
    return "".join(shown)


def check(name: str, text: str) -> None:
    place = HERE / f"{name}.txt"
    if os.environ.get("WA_WRITE_GOLDEN"):
        place.write_text(text, encoding="utf-8")
    assert text == place.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("name", DEMO.reports)
def test_the_texts_of_the_demo(
    name: str, language: str, plant: SqlDatabase, tasks: SqlDatabase, tmp_path: Path
) -> None:
    job = job_of(DEMO, name)
    source = tasks if job.report.source == TASK_SOURCE else plant
    # Everybody gets the same but for the name: one reader of each language is enough.
    update: dict[str, Any] = {"recipients": (READERS[language],)}
    if language == "en":
        update["chart"] = None  # it is the same picture for everybody
    job = replace(job, report=job.report.model_copy(update=update))
    check(f"{name}-{language}", texts(job, source, tmp_path))


class OneDatabase:
    """The sources of the demo's triggers, without its PI server."""

    def __init__(self, plant: SqlDatabase) -> None:
        self._plant = plant

    async def rows(
        self, kind: str, source: str, statement: str, parameters: Mapping[str, Any], timeout_s: float, max_rows: int
    ) -> Rows:
        assert (kind, source) == ("sql", "pabrik-contoh")
        return self._plant.query(statement, parameters).capped(max_rows)

    async def readings(self, *_: object) -> Rows:
        raise AssertionError("no PI server here")

    async def said(self, *_: object) -> str:
        raise AssertionError("no AI here")


async def answer(question: str, plant: SqlDatabase) -> str:
    asked = read(question, Phrasebook.of(DEMO.triggers, zone=ZONE), now=NOW)
    assert isinstance(asked, Run), question
    leaves = leaves_of(asked.trigger, asked.arguments, DEMO, ZONE, NOW)
    kitchen = Kitchen(OneDatabase(plant), clock=lambda: NOW)
    [fetched] = await kitchen.fetch([(leaves, False)], Names(()))
    [budi] = addressees(DEMO, ["budi-santoso"], {})
    found = answer_of(leaves, fetched, DEMO, Addressee(budi.recipient, budi.name, budi.salutation), ZONE, "K1")
    assert found.troubles == [], found.troubles
    return f"== {question}\n{found.text}\n"


async def test_the_answers_of_the_demo(plant: SqlDatabase) -> None:
    check("answers", "".join([await answer(question, plant) for question in QUESTIONS]))


def test_every_trigger_of_the_demo_has_an_answer_here() -> None:
    book = Phrasebook.of(DEMO.triggers, zone=ZONE)
    asked: Sequence[object] = [read(question, book, now=NOW) for question in QUESTIONS]
    named = {reading.trigger for reading in asked if isinstance(reading, Run)}
    assert named == {name for name, trigger in DEMO.triggers.items() if trigger.kind != "pi"}


@pytest.mark.parametrize("name", ["harian-id", "harian-en"])
def test_the_texts_of_a_report_with_everything(name: str, plant: SqlDatabase, tmp_path: Path) -> None:
    catalog = read_catalog((HERE / "reports.yaml").read_text(encoding="utf-8"), "reports.yaml")
    check(name, texts(job_of(catalog, name), plant, tmp_path))
