"""Oracle: away, refusing, silent; and a real one when `WA_TEST_ORACLE_URL` names an account that has tables."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import oracledb
import pytest
from sqlalchemy import make_url

from tests.store.plants import SECRET, UNCHANGED, ask, everything, refused, refused_unguarded
from wa_integrasi.sources.sql import SqlDatabase

ENOUGH = b"(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=12514)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))))"


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """A listener that knows no service: it answers every connection with a TNS REFUSE packet."""
    body = struct.pack(">BBH", 34, 0, len(ENOUGH)) + ENOUGH
    packet = struct.pack(">HHBBH", 8 + len(body), 0, 4, 0, 0) + body
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    asking, _ = server.accept()
                except OSError:
                    return
                with asking:
                    asking.recv(4096)
                    asking.sendall(packet)

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        listener.join(10)


def oracle(port: int) -> str:
    return f"oracle://siti:{SECRET}@127.0.0.1:{port}/?service_name=PLANT"


def test_a_service_that_the_listener_does_not_know_is_said_with_its_code(refusing_port: int) -> None:
    error = refused(oracle(refusing_port), "SELECT 1 FROM dual", timeout_s=3)
    assert "oracle: the server cannot be reached or refused the connection (ORA-12514)" in str(error)
    assert error.transient
    assert SECRET not in str(error)


def test_a_listener_that_accepts_and_stays_silent_does_not_hold_a_report_up(silent_port: int) -> None:
    error = refused(oracle(silent_port), "SELECT 1 FROM dual", timeout_s=0.5)
    assert str(error) == "oracle: the server cannot be reached or refused the connection (no answer)"
    assert error.transient


@pytest.mark.parametrize("host", ["127.0.0.1:1", "nowhere.invalid:1521"])
def test_a_host_that_is_away_may_come_back_and_is_not_shown(host: str) -> None:
    error = refused(f"oracle://siti:{SECRET}@{host}/?service_name=PLANT", "SELECT 1 FROM dual", timeout_s=2)
    assert error.transient
    assert "cannot be reached" in str(error)
    assert host.partition(":")[0] not in str(error)


def test_an_option_that_is_unknown_is_refused_for_good() -> None:
    error = refused("oracle://siti@host/?events=1", "SELECT 1 FROM dual")
    assert (str(error), error.transient) == ("oracle: unknown option 'events' in the URL", False)


@pytest.fixture(scope="module")
def oracle_database() -> Iterator[str]:
    """The plant in the account of `WA_TEST_ORACLE_URL`."""
    url = os.environ.get("WA_TEST_ORACLE_URL")
    if not url:
        pytest.skip("WA_TEST_ORACLE_URL names no Oracle database")
    at = make_url(url)
    given: dict[str, Any] = {**at.translate_connect_args(username="user", database="sid"), **at.query}
    with closing(oracledb.connect(**given)) as admin, admin.cursor() as cursor:
        cursor.execute("BEGIN EXECUTE IMMEDIATE 'DROP TABLE plant'; EXCEPTION WHEN OTHERS THEN NULL; END;")
        cursor.execute("CREATE TABLE plant (unit VARCHAR2(40), ton NUMBER(10))")
        for row in UNCHANGED.values:
            cursor.execute("INSERT INTO plant VALUES (:1, :2)", row)
        admin.commit()
        yield url
        cursor.execute("DROP TABLE plant")


def test_oracle_is_read(oracle_database: str) -> None:
    assert everything(oracle_database).as_dicts()[1] == {"unit": "Tungku", "ton": 7}
    numbers = "SELECT LEVEL AS x FROM dual CONNECT BY LEVEL <= 1000000"
    rows = ask(oracle_database, numbers, max_rows=1_000)
    assert (rows.values[-1], rows.truncated) == ((1_000,), True)


@pytest.mark.parametrize("statement", ["DELETE FROM plant", "INSERT INTO plant VALUES ('x', 1)", "DROP TABLE plant"])
def test_oracle_is_not_written_to(oracle_database: str, statement: str) -> None:
    refused(oracle_database, statement)
    if not statement.startswith("DROP"):  # which no read-only transaction refuses
        refused_unguarded(oracle_database, statement)
    assert everything(oracle_database) == UNCHANGED


def test_oracle_says_what_its_account_may_do(oracle_database: str) -> None:
    report = SqlDatabase(oracle_database).check()
    assert report.version.startswith("Oracle ")
    assert any(each.startswith("owns ") for each in report.writes)
