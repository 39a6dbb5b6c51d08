"""A web service that answers with JSON: only its host is asked, only as the query says, and nothing leaks."""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import ValidationError

from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.http_get import HttpHost
from wa_integrasi.sources.http_json import HttpJsonSource
from wa_integrasi.sources.http_query import HttpQuery
from wa_integrasi.sources.kinds import plugin_of
from wa_integrasi.sources.plugin import PluginSource

SECRET = "rahasia-sekali"
HERE = ["127.0.0.0/8"]
PLANT = {
    "data": {
        "list": [
            {"unit": "Tungku", "produksi": {"ton": 7}, "mutu": ["a", "b"], "a.b": 1},
            {"unit": "Kemas", "produksi": {"ton": 2.5}, "aktif": True, "a.b": 2},
        ]
    }
}


class Service:
    """Answers what it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.always: tuple[int, dict[str, str], bytes] = (200, {}, json.dumps(PLANT).encode())
        self.url = ""
        self.go_on = threading.Event()
        self.silent = False

    def source(self, **fields: Any) -> PluginSource:
        given = {"api_url": self.url, "networks": HERE, "reconnect": {"attempts": 3, "first_wait_s": 0}} | fields
        return PluginSource.of("http-json", HttpJsonSource.model_validate(given))

    def ask(self, query: str, parameters: dict[str, Any] | None = None, **fields: Any) -> Rows:
        return self.source(**fields).query(query, parameters or {})


@pytest.fixture
def service() -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            told.headers.append({name.lower(): value for name, value in self.headers.items()})
            if told.silent:
                told.go_on.wait(30)
            status, headers, body = told.answers.pop(0) if told.answers else told.always
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever goes away early goes away early."""

    with Server(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}/api"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        told.go_on.set()
        server.shutdown()
        thread.join()


def refused(ask: Callable[[], object]) -> SourceError:
    with pytest.raises(SourceError) as error:
        ask()
    for said in (SECRET, "127.0.0.1", "/api", "kunci", "rahasia"):
        assert said not in str(error.value)
    return error.value


def test_its_kind_is_installed_by_an_entry_point() -> None:
    assert plugin_of("http-json") is HttpJsonSource


def test_rows_have_the_columns_that_the_query_names(service: Service) -> None:
    query = "get: /v1/produksi\nrows: data.list\ncolumns: {unit: unit, ton: produksi.ton, mutu: mutu.0, ab: /a.b}"
    rows = service.ask(query)
    assert rows == Rows(("unit", "ton", "mutu", "ab"), (("Tungku", 7.0, "a", 1), ("Kemas", 2.5, None, 2)))
    assert [str(dtype) for dtype in rows.frame().dtypes] == ["string", "Float64", "string", "Int64"]
    assert service.asked == ["/api/v1/produksi"]


def test_without_columns_the_keys_are_the_columns(service: Service) -> None:
    rows = service.ask("get: /v1/produksi\nrows: /data/list")
    assert rows.columns == ("unit", "produksi", "mutu", "a.b", "aktif")
    assert rows.values[1] == ("Kemas", '{"ton": 2.5}', None, 2, True)
    assert service.ask("get: /v1\nrows: data.list.0.produksi").as_dicts() == [{"ton": 7}]


def test_values_reach_declared_places_only_and_never_the_shape_of_the_address(service: Service) -> None:
    hostile = "a/b?y=1&z#\\%2e@lain.example"
    query = (
        'get: "/v1/{kota}/hari-{hari}"\nrows: data.list\nparameters: {q: "{kota}", dari: "{awal}", tetap: 5, ya: true}'
    )
    service.ask(query, {"kota": hostile, "hari": 3, "awal": None, "lain": "x"})
    encoded = "a%2Fb%3Fy%3D1%26z%23%5C%252e%40lain.example"
    assert service.asked == [f"/api/v1/{encoded}/hari-3?q={encoded}&tetap=5&ya=true"]


@pytest.mark.parametrize("value", ["..", ".", "../x", "a/../b", "a\\..", "", None])
def test_a_value_that_would_lead_up_is_refused(service: Service, value: str | None) -> None:
    assert not refused(lambda: service.ask('get: "/v1/{kota}"', {"kota": value})).transient
    assert service.asked == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("get: https://lain/x", "get: found 'https://lain/x', must be a path"),
        ("get: //lain/x", "get: found '//lain/x', must be a path"),
        ("get: /a/../b", "get: found '/a/../b', must not have . or .."),
        ("get: /a/%2e%2E/b", "must not have . or .."),
        ("get: /a%2Fb", "nor %2F or %5C"),
        ("get: /a\\b", "must have letters, digits"),
        ("get: /a?b=1", "without host, ? or #"),
        ("get: /a%zz", "others as %20"),
        ("rows: x", "get: found nothing, must be given"),
        ("get: /a\nbody: x", "body: unknown key, must be get, parameters, rows or columns"),
        ("SELECT 1", "found no keys, must be get: /path"),
        ("get: [", "found what is no YAML"),
        ("get: /a/{kotta}", "found {kotta}, must be one of: {kota}, {now}"),
        ('get: /a\nparameters: {q: "{slot}"}', "found {slot}, must be one of"),
    ],
)
def test_a_wrong_query_is_named_when_the_catalog_is_checked(query: str, told: str) -> None:
    [problem] = HttpJsonSource.check_query(query, ("kota", "now"))
    assert told in problem


