"""The folder of outgoing files."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from wa_integrasi.files import FileGoneError, OutgoingFiles

PNG = b"\x89PNG\r\n\x1a\n..."


@pytest.fixture
def files(tmp_path: Path) -> OutgoingFiles:
    return OutgoingFiles(tmp_path / "files")


def test_a_file_comes_back_as_it_was_and_is_kept_once(files: OutgoingFiles, tmp_path: Path) -> None:
    name = files.put(PNG)
    assert files.put(PNG) == name
    found = files.read(name)
    assert (found.content, found.sha256, found.mime_type) == (PNG, name, "image/png")
    [place] = (path for path in tmp_path.rglob("*") if path.is_file())
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "filename", "mime_type"),
    [
        (b"\xff\xd8\xff..", "", "image/jpeg"),
        (b"%PDF-1.4", "x", "application/pdf"),
        (b"a;b", "Rekap.CSV", "text/csv"),
        (b"PK..", "r.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"...", "r", "application/octet-stream"),
    ],
)
def test_what_a_file_is(files: OutgoingFiles, content: bytes, filename: str, mime_type: str) -> None:
    assert files.read(files.put(content), filename).mime_type == mime_type


def test_a_damaged_or_missing_file_is_never_given_out(files: OutgoingFiles, tmp_path: Path) -> None:
    name = files.put(PNG)
    (tmp_path / "files" / name[:2] / name).write_bytes(b"other")
    with pytest.raises(FileGoneError, match="damaged"):
        files.read(name)
    with pytest.raises(FileGoneError, match="WA_FILES_PATH"):
        files.read("0" * 64)
    with pytest.raises(FileGoneError, match="no SHA-256"):
        files.read("../../etc/passwd")


def test_old_files_go_and_those_that_were_put_again_stay(files: OutgoingFiles, tmp_path: Path) -> None:
    old, kept = files.put(b"old"), files.put(b"kept")
    for name in (old, kept):
        os.utime(tmp_path / "files" / name[:2] / name, (0, time.time() - 90 * 86_400))
    files.put(b"kept")
    assert files.sweep(timedelta(days=40)) == 1
    assert files.read(kept).content == b"kept"
    with pytest.raises(FileGoneError):
        files.read(old)
