"""What the Prefect UI shows of a report: like the message, with nobody's name or number in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_reporting import catalog
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
