"""`wa live` as a process of its own: it sends at once, without Prefect too, ends in order, and may be killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text, update

from blocks.gateways import MetaCloudApi
from tests.prefect.conftest import House, eventually
from tests.prefect.road import Road, slow_channel
from wa_integrasi.content import Text
from wa_integrasi.message import Status
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.tables import leases, wa_outbox

PEOPLE = [Recipient.parse(f"+62812000050{number:02}") for number in range(60)]


@contextmanager
def live(house: House, log: Path, prefect_port: int, budget: str) -> Iterator[subprocess.Popen[bytes]]:
    """`wa live`, with Prefect at another port."""
    environment = {**house.at.environment, "PREFECT_API_URL": f"http://127.0.0.1:{prefect_port}/api"}
    command = [sys.executable, "-m", "deployments.cli", "live", "--budget", budget]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=house.at.folder, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def enqueue(house: House, *bodies: str, account: str = "default") -> list[int]:
    wanted = [
        NewMessage(PEOPLE[number % len(PEOPLE)], Text(body=body), account=account) for number, body in enumerate(bodies)
    ]
    return [row.id for row in Outbox(house.store).enqueue(wanted)]


def on_the_phone(house: House, *bodies: str) -> bool:
    received = [message["body"] for message in house.phone()]
    return all(received.count(body) == 1 for body in bodies)


def runs(house: House, account: str) -> dict[str, str]:
    """The gateway's runs for an account, and their states."""
    found = house.prefect("flow_runs/filter", flow_runs={"name": {"any_": [f"wa-gateway {account}"]}})
    return {run["id"]: run["state_name"] for run in found}


def said(log: Path, words: str) -> int:
    return log.read_text().count(words)


def test_messages_go_at_once_also_while_prefect_is_away_and_what_was_begun_is_ended(
    house: House, tmp_path: Path
) -> None:
    road, log = Road(house.at.prefect_port), tmp_path / "live.log"
    road.open()
    before = runs(house, "default").keys()

    def own_runs() -> list[str]:
        return [state for run, state in runs(house, "default").items() if run not in before]

    with live(house, log, road.port, budget="2") as process:
        assert eventually(lambda: said(log, "wa live is at work")), log.read_text()
        enqueue(house, "satu", "dua", "tiga")
        assert eventually(lambda: on_the_phone(house, "satu", "dua", "tiga")), log.read_text()
        assert eventually(lambda: own_runs() == ["Completed"]), "one run for three messages"

        road.close()
        for body in ("tanpa satu", "tanpa dua"):
            enqueue(house, body)
            assert eventually(lambda body=body: on_the_phone(house, body)), log.read_text()
        assert said(log, "Prefect does not answer") == 1
        assert eventually(lambda: said(log, "without a run: ")), log.read_text()

        road.open()
        enqueue(house, "lagi")
        assert eventually(lambda: on_the_phone(house, "lagi")), log.read_text()
        assert said(log, "Prefect answers again") == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    assert own_runs() == ["Completed"] * 2, "the run that stayed has ended too"
    assert said(log, "Traceback") == 0, log.read_text()
    assert on_the_phone(house, "satu", "dua", "tiga", "tanpa satu", "tanpa dua", "lagi")


def let_time_pass(house: House, pid: int) -> None:
    """The leases of a process are over, and what it left behind has waited for evidence."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    with house.store.writing() as connection:
        connection.execute(update(leases).where(leases.c.owner.contains(f":{pid}:")).values(until=past))
        unknown = wa_outbox.c.status == Status.UNKNOWN
        connection.execute(update(wa_outbox).where(unknown).values(next_attempt_at=past))


def holders(house: House) -> list[int]:
    """The processes that hold messages."""
    with house.store.reading() as connection:
        return [int(owner.split(":")[1]) for owner in connection.execute(select(leases.c.owner)).scalars()]


async def test_one_of_several_that_is_killed_loses_nothing(house: House, tmp_path: Path) -> None:
    bodies = [f"bagian {number}" for number in range(len(PEOPLE))]
    with slow_channel() as channel, ExitStack() as stack:
        account = house.at.settings.meta_account()
        await MetaCloudApi(**{**asdict(account), "api_url": channel.url}).asave("pelan", overwrite=True)
        with house.store.writing() as connection:
            connection.execute(text("INSERT INTO accounts (name, provider) VALUES ('pelan', 'meta')"))
        logs = [tmp_path / f"{number}.log" for number in range(2)]
        processes = [stack.enter_context(live(house, log, house.at.prefect_port, budget="60")) for log in logs]
        by_pid = {process.pid: process for process in processes}
        ids = enqueue(house, *bodies, account="pelan")
        assert eventually(lambda: channel.bodies and by_pid.keys() & holders(house)), logs[0].read_text()
        killed = next(pid for pid in holders(house) if pid in by_pid)
        by_pid[killed].kill()
        by_pid[killed].wait()
        in_hand = dict(channel.bodies)
        channel.released.set()

        def all_sent() -> bool:
            let_time_pass(house, killed)
            found = house.history.messages(ids=ids, limit=len(ids))
            return {entry.status for entry in found} == {"sent"}

        assert eventually(all_sent), "\n".join(log.read_text() for log in logs)
    with house.store.writing() as connection:
        connection.execute(text("DELETE FROM accounts WHERE name = 'pelan'"))
    assert channel.bodies.keys() == set(bodies)
    assert {body for body, times in channel.bodies.items() if times > 1} <= in_hand.keys()
