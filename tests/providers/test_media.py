"""Getting files from each channel: bounded, never at a stranger's, and never raising for what the channel does."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.providers.channels import TWILIO_HOOK, TWILIO_NUMBER, TWILIO_SID, TWILIO_TOKEN
from wa_integrasi.providers.base import Fetched, FetchesMedia, FileSource, Lack, Unfetched
from wa_integrasi.providers.media.download import WITHIN_S
from wa_integrasi.providers.media.meta import MetaMedia
from wa_integrasi.providers.media.places import Address, public_names
from wa_integrasi.providers.media.twilio import TwilioMedia
from wa_integrasi.providers.media.watzap import WatzapMedia
from wa_integrasi.providers.media.web import WahaMedia, WwebjsMedia
from wa_integrasi.providers.meta import MetaConfig
from wa_integrasi.providers.twilio import TwilioConfig
from wa_integrasi.providers.waha import WahaConfig
from wa_integrasi.providers.wwebjs import WwebjsConfig

TOKEN = "EAAGrahasia0123456789abcdef"
CONTENT = bytes(range(256)) * 4000
LIMIT = 5 * 1024 * 1024
MESSAGE = "false_6281234567890@c.us_3EB0AAAA"
MEDIA_PATH = f"/2010-04-01/Accounts/{TWILIO_SID}/Messages/MM1/Media/ME1"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """A channel's server: what it answers by path, and what it was asked."""

    answers: dict[str, list[Handler]] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)
    url: str = ""

    def on(self, path: str, *handlers: Handler) -> None:
        """The answers to the next requests; the last one goes on."""
        self.answers[path] = list(handlers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        handlers = self.answers.get(request.path)
        if not handlers:
            return web.Response(status=404)
        return await (handlers.pop(0) if len(handlers) > 1 else handlers[0])(request)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(app) as running:
        server.url = str(running.make_url("")).rstrip("/")
        yield server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


def gives(content: bytes = CONTENT, **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=content, headers={"Content-Type": "image/jpeg", **headers})

    return handler


def says(status: int, body: Any = None, **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        if body is None:
            return web.Response(status=status, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    return handler


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
    await response.prepare(request)
    await response.write(CONTENT[:1000])
    assert request.transport is not None
    request.transport.abort()
    return response


async def stalls(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
    await response.prepare(request)
    await response.write(CONTENT[:1000])
    await asyncio.sleep(5)
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(10_000):
        await response.write(bytes(65_536))
    return response


@dataclass
class Got:
    """What a fetch ended with, and what it had handed over."""

    outcome: Fetched | Unfetched
    content: bytes
    largest_piece: int

    @property
    def lack(self) -> Lack:
        assert isinstance(self.outcome, Unfetched), self.outcome
        assert TOKEN not in self.outcome.text
        assert TWILIO_TOKEN not in self.outcome.text
        assert "127.0.0.1" not in self.outcome.text
        assert "http://" not in self.outcome.text
        return self.outcome.lack


async def fetch(fetcher: FetchesMedia, file: str | None = None, url: str | None = None, at_most: int = LIMIT) -> Got:
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    async with fetcher:
        outcome = await fetcher.fetch(FileSource(file, url), take, at_most)
    return Got(outcome, b"".join(pieces), max(map(len, pieces), default=0))


def meta(url: str, within_s: float = WITHIN_S) -> MetaMedia:
    return MetaMedia(MetaConfig("106540352242922", TOKEN, api_url=url, timeout_s=30), within_s=within_s)


def twilio(url: str, within_s: float = WITHIN_S) -> TwilioMedia:
    config = TwilioConfig(TWILIO_SID, TWILIO_TOKEN, TWILIO_NUMBER, TWILIO_HOOK, api_url=url)
    return TwilioMedia(config, within_s=within_s)


def waha(url: str, within_s: float = WITHIN_S) -> WahaMedia:
    return WahaMedia(WahaConfig(url, TOKEN, timeout_s=30), within_s=within_s)


def wwebjs(url: str, within_s: float = WITHIN_S) -> WwebjsMedia:
    return WwebjsMedia(WwebjsConfig(url, TOKEN), within_s=within_s)


@dataclass(frozen=True)
class Channel:
    """What all channels have in common here: who fetches, what by, and where the bytes come from."""

    fetcher: Callable[..., FetchesMedia]
    path: str
    id: str | None = None
    url: str | None = None

    async def fetch(self, server: Server, *handlers: Handler, at_most: int = LIMIT, **options: Any) -> Got:
        server.on(self.path, *handlers)
        described = {"url": f"{server.url}{self.path}", "mime_type": "image/jpeg", "file_size": "1024000"}
        server.on("/v23.0/17", says(200, described))
        server.on(f"/api/default/chats/6281234567890@c.us/messages/{MESSAGE}", says(404))
        url = self.url.format(server.url) if self.url else None
        return await fetch(self.fetcher(server.url, **options), self.id, url, at_most)


CHANNELS = {
    "meta": Channel(meta, "/whatsapp_business/attachments/", id="17"),
    "twilio": Channel(twilio, MEDIA_PATH, url="{}" + MEDIA_PATH),
    "waha": Channel(waha, "/api/files/default/a.jpg", id=MESSAGE, url="http://localhost:3000/api/files/default/a.jpg"),
    "wwebjs": Channel(wwebjs, "/message/downloadMediaAsData/default", id=MESSAGE),
}


@pytest.fixture(params=sorted(CHANNELS))
def channel(request: pytest.FixtureRequest) -> Channel:
    return CHANNELS[request.param]


class TestEveryChannel:
    async def test_the_file_is_handed_over_in_pieces(self, server: Server, channel: Channel) -> None:
        got = await channel.fetch(server, gives())
        assert isinstance(got.outcome, Fetched)
        assert got.outcome.mime_type == "image/jpeg"
        assert got.outcome.size == len(CONTENT)
        assert got.content == CONTENT
        assert got.largest_piece <= 256 * 1024

    async def test_what_breaks_off_is_no_file(self, server: Server, channel: Channel) -> None:
        assert (await channel.fetch(server, cut_off)).lack is Lack.AGAIN

    async def test_what_stalls_is_given_up(self, server: Server, channel: Channel) -> None:
        assert (await channel.fetch(server, stalls, within_s=0.5)).lack is Lack.AGAIN

    async def test_more_than_allowed_is_not_read(self, server: Server, channel: Channel) -> None:
        got = await channel.fetch(server, endless, at_most=1_100_000)
        assert got.lack is Lack.REFUSED
        assert len(got.content) <= 1_100_000

    async def test_what_is_announced_as_too_large_is_not_begun(self, server: Server, channel: Channel) -> None:
        got = await channel.fetch(server, gives(bytes(2_000_000)), at_most=1_100_000)
        assert (got.lack, got.content) == (Lack.REFUSED, b"")

    async def test_a_packed_answer_is_not_unpacked(self, server: Server, channel: Channel) -> None:
        got = await channel.fetch(server, gives(b"\x1f\x8b", **{"Content-Encoding": "gzip"}))
        assert (got.lack, got.content) == (Lack.AGAIN, b"")

    @pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
    async def test_a_refused_account_or_a_server_in_trouble_may_be_asked_later(
        self, server: Server, channel: Channel, status: int
    ) -> None:
        got = await channel.fetch(server, says(status, {"error": TOKEN}, **{"Retry-After": "17"}))
        assert got.lack is Lack.AGAIN

    async def test_a_channel_that_is_away_may_be_asked_later(self, channel: Channel) -> None:
        async with serving() as gone:
            pass
        assert (await channel.fetch(gone, gives())).lack is Lack.AGAIN

    async def test_a_redirect_to_a_stranger_is_not_followed(self, server: Server, channel: Channel) -> None:
        async with serving() as stranger:
            stranger.on("/file", gives())
            got = await channel.fetch(server, says(302, None, Location=f"{stranger.url}/file"))
            assert got.lack is Lack.AGAIN
            assert stranger.asked == []

    async def test_what_takes_the_pieces_may_fail(self, server: Server) -> None:
        server.on(MEDIA_PATH, gives())

        async def full(_: bytes) -> None:
            raise OSError(28, "no space left")

        async with twilio(server.url) as fetcher:
            with pytest.raises(OSError, match="no space left"):
                await fetcher.fetch(FileSource(url=server.url + MEDIA_PATH), full, LIMIT)


class TestMeta:
    FILE = "/whatsapp_business/attachments/"

    def described(self, server: Server, **more: Any) -> Handler:
        told = {"url": f"{server.url}{self.FILE}?ext=1&hash=AR%2Bq", "mime_type": "image/jpeg", "id": "17", **more}
        return says(200, told)

    async def test_both_steps_show_the_token_and_what_meta_says_is_told(self, server: Server) -> None:
        digest = hashlib.sha256(CONTENT)
        server.on("/v23.0/17", self.described(server, sha256=digest.hexdigest(), file_size=len(CONTENT)))
        server.on(self.FILE, gives())
        got = await fetch(meta(server.url), "17")
        assert got.outcome == Fetched("image/jpeg", digest.hexdigest(), len(CONTENT))
        assert [request.headers["Authorization"] for request in server.asked] == [f"Bearer {TOKEN}"] * 2
        assert server.asked[1].raw_path == f"{self.FILE}?ext=1&hash=AR%2Bq"

    async def test_an_address_that_has_expired_is_asked_for_anew_once(self, server: Server) -> None:
        server.on("/v23.0/17", self.described(server))
        server.on(self.FILE, says(404), gives())
        assert (await fetch(meta(server.url), "17")).content == CONTENT
        assert server.paths == ["/v23.0/17", self.FILE] * 2

    async def test_one_that_has_expired_twice_is_missing(self, server: Server) -> None:
        server.on("/v23.0/17", self.described(server))
        server.on(self.FILE, says(404))
        assert (await fetch(meta(server.url), "17")).lack is Lack.MISSING
        assert len(server.asked) == 4

    async def test_an_id_that_meta_does_not_know_is_missing(self, server: Server) -> None:
        error = {"message": f"Unsupported get request {TOKEN}", "code": 100, "error_subcode": 33}
        server.on("/v23.0/17", says(400, {"error": error}))
        assert (await fetch(meta(server.url), "17")).lack is Lack.MISSING
        assert len(server.asked) == 1

    async def test_an_expired_token_may_be_renewed(self, server: Server) -> None:
        server.on("/v23.0/17", says(401, {"error": {"message": f"Malformed access token {TOKEN}", "code": 190}}))
        assert (await fetch(meta(server.url), "17")).lack is Lack.AGAIN

    async def test_a_size_beyond_the_limit_is_not_fetched(self, server: Server) -> None:
        server.on("/v23.0/17", self.described(server, file_size=LIMIT + 1))
        assert (await fetch(meta(server.url), "17")).lack is Lack.REFUSED
        assert server.paths == ["/v23.0/17"]

    @pytest.mark.parametrize("media_id", ["../me", "17/../me", "17?fields=x", "", "a" * 10])
    async def test_an_id_that_is_none_is_not_asked_for(self, server: Server, media_id: str) -> None:
        assert (await fetch(meta(server.url), media_id)).lack is Lack.NEVER
        assert server.asked == []

    async def test_the_token_goes_to_nobody_else(self, server: Server) -> None:
        async with serving() as stranger:
            for url in (
                f"{stranger.url}/file",
                "https://lookaside.fbsbx.com.evil.example/x",
                "https://evilfbcdn.net/x",
                "http://lookaside.fbsbx.com/x",
                "https://lookaside.fbsbx.com:8443/x",
                "https://lookaside.fbsbx.com@evil.example/x",
                f"{server.url}@evil.example/x",
                f"{server.url}\\@evil.example/x",
                "https://[::1]/x",
                "file:///etc/passwd",
            ):
                server.on("/v23.0/17", says(200, {"url": url}))
                assert (await fetch(meta(server.url), "17")).lack is Lack.AGAIN, url
                assert (await fetch(meta(server.url), url=url)).lack is Lack.REFUSED, url
            assert stranger.asked == []

    @pytest.mark.parametrize("answer", [{}, {"url": 17}, {"url": None}, [1], {"url": "x" * 10_000}])
    async def test_an_answer_without_sense_may_be_asked_for_later(self, server: Server, answer: Any) -> None:
        server.on("/v23.0/17", says(200, answer))
        assert (await fetch(meta(server.url), "17")).lack is Lack.AGAIN


class TestTwilio:
    async def test_where_it_sends_us_the_password_is_not_shown(self, server: Server) -> None:
        server.on(MEDIA_PATH, says(307, None, Location=f"{server.url}/cdn/file?Signature=a%2Fb"))
        server.on("/cdn/file", gives())
        assert (await fetch(twilio(server.url), url=server.url + MEDIA_PATH)).content == CONTENT
        first, second = server.asked
        assert first.headers["Authorization"].startswith("Basic ")
        assert "Authorization" not in second.headers
        assert second.raw_path == "/cdn/file?Signature=a%2Fb"

    async def test_it_does_not_lead_us_around_for_ever(self, server: Server) -> None:
        server.on(MEDIA_PATH, says(307, None, Location=f"{server.url}{MEDIA_PATH}"))
        assert (await fetch(twilio(server.url), url=server.url + MEDIA_PATH)).lack is Lack.AGAIN
        assert len(server.asked) == 4

    async def test_only_files_of_this_account_are_asked_for(self, server: Server) -> None:
        for url in (
            f"{server.url}/2010-04-01/Accounts/AC{'0' * 32}/Messages/MM1/Media/ME1",
            f"{server.url}/2010-04-01/Accounts/{TWILIO_SID}/Messages/../Keys.json",
            f"{server.url}/2010-04-01/Accounts/{TWILIO_SID}/Messages/%2e%2e/Keys.json",
            f"{server.url}/2010-04-01/Accounts/{TWILIO_SID}/Messages/..%2FKeys.json",
            f"https://evil.example{MEDIA_PATH}",
            "http://169.254.169.254/latest/meta-data",
        ):
            assert (await fetch(twilio(server.url), url=url)).lack is Lack.REFUSED, url
        assert server.asked == []


class TestWaha:
    async def test_the_file_is_taken_from_the_configured_server_whatever_the_webhook_calls_it(
        self, server: Server
    ) -> None:
        server.on("/api/files/default/a.jpg", gives())
        got = await fetch(waha(server.url), url="http://10.0.0.1:9/somewhere/api/files/default/a.jpg")
        assert got.content == CONTENT
        assert server.asked[0].headers["X-Api-Key"] == TOKEN

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1/admin", "https://evil.example/?/api/files/x", "gopher://x/"])
    async def test_any_other_address_is_not_asked(self, server: Server, url: str) -> None:
        assert (await fetch(waha(server.url), MESSAGE, url)).lack is Lack.REFUSED
        assert server.asked == []

    async def test_a_path_does_not_climb_out(self, server: Server) -> None:
        for path in ("../sessions", "%2e%2e/sessions", "..%2fsessions", "a/../../sessions"):
            assert (await fetch(waha(server.url), url=f"{server.url}/api/files/{path}")).lack is Lack.REFUSED
        assert server.asked == []

    @pytest.mark.parametrize("url", [None, "http://localhost:3000/api/files/default/gone.jpg"])
    async def test_a_file_that_it_has_deleted_or_not_loaded_is_loaded_anew(
        self, server: Server, url: str | None
    ) -> None:
        media = {"url": "http://localhost:3000/api/files/default/new.jpg", "mimetype": "image/jpeg"}
        server.on(f"/api/default/chats/6281234567890@c.us/messages/{MESSAGE}", says(200, {"media": media}))
        server.on("/api/files/default/new.jpg", gives())
        assert (await fetch(waha(server.url), MESSAGE, url)).content == CONTENT
        assert server.asked[-2].query["downloadMedia"] == "true"

    async def test_a_message_without_its_file_is_missing(self, server: Server) -> None:
        server.on(f"/api/default/chats/6281234567890@c.us/messages/{MESSAGE}", says(200, {"media": None}))
        assert (await fetch(waha(server.url), MESSAGE)).lack is Lack.MISSING
        assert (await fetch(waha(server.url), "3EB0AAAA")).lack is Lack.MISSING


class TestWwebjs:
    async def test_chat_and_message_are_asked_for_as_it_wants_them(self, server: Server) -> None:
        server.on("/message/downloadMediaAsData/default", gives())
        await fetch(wwebjs(server.url), "false_120363041234567890@g.us_3EB0AA_6281@c.us")
        [request] = server.asked
        assert request.method == "POST"
        assert request.headers["x-api-key"] == TOKEN
        assert request.headers["Content-Type"] == "application/json"

    @pytest.mark.parametrize("status", [404, 422])
    async def test_a_lost_session_is_no_lost_file(self, server: Server, status: int) -> None:
        server.on("/message/downloadMediaAsData/default", says(status, {"error": "session_not_found"}))
        assert (await fetch(wwebjs(server.url), MESSAGE)).lack is Lack.AGAIN

    async def test_without_a_chat_there_is_nothing_to_ask(self, server: Server) -> None:
        assert (await fetch(wwebjs(server.url), "3EB0AAAA")).lack is Lack.NEVER
        assert server.asked == []


async def test_watzap_gives_out_nothing(server: Server) -> None:
    got = await fetch(WatzapMedia(), "17", f"{server.url}/file")
    assert got.lack is Lack.NEVER
    assert server.asked == []


class TestPlaces:
    @pytest.mark.parametrize(
        "text",
        [
            None,
            "",
            "lookaside.fbsbx.com/x",
            "https://user@host/x",
            "https://host/x#y",
            "https://host\\@other/x",
            "https://host /x",
            "https://host/x\n",
            "https://ho\u0455t/x",
            "https://host:99999/x",
            "https://host:0/x",
            "HTTPS://host/x",
            "https:///x",
            "https://host/a/../b",
        ],
    )
    def test_what_two_readers_could_read_differently_is_no_address(self, text: str | None) -> None:
        assert Address.read(text) is None

    def test_an_address_is_asked_for_as_it_came(self) -> None:
        address = Address.read("https://Mmg.WhatsApp.net:443/d/f/A%2Fb~c?oh=01_Q5%3D&x=(1)")
        assert address is not None
        assert str(address.url) == "https://mmg.whatsapp.net/d/f/A%2Fb~c?oh=01_Q5%3D&x=(1)"
        assert address.is_of((".whatsapp.net",))

    @pytest.mark.parametrize(
        "found",
        [
            *(
                "127.0.0.1",
                "10.1.2.3",
                "169.254.169.254",
                "192.168.1.1",
                "::1",
                "fd00::1",
                "fec0::1",
                "::ffff:10.0.0.1",
            ),
            *("64:ff9b::a00:1", "64:ff9b:1::a9fe:a9fe", "2002:a00:1::1", "224.0.0.1", "fe80::1%2"),
        ],
    )
    async def test_a_foreign_name_does_not_lead_into_our_network(
        self, monkeypatch: pytest.MonkeyPatch, found: str
    ) -> None:
        leads_to(monkeypatch, "157.240.1.1", found)
        with pytest.raises(OSError, match="not public"):
            await public_names("waha").resolve("lookaside.fbsbx.com")
        assert len(await public_names("waha").resolve("waha")) == 2

    async def test_a_public_name_is_resolved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        leads_to(monkeypatch, "157.240.1.1", "2a03:2880::1")
        found = await public_names("waha").resolve("lookaside.fbsbx.com", 443)
        assert [(each["host"], each["port"]) for each in found] == [("157.240.1.1", 443), ("2a03:2880::1", 443)]


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name mean these addresses."""

    def names(_host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", names)
