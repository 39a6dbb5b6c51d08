"""CSV files as people export them: read with the right types, behind the guard, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.csv_files import CsvSource
from wa_integrasi.sources.kinds import plugin_of
from wa_integrasi.sources.plugin import PluginSource

HEADER = "Hari;Unit;Ton;Jam\r\n"
EXCEL = (
    "\ufeff" + HEADER + "19/11/2026;Tungku;1.234,5;19/11/2026 07.30\r\n"
    '20/11/2026;"Kemas; 1";;20/11/2026 7:05\r\n20/11/2026;007;12;20/11/2026 23.59\r\n;;;\r\n'
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "csv"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_CSV_PATH", str(folder))
    return folder


def ask(query: str, pattern: str = "p.csv", parameters: dict[str, Any] | None = None, **fields: Any) -> Rows:
    source = PluginSource.of("csv", CsvSource(tables={"p": pattern}, **{"reconnect": {"attempts": 1}, **fields}))
    return source.query(query, parameters or {})


def refused(query: str, pattern: str = "p.csv", **fields: Any) -> str:
    with pytest.raises(SourceError) as error:
        ask(query, pattern, **fields)
    return str(error.value)


def test_its_kind_is_installed_by_an_entry_point() -> None:
    assert plugin_of("csv") is CsvSource


def test_an_indonesian_export_has_its_types(root: Path) -> None:
    (root / "p.csv").write_bytes(EXCEL.encode())
    rows = ask("SELECT * FROM p ORDER BY jam")
    assert rows.columns == ("Hari", "Unit", "Ton", "Jam")
    assert rows.values == (
        ("2026-11-19", "Tungku", 1234.5, "2026-11-19T00:30:00+00:00"),
        ("2026-11-20", "Kemas; 1", None, "2026-11-20T00:05:00+00:00"),
        ("2026-11-20", "007", 12.0, "2026-11-20T16:59:00+00:00"),
    )
    assert [str(dtype) for dtype in rows.frame().dtypes] == ["string", "string", "Float64", "string"]


def test_the_slot_of_a_report_takes_its_rows(root: Path) -> None:
    (root / "p.csv").write_bytes(EXCEL.encode())
    binds = {"slot_start": "2026-11-19T17:00:00+00:00", "slot_end": "2026-11-20T17:00:00+00:00"}
    rows = ask("SELECT count(*) AS n FROM p WHERE jam >= :slot_start AND jam < :slot_end", parameters=binds)
    assert rows.values == ((2,),)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("start", ["", "sep=;\r\n"])
def test_encodings_and_the_line_of_excel_do_not_matter(root: Path, codec: str, start: str) -> None:
    (root / "p.csv").write_bytes(f"{start}unit;suhu\nKüche;5°\n".encode(codec))
    assert ask("SELECT unit, suhu FROM p").values == (("Küche", "5°"),)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a,b\n1.5,x\n2,y\n", ((1.5, "x"), (2.0, "y"))),
        ("a\tb\n1\t1,234.5\n2\t7\n", ((1, 1234.5), (2, 7.0))),
        ("a|b\n2026-11-19T07:00:00Z|2026-11-19\n", (("2026-11-19T07:00:00+00:00", "2026-11-19"),)),
        ("a,b\n12345678901234567890,31/02/2026\n", (("12345678901234567890", "31/02/2026"),)),
        ('a,b\n"baris\n1","kata ""x"""\n', (("baris\n1", 'kata "x"'),)),
        ("a,b,,\n1,,,\n", ((1, None),)),
        ("a;b\n-3;+4,25\n", ((-3, 4.25),)),
        ("a\tb\n12,75\tx\n3\ty\n", ((12.75, "x"), (3.0, "y"))),
        ("a;b\n10.30;-\n7.30;x\n", (("10.30", "-"), ("7.30", "x"))),
        ("a;b\n21.11.2026;1.2.2026\n", (("2026-11-21", "2026-02-01"),)),
    ],
)
def test_kinds_are_those_that_fit_all_cells(root: Path, text: str, values: object) -> None:
    (root / "p.csv").write_text(text)
    assert ask("SELECT a, b FROM p").values == values


def test_a_number_that_may_be_two_is_asked_about(root: Path) -> None:
    (root / "p.csv").write_text("ton;unit\n1.234;a\n2.345;b\n")
    told = refused("SELECT ton FROM p")
    assert told == "column 'ton' of p: 1.234 may be a thousand or one and a bit; set decimal in the block"
    assert ask("SELECT sum(ton) AS t FROM p", decimal=",").values == ((3579.0,),)
    assert ask("SELECT sum(ton) AS t FROM p", decimal=".").values == ((3.579,),)
    declared = {"p": {"ton": "text"}}
    assert ask("SELECT ton FROM p", columns=declared).values == (("1.234",), ("2.345",))


