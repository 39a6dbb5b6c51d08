"""CSV files as a source: each query reads them into SQLite in memory, behind the guard of databases."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from wa_integrasi.settings import load_settings
from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.below import contents
from wa_integrasi.sources.csv_cells import SQLITE, AmbiguousError, Cells, Column, Kind, Look, MixedError
from wa_integrasi.sources.plugin import SourcePlugin
from wa_integrasi.sources.sql.database import explained
from wa_integrasi.sources.sql.functions import allowed
from wa_integrasi.sources.sql.guard import check
from wa_integrasi.sources.sql.reader import read
from wa_integrasi.sources.sql.session import Limits, too_slow
from wa_integrasi.sources.sql.sqlite import Sqlite, SqliteSession

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,60}")
_MOST_COLUMNS = 500
_DELIMITERS = {"tab": "\t"}
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ROWS_BETWEEN_LOOKS = 2_000
_NAMED = re.compile(
    r"""'[^']*'|"(?P<name>[^"`]+)"(?!")|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/""", re.DOTALL
)


class CsvSource(SourcePlugin):
    """CSV files below `WA_CSV_PATH`, which a query sees as tables.

    Attributes:
        tables: By the name that queries use, the files of a table: a path below `WA_CSV_PATH`, whose last part may
            have `*`, such as `produksi/harian-*.csv`. Files of one table must have the same columns.
        columns: By table and column what is in it: `text`, `int`, `number`, `bool`, `date` or `moment`. The kind of
            others is what fits all their cells.
        delimiter: Sign between cells; `auto`: the one that the first line has most of.
        decimal: Decimal sign; `auto`: a comma where the delimiter is `;`, else a point.
        day_first: Whether 3/4/2026 is the third of April.
        encoding: Of the files; `auto`: by the mark at the beginning, else UTF-8, else that of Windows.
        max_file_bytes: Most bytes that all files of one query may have.
    """

    title: ClassVar[str] = "CSV source"
    about: ClassVar[str] = "CSV files of a folder, read-only, queried as tables."

    tables: dict[str, str] = Field(min_length=1, description='Files by table: {"produksi": "produksi/harian-*.csv"}.')
    columns: dict[str, dict[str, Kind]] = Field(
        default_factory=dict, description='Kinds by table and column: {"produksi": {"ton": "number"}}.'
    )
    delimiter: Literal["auto", ";", ",", "tab", "|"] = Field(default="auto", description="Sign between cells.")
    decimal: Literal["auto", ",", "."] = Field(default="auto", description="Decimal sign.")
    day_first: bool = Field(default=True, description="Whether 3/4/2026 is the third of April.")
    encoding: Literal["auto", "utf-8", "utf-16", "cp1252"] = Field(default="auto", description="Of the files.")
    max_file_bytes: int = Field(default=20_000_000, ge=1, le=500_000_000, description="Most bytes of all files.")

    @field_validator("tables")
    @classmethod
    def _below(cls, tables: dict[str, str]) -> dict[str, str]:
        for name, pattern in tables.items():
            if not _TABLE.fullmatch(name):
                raise ValueError(f"found {name[:60]!r}, must be a name of small letters, digits and _")
            *folders, last = pattern.split("/")
            odd = {"", ".", ".."} & {*folders, last} or "\\" in pattern or "\0" in pattern
            if odd or any(sign in folder for folder in folders for sign in "*?["):
                raise ValueError(
                    f"found {pattern[:80]!r}, must be a path below WA_CSV_PATH, with * in its last part only"
                )
        return tables

    @classmethod
    def check_query(cls, query: str, binds: Collection[str]) -> Iterator[str]:
        """What the guard of SQLite says; binds are looked at by the catalog itself."""
        try:
            check(query, "sqlite")
        except SourceError as error:
            yield f"{error}; must be one SELECT that only reads"

    def read(self, query: str, parameters: Mapping[str, Any], *, timeout_s: float, max_rows: int) -> Rows:
        """Load the tables that the query names, and run it."""
        checked = check(_strict(query), "sqlite")
        names = {name for name in self.tables if re.search(rf"(?i)\b{name}\b", query)}
        zone = ZoneInfo(self.zone)
        limits = Limits(timeout_s, max_rows, self.max_bytes, zone, allowed("sqlite", frozenset()))
        with explained(Sqlite()), closing(self._loaded(names, time.monotonic() + timeout_s)) as memory:
            return read(SqliteSession(memory, None, limits), Sqlite(), checked, dict(parameters), limits)

    def look(self, *, timeout_s: float) -> str:
        """Read all of it, and count; doubtful are columns that stay text though some of their cells are none."""
        doubts: list[str] = []
        with explained(Sqlite()), closing(self._loaded(self.tables, time.monotonic() + timeout_s, doubts)) as memory:
            counts = {name: memory.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in self.tables}  # noqa: S608
        return "\n".join(["CSV: " + ", ".join(f"{name} {count} rows" for name, count in counts.items()), *doubts])

    def _loaded(self, names: Iterable[str], ends: float, doubts: list[str] | None = None) -> sqlite3.Connection:
        """The tables in memory. Adds to `doubts` what they have that may be read otherwise than it is meant."""
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            left = self.max_file_bytes
            for name in sorted(names):
                left -= self._load(memory, name, left, ends, doubts)
        except BaseException:
            memory.close()
            raise
        return memory

    def _load(
        self, memory: sqlite3.Connection, name: str, most_bytes: int, ends: float, doubts: list[str] | None
    ) -> int:
        files, taken = [], 0
        for file_name, content in contents(load_settings().csv_path, self.tables[name], most_bytes):
            taken += len(content)
            files.append(_File.of(file_name, content, self))
        header, declared = files[0].header, self.columns.get(name, {})
        if odd := next((file for file in files if file.header != header), None):
            raise _no(f"{odd.name}: its columns are not those of {files[0].name}")
        if unknown := sorted(set(declared) - set(header)):
            raise _no(f"table {name}: there is no column {unknown[0]!r}, which is declared")
        seen = _seen(files, declared, ends)
        read_as = _columns(name, files, declared, seen)
        if doubts is not None:
            doubts += _doubts(name, files[0], read_as, seen)
        typed = zip(_quoted(header), (SQLITE[column.kind] for column in read_as), strict=True)
        columns = ", ".join(f'"{column}" {kind}' for column, kind in typed)
        memory.execute("BEGIN")
        memory.execute(f'CREATE TABLE "{name}" ({columns})')
        places = ", ".join("?" * len(header))
        for file in files:
            memory.executemany(f'INSERT INTO "{name}" VALUES ({places})', file.values(read_as, ends))  # noqa: S608
        memory.execute("COMMIT")
        return taken


