"""A server in trouble, a server that is none, and answers of any shape."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ports import free_port
from tests.sources.pi.conftest import NOW, Pi
from tests.sources.pi.swagger import check_answer, check_request, operation
from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.pi import (
    Basic,
    Interpolated,
    PiClient,
    PiConfig,
    PiReading,
    Plot,
    Quality,
    Recorded,
    Summary,
    ValueNow,
)
from wa_integrasi.sources.pi.streams import Stream, by_web_id
from wa_integrasi.sources.pi.values import Point, status_within, value_of

TAG = "BLR2.TI-02"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ASKS = [ValueNow(), Recorded("*-1h"), Interpolated("*-1d"), Summary("*-1d"), Plot("*-1d")]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_a_server_in_trouble_is_asked_again_and_then_said_so(pi: Pi, status: int) -> None:
    pi.faults.refuse_next.extend([(status, {})] * 2)
    assert (await pi.read(TAG, ValueNow())).problems == ()
    assert pi.waits == [0.5, 1.0]
    pi.faults.refuse_next.extend([(status, {})] * 3)
    with pytest.raises(SourceError, match=f"HTTP {status}") as error:
        await pi.read("LAIN", ValueNow())
    assert error.value.transient


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 418])
async def test_a_refusal_is_not_repeated(pi: Pi, status: int) -> None:
    pi.faults.refuse_next.append((status, {}))
    with pytest.raises(SourceError, match=f"HTTP {status}") as error:
        await pi.read(TAG, ValueNow())
    assert not error.value.transient
    assert len(pi.seen) == 1


async def test_it_waits_as_long_as_the_server_asks(pi: Pi) -> None:
    pi.faults.refuse_next.append((429, {"Retry-After": "7"}))
    assert (await pi.read(TAG, ValueNow())).problems == ()
    assert pi.waits == [7.0]


async def test_it_does_not_wait_beyond_its_own_time(pi: Pi) -> None:
    pi.faults.refuse_next.append((429, {"Retry-After": "3600"}))
    with pytest.raises(SourceError, match="429: too many requests") as error:
        await pi.read(TAG, ValueNow())
    assert error.value.transient
    assert pi.waits == []


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.name)
@pytest.mark.parametrize("status", [404, 409, 500])
async def test_an_exception_inside_a_good_answer_is_no_answer(pi: Pi, ask: Any, status: int) -> None:
    await pi.read(TAG, ask)
    whole = await pi.read([TAG, "BLR2.PI-01"], ask)
    pi.faults.exception_next.extend([status] * (3 if status == 500 else 1))
    assert await pi.read([TAG, "BLR2.PI-01"], ask) == whole, "asked one by one instead"
    pi.faults.exception_next.extend([503] * 3)
    with pytest.raises(SourceError, match="answers with an error inside 503") as error:
        await pi.read([TAG, "BLR2.PI-01"], ask)
    assert error.value.transient


@asynccontextmanager
async def answering(handler: Handler, **changes: Any) -> AsyncIterator[PiClient]:
    """A client of a server of which every answer is the handler's."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        login = Basic("siti", "rahasia")
        config = PiConfig(str(server.make_url("/piwebapi")), "PABRIK", login, **{"timeout_s": 10, **changes})

        async def sleep(_: float) -> None:
            await asyncio.sleep(0)

        async with PiClient(config, now=lambda: NOW, sleep=sleep) as client:
            yield client


def raw(body: bytes, status: int = 200) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status)

    return answer


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1_000):
        await response.write(b" " * 10_000)
    return response


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "4000"})
    await response.prepare(request)
    await response.write(b'{"Items": [')
    assert request.transport is not None
    request.transport.abort()
    return response


