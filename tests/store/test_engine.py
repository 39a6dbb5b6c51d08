"""Opening the store while others do."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from wa_integrasi.content import Text
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
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
