"""What people ask, through the real `wa live` and Prefect; and triggers that are run by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from blocks.gateways import KeptSenders
from blocks.trigger_sources import TriggerSources
from deployments.commands_work import CommandsWork
from deployments.runs import Runs
from flows.on_demand import on_demand
from tests.prefect.conftest import House, eventually
from tests.prefect.test_live import live
from wa_integrasi.answering.desk import Desk
from wa_integrasi.answering.fetching import Kitchen
from wa_integrasi.clock import utc_now
from wa_integrasi.commands import CommandQueue, NewCommand
from wa_integrasi.sources.ai import ChatMessage
from wa_integrasi.sources.base import SourceError
from wa_integrasi.store.tables import commands, wa_outbox

BUDI, SARI, AGUS = "+6281200000001", "+6281200000002", "+6281200000003"


def types(house: House, who: str, text: str) -> None:
    httpx.post(f"{house.at.service_url}/simulator/type", json={"from": who, "text": text}).raise_for_status()


def received(house: House, who: str) -> list[str]:
    return [message["body"] for message in house.phone() if message["to"] == who]


def answers(house: House) -> Sequence[Any]:
    """What was enqueued for commands, in its order."""
    with house.store.reading() as connection:
        found = select(wa_outbox).where(wa_outbox.c.dedupe_key.like("command/%")).order_by(wa_outbox.c.id)
        return connection.execute(found).all()


def rows(house: House) -> Sequence[Any]:
    with house.store.reading() as connection:
        return connection.execute(select(commands).order_by(commands.c.id)).all()


def on_demand_runs(house: House) -> list[dict[str, Any]]:
    return house.prefect("flow_runs/filter", flows={"name": {"any_": ["on-demand-trigger"]}})


def test_a_question_from_the_phone_is_answered_by_a_run_and_a_menu_without_one(house: House, tmp_path: Path) -> None:
    log = tmp_path / "live.log"
    before = len(on_demand_runs(house))
    with live(house, log, house.at.prefect_port, budget="30"):
        # By then the service has seen the catalog, too.
        assert eventually(lambda: "wa live is at work" in log.read_text()), log.read_text()
        types(house, BUDI, "produksi tungku kemarin")
        types(house, SARI, "menu")
        assert eventually(lambda: any("Tungku" in text for text in received(house, BUDI))), log.read_text()
        assert eventually(lambda: any("*Perintah untuk Anda*" in text for text in received(house, SARI)))
        assert eventually(lambda: [run["state_name"] for run in on_demand_runs(house)[before:]] == ["Completed"])
        assert len(on_demand_runs(house)) == before + 1
    [asked] = [row for row in rows(house) if row.text == "produksi tungku kemarin"]
    assert (asked.state, asked.trigger) == ("answered", "produksi")
    [run] = [run for run in on_demand_runs(house) if run["id"] == asked.flow_run_id]
    assert run["parameters"]["trigger"] == "produksi"
    assert "tungku" not in str(run["parameters"]).lower(), "what people write is not Prefect's"
    assert log.read_text().count("Traceback") == 0, log.read_text()


async def served(work: CommandsWork) -> None:
    """Until nothing is due."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        await work.run()
        await asyncio.gather(*work._going)
        if (due := await asyncio.to_thread(work.due_in)) is None or due.total_seconds() > 1:
            return


class Away(Runs):
    """Prefect does not answer."""

    async def possible(self) -> bool:
        return False


async def test_what_waits_becomes_one_run_and_while_prefect_is_away_it_waits(house: House) -> None:
    queue = CommandQueue(house.store)
    desk = Desk(house.store, "Asia/Jakarta")
    before = len(on_demand_runs(house))
    asked = [(BUDI, "produksi"), (SARI, "waktu henti"), (AGUS, "produksi"), (AGUS, "siapa saya")]
    ids = queue.ask([NewCommand("default", who, text=text, sender=who) for who, text in asked])
    async with TriggerSources() as sources, KeptSenders() as senders:
        away = CommandsWork(desk, Kitchen(sources), Away(), senders)
        await served(away)
        told = [row.content for row in answers(house) if row.dedupe_key in {f"command/{each}/wait" for each in ids}]
        assert [text.partition(".")[0] for text in told] == ["Sistem sedang gangguan"] * 3, "Agus asked twice"
        later = Desk(house.store, "Asia/Jakarta", clock=lambda: utc_now() + timedelta(seconds=6))
        work = CommandsWork(later, Kitchen(sources), Runs(), senders)
        await served(work)
        await work.close()
    found = [queue.find(each) for each in ids]
    assert [command.state for command in found if command] == ["answered"] * 4
    assert len(on_demand_runs(house)) == before + 1
    mine = [row.chat for row in answers(house) if row.dedupe_key in {f"command/{each}/1" for each in ids}]
    assert sorted(mine) == [BUDI, SARI, AGUS, AGUS]


async def test_a_trigger_run_by_hand_answers_whom_it_is_told_to(house: House) -> None:
    state = await on_demand("produksi", {"unit": "Tungku", "hari": "kemarin"}, "dewi-lestari", return_state=True)
    assert state.is_completed(), state
    answer = answers(house)[-1]
    assert (answer.chat, answer.flow_run_id) == ("+6281200000004", str(state.state_details.flow_run_id))
    assert "Tungku" in answer.content


async def test_a_dry_run_asks_the_source_and_enqueues_nothing(house: House) -> None:
    before = len(answers(house)), len(rows(house))
    state = await on_demand("produksi", {}, "dewi-lestari", dry_run=True, return_state=True)
    assert state.is_completed(), state
    assert (len(answers(house)), len(rows(house))) == before


async def test_a_source_or_an_ai_that_does_not_exist_is_named(house: House) -> None:
    async with TriggerSources() as sources:
        with pytest.raises(SourceError, match="no source block is called tidak-ada"):
            await sources.rows("sql", "tidak-ada", "SELECT 1", {}, 5, 10)
        with pytest.raises(SourceError, match="no AI block is called tidak-ada"):
            await sources.said("tidak-ada", [ChatMessage("user", "halo")], 5)


async def test_a_trigger_has_its_own_limits_within_those_of_the_block(house: House) -> None:
    async with TriggerSources() as sources:
        found = await sources.rows("sql", "pabrik-contoh", "SELECT unit FROM units ORDER BY urutan", {}, 5, 2)
    assert len(found.values) == 2
    assert found.truncated


@pytest.mark.parametrize(
    ("trigger", "arguments", "recipient", "why"),
    [
        ("produksi", {"hari": "besok"}, "dewi-lestari", "arguments.hari: is still to come"),
        ("tidak-ada", {}, "dewi-lestari", "no enabled trigger is called tidak-ada"),
        ("produksi", {}, "0812-0000-0004", "recipient: found a number or an id, must be a name of the catalog"),
        ("produksi", {}, "bukan-siapa-siapa", "recipient: "),
    ],
)
async def test_what_is_wrong_with_a_run_by_hand_is_said(
    house: House, trigger: str, arguments: dict[str, Any], recipient: str, why: str
) -> None:
    state = await on_demand(trigger, arguments, recipient, return_state=True)
    assert state.is_failed()
    assert why in str(await state.result(raise_on_failure=False))