@pytest.mark.parametrize(
    ("handler", "changes", "reason", "transient"),
    [
        (raw(b"<html>login</html>"), {}, "it is not JSON", False),
        (raw(b"[" * 100_000), {}, "it is not JSON", False),
        (raw(b"9" * 5_000), {}, "it is not JSON", False),
        (raw(b"\xff\xfe"), {}, "it is not JSON", False),
        (raw(b"[]"), {}, "it is no JSON object", False),
        (raw(b"", 302), {}, "it redirects: api_url is wrong", False),
        (endless, {"max_bytes": 100_000}, "longer than 100000 bytes", False),
        (cut, {}, "broke off", True),
        (hangs, {"timeout_s": 0.3}, "longer than the time limit of 0.3 s", True),
    ],
)
async def test_what_is_no_pi_web_api_is_told_in_one_line(
    handler: Handler, changes: dict[str, Any], reason: str, transient: bool
) -> None:
    async with answering(handler, **changes) as client:
        with pytest.raises(SourceError, match=reason) as error:
            await client.read([TAG], ValueNow())
    assert error.value.transient == transient
    assert "\n" not in str(error.value)
    assert "127.0.0.1" not in str(error.value)


async def test_a_refused_connection_is_worth_trying_again() -> None:
    config = PiConfig(f"http://127.0.0.1:{free_port()}/piwebapi", "PABRIK", Basic("a", "b"), timeout_s=1)
    async with PiClient(config) as client:
        with pytest.raises(SourceError, match=r"no connection to PI Web API \(Client") as error:
            await client.read([TAG], ValueNow())
    assert error.value.transient


def scripted(streams: Callable[[int, dict[str, str]], Any]) -> Handler:
    """A server with one point; `streams` gives what its nth reading answers."""
    count = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal count
        if request.method == "GET":
            body = streams(count, dict(request.query))
            count += 1
            items = {"Items": [{"WebId": "F1DPx", **body}]}
            return web.json_response(items)
        inner = {}
        for key, asked in (await request.json()).items():
            if "/points" in asked["Resource"]:
                content = {"WebId": "F1DPx", "PointType": "Float32", "EngineeringUnits": "°C"}
            else:
                content = streams(count, dict(parse_qsl(urlsplit(asked["Resource"]).query)))
                count += 1
            inner[key] = {"Status": 200, "Headers": {}, "Content": content}
        return web.json_response(inner, status=207)

    return answer


