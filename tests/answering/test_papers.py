"""Answers as files: where they are too long for a message, and where somebody asks for one."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, update

from tests.answering.world import CATALOG, ZONE, World
from wa_integrasi.answering.desk import Desk
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.content import Document, load_content
from wa_integrasi.files import FileLinks, OutgoingFiles
from wa_integrasi.store.tables import accounts, wa_outbox

LINKS = FileLinks("https://wa.example.id", ["k" * 32])


@pytest.fixture
def meta(world: World, tmp_path: Path) -> World:
    with world.store.writing() as connection:
        connection.execute(insert(accounts).values(name="default", provider="meta"))
    world.desk = Desk(world.store, ZONE, clock=world.clock, files=OutgoingFiles(tmp_path))
    return world


def set_overflow(world: World, overflow: str, **more: Any) -> None:
    document = CATALOG.model_dump(exclude_unset=True)
    document["triggers"]["panjang"] |= {"overflow": overflow, **more}
    apply_catalog(world.store, Catalog.model_validate(document), clock=world.clock)
    world.clock.tick(seconds=5)


def told(world: World, who: str, text: str) -> list[Any]:
    world.write(who, text)
    world.answer()
    return [load_content(row.type, row.content) for row in world.news()]


def file_of(world: World, document: Document) -> bytes:
    assert world.desk.files is not None
    assert document.file is not None
    return world.desk.files.read(document.file, document.filename).content


def test_a_long_answer_becomes_a_spreadsheet_where_its_trigger_says_so(meta: World) -> None:
    set_overflow(meta, "xlsx")
    [document] = told(meta, "budi", "daftar panjang")
    assert isinstance(document, Document)
    assert document.filename == "panjang-2040-11-20-1000.xlsx"
    assert document.caption == "*Daftar panjang*: 120 baris\n_pabrik, 20 Nov 2040 10.00 WIB_"
    cells = list(load_workbook(BytesIO(file_of(meta, document))).active.iter_rows(values_only=True))
    assert sum(row[0] in range(1, 121) for row in cells) == 120
    [row] = meta.rows(wa_outbox)
    assert row.reply_to is not None, "it quotes its question"


def test_a_short_answer_stays_a_text(meta: World) -> None:
    set_overflow(meta, "csv", max_rows=2)
    [text] = told(meta, "budi", "daftar panjang")
    assert text.type == "text"


def test_pages_are_what_nobody_has_decided_otherwise(meta: World) -> None:
    [text] = told(meta, "budi", "daftar panjang")
    assert "Halaman 1 dari 3" in text.body


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("produksi kemarin excel", "produksi-2040-11-20-1000.xlsx"),
        ("Produksi giling 1 kemarin XLSX.", "produksi-2040-11-20-1000.xlsx"),
        ("suhu boiler 2 csv", "suhu-boiler-2040-11-20-1000.csv"),
        ("suhu boiler 2 *pdf*", "suhu-boiler-2040-11-20-1000.pdf"),
        ("tekanan uap excel", "tekanan-2040-11-20-1000.xlsx"),
    ],
)
def test_somebody_may_ask_for_a_file(meta: World, text: str, name: str) -> None:
    [document] = told(meta, "budi", text)
    assert isinstance(document, Document), document
    assert document.filename == name
    assert len(file_of(meta, document)) > 10


def test_the_caption_says_what_it_is_when_from_where_and_how_good(meta: World) -> None:
    [document] = told(meta, "budi", "produksi 18-19 nov excel")
    assert document.caption.splitlines() == [
        "*Produksi*, hari 18 November 2040 – 19 November 2040: 3 baris",
        "_pabrik, 20 Nov 2040 10.00 WIB_",
    ]
    [document] = told(meta, "budi", "tekanan uap 2 csv")
    assert document.caption.splitlines() == [
        "*Tekanan uap*, boiler 2: 2 baris",
        "_pi-pabrik, 20 Nov 2040 10.00 WIB, kualitas baik_",
    ]


def test_it_may_be_asked_for_with_the_answer_to_a_question(meta: World) -> None:
    told(meta, "budi", "suhu boiler")
    [document] = told(meta, "budi", "3 excel")
    assert isinstance(document, Document)


@pytest.mark.parametrize("text", ["cari catatan excel", "poduksi excel", "excel", "menu excel", "rekap harian excel"])
def test_the_word_means_a_file_only_behind_a_command_that_has_rows(meta: World, text: str) -> None:
    assert [content.type for content in told(meta, "budi", text)] in ([], ["text"], ["buttons"])


def test_nobody_gets_a_file_who_may_not_have_the_answer(meta: World) -> None:
    [text] = told(meta, "dewi", "suhu boiler 2 excel")
    assert text.body.startswith("Anda tidak berhak")


@pytest.mark.parametrize(("links", "kind"), [(None, "text"), (LINKS, "document")])
def test_a_channel_that_fetches_files_gets_one_where_there_are_addresses(
    meta: World, tmp_path: Path, links: FileLinks | None, kind: str
) -> None:
    with meta.store.writing() as connection:
        connection.execute(update(accounts).values(provider="twilio"))
    meta.desk = Desk(meta.store, ZONE, clock=meta.clock, files=OutgoingFiles(tmp_path, links))
    [content] = told(meta, "budi", "produksi kemarin excel")
    assert content.type == kind


def test_a_folder_that_cannot_be_written_costs_nobody_the_answer(meta: World, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder would be")
    meta.desk = Desk(meta.store, ZONE, clock=meta.clock, files=OutgoingFiles(tmp_path / "taken"))
    [text] = told(meta, "budi", "produksi kemarin excel")
    assert text.body.startswith("*Produksi*")


def test_too_many_columns_for_a_file_are_shown_as_text(meta: World) -> None:
    query = "SELECT " + ", ".join(f"{number} AS k{number}" for number in range(61)) + ", 1 AS nomor, '-' AS isi"
    set_overflow(meta, "pdf", query=query)
    [text] = told(meta, "budi", "daftar panjang excel")
    assert text.type == "text"
