"""`wa session` as people type it, over a gateway that answers for real."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from deployments import accounts
from deployments.cli import app
from deployments.commands import session
from deployments.errors import DeploymentError
from tests.providers.channels import WATZAP_KEYS
from tests.providers.test_sessions import LOST, READY, SCAN, watzap_says
from wa_integrasi.history import History
from wa_integrasi.providers.meta import MetaCloudSender, MetaConfig
from wa_integrasi.providers.watzap import WatzapConfig, WatzapSender
from wa_integrasi.session import SESSION_LOST
from wa_integrasi.store.engine import Store

CODE = (200, {"value": "2@code"})
Wa = Callable[..., Awaitable[Result]]


class Block:
    """A gateway block whose sender is at hand."""

    def __init__(self, sender: Any) -> None:
        self.sender = lambda: sender


@pytest.fixture
async def gateway(start: Any, answer: Any) -> Any:
    return await start(answer(500, b"more was asked than was told"))


@pytest.fixture
def wa(store: Store, database_url: str, gateway: Any, waha: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Wa:
    """Run `wa session` with Prefect played: it knows a WAHA, a Watzap and a Meta account."""
    blocks = {
        "default": lambda: waha.sender(gateway.url, 5, 5),
        "kantor": lambda: WatzapSender(WatzapConfig(*WATZAP_KEYS, api_url=gateway.url, timeout_s=30)),
        "resmi": lambda: MetaCloudSender(MetaConfig("106540352242922", "token", api_url=gateway.url)),
    }

    async def prefect_answers() -> None: ...

    async def load(account: str) -> Block:
        return Block(blocks[account]())

    monkeypatch.setattr(session, "check_prefect", prefect_answers)
    monkeypatch.setattr(accounts, "load_account", load)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WA_DATABASE_URL", database_url)
    monkeypatch.setenv("WA_STATUS_FILE", "status.json")

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["session", *arguments])

    return run


@pytest.fixture
def told(gateway: Any, answer: Any) -> Callable[..., None]:
    return lambda *answers: gateway.then(*(answer(*each) for each in answers))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[], Any]:
    return lambda: json.loads((tmp_path / "status.json").read_text())


async def test_a_session_that_is_ready(wa: Wa, told: Any, written: Any) -> None:
    told(READY)
    done = await wa("status")
    assert (done.exit_code, done.stdout) == (0, "default: ready\n")
    assert (written()["ready"], written()["reason"]) == (True, None)


async def test_one_that_waits_for_its_code_says_how_to_see_it(wa: Wa, told: Any, written: Any, store: Store) -> None:
    told(SCAN, CODE)
    done = await wa("status")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "default: not ready: SCAN_QR_CODE",
        "a QR code waits: wa session qr --account default",
    ]
    assert written()["qr"] == "2@code"
    assert History(store).held_by("default") == (SESSION_LOST, "SCAN_QR_CODE")


async def test_json_is_what_the_status_file_says_but_for_the_code(wa: Wa, told: Any, written: Any) -> None:
    told(SCAN, CODE)
    done = await wa("status", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {**written(), "qr": True}


async def test_json_has_the_code_when_it_is_asked_for(wa: Wa, told: Any, written: Any) -> None:
    told(SCAN, CODE)
    assert json.loads((await wa("status", "--json", "--qr")).stdout) == written()
    assert written()["qr"] == "2@code"
    assert (await wa("status", "--qr")).exit_code == 2


async def test_the_code_is_shown(wa: Wa, told: Any, tmp_path: Path) -> None:
    told(SCAN, CODE)
    done = await wa("qr")
    assert done.exit_code == 0
    if importlib.util.find_spec("segno") is None:
        assert done.stdout.startswith("2@code\n")
        assert "segno" in done.stdout
    else:
        assert "█" in done.stdout
        assert "2@code" not in done.stdout


@pytest.mark.parametrize(("name", "begins"), [("qr.png", b"\x89PNG"), ("qr.svg", b"<?xml")])
async def test_the_code_as_a_picture_for_its_owner_only(
    wa: Wa, told: Any, tmp_path: Path, name: str, begins: bytes
) -> None:
    told(SCAN, CODE)
    (tmp_path / name).touch(0o644)
    done = await wa("qr", "--output", name)
    if importlib.util.find_spec("segno") is None:
        assert isinstance(done.exception, DeploymentError)
        assert "a picture needs segno" in str(done.exception)
        return
    assert done.exit_code == 0
    picture = tmp_path / name
    assert picture.read_bytes().startswith(begins)
    assert picture.stat().st_mode & 0o777 == 0o600


async def test_a_picture_of_another_kind_is_refused_before_anything_is_asked(wa: Wa, gateway: Any) -> None:
    assert (await wa("qr", "--output", "qr.txt")).exit_code == 2
    assert gateway.requests == []


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([READY], "default: no QR code waits; the session is ready"),
        ([LOST], "default: no QR code waits; the session: FAILED"),
    ],
)
async def test_where_no_code_waits_it_says_so(wa: Wa, told: Any, answers: list[Any], reason: str) -> None:
    told(*answers)
    done = await wa("qr")
    assert isinstance(done.exception, DeploymentError)
    assert str(done.exception) == reason


async def test_a_restart_that_helps_lets_messages_go_again(wa: Wa, told: Any, store: Store, gateway: Any) -> None:
    told(LOST)
    await wa("status")
    assert History(store).held_by("default") is not None
    told((201, READY[1]), READY)
    done = await wa("restart")
    assert (done.exit_code, done.stdout) == (0, "default: ready\n")
    assert gateway.requests[1].line == "POST /api/sessions/default/restart HTTP/1.1"
    assert History(store).held_by("default") is None


async def test_a_restart_that_is_refused_holds_nothing(wa: Wa, told: Any, store: Store) -> None:
    told(watzap_says(connected=True))
    done = await wa("restart", "--account", "kantor")
    assert str(done.exception) == "kantor: the phone can be paired on Watzap's own page only"
    assert History(store).held_by("kantor") is None


@pytest.mark.parametrize("command", ["status", "qr", "restart"])
async def test_a_channel_without_a_session_says_so(wa: Wa, command: str, tmp_path: Path) -> None:
    done = await wa(command, "--account", "resmi")
    assert isinstance(done.exception, DeploymentError)
    assert str(done.exception) == "resmi: meta has no session: nothing to pair"
    assert not (tmp_path / "status.json").exists()