def timed(second: float, value: Any = 1.0, **more: Any) -> dict[str, Any]:
    at = (NOW + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
    return {"Timestamp": at, "Value": value, "Good": True, **more}


async def paged(streams: Callable[[int, dict[str, str]], Any], **changes: Any) -> PiReading:
    async with answering(scripted(streams), **{"page": 3, **changes}) as client:
        return await client.read([TAG], Recorded("*-1h"))


async def test_a_page_of_one_moment_is_gone_past_and_said_so() -> None:
    def streams(number: int, query: dict[str, str]) -> Any:
        pages = [[timed(0)] * 3, [timed(1), timed(2)]]
        assert number == 0 or query["startTime"] == "2026-11-20T03:00:30.000001Z"
        return {"Items": pages[number]}

    reading = await paged(streams)
    assert len(reading.values) == 5
    assert [problem.code for problem in reading.problems] == ["stuck"]


async def test_a_further_page_that_fails_loses_none_before_it() -> None:
    def streams(number: int, _: dict[str, str]) -> Any:
        return {"Items": [timed(0), timed(1), timed(2)]} if number == 0 else {"WebException": {"StatusCode": 503}}

    reading = await paged(streams)
    assert len(reading.values) == 2
    assert [problem.code for problem in reading.problems] == ["unavailable"]


@pytest.mark.parametrize("order", [1, -1])
async def test_a_server_that_gives_the_same_page_for_ever_is_left(order: int) -> None:
    page = [timed(second) for second in (1, 2, 3)][::order]
    asked: list[int] = []

    def streams(number: int, _: dict[str, str]) -> Any:
        asked.append(number)
        return {"Items": page}

    reading = await paged(streams)
    assert len(asked) == 2
    assert len(reading.values) == 2
    assert [problem.code for problem in reading.problems] == ["stuck"]


async def test_values_of_one_moment_at_the_edge_of_a_page_come_once() -> None:
    stored = [timed(0, 1.0), timed(1, 2.0), timed(1, 3.0), timed(1, 4.0), timed(2, 5.0)]

    def streams(_: int, query: dict[str, str]) -> Any:
        start = query["startTime"]
        return {"Items": [item for item in stored if start.startswith("*") or item["Timestamp"] >= start][:4]}

    reading = await paged(streams, page=4)
    assert [value.value for value in reading.values] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert reading.problems == ()


@pytest.mark.parametrize(
    ("kind", "raw_value", "value"),
    [
        ("Float32", 12, 12.0),
        ("Float32", "12", None),
        ("Float32", float("nan"), None),
        ("Float64", float("inf"), None),
        ("Float64", 10**400, None),
        ("Float32", True, None),
        ("Int32", 12.0, 12),
        ("Int32", 12.5, None),
        ("Int16", "12", None),
        ("Digital", {"Name": "JALAN", "Value": 1, "IsSystem": False}, "JALAN"),
        ("Digital", 1, None),
        ("Float32", {"Name": "JALAN", "Value": 1, "IsSystem": False}, None),
        ("Float32", {"Name": "Tak terbaca", "Value": 246, "IsSystem": True}, None),
        ("Digital", {"Name": "Tak terbaca", "Value": 246, "IsSystem": True}, None),
        ("Digital", {"Name": "JALAN", "Value": 1}, None),
        ("String", "OPC", "OPC"),
        ("String", 5, None),
        ("Timestamp", "2026-11-19T00:00:00Z", "2026-11-19T00:00:00Z"),
        ("Blob", "AAAA", None),
        ("", 3, 3.0),
        ("", "x", "x"),
        ("Float32", None, None),
        ("Float32", [1], None),
    ],
)
def test_the_type_of_a_tag_decides_the_type_of_its_value(kind: str, raw_value: Any, value: Any) -> None:
    found = value_of(timed(0, raw_value), Point(TAG, "x", kind, "°C"))
    assert found is not None
    assert (found.value, type(found.value)) == (value, type(value))
    assert (found.quality == Quality.BAD) == (value is None)


@pytest.mark.parametrize("good", [False, None, "true", 1])
def test_what_is_not_said_to_be_good_is_no_data(good: Any) -> None:
    found = value_of(timed(0, 5.0, Good=good), Point(TAG, "x", "Float32"))
    assert found is not None
    assert (found.value, found.quality) == (None, Quality.BAD)


@pytest.mark.parametrize(
    ("written", "microseconds"),
    [("2026-11-20T03:00:30Z", 0), ("2026-11-20T03:00:30.1234567Z", 123456), ("2026-11-20T10:00:30.5+07:00", 500000)],
)
def test_timestamps_are_utc_to_the_microsecond(written: str, microseconds: int) -> None:
    found = value_of({"Timestamp": written, "Value": 1, "Good": True}, Point(TAG, "x"))
    assert found is not None
    assert found.time == NOW + timedelta(microseconds=microseconds)
    assert found.time.utcoffset() == timedelta()


@pytest.mark.parametrize("written", [None, 5, "", "kemarin", "2026-11-20T03:00:30", "9" * 50])
def test_a_value_without_a_moment_is_none(written: Any) -> None:
    assert value_of({"Timestamp": written, "Value": 1, "Good": True}, Point(TAG, "x")) is None


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
states = st.fixed_dictionaries({}, optional={"Name": scalars, "Value": scalars, "IsSystem": scalars})
errors = st.none() | st.lists(st.text(max_size=5), max_size=2) | scalars
exceptions = scalars | st.fixed_dictionaries({}, optional={"StatusCode": scalars, "Errors": errors})
stamps = scalars | st.datetimes().map(lambda at: at.isoformat() + "Z")
values = scalars | st.fixed_dictionaries(
    {},
    optional={
        "Timestamp": stamps,
        "Value": scalars | states,
        "Good": scalars,
        "Questionable": scalars,
        "Substituted": scalars,
        "UnitsAbbreviation": scalars,
        "Errors": errors,
        "WebException": exceptions,
    },
)
summaries = scalars | st.fixed_dictionaries({}, optional={"Type": scalars | st.just("Average"), "Value": values})
links = scalars | st.fixed_dictionaries({}, optional={"Next": scalars})
stream_bodies = scalars | st.fixed_dictionaries(
    {},
    optional={
        "WebId": st.just("w") | scalars,
        "Items": scalars | st.lists(values | summaries, max_size=4),
        "Value": values,
        "Links": links,
        "WebException": exceptions,
    },
)
sets = scalars | st.fixed_dictionaries({}, optional={"Items": scalars | st.lists(stream_bodies, max_size=3)})


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.name)
@settings(max_examples=150)
@given(content=sets, kind=st.sampled_from(["Float32", "Int32", "Digital", "String", "Blob", ""]))
def test_answers_of_any_shape_break_nothing_and_make_no_data_of_the_wrong_type(
    ask: Any, content: Any, kind: str
) -> None:
    stream = Stream(Point(TAG, "w", kind, "°C"))
    status_within(content)
    for _, answer in by_web_id(content, ask):
        stream.take(answer, ask, 2, None)
    for value in stream.values:
        assert value.time is not None or value.summary is not None
        assert (value.value is None) == (value.quality is Quality.BAD)
        wanted = {"Float32": float, "Digital": str, "String": str}.get(kind)
        if wanted and value.value is not None and value.summary is None:
            assert type(value.value) is wanted
        assert isinstance(value.unit, str)