@dataclass(frozen=True)
class _File:
    """One file, decoded."""

    name: str
    text: str
    delimiter: str
    cells: Cells
    header: tuple[str, ...]

    @classmethod
    def of(cls, name: str, content: bytes, source: CsvSource) -> _File:
        text = _decoded(name, content, source.encoding)
        said = re.match(r"sep=(.)\r?\n", text)  # Excel's own way to say it
        text = text[said.end() :] if said else text
        delimiter = said[1] if said else _DELIMITERS.get(source.delimiter, source.delimiter)
        if delimiter == "auto":
            delimiter = _delimiter(text)
        guessed: Literal[",", "."] = "," if delimiter == ";" else "."
        decimal = guessed if source.decimal == "auto" else source.decimal
        cells = Cells(decimal, ZoneInfo(source.zone), sure=source.decimal != "auto", day_first=source.day_first)
        made = cls(name, text, delimiter, cells, ())
        header = next((tuple(cell.strip() for cell in row) for _, row in made._lines()), ())
        while header and not header[-1]:
            header = header[:-1]
        names = [column.lower() for column in header]
        if not header or "" in header or len(set(names)) < len(names) or len(names) > _MOST_COLUMNS:
            raise _no(f"{name}: its first line must have the name of each column, no two alike")
        return cls(name, text, delimiter, cells, header)

    def rows(self, ends: float) -> Iterator[tuple[int, list[str]]]:
        """Each row with its line; every cell without spaces around it."""
        width, lines = len(self.header), self._lines()
        next(lines)
        for count, (line, row) in enumerate(lines):
            if count % _ROWS_BETWEEN_LOOKS == 0 and time.monotonic() > ends:
                raise too_slow("csv")
            cells = [cell.strip() for cell in row]
            if len(cells) > width and any(cells[width:]):
                raise _no(f"{self.name}, line {line}: it has more cells than the first line")
            yield line, (cells + [""] * (width - len(cells)))[:width]

    def values(self, columns: list[Column], ends: float) -> Iterator[list[str | int | float | None]]:
        """The rows as SQLite keeps them."""
        for line, row in self.rows(ends):
            values: list[str | int | float | None] = []
            for name, column, cell in zip(self.header, columns, row, strict=True):
                try:
                    values.append(self.cells.value(cell, column))
                except ValueError:
                    raise _no(f"{self.name}, line {line}: what is in {name!r} is no {column.kind}") from None
            yield values

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, row
        except csv.Error:
            raise _no(f"{self.name}, line {reader.line_num}: it is no CSV") from None


