"""What the Prefect UI shows of a report: like the message, with nobody's name or number in it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_reporting import GROUP, catalog
from wa_integrasi.content import Image, Text
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.outbox import NewMessage
from wa_integrasi.recipient import Recipient
from wa_integrasi.reporting import ReportData, compose, due_reports, page_of
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.sources.base import Rows
from wa_integrasi.text.markdown import to_markdown

SITI = Recipient.parse("+6281234567890")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("*Rekap* _hari ini_ ~batal~", "**Rekap** _hari ini_ ~~batal~~"),
        ("satu\ndua\n\ntiga", "satu  \ndua\n\ntiga"),
        ("- satu\n* dua\n1. tiga\n> empat", "- satu  \n- dua  \n1. tiga  \n> empat"),
        ("Tabel:\n```\nunit  ton\nGL1   12\n```\nSelesai", "Tabel:\n\n```\nunit  ton\nGL1   12\n```\n\nSelesai"),
        ("`wa outbox list` *", "`wa outbox list` \\*"),
        ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
        ("[klik](javascript:x) | ![a](b)", "\\[klik\\](javascript:x) \\| \\!\\[a\\](b)"),
        ("# judul", "\\# judul"),
        ("3 * 4 * 5 nama_file_x", "3 \\* 4 \\* 5 nama\\_file\\_x"),
        ("", ""),
    ],
)
def test_a_message_looks_alike_as_markdown_and_nothing_in_it_is_obeyed(message: str, shown: str) -> None:
    assert to_markdown(message) == shown


def page(body: str, tmp_path: Path, picture: bytes | None = None, **options: Any) -> str:
    whole = catalog(body)
    [job] = due_reports(whole, Slot.containing(date(2026, 11, 19), Cadence.DAILY, "Asia/Jakarta"), ["harian"])
    rows = ReportData(Rows(("unit",), (("Tungku",),)))
    messages = compose(job, rows, now=datetime(2026, 11, 20, tzinfo=UTC), group_ids={})
    files = OutgoingFiles(tmp_path / "files")
    if picture is not None:
        messages.append(NewMessage(SITI, Image(file=files.put(picture), caption="x")))
    rows_shown = options.pop("rows", [{"to": "+62…7890", "part": "1/1", "status": "read", "reason": "a|b"}])
    return page_of(job, messages, files, **{"public_url": None, **options}).markdown(rows_shown, "Where they stood.")


def test_names_and_numbers_of_people_are_masked(tmp_path: Path) -> None:
    shown = page("Halo {{ recipient.salutation }} {{ recipient.name }}, piket Budi 0812-3456-7891", tmp_path)
    assert "Siti" not in shown
    assert "Budi" not in shown
    assert "7891" not in shown
    assert "Halo Ibu" in shown


def test_each_word_of_a_name_is_masked_but_not_those_of_titles_and_forms_of_address(tmp_path: Path) -> None:
    shown = page("Halo Ibu siti, piket RAHAYU. Rekap Harian: 12 ton, John's shift", tmp_path)
    assert not {"siti", "rahayu", "john"} & set(re.findall(r"\w+", shown.lower()))
    assert "Halo Ibu" in shown
    assert "Rekap Harian: 12 ton" in shown


@pytest.mark.parametrize("told", ["0812-3456-7891", "120363011112222333@g.us", "Siti Rahayu"])
def test_what_lies_where_a_long_page_is_cut_is_masked_too(
    told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for length in range(len(told) + 1):
        monkeypatch.setattr("wa_integrasi.reporting.page._LONGEST", 100 + length)
        shown = page(f"{'ton ' * 25}{told} dan lagi {'kg ' * 50}", tmp_path)
        assert "…" in shown
        for begin in (told[:6], told[-5:]):
            assert begin not in shown


def test_ids_of_group_chats_are_masked_with_and_without_their_ending(tmp_path: Path) -> None:
    known, other, old = "120363099999999999", "120363011112222333", "6281234567890-1600000000"
    body = f"Grup {known}, {GROUP}, {other}@g.us dan {old}@g.us; batch 120363012 dan 1203630999999999990"
    shown = page(body, tmp_path, group_ids={"malam": f"{known}@g.us"})
    for each in (known, GROUP.removesuffix("@g.us"), other, old, "6281234567890"):
        assert not re.search(rf"(?<!\d){each}(?!\d)", shown), each
    assert "Grup group …9999, group …" in shown
    assert "group …2333 dan group …0000; batch 120363012 dan 1203630999999999990" in shown


def test_the_page_has_the_heading_the_table_and_where_to_look_further(tmp_path: Path) -> None:
    shown = page("{{ rows|length }} unit", tmp_path, public_url="https://wa.example.id")
    assert shown.startswith("# Rekap ∗Harian∗, Kamis, 19 November 2026")
    assert "\n1 unit\n" in shown
    assert "| to | part | status | reason |\n| --- | --- | --- | --- |\n| +62…7890 | 1/1 | read | a\\|b |" in shown
    assert "[Console](https://wa.example.id/console?report=harian&slot=2026-11-19)" in shown
    assert "`wa outbox list --report harian --slot 2026-11-19`" in shown
    assert "Console" not in page("x", tmp_path)


def test_a_chart_is_in_the_page_unless_it_is_too_large_or_on_another_machine(tmp_path: Path) -> None:
    assert "![chart](data:image/png;base64,iVBORw0KGgo" in page("x", tmp_path, PNG)
    assert "_With a chart of 200,008 bytes, too large for this page._" in page("x", tmp_path, PNG[:8] + bytes(200_000))
    whole = catalog("x")
    [job] = due_reports(whole, Slot.containing(date(2026, 11, 19), Cadence.DAILY, "Asia/Jakarta"), ["harian"])
    elsewhere = [NewMessage(SITI, Text(body="x")), NewMessage(SITI, Image(file="0" * 64))]
    assert "not on this machine" in page_of(job, elsewhere, OutgoingFiles(tmp_path / "y"), None).markdown([], "")


def test_a_page_stays_small(tmp_path: Path) -> None:
    rows = [{"to": "+62…7890", "part": "1/1", "status": "read", "reason": "x" * 100} for _ in range(5_000)]
    shown = page("kata " * 3900, tmp_path, rows=rows)
    assert "… and 4800 more" in shown
    assert len(shown) < 60_000