@pytest.mark.parametrize(
    ("fields", "header", "value"),
    [
        ({"login": "bearer", "secret": SECRET}, "authorization", f"Bearer {SECRET}"),
        ({"login": "basic", "username": "siti", "secret": "x"}, "authorization", "Basic c2l0aTp4"),
        ({"login": "header", "header": "X-API-Key", "secret": SECRET}, "x-api-key", SECRET),
    ],
)
def test_a_login_goes_along(service: Service, fields: dict[str, Any], header: str, value: str) -> None:
    service.ask("get: /x", **fields)
    assert service.headers[0][header] == value
    assert SECRET not in repr(service.source(**fields))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_service_in_trouble_is_asked_again(service: Service, status: int) -> None:
    service.answers = [(status, {}, b"rahasia")] * 2
    assert len(service.ask("get: /x\nrows: data.list").values) == 2
    assert len(service.asked) == 3


def test_it_waits_as_long_as_it_is_asked_to_and_not_longer_than_it_may(service: Service) -> None:
    service.answers = [(429, {"Retry-After": "60"}, b"")]
    error = refused(lambda: service.ask("get: /x", timeout_s=2))
    assert str(error) == "the web service answers HTTP 429: too many requests"
    assert (error.wait_s, len(service.asked)) == (60, 1)


def test_a_service_that_stays_down_is_left_alone(service: Service) -> None:
    service.always = (500, {}, b"")
    source = service.source(reconnect={"attempts": 1, "pause_after": 2})
    for _ in range(2):
        assert "it is in trouble" in str(refused(lambda: source.query("get: /x", {})))
    assert "left alone until" in str(refused(lambda: source.within(5, 5).query("get: /x", {})))
    assert len(service.asked) == 2


def test_a_wrong_path_says_nothing_against_the_service(service: Service) -> None:
    service.answers = [(404, {}, b"")] * 3
    source = service.source(reconnect={"pause_after": 1})
    for _ in range(3):
        assert not refused(lambda: source.query("get: /x?kunci".partition("?")[0], {})).transient
    assert source.query("get: /x\nrows: data.list", {}).values
    assert len(service.asked) == 4


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((302, {"Location": "http://127.0.0.1:1/rahasia"}, b""), "HTTP 302: it redirects, which is not followed"),
        ((401, {}, b"rahasia"), "HTTP 401: it does not take the login"),
        ((204, {}, b""), "HTTP 204: it has nothing to say"),
        ((200, {}, b"<html>rahasia"), "is no JSON"),
        ((200, {}, b'[{"a": NaN}]'), "is no JSON"),
        ((200, {}, b'[{"a": Infinity}]'), "is no JSON"),
        ((200, {}, b'{"data": {"list": [{"a": -1e999}]}}'), "a number that is too large"),
        ((200, {}, b'{"data": {"list": [{"a": 0.5}, {"a": 1%s}]}}' % (b"0" * 400)), "a number that is too large"),
        ((200, {}, b"[" * 3_900), "is no JSON"),
        ((200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), "answers packed"),
        ((200, {}, b'["' + b"x" * 5_000 + b'"]'), "longer than 4000 bytes"),
        ((200, {}, b'{"rahasia": 1}'), "has nothing at 'data.list'"),
        ((200, {}, b'{"data": {"list": [1]}}'), "are no objects: name columns"),
    ],
)
def test_an_answer_that_is_none_is_told_in_our_words(
    service: Service, answer: tuple[int, dict[str, str], bytes], told: str
) -> None:
    service.answers = [answer]
    error = refused(lambda: service.ask("get: /x\nrows: data.list", max_bytes=4_000))
    assert told in str(error)
    assert (error.transient, len(service.asked)) == (False, 1)


def test_a_silent_service_costs_no_more_than_the_time_limit(service: Service) -> None:
    service.silent = True
    error = refused(lambda: service.ask("get: /x", timeout_s=0.1))
    assert (str(error), error.transient) == ("the web service did not answer in time", True)


def test_rows_over_the_limits_are_left_out_and_it_is_said(service: Service) -> None:
    rows = service.ask("get: /x\nrows: data.list", max_rows=1)
    assert (len(rows.values), rows.truncated) == (1, True)