@dataclass
class _Seen:
    """What the cells of a column look like, and where the first one is that is no number."""

    counts: Counter[Look] = field(default_factory=Counter)
    odd: str = ""


def _columns(table: str, files: list[_File], declared: Mapping[str, Kind], seen: list[_Seen]) -> list[Column]:
    """How to read each column, over all files of a table: so that it does not hang on which file comes first."""
    header, cells = files[0].header, files[0].cells
    columns: list[Column] = []
    for name, of in zip(header, seen, strict=True):
        try:
            kind = declared.get(name)
            columns.append(cells.declared(kind, of.counts) if kind else cells.column(of.counts))
        except AmbiguousError:
            text = f"column {name!r} of {table}: 1.234 may be a thousand or one and a bit; set decimal in the block"
            raise _no(text) from None
        except MixedError:
            text = f"{of.odd}: {name!r} has numbers, this is none; declare the column or set decimal in the block"
            raise _no(text) from None
    return columns


def _doubts(table: str, file: _File, read_as: list[Column], seen: list[_Seen]) -> Iterator[str]:
    """Columns that stay text, since not all of their cells are of one kind, with how many of them are no text."""
    for name, column, of in zip(file.header, read_as, seen, strict=True):
        if column.kind == "text" and (values := file.cells.values_in(of.counts)):
            cells = f"{values} of {of.counts.total()} cells look like numbers or days"
            yield f"column {name!r} of {table} is read as text: {cells}; declare what it is in columns"


def _seen(files: list[_File], declared: Mapping[str, Kind], ends: float) -> list[_Seen]:
    header = files[0].header
    seen = [_Seen() for _ in header]
    guessed = [(at, seen[at]) for at, name in enumerate(header) if declared.get(name, "number") == "number"]
    for file in files if guessed else ():
        for line, row in file.rows(ends):
            for at, column in guessed:
                if cell := row[at]:
                    look = file.cells.look(cell)
                    column.counts[look] += 1
                    if not column.odd and not file.cells.is_number(look):
                        column.odd = f"{file.name}, line {line}"
    return seen


def _strict(query: str) -> str:
    """With `name` for "name", which SQLite takes for a text where there is no such column. As long as before."""
    return _NAMED.sub(lambda found: f"`{found['name']}`" if found["name"] else found[0], query)


def _decoded(name: str, content: bytes, encoding: str) -> str:
    marked = next((codec for mark, codec in _MARKS if content.startswith(mark)), "")
    codecs = [marked] if marked else ["utf-8", "cp1252"] if encoding == "auto" else [encoding]
    for codec in codecs:
        try:
            text = content.decode(codec)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text
    raise _no(f"{name}: it is no text in the encoding {encoding}")


def _delimiter(text: str) -> str:
    """What the first line has most of, outside of quotes."""
    line = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    return max(";,\t|", key=line.count) if any(sign in line for sign in ";,\t|") else ","


def _quoted(names: Iterable[str]) -> Iterator[str]:
    return (name.replace('"', '""') for name in names)


def _no(reason: str) -> SourceError:
    return SourceError(reason, transient=False)
