import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc
import threading
import weakref

from deployments.prefect_server import collect_apart


class Node:
    pass


freed_by = []
freed = threading.Event()


def free():
    freed_by.append(threading.current_thread().name)
    freed.set()


collect_apart(every_s=0.05)
node = Node()
node.itself = node
weakref.finalize(node, free)
del node
for _ in range(20_000):
    keep = [[] for _ in range(10)]
assert not gc.isenabled()
assert freed.wait(10)
print(*freed_by)
"""


def test_garbage_is_freed_by_a_thread_of_its_own() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "garbage", "")


TURNS = """
import asyncio
import sys

from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy import text

from deployments.prefect_server import wait_for_turns


async def count(database, engine):
    async with await database.session(engine) as session, database.begin_transaction(session):
        found = (await session.execute(text("SELECT n FROM counted"))).scalar_one()
        await asyncio.sleep(0.2)
        await session.execute(text("UPDATE counted SET n = :n"), {"n": found + 1})


async def main():
    database = AioSqliteConfiguration(f"sqlite+aiosqlite:///{sys.argv[1]}")
    engine = await database.engine()
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE counted (n INTEGER)"))
        await connection.execute(text("INSERT INTO counted VALUES (0)"))
    await asyncio.gather(*(count(database, engine) for _ in range(3)))
    async with engine.begin() as connection:
        print((await connection.execute(text("SELECT n FROM counted"))).scalar_one())
    await engine.dispose()


wait_for_turns()
asyncio.run(main())
"""


def test_who_reads_before_they_write_wait_for_those_who_write(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TURNS, str(tmp_path / "prefect.db")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout.strip()) == (0, "3"), ran.stderr