@pytest.mark.parametrize("sign", ["\t", "|", ",", ";", ""])
def test_thousands_are_asked_about_whatever_the_delimiter(root: Path, sign: str) -> None:
    rest = f"{sign}x" if sign else ""
    (root / "p.csv").write_text(f"ton{rest}\n1.500{rest}\n12.750{rest}\n")
    assert refused("SELECT ton FROM p").endswith("set decimal in the block")
    assert ask("SELECT sum(ton) AS t FROM p", decimal=",").values == ((14250.0,),)


@pytest.mark.parametrize(
    ("proof", "total"),
    [("12.75", 14.25), ("0.5", 2.0), ("1.234.567", 1236067.0), ("12.750,5", 14250.5), ("3,5", 1503.5)],
)
def test_one_sure_number_decides_for_its_column(root: Path, proof: str, total: float) -> None:
    (root / "p.csv").write_text(f"ton\tunit\n1.500\ta\n{proof}\tb\n")
    assert ask("SELECT sum(ton) AS t FROM p").values == ((total,),)
    assert ask("SELECT sum(ton) AS t FROM p", columns={"p": {"ton": "number"}}).values == ((total,),)


def test_a_declared_number_is_not_guessed_to_have_a_point(root: Path) -> None:
    (root / "p.csv").write_text("ton\n1.500\n")
    assert "set decimal" in refused("SELECT ton FROM p", columns={"p": {"ton": "number"}})


@pytest.mark.parametrize("kind", [{}, {"p": {"ton": "number"}}])
@pytest.mark.parametrize("sign", ["-", "–", "n/a", "N/A", "#N/A"])
def test_a_sign_for_no_value_is_null_among_numbers(root: Path, sign: str, kind: dict[str, dict[str, str]]) -> None:
    (root / "p.csv").write_text(f"ton;unit\n1.500,5;{sign}\n{sign};a\n", encoding="utf-8")
    assert ask("SELECT ton, unit FROM p", columns=kind).values == ((1500.5, sign), (None, "a"))


def test_numbers_with_a_cell_that_is_none_do_not_become_text(root: Path) -> None:
    (root / "p.csv").write_text("unit;ton\na;1.500\nb;rusak\n")
    told = "p.csv, line 3: 'ton' has numbers, this is none; declare the column or set decimal in the block"
    assert refused("SELECT sum(ton) AS t FROM p") == told
    assert ask("SELECT ton FROM p", columns={"p": {"ton": "text"}}).values == (("1.500",), ("rusak",))
    (root / "p.csv").write_text("unit;ton\na;1\nb;rusak\nc;mati\n")
    assert ask("SELECT ton FROM p").values == (("1",), ("rusak",), ("mati",))


@pytest.mark.parametrize("cell", ["1e999", "1e+999", "1.0e999", "inf", "nan", "-Infinity", "9" * 400 + ".5"])
def test_a_number_that_is_not_finite_is_refused(root: Path, cell: str) -> None:
    (root / "p.csv").write_text(f"ton\n1.5\n1e-05\n{cell}\n")
    assert refused("SELECT ton FROM p").startswith("p.csv, line 4: ")
    assert refused("SELECT ton FROM p", columns={"p": {"ton": "number"}}).startswith("p.csv, line 4: ")


@pytest.mark.parametrize("code", ["+6281234", "1234567890123456", "007", "-01"])
def test_digits_that_are_a_name_stay_text(root: Path, code: str) -> None:
    (root / "p.csv").write_text(f"kode\n{code}\n12\n")
    assert ask("SELECT kode FROM p").values == ((code,), ("12",))


def test_a_column_that_is_not_there_is_no_text(root: Path) -> None:
    (root / "p.csv").write_text('Ton Basah,"a""b"\n1,x\n')
    assert "no such column" in refused('SELECT "tonn" AS t FROM p')
    query = """SELECT "Ton Basah" AS "T b", "a""b", '"tonn"' AS c FROM "p" -- "x\nWHERE "Ton Basah" = :b"""
    rows = ask(query, parameters={"b": 1})
    assert (rows.columns, rows.values) == (("T b", 'a"b', "c"), ((1, "x", '"tonn"'),))


def test_a_declared_kind_holds_and_a_cell_that_is_none_is_named_without_its_value(root: Path) -> None:
    (root / "p.csv").write_text("kode,aktif,ton\n1,ya,3\n2,tidak,rahasia\n")
    columns = {"p": {"kode": "text", "aktif": "bool", "ton": "text"}}
    assert ask("SELECT kode, aktif FROM p", columns=columns).values == (("1", 1), ("2", 0))
    columns["p"]["ton"] = "number"
    assert refused("SELECT 1 FROM p", columns=columns) == "p.csv, line 3: what is in 'ton' is no number"
    assert "there is no column 'tonase', which is declared" in refused(
        "SELECT 1 FROM p", columns={"p": {"tonase": "int"}}
    )


def test_the_files_of_a_folder_are_one_table(root: Path) -> None:
    (root / "harian").mkdir()
    for day in (1, 2, 3):
        (root / "harian" / f"p-{day}.csv").write_text(f"hari,ton\n2026-11-0{day},{day}\n")
    (root / "harian" / ".~lock.p-1.csv#").write_text("x")
    (root / "harian" / "~$p-1.csv").write_text("x")
    assert ask("SELECT count(*) AS n, sum(ton) AS t FROM p", "harian/*.csv").values == ((3, 6),)
    (root / "harian" / "p-4.csv").write_text("hari,tonase\n")
    assert refused("SELECT 1 FROM p", "harian/*.csv") == "p-4.csv: its columns are not those of p-1.csv"


