"""The poll looks at a paired phone's session: its account is held and released, and the status file is fresh."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.gateways import Waha
from flows.gateway import gateway
from tests.ports import free_port
from tests.prefect.conftest import House, eventually


@pytest.fixture
def waha() -> Iterator[Any]:
    """A WAHA server whose session stands as its `status` says."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"name": "default", "status": server.status}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(15)
    server.server_close()


async def pair(name: str, port: int) -> None:
    key = SecretStr("kunci-rahasia")
    block = Waha(api_url=f"http://127.0.0.1:{port}", api_key=key, hmac_key=key)
    await block.asave(name, overwrite=True)


async def test_a_lost_session_holds_its_account_until_it_is_back(
    house: House, waha: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WA_STATUS_FILE", str(tmp_path / "status.json"))
    await pair("gudang", waha.server_port)
    for status, held in (("FAILED", ("session_lost", "FAILED")), ("WORKING", None)):
        waha.status = status
        assert (await gateway("gudang", return_state=True)).is_completed()
        assert house.history.held_by("gudang") == held
        assert json.loads((tmp_path / "status-gudang.json").read_text())["ready"] == (held is None)


async def test_a_gateway_that_does_not_answer_holds_nothing_and_fails_no_run(house: House) -> None:
    await pair("senyap", free_port())
    state = await gateway("senyap", return_state=True)
    assert state.is_completed(), state
    assert house.history.held_by("senyap") is None


async def test_a_status_file_that_cannot_be_written_fails_no_run_and_is_named(
    house: House, waha: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "berkas").touch()
    monkeypatch.setenv("WA_STATUS_FILE", str(tmp_path / "berkas" / "status.json"))
    waha.status = "WORKING"
    await pair("gudang", waha.server_port)
    state = await gateway("gudang", return_state=True)
    assert state.is_completed(), state
    [said] = eventually(lambda: house.failures(state.state_details.flow_run_id))
    assert said.startswith("WA_STATUS_FILE: ")
    assert "cannot be written" in said
