"""A road to Prefect that can be closed, and a channel that takes its time."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.ports import free_port


class Road:
    """Passes connections on to a port, as long as it is open."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listening: socket.socket | None = None
        self._passing: list[socket.socket] = []
        self.port = free_port()

    def open(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def close(self) -> None:
        """Refuse what comes, and cut what is there."""
        for each in (self._listening, *self._passing):
            if each is not None:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._listening, self._passing = None, []

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = listening.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
                self._passing += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class SlowChannel(ThreadingHTTPServer):
    """Speaks the Cloud API; answers once `released`, to whoever still listens."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.released = threading.Event()
        self.bodies: Counter[str] = Counter()
        """How often it was handed each text."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: SlowChannel
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies[said["text"]["body"]] += 1
        self.server.released.wait(60)
        body = json.dumps({"messages": [{"id": f"wamid.{said['text']['body']}"}]}).encode()
        with contextlib.suppress(OSError):  # it was killed
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def slow_channel() -> Iterator[SlowChannel]:
    channel = SlowChannel()
    thread = threading.Thread(target=channel.serve_forever)
    thread.start()
    try:
        yield channel
    finally:
        channel.released.set()
        channel.shutdown()
        thread.join(15)
        channel.server_close()