@pytest.mark.parametrize(
    "pattern", ["/etc/passwd", "../p.csv", "a/../p.csv", "a/./p.csv", "*/p.csv", "", "a//b", "a\\..\\b", "p\0.csv"]
)
def test_a_path_that_leads_elsewhere_is_refused_when_it_is_saved(pattern: str) -> None:
    with pytest.raises(ValidationError, match="must be a path below WA_CSV_PATH"):
        CsvSource(tables={"p": pattern})


def test_no_link_is_followed_whatever_is_exchanged(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("kata\nrahasia\n")
    (root / "p.csv").symlink_to(tmp_path / "secret.csv")
    (root / "keluar").symlink_to(tmp_path)
    for pattern in ("p.csv", "*.csv", "keluar/secret.csv", "keluar/*.csv"):
        assert "links are not followed" in refused("SELECT * FROM p", pattern)
    os.mkfifo(root / "pipa.csv")
    assert refused("SELECT * FROM p", "pipa.csv") == "pipa.csv is no file"
    (root / "folder.csv").mkdir()
    assert "cannot be opened" in refused("SELECT * FROM p", "folder.csv")


def test_a_file_that_is_not_there_may_come_later(root: Path) -> None:
    for pattern in ("p.csv", "*.csv", "nanti/p.csv"):
        with pytest.raises(SourceError) as error:
            ask("SELECT 1 FROM p", pattern)
        assert error.value.transient
        assert str(root) not in str(error.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "p.csv: its first line must have the name of each column"),
        (b"a,A\n1,2\n", "p.csv: its first line must have the name of each column"),
        (b"a,,b\n1,2,3\n", "p.csv: its first line must have the name of each column"),
        (b"a,b\n1,2,3\n", "p.csv, line 2: it has more cells than the first line"),
        (b'a,b\n"1,2\n', "p.csv, line 2: it is no CSV"),
        (b"a,b\n1,\0\n", "p.csv: it is no text in the encoding auto"),
        (b"PK\x03\x04\x00\x00", "p.csv: it is no text in the encoding auto"),
    ],
)
def test_what_is_no_csv_is_said_with_its_place(root: Path, content: bytes, told: str) -> None:
    (root / "p.csv").write_bytes(content)
    assert refused("SELECT * FROM p").startswith(told)


def test_limits_hold(root: Path) -> None:
    (root / "p.csv").write_text("a\n" + "1\n" * 5_000)
    rows = ask("SELECT a FROM p", max_rows=10)
    assert (len(rows.values), rows.truncated) == (10, True)
    rows = ask("SELECT a FROM p", max_bytes=1_000)
    assert (len(rows.values) < 40, rows.truncated) == (True, True)
    assert "larger than their limit" in refused("SELECT a FROM p", max_file_bytes=5_000)
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT sum(x) AS s FROM c"
    assert "took longer than its time limit" in refused(endless, timeout_s=0.05)
    assert refused("SELECT count(*) FROM p", timeout_s=0.001).endswith("took longer than its time limit")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM p",
        "SELECT 1; DROP TABLE p",
        "PRAGMA query_only",
        "ATTACH '/tmp/x' AS x",
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/passwd') FROM p",
    ],
)
def test_a_query_only_reads(root: Path, query: str) -> None:
    (root / "p.csv").write_text("a\n1\n")
    assert "refused" in refused(query)
    assert list(CsvSource.check_query(query, ())) != []


def test_a_check_says_once_which_columns_are_text_though_some_cells_are_none(root: Path) -> None:
    rows = ["kode;ton;jam;ket;hari", "007;12,5;10.30;baik;21.11.2026", "12;-;7.30;x;belum", "3;rusak;;y;", ";mati;;z;"]
    (root / "p.csv").write_text("\n".join([*rows, ""]))
    source = CsvSource(tables={"p": "p.csv"}, columns={})
    assert PluginSource.of("csv", source).check().doubts == (
        "column 'ton' of p is read as text: 1 of 4 cells look like numbers or days; declare what it is in columns",
        "column 'jam' of p is read as text: 2 of 2 cells look like numbers or days; declare what it is in columns",
        "column 'hari' of p is read as text: 1 of 2 cells look like numbers or days; declare what it is in columns",
    )
    told = source.model_copy(update={"columns": {"p": {"ton": "text", "jam": "text", "hari": "text"}}})
    assert PluginSource.of("csv", told).check().doubts == ()


def test_a_check_counts_what_is_there(root: Path) -> None:
    (root / "p.csv").write_text("a\n1\n2\n")
    report = PluginSource.of("csv", CsvSource(tables={"p": "p.csv"})).check()
    assert (report.kind, report.version, report.writes) == ("csv", "CSV: p 2 rows", None)