def test_more_keys_than_a_table_has_columns_are_refused_unless_columns_are_named(service: Service) -> None:
    service.always = (200, {}, json.dumps([{f"k{at}": at} for at in range(501)]).encode())
    error = refused(lambda: service.ask("get: /x"))
    assert str(error) == "the rows have more than 500 different keys: name those wanted in columns"
    assert not error.transient
    assert service.ask("get: /x\ncolumns: {satu: k1}", max_rows=2).values == ((None,), (1,))
    assert len(service.ask("get: /x", max_rows=500).columns) == 500


def test_rows_are_not_made_longer_than_there_is_time() -> None:
    for query in ("get: /x", "get: /x\ncolumns: {a: a}"):
        error = refused(lambda query=query: HttpQuery.parse(query).rows_of([{"a": 1}], ends=0))  # type: ignore[misc]
        assert str(error) == "the answer is too large to be read in time: ask for less"


def test_this_machine_is_not_asked_unless_the_block_says_so(service: Service) -> None:
    with pytest.raises(ValidationError, match="an address that is not of the internet"):
        service.source(networks=[])
    by_name = service.url.replace("127.0.0.1", "localhost")
    error = refused(lambda: service.ask("get: /x", api_url=by_name, networks=[]))
    assert (error.transient, service.asked) == (False, [])
    assert "name its network in networks" in str(error)


def test_a_name_is_looked_up_once_and_asked_where_it_was_then(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["127.0.0.1"], ["10.0.0.9"]]

    def names(_host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in answers.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", names)
    by_name = service.url.replace("127.0.0.1", "pindah.example")
    assert service.ask("get: /x\nrows: data.list", api_url=by_name).values
    assert answers == [["10.0.0.9"]]
    error = refused(lambda: service.ask("get: /x", api_url=by_name))
    assert "an address that is not of the internet" in str(error)
    answers[:] = [["127.0.0.1", "169.254.169.254"]]
    refused(lambda: service.ask("get: /x", api_url=by_name))
    assert len(service.asked) == 1


def test_a_name_that_nobody_tells_costs_no_more_than_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, told = threading.Event(), []

    def names(*_: object, **__: object) -> list[tuple[Any, ...]]:
        go_on.wait(30)
        told.append("late")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", names)
    source = HttpJsonSource.model_validate({"api_url": "https://lambat.example"})
    error = refused(lambda: source.read("get: /x", {}, timeout_s=0.1, max_rows=1))
    assert (error.transient, told) == (True, [])
    go_on.set()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("10.20.3.4", True),
        ("::ffff:10.20.3.4", True),
        ("10.21.0.1", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("ff0e::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::7f00:1", False),
        ("64:ff9b:1:7::a00:1", False),
        ("64:ff9b:1:a00:0:100::", False),
        ("64:ff9b:1:7::808:808", True),
        ("::ffff:0:10.0.0.1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_addresses(address: str, allowed: bool) -> None:
    host = HttpHost("https://cuaca.example", networks=[ipaddress.ip_network("10.20.0.0/16")])
    assert host.allows(ipaddress.ip_address(address)) is allowed


@pytest.mark.parametrize(
    "fields",
    [
        {"api_url": "ftp://host/x"},
        {"api_url": "https://siti:rahasia@host/x"},
        {"api_url": "https://host/x?kunci=rahasia"},
        {"api_url": "https://host/a/../b"},
        {"api_url": "https://host\\@lain/"},
        {"api_url": "https://169.254.169.254/latest"},
        {"api_url": "https://[::1]/"},
        {"api_url": "http://host/", "login": "bearer", "secret": SECRET},
        {"api_url": "https://host/", "login": "bearer"},
        {"api_url": "https://host/", "login": "bearer", "secret": f"{SECRET}\r\nX: y"},
        {"api_url": "https://host/", "login": "basic", "secret": SECRET},
        {"api_url": "https://host/", "login": "header", "header": "Host", "secret": SECRET},
        {"api_url": "https://host/", "login": "header", "header": "X: y", "secret": SECRET},
        {"api_url": "https://host/", "networks": ["10.0.0.1/8"]},
        {"api_url": "https://host/", "check_path": "//lain"},
    ],
)
def test_a_wrong_source_is_refused_when_it_is_saved_without_its_secret(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        HttpJsonSource.model_validate(fields)
    assert SECRET not in str(refused.value)
    assert "rahasia" not in str(refused.value)


def test_equal_queries_have_equal_texts() -> None:
    query = HttpQuery.parse("get: /x\nparameters: {a: 1}")
    assert HttpQuery.parse(query.text()) == query


def test_a_check_asks_its_path(service: Service) -> None:
    report = service.source(check_path="/sehat").check()
    assert (report.kind, report.version, report.writes) == ("http-json", "HTTP, answers with JSON", None)
    assert service.asked == ["/api/sehat"]
