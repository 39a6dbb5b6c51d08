"""Where `wa up` runs: what its processes find in their environment."""

import os
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from deployments.demo import place as demo
from deployments.demo.place import demo_place
from deployments.up import own_place
from wa_integrasi.settings import ProviderName, load_settings


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("WA_")]:
        monkeypatch.delenv(name)


def test_flow_runs_find_what_the_env_file_says_wherever_they_start(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "WA_PROVIDER=meta\nWA_DATABASE_URL=sqlite:///data/wa.db\nWA_GROUP_PRODUKSI_ID=12345@g.us\n"
    )
    elsewhere = tmp_path / "elsewhere" / ".env"
    settings = load_settings(own_place(Path(".wa"), 8080, 4200).environment, elsewhere)
    assert settings.provider is ProviderName.META
    assert settings.database_url.get_secret_value() == f"sqlite+pysqlite:///{tmp_path}/data/wa.db"
    assert settings.group_ids == {"produksi": "12345@g.us"}


def test_the_environment_goes_before_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("WA_TIMEZONE=Asia/Makassar\n")
    monkeypatch.setenv("WA_TIMEZONE", "Asia/Jayapura")
    assert own_place(Path(".wa"), 8080, 4200).settings.timezone == "Asia/Jayapura"


def test_the_demo_never_touches_a_real_store_or_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WA_DATABASE_URL", "postgresql://wa:secret@production/wa")
    monkeypatch.setenv("WA_API_KEY", "a-real-token")
    monkeypatch.setenv("WA_GROUP_PRODUKSI_ID", "12345@g.us")
    (tmp_path / ".env").write_text("WA_PROVIDER=meta\n")
    settings = demo_place(Path(".wa"), 8080, 4200).settings
    assert settings.provider is ProviderName.SIMULATOR
    assert settings.database_url.get_secret_value() == f"sqlite+pysqlite:///{tmp_path}/.wa/demo/wa.db"
    assert settings.meta_account().access_token.get_secret_value() != "a-real-token"
    assert settings.group_ids == {}


def test_a_shell_finds_the_demo_by_the_file_that_it_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = demo_place(tmp_path / "a folder", 8080, 4300)
    file = at.folder / "environment"
    shell = f". {shlex.quote(str(file))} && env -0"
    printed = subprocess.run(
        ["sh", "-c", shell], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True
    ).stdout
    found = dict(line.split("=", 1) for line in printed.decode().split("\0") if "=" in line)
    assert found["PREFECT_API_URL"] == "http://127.0.0.1:4300/api"
    assert load_settings(found, tmp_path / ".env") == at.settings
    assert load_settings(found, tmp_path / ".env").account().channel == "meta"
    assert file.stat().st_mode & 0o777 == 0o600


def test_files_of_the_demo_are_scanned_where_clamd_listens_and_can_be_read_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clamd = tmp_path / "clamd.ctl"
    monkeypatch.setattr(demo, "CLAMD", clamd)
    monkeypatch.setenv("WA_CLAMAV", "10.0.0.1:3310")
    assert demo_place(Path(".wa"), 8080, 4200).settings.clamav == "off"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(clamd))
        assert demo_place(Path(".wa"), 8080, 4200).settings.clamav == str(clamd)


def test_the_secret_of_a_folder_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    keys = [own_place(tmp_path / "a", 1, 2).environment["PREFECT_SERVER_ENCRYPTION_KEY"] for _ in range(2)]
    assert keys[0] == keys[1]
    assert (tmp_path / "a" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_what_is_encrypted_has_a_key_also_where_nobody_set_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WA_SECRET_KEY=\n")
    keys = [own_place(tmp_path / "a", 1, 2).settings.secret_key for _ in range(2)]
    assert keys[0] is not None
    assert keys[0] == keys[1]
