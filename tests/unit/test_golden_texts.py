"""What people read, letter by letter: the demo's reports, and one in two languages that has all that there is.

After a wanted change: `WA_WRITE_GOLDEN=1 pytest tests/unit/test_golden_texts.py`, then read the difference.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from deployments.demo.plant import build_plant
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.content import media_of
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.reporting import compose, due_reports, enclose, read_data
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.sources.sql import SqlDatabase

HERE = Path(__file__).parent / "golden"
DEMO = Path(__file__).parents[2] / "deployments/demo/catalog.yaml"
NOW = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> SqlDatabase:
    place = tmp_path_factory.mktemp("plant") / "plant.db"
    build_plant(place, date(2026, 11, 20), days=90)
    return SqlDatabase(f"sqlite:///{place}")


def texts(catalog: Catalog, name: str, plant: SqlDatabase, folder: Path) -> str:
    cadence = Cadence(catalog.reports[name].cadence)
    [job] = due_reports(catalog, Slot.containing(date(2026, 11, 12), cadence, "Asia/Jakarta"), [name])
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


@pytest.mark.parametrize("name", ["rekap-harian", "rekap-mingguan", "rekap-bulanan"])
def test_the_texts_of_the_demo(name: str, plant: SqlDatabase, tmp_path: Path) -> None:
    catalog = read_catalog(DEMO.read_text(encoding="utf-8"), "catalog.yaml")
    check(name, texts(catalog, name, plant, tmp_path))


@pytest.mark.parametrize("name", ["harian-id", "harian-en"])
def test_the_texts_of_a_report_with_everything(name: str, plant: SqlDatabase, tmp_path: Path) -> None:
    catalog = read_catalog((HERE / "reports.yaml").read_text(encoding="utf-8"), "reports.yaml")
    check(name, texts(catalog, name, plant, tmp_path))
