"""A further kind of source is one file and one entry point: the one of docs/sources.md, installed as a package is."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wa_integrasi.catalog.problems import CatalogError
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.sources import kinds
from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.plugin import PluginSource

PAGE = (Path(__file__).parents[3] / "docs/sources.md").read_text(encoding="utf-8")
CATALOG = """\
version: 1
contacts:
  budi: {phone: "0812-0000-0001", display_name: Budi, roles: [operator]}
chat_templates:
  isi: {body: "{{ rows | length }}"}
reports:
  timbang:
    title: T
    cadence: daily
    owner: budi
    source: jembatan
    source_kind: weighbridge
    query: nopol ton
    queries: {lain: jam}
    template: isi
    recipients: [budi]
triggers:
  timbang:
    kind: sql
    title: T
    phrases: [timbang]
    roles: [operator]
    source: jembatan
    source_kind: weighbridge
    query: ton
    template: isi
"""


FAILING = """\
from typing import ClassVar
from wa_integrasi.sources.plugin import SourcePlugin


class Baru(SourcePlugin):
    title: ClassVar[str] = "Baru"
    about: ClassVar[str] = "Gagal."

    @classmethod
    def check_query(cls, query, binds):
        yield from ()

    def read(self, query, parameters, *, timeout_s, max_rows):
        raise KeyError("rahasia")

    def look(self, *, timeout_s):
        return ""
"""


def install(folder: Path, name: str, entry_points: str, module: str = "") -> None:
    """What pip would leave of a package."""
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[wa_integrasi.sources]\n{entry_points}\n")
    if module:
        (folder / f"{name}.py").write_text(module)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages."""
    monkeypatch.syspath_prepend(tmp_path)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    kinds.plugin_of.cache_clear()
    kinds._points.cache_clear()


@pytest.fixture
def weighbridge(site: Path) -> Path:
    """The plug-in of the page, as it is written there."""
    [module] = [
        text for text in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "SourcePlugin)" in text
    ]
    [line] = re.findall(r'^weighbridge = "(.+)"$', PAGE, re.MULTILINE)
    install(site, "plant_weighbridge", f"weighbridge = {line}", module)
    (site / "state.txt").write_text("nopol=B 1234 XY\nton=12.5\n")
    return site / "state.txt"


def test_the_plug_in_of_the_page_is_found_and_read(weighbridge: Path) -> None:
    assert kinds.query_kinds() == ("sql", "csv", "http-json", "weighbridge")
    source = PluginSource.of("weighbridge", kinds.plugin_of("weighbridge").model_validate({"file": str(weighbridge)}))
    assert source.query("nopol ton", {}).as_dicts() == [{"nopol": "B 1234 XY", "ton": "12.5"}]
    report = source.check()
    assert (report.kind, report.version, report.zone, report.writes) == (
        "weighbridge",
        "2 values",
        "Asia/Jakarta",
        None,
    )


def test_what_it_says_of_an_outage_is_tried_again_and_then_it_is_left_alone(weighbridge: Path) -> None:
    fields = {"file": str(weighbridge), "reconnect": {"attempts": 2, "first_wait_s": 0, "pause_after": 1}}
    source = PluginSource.of("weighbridge", kinds.plugin_of("weighbridge").model_validate(fields))
    weighbridge.unlink()
    with pytest.raises(SourceError, match="the state file cannot be read"):
        source.query("ton", {})
    with pytest.raises(SourceError, match="left alone until"):
        source.within(1, 1).query("ton", {})


def test_its_queries_are_judged_with_the_catalog(weighbridge: Path) -> None:
    catalog = read_catalog(CATALOG, "c.yaml")
    assert catalog.reports["timbang"].source_kind == "weighbridge"
    bad = CATALOG
    for right, wrong in (("nopol ton", "nopol tonase"), ("lain: jam", "lain: jm"), ("query: ton", "query: to")):
        bad = bad.replace(right, wrong)
    with pytest.raises(CatalogError) as refused:
        read_catalog(bad, "c.yaml")
    assert [str(problem) for problem in refused.value.problems] == [
        "c.yaml:13: reports.timbang.query: found 'tonase', must be some of: nopol ton jam",
        "c.yaml:14: reports.timbang.queries.lain: found 'jm', must be some of: nopol ton jam",
        "c.yaml:25: triggers.timbang.query: found 'to', must be some of: nopol ton jam",
    ]


def test_a_kind_that_is_not_installed_is_named_with_those_that_are(site: Path) -> None:
    with pytest.raises(CatalogError) as refused:
        read_catalog(CATALOG.replace("weighbridge", "cvs"), "c.yaml")
    assert str(refused.value.problems[0]) == (
        "c.yaml:12: reports.timbang.source_kind: found 'cvs', must be sql, csv or http-json (did you mean 'csv'?)"
    )


@pytest.mark.parametrize(
    ("entry_points", "module", "told"),
    [
        ("baru = rusak:Baru", "raise RuntimeError('x')", r"baru \(rusak:Baru\) cannot be loaded: RuntimeError: x"),
        ("baru = rusak:Baru", "Baru = 1", r"baru \(rusak:Baru\) is no SourcePlugin"),
        ("csv = rusak:Baru", "Baru = 1", "two kinds of sources are called csv"),
        ("sql = rusak:Baru", "Baru = 1", "two kinds of sources are called sql"),
        ("Baru = rusak:Baru", "Baru = 1", "'Baru': must be called with small letters"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_named(
    site: Path, monkeypatch: pytest.MonkeyPatch, entry_points: str, module: str, told: str
) -> None:
    monkeypatch.delitem(sys.modules, "rusak", raising=False)
    install(site, "rusak", entry_points, module)
    with pytest.raises(SourceError, match=told):
        kinds.plugin_of("baru")
    with pytest.raises(CatalogError, match=told):
        read_catalog(CATALOG.replace("weighbridge", "baru"), "c.yaml")


def test_a_mistake_of_a_plug_in_is_told_without_its_text(site: Path) -> None:
    install(site, "salah", "baru = salah:Baru", FAILING)
    source = PluginSource.of("baru", kinds.plugin_of("baru").model_validate({}))
    with pytest.raises(SourceError) as failed:
        source.query("x", {})
    assert (str(failed.value), failed.value.transient) == ("the source plug-in baru failed (KeyError)", False)
    assert failed.value.__cause__ is None
