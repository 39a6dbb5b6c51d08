"""What a query of a million rows costs when it is capped at 1,000, beside the bare driver that reads as many.

Both connect anew, read from a cursor that streams and leave the rest. Memory is what the process grows by at most,
drivers' own buffers included, once the same query over a thousand rows has been asked. On every database that is there:
SQLite in a temporary folder, PostgreSQL, and MariaDB where one answers or can be started.
"""

import resource
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from pymysql.cursors import SSCursor
from sqlalchemy import make_url

from benchmarks.figures import Figures, medians, options, show, verdict
from tests.mariadb import NoServerError, mariadb, mariadb_plant, run
from tests.postgres import database, postgres
from wa_integrasi.sources.sql import SqlDatabase

QUERY = "SELECT id, unit, ton, noted FROM production WHERE id > :least"
CAP = 1_000
TARGET_MS = 50.0
TARGET_GROWTH_MB = 5.0


def timed(work: Callable[[], int]) -> Callable[[], Figures]:
    """A contender: milliseconds until its rows are there, and those in which this process was at work for them."""

    def once() -> Figures:
        start, used = time.perf_counter(), time.process_time()
        count = work()
        spent, used = time.perf_counter() - start, time.process_time() - used
        assert count == CAP, f"{count} rows instead of {CAP}"
        return {"median, ms": 1000 * spent, "of them CPU": 1000 * used}

    return once


def bare_sqlite(url: str) -> int:
    with closing(sqlite3.connect(f"{Path(str(make_url(url).database)).as_uri()}?mode=ro", uri=True)) as connection:
        return len(connection.execute(QUERY, {"least": 0}).fetchmany(CAP))


def bare_postgresql(url: str) -> int:
    with psycopg.connect(url) as connection, connection.cursor(name="bare") as cursor:
        cursor.execute(QUERY.replace(":least", "%(least)s"), {"least": 0})
        return len(cursor.fetchmany(CAP))


class Leaving(SSCursor):
    """Does not read the million when it is closed."""

    def leave(self) -> None:
        self._result.unbuffered_active = False
        self.connection = None


def bare_mysql(url: str) -> int:
    at = make_url(url)
    given: dict[str, Any] = {**at.translate_connect_args(username="user"), **at.query}
    connection = pymysql.connect(**given, cursorclass=Leaving)
    cursor = connection.cursor()
    cursor.execute(QUERY.replace(":least", "%(least)s"), {"least": 0})
    count = len(cursor.fetchmany(CAP))
    cursor.leave()
    connection.close()
    return count


@contextmanager
def sqlite_plant(size: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plant.db"
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("CREATE TABLE production (id INTEGER PRIMARY KEY, unit TEXT, ton REAL, noted TEXT)")
            connection.executemany(
                "INSERT INTO production VALUES (?, ?, ?, ?)",
                ((number, f"Kiln {number % 7}", number / 7, "2026-11-19 07:00:00") for number in range(1, size + 1)),
            )
        yield f"sqlite:///{file}"


@contextmanager
def postgresql_plant(size: int) -> Iterator[str]:
    with postgres() as server, database(server) as url:
        with psycopg.connect(url) as connection:
            connection.execute(
                "CREATE TABLE production AS SELECT number AS id, 'Kiln ' || number % 7 AS unit, number / 7.0 AS ton, "
                f"timestamp '2026-11-19 07:00' AS noted FROM generate_series(1, {size}) AS number"
            )
        yield url


@contextmanager
def mysql_plant(size: int) -> Iterator[str]:
    with mariadb() as server, mariadb_plant(server) as url:
        run(
            url,
            "CREATE TABLE production (id integer PRIMARY KEY, unit varchar(20), ton decimal(12, 2), noted datetime) "
            "AS SELECT seq AS id, concat('Kiln ', seq % 7) AS unit, seq / 7 AS ton, '2026-11-19 07:00:00' AS noted "
            f"FROM seq_1_to_{size}",
        )
        yield url


def peak(work: Callable[[], object]) -> float:
    """MB of Python's own memory while `work` runs."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def resident() -> float:
    """The most MB that the process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


PLANTS = {
    "SQLite": (sqlite_plant, bare_sqlite),
    "PostgreSQL": (postgresql_plant, bare_postgresql),
    "MariaDB": (mysql_plant, bare_mysql),
}


def main() -> None:
    chosen = options(__doc__, rows=1_000_000, rounds=15)
    for name, (plant, bare) in PLANTS.items():
        with ExitStack() as stack:
            try:
                url = stack.enter_context(plant(chosen.rows))
            except NoServerError as error:
                print(f"{name}: left out, {error}\n")
                continue
            source = SqlDatabase(url, max_rows=CAP)

            def ours(source: SqlDatabase = source) -> int:
                return len(source.query(QUERY, {"least": 0}).values)

            def theirs(url: str = url, bare: Callable[[str], int] = bare) -> int:
                return bare(url)

            def thousand(source: SqlDatabase = source) -> int:
                return len(source.query(f"{QUERY} AND id <= {CAP}", {"least": 0}).values)

            thousand()
            before = resident()
            ours()
            grown, share = resident() - before, peak(ours) / peak(thousand)
            found = medians({"source": timed(ours), "bare driver": timed(theirs)}, chosen.rounds)
            show(f"{name}, {CAP:,} of {chosen.rows:,} rows", found, ",.1f")
            over = found["source"]["median, ms"] - found["bare driver"]["median, ms"]
            verdict(f"{name}: over the bare driver, ms", over, TARGET_MS, at_most=True)
            verdict(f"{name}: grown by over a query of a thousand rows, MB", grown, TARGET_GROWTH_MB, at_most=True)
            print(f"{name}: Python's own memory {share:.2f} times that of a thousand rows\n", flush=True)


if __name__ == "__main__":
    main()
