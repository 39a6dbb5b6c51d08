"""What every channel promises, tried on every channel against a server that misbehaves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from wa_integrasi.content import Text
from wa_integrasi.providers.base import (
    Accepted,
    Action,
    Failed,
    MessageEvent,
    Outbound,
    ReceiptEvent,
    SignatureError,
    Unanswered,
)
from wa_integrasi.recipient import Recipient

_PATIENCE_S = 1.0


def _outbound(recipient: Recipient, body: str = "Rekap hari ini: *aman*") -> Outbound:
    return Outbound(recipient, Text(body=body), "attempt-7f3a")


@contextmanager
def _full_backlog() -> Iterator[str]:
    """A listener that takes no further connection: the next one waits until it gives up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for each in waiting:
            each.close()


def _closed_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


class TestSender:
    async def test_accepted_message_has_the_providers_id(self, channel: Any, server: Any) -> None:
        async with channel.sender(server.url, 30, 5) as sender:
            assert await sender.send(_outbound(channel.reachable)) == Accepted(channel.accepted_id)
        assert len(server.requests) == 1

    async def test_echoing_channels_carry_the_attempt(self, channel: Any, server: Any) -> None:
        async with channel.sender(server.url, 30, 5) as sender:
            await sender.send(_outbound(channel.reachable))
            assert (b"attempt-7f3a" in server.requests[0].body) is sender.capabilities.echoes_attempt

    async def test_connections_are_kept(self, channel: Any, server: Any) -> None:
        async with channel.sender(server.url, 30, 5) as sender:
            for _ in range(5):
                await sender.send(_outbound(channel.reachable))
        assert len(server.requests) == 5
        assert server.connections == 1

    async def test_no_more_connections_than_allowed(self, channel: Any, server: Any) -> None:
        async with channel.sender(server.url, 30, 3) as sender:
            outcomes = await asyncio.gather(*(sender.send(_outbound(channel.reachable)) for _ in range(30)))
        assert outcomes == [Accepted(channel.accepted_id)] * 30
        assert server.connections <= 3

    async def test_waiting_for_a_place_is_no_failure(self, channel: Any, server: Any) -> None:
        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.4)
            await channel.accepted(reader, writer)

        server.otherwise = slow
        async with channel.sender(server.url, _PATIENCE_S, 1) as sender:
            outcomes = await asyncio.gather(*(sender.send(_outbound(channel.reachable)) for _ in range(4)))
        assert outcomes == [Accepted(channel.accepted_id)] * 4

    @pytest.mark.parametrize("why", ["refused", "connecting takes too long", "no TLS"])
    async def test_without_a_connection_it_certainly_failed(self, channel: Any, server: Any, why: str) -> None:
        server.then("close_unread")
        with _full_backlog() as full:
            url = {"refused": _closed_port(), "no TLS": server.url.replace("http:", "https:")}.get(why, full)
            async with channel.sender(url, _PATIENCE_S, 5) as sender:
                outcome = await sender.send(_outbound(channel.reachable))
        assert isinstance(outcome, Failed)
        assert outcome.action is Action.AWAY
        assert not server.requests

    async def test_unknown_host_certainly_failed(self, channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        async with channel.sender("http://nobody.invalid", _PATIENCE_S, 5) as sender:
            outcome = await sender.send(_outbound(channel.reachable))
        assert isinstance(outcome, Failed)
        assert outcome.action is Action.AWAY

    @pytest.mark.parametrize(
        "misbehaviour",
        [
            *("close_unread", "close", "reset", "hang", "garbage", "half_head", "half_body", "stall_in_body"),
            "endless",
        ],
    )
    async def test_a_lost_answer_is_unanswered_and_not_repeated(
        self, channel: Any, server: Any, misbehaviour: str
    ) -> None:
        server.then(misbehaviour)
        async with channel.sender(server.url, _PATIENCE_S, 5) as sender:
            outcome = await sender.send(_outbound(channel.reachable))
            assert isinstance(outcome, Unanswered), outcome
            assert len(server.requests) <= 1
            assert await sender.send(_outbound(channel.reachable)) == Accepted(channel.accepted_id)

    @pytest.mark.parametrize("misbehaviour", ["close", "reset"])
    async def test_a_reused_connection_that_breaks_is_unanswered(
        self, channel: Any, server: Any, misbehaviour: str
    ) -> None:
        server.then(channel.accepted, misbehaviour)
        async with channel.sender(server.url, _PATIENCE_S, 5) as sender:
            assert isinstance(await sender.send(_outbound(channel.reachable)), Accepted)
            assert isinstance(await sender.send(_outbound(channel.reachable)), Unanswered)
        assert len(server.requests) == 2
        assert server.connections == 1

    async def test_success_without_an_id_is_unanswered(self, channel: Any, server: Any) -> None:
        server.then(channel.without_id)
        async with channel.sender(server.url, 30, 5) as sender:
            assert isinstance(await sender.send(_outbound(channel.reachable)), Unanswered)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    async def test_a_gateways_error_page_is_unanswered(
        self, channel: Any, server: Any, answer: Any, status: int
    ) -> None:
        server.then(answer(status, b"<html>Bad gateway</html>"))
        async with channel.sender(server.url, 30, 5) as sender:
            assert isinstance(await sender.send(_outbound(channel.reachable)), Unanswered)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_redirects_are_not_followed(self, channel: Any, server: Any, answer: Any, status: int) -> None:
        server.then(answer(status, b"", Location=f"{server.url}/elsewhere"))
        async with channel.sender(server.url, 30, 5) as sender:
            outcome = await sender.send(_outbound(channel.reachable))
        assert isinstance(outcome, Failed)
        assert len(server.requests) == 1

    async def test_too_many_requests_says_how_long(self, channel: Any, server: Any, answer: Any) -> None:
        server.then(answer(429, b"slow down", Retry_After="17"))
        async with channel.sender(server.url, 30, 5) as sender:
            outcome = await sender.send(_outbound(channel.reachable))
        assert isinstance(outcome, Failed)
        assert (outcome.action, outcome.retry_after) == (Action.RETRY, 17.0)

    async def test_failures_show_no_secret_number_or_address(self, channel: Any, server: Any) -> None:
        number = channel.reachable.address
        quoted = f"Malformed token {channel.secrets[0]} for {number} ({number[1:]}, 0812-3456-7890) at {server.url}/x\n"
        server.then(channel.refusal(quoted * 20))
        async with channel.sender(server.url, 30, 5) as sender:
            outcome = await sender.send(_outbound(channel.reachable))
            shown = f"{outcome} {sender!r}"
        assert isinstance(outcome, Failed)
        assert len(outcome.text) <= 200
        assert "\n" not in outcome.text
        for private in (*channel.secrets, number[1:], "3456", server.url, "attempt-7f3a"):
            assert private not in shown

    async def test_recipients_it_cannot_reach_are_refused_unsent(self, channel: Any, server: Any) -> None:
        async with channel.sender(server.url, 30, 5) as sender:
            assert channel.unreachable.kind not in sender.capabilities.recipients
            outcome = await sender.send(_outbound(channel.unreachable))
        assert isinstance(outcome, Failed)
        assert outcome.action is Action.DEAD
        assert not server.requests

    async def test_cancelling_goes_through(self, channel: Any, server: Any) -> None:
        server.then("hang")
        async with channel.sender(server.url, 30, 5) as sender:
            task = asyncio.create_task(sender.send(_outbound(channel.reachable)))
            await server.asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    @pytest.mark.parametrize("body", ["\ud800 half a pair", "\x00", "🙂" * 4096, '"\\ \u2028'])
    async def test_any_text_gets_an_outcome(self, channel: Any, server: Any, body: str) -> None:
        async with channel.sender(server.url, 30, 5) as sender:
            text = Text.model_construct(body=body)
            outcome = await sender.send(Outbound(channel.reachable, text, "attempt-7f3a"))
        assert outcome == Accepted(channel.accepted_id)


class TestReceiver:
    def test_signed_webhook_is_taken(self, channel: Any) -> None:
        for sample in channel.samples:
            assert channel.receiver.verify(channel.sign(sample), sample, channel.query)

    def test_header_names_have_no_case(self, channel: Any) -> None:
        sample = channel.samples[0]
        headers = channel.sign(sample)
        for changed in (str.lower, str.upper):
            channel.receiver.verify({changed(name): value for name, value in headers.items()}, sample, channel.query)

    def test_anything_else_is_not(self, channel: Any) -> None:
        sample = channel.samples[0]
        headers = channel.sign(sample)
        wrong: list[tuple[Any, bytes, str]] = []
        if headers:
            others = [{}, {"Content-Type": "application/json"}]
            others += [{name: value[:-1] for name, value in headers.items()}]
            others += [dict.fromkeys(headers, other) for other in ("", "ü", "\ud800", "sha256=" + "0" * 64)]
            wrong += [(other, sample, channel.query) for other in others]
        if channel.query:
            queries = ("", channel.query[:-1], f"{channel.query}x", "token=%ff", "token=\ud800")
            wrong += [(headers, sample, query) for query in queries]
        if channel.binds_body:
            wrong += [(headers, sample + b" ", channel.query)]
        assert wrong
        for each in wrong:
            with pytest.raises(SignatureError):
                channel.receiver.verify(*each)

    def test_receipts_and_messages_come_out(self, channel: Any) -> None:
        found = {}
        for sample in channel.samples:
            kept = channel.receiver.verify(channel.sign(sample), sample, channel.query)
            found |= {event.message_id: type(event) for event in channel.receiver.parse(kept)}
        assert found.pop("wamid.2") is MessageEvent
        assert found == ({"wamid.1": ReceiptEvent} if channel.receipts else {})

    def test_handshake(self, channel: Any) -> None:
        if channel.handshake:
            assert channel.receiver.handshake(channel.handshake) == channel.handshake_answer
            for wrong in ("", "guess", "ü\ud800"):
                with pytest.raises(SignatureError) as refused:
                    channel.receiver.handshake({**channel.handshake, channel.handshake_secret: wrong})
                assert wrong == "" or wrong not in str(refused.value)
        with pytest.raises(SignatureError):
            channel.receiver.handshake({})

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe\x00", b'{"a":' * 100_000, b"9" * 10_000])
    def test_what_is_no_object_is_a_value_error(self, channel: Any, body: bytes) -> None:
        with pytest.raises(ValueError):
            channel.receiver.parse(body)
