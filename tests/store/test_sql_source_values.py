"""What databases hold comes as the same types from each, as rows and as a DataFrame; and only so much of it."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pymysql
import pytest

from tests.store.plants import ask, endless, refused
from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.sql import SqlDatabase

JAKARTA = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 11, 19, 12, 0, tzinfo=JAKARTA)

KINDS = {
    "postgresql": (
        "SELECT 7 AS whole, CAST(1.50 AS numeric(10, 2)) AS exact, CAST(0.5 AS double precision) AS inexact, "
        "'é✅' AS words, CAST(NULL AS integer) AS nothing, CAST(:noon AS timestamptz) AS moment, "
        "CAST('2026-11-19 12:00:00' AS timestamp) AS wall, date '2026-11-19' AS day, time '07:30' AS hour, "
        "interval '26:30:00' AS span, CAST('{\"a\": 1}' AS jsonb) AS json, CAST('\\x00ff' AS bytea) AS raw, "
        "(SELECT sum(CAST(ton AS bigint)) FROM plant) AS total"
    ),
    "mysql": (
        "SELECT 7 AS whole, CAST(1.50 AS decimal(10, 2)) AS exact, 0.5e0 AS inexact, 'é✅' AS words, NULL AS nothing, "
        "CAST(:noon AS datetime) AS moment, CAST('2026-11-19 12:00:00' AS datetime) AS wall, "
        "CAST('2026-11-19' AS date) AS day, CAST('07:30:00' AS time) AS hour, CAST('26:30:00' AS time) AS span, "
        "json_extract('{\"a\": 1}', '$') AS json, unhex('00ff') AS raw, (SELECT sum(ton) FROM plant) AS total"
    ),
}


def server(request: pytest.FixtureRequest, kind: str) -> str:
    fixture = {"postgresql": "postgres_database", "mysql": "mariadb_database"}[kind]
    return str(request.getfixturevalue(fixture))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_value_is_of_the_same_type_from_each_server(request: pytest.FixtureRequest, kind: str) -> None:
    url = server(request, kind)
    [row] = ask(url, KINDS[kind], noon=NOON).as_dicts()
    assert row == {
        "whole": 7,
        "exact": Decimal("1.50"),
        "inexact": 0.5,
        "words": "é✅",
        "nothing": None,
        "moment": NOON,
        "wall": NOON,
        "day": date(2026, 11, 19),
        "hour": "07:30:00",
        "span": "26:30:00",
        "json": '{"a": 1}',
        "raw": b"\x00\xff",
        "total": 10,
    }
    assert {name: type(value) for name, value in row.items() if name in ("exact", "total", "moment")} == {
        "exact": Decimal,
        "total": int,
        "moment": datetime,
    }
    assert row["wall"].utcoffset() == NOON.utcoffset()


def test_sqlite_gives_what_it_has_types_for(sqlite_file: Any) -> None:
    url = f"sqlite:///{sqlite_file}"
    assert ask(url, "SELECT 1, 1.5, 'é✅', x'00ff', NULL").values == ((1, 1.5, "é✅", b"\x00\xff", None),)
    bound = ask(url, "SELECT :noon, :day, :exact", noon=NOON, day=date(2026, 11, 19), exact=Decimal("1.5"))
    assert bound.values == (("2026-11-19T05:00:00+00:00", "2026-11-19", 1.5),)


def test_arrays_and_moments_of_any_zone(postgres_database: str) -> None:
    rows = ask(postgres_database, "SELECT ARRAY[1, 2], timestamptz '2026-11-19 07:00+00', true, 1.50")
    assert rows.values == (([1, 2], datetime(2026, 11, 19, 7, tzinfo=UTC), True, Decimal("1.50")),)


def test_a_date_that_is_none_is_none(mariadb_database: str) -> None:
    assert ask(mariadb_database, "SELECT CAST('0000-00-00' AS date) AS day").values == ((None,),)


@pytest.mark.parametrize("kind", KINDS)
def test_a_slot_finds_the_rows_of_its_day_in_a_column_without_a_zone(request: pytest.FixtureRequest, kind: str) -> None:
    url = server(request, kind)
    walls = "SELECT '2026-11-18 23:59:59' AS wall UNION ALL SELECT '2026-11-19 00:00:00' UNION ALL SELECT '2026-11-20'"
    statement = (
        f"SELECT count(*) FROM (SELECT CAST(wall AS {'timestamp' if kind == 'postgresql' else 'datetime'}) AS at "
        f"FROM ({walls}) AS walls) AS moments WHERE at >= :slot_start AND at < :slot_end"
    )
    binds = {"slot_start": "2026-11-18T17:00:00+00:00", "slot_end": "2026-11-19T17:00:00+00:00"}
    assert ask(url, statement, **binds).values == ((1,),)


def test_a_list_is_bound_as_its_values(url: str) -> None:
    units = ["Tungku", "Kemas", "') OR 1=1 --"]
    for statement in (
        "SELECT count(*) FROM plant WHERE unit IN (:units)",
        "SELECT count(*) FROM plant WHERE unit IN :units",
    ):
        assert ask(url, statement, units=units).values == ((2,),)
    assert "list without values" in str(refused(url, "SELECT 1 FROM plant WHERE unit IN (:units)", units=[]))


def test_binds_are_told_from_whatever_else_has_a_colon_or_a_percent_sign(url: str) -> None:
    statement = "SELECT '07:00 :unit 100%' AS words, :end AS value, :end AS again -- :comment %s"
    assert ask(url, statement, end="x").values == (("07:00 :unit 100%", "x", "x"),)


def test_the_byte_cap_cuts_rows_as_the_row_cap_does(url: str) -> None:
    rows = SqlDatabase(url, max_rows=1_000_000, max_bytes=10_000).query(endless(url), {})
    assert rows.truncated
    assert 10 < len(rows.values) < 1_000


def test_a_value_that_is_far_too_long_is_refused_by_its_column(postgres_database: str, mariadb_database: str) -> None:
    for url in (postgres_database, mariadb_database):
        longest = "SELECT :words AS note"
        error = refused(url, longest, words="x" * 5_000_000)
        assert "column 'note': a value is longer than" in str(error)


def test_a_thousand_rows_of_a_million_take_the_room_of_a_thousand(url: str) -> None:
    database = SqlDatabase(url, max_rows=1_000)
    database.query("SELECT 1", {})
    room = []
    for most in (2_000, 1_000_000):
        tracemalloc.start()
        numbers = f"SELECT x, 'a text of some length' AS words FROM ({endless(url)}) AS n"
        rows = database.query(f"{numbers} LIMIT {most}", {})
        room.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (len(rows.values), rows.truncated) == (1_000, True)
    assert room[1] < room[0] * 1.2 + 100_000


def test_a_connection_that_was_left_early_keeps_no_memory(mariadb_database: str) -> None:
    def connections() -> int:
        return sum(isinstance(each, pymysql.connections.Connection) for each in gc.get_objects())

    gc.collect()
    before = connections()
    gc.disable()
    try:
        for _ in range(3):
            assert ask(mariadb_database, endless(mariadb_database), max_rows=5).truncated
        assert connections() == before
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_has_the_same_types_from_each_server(request: pytest.FixtureRequest, kind: str) -> None:
    url = server(request, kind)
    frame = ask(url, KINDS[kind], noon=NOON).frame()
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "whole": "Int64",
        "exact": "object",
        "inexact": "Float64",
        "words": "string",
        "nothing": "object",
        "moment": "datetime64[us, Asia/Jakarta]",
        "wall": "datetime64[us, Asia/Jakarta]",
        "day": "object",
        "hour": "string",
        "span": "string",
        "json": "string",
        "raw": "object",
        "total": "Int64",
    }


def test_a_frame_keeps_its_types_beside_null_and_without_rows() -> None:
    rows = Rows(("ton", "at", "ok", "big"), ((1, NOON, True, 2**70), (None, None, None, None)))
    frame = rows.frame()
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "datetime64[us, Asia/Jakarta]", "boolean", "object"]
    assert frame["ton"].isna().tolist() == [False, True]
    assert frame["at"][0] == pd.Timestamp(NOON)
    assert list(Rows(("ton", "ton"), ()).frame().columns) == ["ton", "ton"]


def test_the_session_has_the_zone_of_its_source(postgres_database: str, mariadb_database: str) -> None:
    for url in (postgres_database, mariadb_database):
        [[now]] = SqlDatabase(url, zone="Asia/Tokyo").query("SELECT now()", {}).values
        assert str(now.tzinfo) == "Asia/Tokyo"
        assert abs((now - datetime.now(UTC)).total_seconds()) < 600
    with pytest.raises(SourceError, match="zone: found 'WIB', must be one such as Asia/Jakarta"):
        SqlDatabase(postgres_database, zone="WIB").query("SELECT 1", {})
