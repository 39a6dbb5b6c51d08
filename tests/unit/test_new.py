"""`wa new`: what it writes works as it stands."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deployments.cli import app
from wa_integrasi.catalog.reading import read_catalog_files


@pytest.fixture(autouse=True)
def no_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WA_DATABASE_URL", f"sqlite:///{tmp_path / 'none' / 'wa.db'}")


def new(*arguments: str, code: int = 0) -> str:
    ran = CliRunner().invoke(app, ["new", *arguments])
    assert ran.exit_code == code, ran.output
    return " ".join(ran.output.replace("│", " ").split())


def test_what_is_written_passes_its_own_tests(tmp_path: Path) -> None:
    for kind, name in (("report", "produksi-harian"), ("trigger", "produksi"), ("flow", "kabar-produksi")):
        new(kind, name, "--folder", str(tmp_path))
    catalog = read_catalog_files([tmp_path / "catalog"])
    assert (list(catalog.reports), list(catalog.triggers), list(catalog.contacts)) == (
        ["produksi-harian"],
        ["produksi"],
        ["saya"],
    )
    program = [Path(sys.executable).with_name("pytest"), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "6 passed" in done.stdout, done.stdout + done.stderr


def test_the_deployment_of_a_flow_is_named_with_its_module(tmp_path: Path) -> None:
    assert "entrypoint: own_flows.kabar.kabar" in new("flow", "kabar", "--folder", str(tmp_path))
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "rekap.py").touch()
    assert "entrypoint: flows.kabar_2.kabar_2" in new("flow", "kabar-2", "--folder", str(tmp_path))


@pytest.mark.parametrize("name", ["Produksi", "produksi harian", "../produksi", "1", "a--b", "a" * 41])
def test_a_name_that_is_none_writes_nothing(tmp_path: Path, name: str) -> None:
    assert "small letters, digits and dashes" in new("report", name, "--folder", str(tmp_path), code=2)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    new("report", "produksi", "--folder", str(tmp_path))
    file = tmp_path / "catalog" / "produksi.yaml"
    file.write_text("mine")
    assert "is there already" in new("trigger", "produksi", "--folder", str(tmp_path), code=2)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["menu", "next", "batal", "siapa-saya", "tell-me-if", "diam-selesai"])
def test_a_trigger_is_not_called_as_a_command_of_the_system(tmp_path: Path, name: str) -> None:
    said = new("trigger", name, "--folder", str(tmp_path), code=2)
    assert f"found '{name.replace('-', ' ')}', which is a command of its own, must be another one" in said
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_another_file_has_is_refused_and_a_free_one_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog").mkdir()
    Path("catalog/lama.yaml").write_text(
        "version: 1\nchat_templates:\n  stok: {body: x}\n  stok-2: {body: y}\nreports: [no mapping]\n"
    )
    said = new("trigger", "stok", code=2)
    assert "there already: chat_templates.stok (catalog/lama.yaml:3); choose another name, such as stok-3" in said
    assert not (tmp_path / "tests").exists()


def test_a_name_that_the_store_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made under it would replace the report of somebody else when it is applied."""
    assert "is not known: there is no store at" in new("report", "produksi", "--folder", str(tmp_path / "a"))
    parts = {"chat_templates.produksi", "reports.produksi"}
    monkeypatch.setattr("deployments.commands.new._in_store", lambda: parts)
    said = new("report", "produksi", "--folder", str(tmp_path / "b"), code=2)
    assert "reports.produksi (the store); choose another name, such as produksi-2" in said
