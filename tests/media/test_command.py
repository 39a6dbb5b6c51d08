"""`wa media`: what operators see of files, and how they get one."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deployments.cli import app
from deployments.errors import DeploymentError
from tests.media.conftest import SECRET, Bench, Scanner
from tests.unit.privacy.files import EICAR
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.scan import Clean, Infected, ScanFailed
from wa_integrasi.privacy.shelves import FolderShelf
from wa_integrasi.privacy.vault import Vault

Run = Callable[..., Result]


@pytest.fixture
def run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`wa media` over the bench's store and vault, as if Prefect had no block."""

    async def answers() -> None:
        return None

    async def no_block(folder: Path, keys: MediaKeys) -> Vault:
        return Vault(FolderShelf(folder), keys)

    monkeypatch.setattr("deployments.register.check_prefect", answers)
    monkeypatch.setattr("blocks.vault.load_vault", no_block)
    url = bench.store.engine.url.render_as_string(hide_password=False)
    environment = {"WA_DATABASE_URL": url, "WA_SECRET_KEY": SECRET, "WA_MEDIA_PATH": str(bench.folder)}

    def command(*words: str, **more: str) -> Result:
        return CliRunner().invoke(app, ["media", *words], env={**environment, **more})

    bench.scanner = Scanner(lambda content: Infected("Eicar") if EICAR in content else Clean())
    return command


def test_nothing_is_there_at_first(run: Run) -> None:
    assert run("list").output == "no files\n"
    assert json.loads(run("list", "--json").output) == []


def test_the_list_says_what_was_found_and_no_content(bench: Bench, run: Run) -> None:
    bench.note(b"laporan rahasia", filename="rahasia.txt", caption="rahasia")
    bench.note(b"x" + EICAR)
    asyncio.run(bench.work())
    listed = json.loads(run("list", "--json").output)
    assert [(each["id"], each["state"], each["type"], each["note"]) for each in listed] == [
        (2, "infected", "text/plain", "Eicar"),
        (1, "kept", "text/plain", None),
    ]
    shown = run("list", "--state", "kept").output
    assert "kept" in shown
    assert "infected" not in shown
    assert "rahasia" not in shown


def test_what_is_kept_is_written_for_its_owner_only(bench: Bench, run: Run, tmp_path: Path) -> None:
    bench.note(b"laporan")
    asyncio.run(bench.work())
    out = tmp_path / "laporan.txt"
    done = run("export", "1", "--out", str(out))
    assert (done.exit_code, done.output) == (0, f"{out}: 7 bytes\n")
    assert out.read_bytes() == b"laporan"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    again = run("export", "1", "--out", str(out))
    assert again.exit_code == 1
    assert "File exists" in str(again.exception)


def test_what_is_infected_is_not_written(bench: Bench, run: Run, tmp_path: Path) -> None:
    bench.note(b"x" + EICAR)
    asyncio.run(bench.work())
    out = tmp_path / "x"
    done = run("export", "1", "--out", str(out))
    assert done.exit_code == 1
    assert str(done.exception) == "medium 1 cannot be read: it is infected"
    assert not out.exists()


def test_a_file_that_was_changed_in_the_vault_leaves_nothing_behind(bench: Bench, run: Run, tmp_path: Path) -> None:
    bench.note(b"laporan " * 100_000)
    asyncio.run(bench.work())
    place = bench.row(1).vault_id
    file = bench.folder / place[:2] / place[2:4] / place
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert run("export", "1", "--out", str(tmp_path / "x")).exit_code == 1
    assert not (tmp_path / "x").exists()


def test_a_file_that_is_not_in_the_vault_is_told_with_where_it_was_looked_for(
    bench: Bench, run: Run, tmp_path: Path
) -> None:
    bench.note(b"laporan")
    asyncio.run(bench.work())
    done = run("export", "1", "--out", str(tmp_path / "x"), WA_MEDIA_PATH=str(tmp_path / "elsewhere"))
    assert f"in the folder {tmp_path / 'elsewhere'}; WA_MEDIA_PATH says where" in str(done.exception)
    assert isinstance(done.exception, DeploymentError)
    assert not (tmp_path / "x").exists()


def test_an_unknown_id_is_said(run: Run, tmp_path: Path) -> None:
    assert run("export", "17", "--out", str(tmp_path / "x")).exit_code == 1
    assert not (tmp_path / "x").exists()


def test_without_the_key_nothing_is_read(bench: Bench, run: Run, tmp_path: Path) -> None:
    bench.note(b"laporan")
    asyncio.run(bench.work())
    done = run("export", "1", "--out", str(tmp_path / "x"), WA_SECRET_KEY="")
    assert "WA_SECRET_KEY: not set" in str(done.exception)


def test_rescan_needs_who_scans(bench: Bench, run: Run, tmp_path: Path) -> None:
    bench.note(b"laporan")
    asyncio.run(bench.work())
    assert "WA_CLAMAV: not set" in str(run("rescan", "--all").exception)
    assert "WA_CLAMAV: off" in str(run("rescan", "--all", WA_CLAMAV="off").exception)
    away = run("rescan", "--all", WA_CLAMAV=str(tmp_path / "none.ctl"))
    assert away.exit_code == 1
    assert str(away.exception).startswith("nothing was changed: clamd cannot be reached")
    assert bench.states() == {"kept": 1}


def test_rescan_scans_what_is_in_quarantine(bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.note(b"laporan")
    bench.note(b"x" + EICAR)
    bench.scanner = None
    asyncio.run(bench.work())
    assert bench.states() == {"scan": 2}
    bench.clock.now = bench.row(1).received_at
    found = Scanner(lambda content: Infected("Eicar") if EICAR in content else Clean())
    monkeypatch.setattr("deployments.commands.media.scanner_of", lambda _: found)
    monkeypatch.setattr(Scanner, "version", _version)
    done = run("rescan")
    assert done.stdout == "scanned: 2; of all files there are now: kept 1, infected 1, scan 0\n"
    assert done.exit_code == 0


def test_rescan_says_when_files_stay_in_quarantine(bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.note(b"laporan")
    asyncio.run(bench.work())
    failing = Scanner(lambda _: ScanFailed("clamd reports an error"))
    monkeypatch.setattr("deployments.commands.media.scanner_of", lambda _: failing)
    monkeypatch.setattr(Scanner, "version", _version)
    done = run("rescan", "--all")
    assert done.exit_code == 1
    assert "kept 0, infected 0, scan 1" in done.output


async def _version(_: Scanner) -> str:
    return "ClamAV 1.4.3"


def test_expire_deletes_rewraps_and_sweeps(bench: Bench, run: Run) -> None:
    bench.note(b"laporan")
    asyncio.run(bench.work())
    done = run("expire", WA_SECRET_KEY="n" * 32, WA_FORMER_SECRET_KEYS=f"{SECRET}, {'m' * 32}")
    assert done.output == "deleted: 0, leftovers removed: 0, brought under the current key: 1\n"
    with bench.store.writing() as connection:
        connection.exec_driver_sql("UPDATE media SET stored_at = '2020-01-01 00:00:00.000000+00:00'")
    done = run("expire", WA_SECRET_KEY="n" * 32)
    assert done.output == "deleted: 1, leftovers removed: 0, brought under the current key: 0\n"
    assert bench.stored() == []
