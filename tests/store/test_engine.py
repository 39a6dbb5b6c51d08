"""Opening the store while others do."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from wa_integrasi.content import Text
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.store import engine as engine_module
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.migrating import migrate


def test_a_store_opens_though_another_process_is_writing_its_file_for_the_first_time(tmp_path: Path) -> None:
    def first_question() -> object:
        started.set()
        with Store.open(f"sqlite+pysqlite:///{file}") as store, store.reading() as connection:
            return connection.execute(text("PRAGMA journal_mode")).scalar()

    file, started = tmp_path / "wa.db", threading.Event()
    with closing(sqlite3.connect(file, isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("CREATE TABLE t (a INTEGER)")
        other.execute("BEGIN IMMEDIATE")
        answer = pool.submit(first_question)
        started.wait(10)
        threading.Event().wait(0.1)
        other.execute("COMMIT")
        assert answer.result(10) == "wal"


def test_nothing_is_written_to_a_file_that_is_gone_or_was_replaced(tmp_path: Path) -> None:
    file = tmp_path / "wa.db"
    with Store.open(f"sqlite+pysqlite:///{file}") as store:
        migrate(store)
        file.rename(tmp_path / "moved.db")
        with pytest.raises(StoreError, match="is gone"):
            Outbox(store).moves_in([1])
        with Store.open(f"sqlite+pysqlite:///{file}") as restored:
            migrate(restored)
            Outbox(store).enqueue([NewMessage(Recipient.parse("+6281234567890"), Text(body="x"))])
            assert Outbox(restored).moves_in([1]) is not None


def test_a_server_that_is_cut_off_is_given_up_as_the_address_says_or_soon(postgres_url: str) -> None:
    url = make_url(postgres_url).set(drivername="postgresql+psycopg")
    for address, expected in ((url, "10"), (url.update_query_dict({"connect_timeout": "3"}), "3")):
        with Store.open(address.render_as_string(hide_password=False)) as store, store.reading() as connection:
            told = connection.connection.driver_connection.info.get_parameters()
        assert told["connect_timeout"] == expected
        assert told["tcp_user_timeout"] == "15000"


def test_writers_of_one_process_take_turns_on_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(f"sqlite+pysqlite:///{tmp_path}/wa.db") as store, ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(engine_module, "_BUSY_TIMEOUT_MS", 50)
        done = threading.Event()

        def write() -> None:
            with store.writing() as connection:
                connection.execute(text("CREATE TABLE t (a INTEGER)"))
            done.set()

        with store.writing():
            with pytest.raises(StoreError, match="busy"):
                pool.submit(write).result(10)
            with store.reading():
                assert not done.is_set(), "who only reads does not wait"
        pool.submit(write).result(10)
        assert done.is_set()
