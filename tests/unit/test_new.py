"""`wa new`: what it writes works as it stands."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deployments.cli import app
from wa_integrasi.catalog.reading import read_catalog_files


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