parts = st.fixed_dictionaries(
    {}, optional={"Status": st.sampled_from([200, 404, 503, None, "200"]), "Content": stream_bodies}
)
batches = st.dictionaries(st.sampled_from(["0", "1"]), parts)


@settings(max_examples=25)
@given(answers=st.lists(st.one_of(scalars, sets, batches), min_size=4, max_size=8))
async def test_a_server_that_answers_anything_ends_in_a_reading_or_one_line(answers: list[Any]) -> None:
    count = 0

    async def handler(_: web.Request) -> web.StreamResponse:
        nonlocal count
        count += 1
        return web.json_response(answers[count % len(answers)])

    told: list[str] = []
    async with answering(handler) as client:
        for ask in ASKS:
            try:
                reading = await client.read(["A", "B"], ask)
            except SourceError as error:
                told.append(str(error))
            else:
                named = {problem.tag for problem in reading.problems} | {value.tag for value in reading.values}
                assert named <= {"A", "B", None}
    assert [text for text in told if "\n" in text or "127.0.0.1" in text] == []
    assert count < 200


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", "/piwebapi/streamsets/value?webid=A", b""),
        ("GET", "/piwebapi/streamsets/value", b""),
        ("GET", "/piwebapi/streamsets/recorded?webId=A&maxCount=many", b""),
        ("GET", "/piwebapi/streamsets/recorded?webId=A&startTime=a&startTime=b", b""),
        ("GET", "/piwebapi/streamset/value?webId=A", b""),
        ("POST", "/piwebapi/batch", b"[]"),
        ("POST", "/piwebapi/batch", b'{"1": {"Method": "GET", "Resource": "/points"}}'),
    ],
)
def test_a_wrong_request_would_be_noticed(method: str, url: str, body: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017 - an assertion or a validation error
        check_request(method, url, body, {"x-requested-with": "x"})


def test_a_wrong_answer_would_be_noticed() -> None:
    asked = operation("GET", "/piwebapi/streamsets/value")
    check_answer(asked, 200, {"Items": [{"WebId": "A", "Value": {"Good": True, "Value": 1.0}}]})
    for wrong in ({"Items": {}}, {"Items": [{"WebId": 5}]}, {"Items": [{"Value": {"Good": "yes"}}]}, {"Data": []}):
        with pytest.raises(Exception):  # noqa: B017 - an assertion or a validation error
            check_answer(asked, 200, wrong)
