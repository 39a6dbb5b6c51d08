"""Opening the store while others do."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from wa_integrasi.store.engine import Store


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
