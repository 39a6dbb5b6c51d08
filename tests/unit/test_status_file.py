"""The status file of a paired phone, as another program reads it: always whole, and nobody else's."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wa_integrasi.session import Look, status_of, write_status

AT = datetime(2026, 11, 21, 2, tzinfo=UTC)
WAITING = Look("default", AT, ready=False, lost=True, reason="SCAN_QR_CODE", qr="2@rahasia")

WRITES_FOR_EVER = """
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from wa_integrasi.session import Look, write_status

for number in count():
    look = Look("default", datetime.now(UTC), ready=False, lost=True, qr=str(number) * 20_000)
    write_status(Path(sys.argv[1]), look)
    if number == 0:
        print("ready", flush=True)
"""


def test_it_has_what_other_programs_look_for(tmp_path: Path) -> None:
    file = tmp_path / "run" / "status.json"
    write_status(file, WAITING)
    assert json.loads(file.read_text()) == {
        "ready": False,
        "qr": "2@rahasia",
        "last_update": "2026-11-21T02:00:00+00:00",
        "reason": "SCAN_QR_CODE",
        "account": "default",
    }
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert "rahasia" not in repr(WAITING)


def test_it_is_replaced_whoever_could_read_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_text("{}")
    file.chmod(0o644)
    write_status(file, WAITING)
    assert file.stat().st_mode & 0o777 == 0o600


def test_other_accounts_have_files_of_their_own() -> None:
    file = Path("/run/wa/status.json")
    assert status_of(file, "default") == file
    assert status_of(file, "gudang") == Path("/run/wa/status-gudang.json")


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "status.json").mkdir()
    with pytest.raises(OSError):
        write_status(tmp_path / "status.json", WAITING)
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]


def test_a_killed_writer_never_leaves_half_a_file(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITES_FOR_EVER, str(file)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            while_it_writes = [json.loads(file.read_text())["account"] for _ in range(200)]
            writer.kill()
        assert set(while_it_writes) == {"default"}
        assert len(json.loads(file.read_text())["qr"]) >= 20_000
        assert file.stat().st_mode & 0o777 == 0o600
