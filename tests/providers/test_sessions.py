"""Paired phones over their gateways: how a session stands, and what that does to the messages of its account."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FrozenClock
from tests.providers.channels import WATZAP_KEYS
from tests.providers.test_wwebjs_sender import CODE, CONNECTED, QR, STATUS, UNKNOWN, recorded_answer
from wa_integrasi.content import Text
from wa_integrasi.history import History
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.rules import rules_of
from wa_integrasi.providers.base import Accepted, Action, Failed, HasSession, Unanswered
from wa_integrasi.providers.meta import MetaCloudSender, MetaConfig
from wa_integrasi.providers.watzap import WatzapConfig, WatzapSender
from wa_integrasi.recipient import Recipient
from wa_integrasi.session import SESSION_LOST, Look, SessionError, watch
from wa_integrasi.store.engine import Store

RULES = {"default": rules_of("waha")}
PEOPLE = [Recipient.parse(f"+62812345678{number:02}") for number in range(3)]


def waha_says(status: str) -> tuple[int, Any]:
    return 200, {"name": "default", "status": status}


def watzap_says(*, connected: bool) -> tuple[int, Any]:
    licence = {"key": WATZAP_KEYS[1], "is_connected": connected}
    return 200, {"status": "200", "message": "ok", "data": {"licenses_key": [licence]}}


READY, LOST, SCAN = waha_says("WORKING"), waha_says("FAILED"), waha_says("SCAN_QR_CODE")
WORDS = {"error": "Unauthorized", "statusCode": 401}


class Gateways:
    """Gateways that answer as they are told, and the senders of accounts at them."""

    def __init__(self, store: Store, clock: FrozenClock, start: Any, answer: Any, waha: Any, wwebjs: Any) -> None:
        self.store, self.clock = store, clock
        self._start, self._answer = start, answer
        self._makes: dict[str, Callable[[str], Any]] = {
            "waha": lambda url: waha.sender(url, 5, 5),
            "wwebjs": lambda url: wwebjs.sender(url, 5, 5),
            "watzap": lambda url: WatzapSender(WatzapConfig(*WATZAP_KEYS, api_url=url, timeout_s=30)),
            "meta": lambda url: MetaCloudSender(MetaConfig("106540352242922", "token", api_url=url)),
        }

    async def look(self, file: Path | None = None, **told: tuple[str, list[Any]]) -> list[Look]:
        """Watch once; each account is told with its channel and the answers of its gateway."""
        async with AsyncExitStack() as stack:
            senders = {}
            for account, (channel, answers) in told.items():
                server = await self._start(self._answer(500, b"more was asked than was told"))
                server.then(*(each if isinstance(each, str) else self._answer(*each) for each in answers))
                senders[account] = await stack.enter_async_context(self._makes[channel](server.url))
            return await watch(self.store, senders, file, self.clock)

    async def default(self, *answers: Any) -> Look:
        [found] = await self.look(default=("waha", list(answers)))
        return found


@pytest.fixture
def gateways(store: Store, clock: FrozenClock, start: Any, answer: Any, waha: Any, wwebjs: Any) -> Gateways:
    return Gateways(store, clock, start, answer, waha, wwebjs)


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    made = Outbox(store, clock=clock)
    made.enqueue([NewMessage(person, Text(body=str(number))) for number, person in enumerate(PEOPLE)])
    return made


def written(folder: Path) -> list[Path]:
    return list(folder.glob("*.json"))


def going(outbox: Outbox) -> list[str]:
    """What a worker may send now, and does."""
    claimed = outbox.claim("test", RULES)
    outbox.settle([(row, Accepted(f"id.{row.id}")) for row in claimed], RULES)
    return [row.content.body for row in claimed]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("channel", "answers", "ready", "lost", "reason", "qr"),
    [
        ("waha", [READY], True, False, None, None),
        ("waha", [SCAN, (200, {"value": "2@code"})], False, True, "SCAN_QR_CODE", "2@code"),
        ("waha", [SCAN, (500, b"")], False, True, "SCAN_QR_CODE", None),
        ("waha", [waha_says("STARTING")], False, True, "STARTING", None),
        ("waha", [(401, WORDS)], False, True, "Unauthorized", None),
        ("waha", ["close", "close"], False, False, "no answer from WAHA (ServerDisconnectedError)", None),
        ("wwebjs", [CONNECTED], True, False, None, None),
        ("wwebjs", [recorded_answer(STATUS), recorded_answer(QR)], False, True, "UNPAIRED", CODE),
        ("wwebjs", [UNKNOWN], False, True, "session_not_found", None),
        ("watzap", [watzap_says(connected=True)], True, False, None, None),
        ("watzap", [watzap_says(connected=False)], False, True, "DISCONNECTED", None),
        ("watzap", [(200, {"status": "1002", "message": "Invalid API Key"})], False, True, "Invalid API Key", None),
    ],
)
async def test_every_gateway_says_how_its_session_stands(
    gateways: Gateways,
    channel: str,
    answers: list[Any],
    ready: bool,
    lost: bool,
    reason: str | None,
    qr: str | None,
) -> None:
    [found] = await gateways.look(default=(channel, answers))
    assert (found.ready, found.lost, found.reason, found.qr) == (ready, lost, reason, qr)
    assert found.at == gateways.clock.now


async def test_a_gateway_that_cannot_be_reached_is_not_called_lost(gateways: Gateways, waha: Any) -> None:
    async with waha.sender("http://127.0.0.1:1", 5, 5) as sender:
        [found] = await watch(gateways.store, {"default": sender}, None, gateways.clock)
    assert (found.ready, found.lost) == (False, False)
    assert str(found.reason).startswith("no connection to WAHA")


async def test_each_account_has_its_file_and_one_without_a_session_has_none(gateways: Gateways, tmp_path: Path) -> None:
    await gateways.look(
        tmp_path / "status.json",
        default=("waha", [READY]),
        gudang=("wwebjs", [UNKNOWN]),
        kantor=("meta", []),
    )
    said = {file.name: json.loads(file.read_text()) for file in written(tmp_path)}
    assert set(said) == {"status.json", "status-gudang.json"}
    assert (said["status.json"]["ready"], said["status.json"]["account"]) == (True, "default")
    assert (said["status-gudang.json"]["ready"], said["status-gudang.json"]["account"]) == (False, "gudang")


async def test_while_the_session_is_lost_messages_wait_however_long_it_takes(
    gateways: Gateways, outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    for _ in range(30):
        await gateways.default(LOST)
        assert going(outbox) == []
        clock.tick(seconds=60)
    assert History(store).held_by("default") == (SESSION_LOST, "FAILED")
    assert {entry.attempts for entry in History(store).messages()} == {0}


async def test_when_the_session_is_back_they_go_in_order_at_the_accounts_pace(
    gateways: Gateways, outbox: Outbox, store: Store, clock: FrozenClock
) -> None:
    await gateways.default(LOST)
    await gateways.default(READY)
    assert History(store).held_by("default") is None
    sent = []
    for _ in range(3):
        sent.append(going(outbox))
        clock.tick(seconds=3)
    assert sent == [["0"], ["1"], ["2"]]


async def test_a_session_that_a_message_found_lost_is_released_as_well(
    gateways: Gateways, outbox: Outbox, clock: FrozenClock
) -> None:
    [row] = outbox.claim("test", RULES)
    outbox.settle([(row, Failed(Action.HOLD_ACCOUNT, "session_status", "the session is FAILED"))], RULES)
    await gateways.default(LOST)
    await gateways.default(READY)
    clock.tick(seconds=3)
    assert going(outbox) == ["0"]


async def test_what_holds_the_account_for_another_reason_stays(
    gateways: Gateways, outbox: Outbox, store: Store
) -> None:
    rules = {"default": rules_of("recording")}
    rows = outbox.claim("test", rules)
    outbox.settle([(row, Unanswered("no answer")) for row in rows] * 2, rules)
    assert History(store).held_by("default") == ("no_answer", "no answer")
    await gateways.default(READY)
    assert History(store).held_by("default") == ("no_answer", "no answer")


async def test_a_gateway_that_says_nothing_neither_holds_nor_releases(
    gateways: Gateways, outbox: Outbox, store: Store
) -> None:
    await gateways.default("close")
    assert History(store).held_by("default") is None
    await gateways.default(LOST)
    await gateways.default("close")
    assert History(store).held_by("default") == (SESSION_LOST, "FAILED")
    assert going(outbox) == []


async def test_an_account_is_held_also_when_the_file_cannot_be_written(
    gateways: Gateways, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "in-the-way").write_text("")
    with pytest.raises(SessionError, match=r"^WA_STATUS_FILE: .* cannot be written: "):
        await gateways.look(tmp_path / "in-the-way" / "status.json", default=("waha", [LOST]))
    assert History(store).held_by("default") == (SESSION_LOST, "FAILED")


async def test_one_gateway_that_breaks_keeps_no_other_from_being_looked_at(gateways: Gateways, waha: Any) -> None:
    class Breaks:
        async def session(self) -> Any:
            raise RuntimeError("+6281234567890")

        restart: Callable[[], Awaitable[Any]] = session

    assert isinstance(Breaks(), HasSession)
    senders: dict[str, Any] = {"default": Breaks(), "gudang": waha.sender("http://127.0.0.1:1", 5, 5)}
    async with senders["gudang"]:
        looks = await watch(gateways.store, senders, None, gateways.clock)
    broken, other = looks
    assert broken.reason == "the channel broke: RuntimeError"
    assert str(other.reason).startswith("no connection to WAHA")
