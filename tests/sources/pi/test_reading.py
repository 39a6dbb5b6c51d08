"""Many tags in one call: values, states and quality, pages, and who is missing."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sources.pi.conftest import NOW, Pi, Start
from wa_integrasi.simulator.pi import PLANT, Tag
from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.pi import Interpolated, PiServer, PiValue, Plot, Quality, Recorded, Summary, ValueNow

FIFTY = [tag.name for tag in PLANT[:50]]
JAKARTA = timezone(timedelta(hours=7))
DAY = datetime(2026, 11, 19, tzinfo=JAKARTA), datetime(2026, 11, 20, tzinfo=JAKARTA)
EVERY_WAY = [
    ValueNow(),
    ValueNow(DAY[0]),
    Recorded("*-1h"),
    Interpolated(*DAY),
    Summary(*DAY),
    Summary(*DAY, of=("Average", "Count"), every="6h"),
    Plot(*DAY),
]


def params(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


@pytest.mark.parametrize("ask", EVERY_WAY, ids=lambda ask: f"{ask.name}")
async def test_fifty_tags_are_one_request(pi: Pi, ask: Any) -> None:
    await pi.read(FIFTY, ask)
    assert [seen.url for seen in pi.seen] == ["/piwebapi/batch", pi.seen[1].url]
    del pi.seen[:]
    reading = await pi.read(FIFTY, ask)
    [seen] = pi.seen
    assert seen.url.startswith(f"/piwebapi/streamsets/{ask.name}?")
    assert len(params(seen.url)["webId"]) == 50
    assert reading.problems == ()
    assert list(dict.fromkeys(value.tag for value in reading.values)) == FIFTY
    assert all(value.time is not None and value.time.utcoffset() == timedelta() for value in reading.values)


async def test_more_tags_than_fit_into_an_address_are_one_request_too(start: Start) -> None:
    tags = tuple(Tag(f"AREA-{number:03}.TI-WITH-A-LONG-NAME", "", "°C", 100, 5, 1) for number in range(300))
    async with start(tags=tags) as pi:
        await pi.read([tag.name for tag in tags], ValueNow())
        del pi.seen[:]
        reading = await pi.read([tag.name for tag in tags], ValueNow())
        assert [seen.url for seen in pi.seen] == ["/piwebapi/batch"]
        assert [value.tag for value in reading.values] == [tag.name for tag in tags]
        assert reading.problems == ()


async def test_every_kind_of_tag_has_its_own_type(pi: Pi) -> None:
    reading = await pi.read(["BLR2.TI-02", "TBN1.RUN", "KILN.ST-01", "KILN.MEREK"], ValueNow())
    number, count, state, text = reading.values
    assert isinstance(number.value, float)
    assert (number.unit, number.quality, number.state, number.code) == ("°C", Quality.GOOD, None, None)
    assert (type(count.value), count.unit) == (int, "kali")
    assert state.value == state.state == ("STOP", "PANAS", "JALAN")[state.code]
    assert text.value in ("OPC", "PCC")
    assert NOW - timedelta(minutes=1) < number.time <= NOW


async def test_a_system_state_is_never_data(start: Start) -> None:
    tags = tuple(
        Tag(f"T{number}", "", system=state)
        for number, state in enumerate(("I/O Timeout", "No Data", "Bad Input", "Shutdown", "Pt Created"))
    )
    async with start(tags=tags) as pi:
        reading = await pi.read([tag.name for tag in tags], ValueNow())
        assert [(value.value, value.state, value.code, value.quality) for value in reading.values] == [
            (None, tag.system, None, "bad") for tag in tags
        ]


async def test_a_spell_of_a_system_state_is_a_gap_among_numbers(pi: Pi) -> None:
    reading = await pi.read("BLR1.TI-01", Recorded("*-5d"))
    states = {value.state for value in reading.values if value.value is None}
    assert states == {"I/O Timeout"}
    assert all(500 < value.value < 570 for value in reading.values if value.value is not None)
    assert {type(value.value) for value in reading.values} == {float, type(None)}


async def test_doubted_and_changed_values_are_there_and_marked(pi: Pi) -> None:
    reading = await pi.read("BLR1.LI-01", Recorded("*-1d"))
    by_quality = {quality: [v for v in reading.values if v.quality == quality] for quality in Quality}
    assert len(by_quality[Quality.QUESTIONABLE]) > 20
    assert len(by_quality[Quality.SUBSTITUTED]) > 5
    assert not by_quality[Quality.BAD]
    assert all(isinstance(value.value, float) for value in reading.values)


async def test_a_summary_says_which_and_how_much_of_it_was_good(pi: Pi) -> None:
    reading = await pi.read(
        ["BLR2.TI-02", "LAMA.TI-01"], Summary(*DAY, of=("Average", "Minimum", "Count", "PercentGood"))
    )
    good, dead = ({v.summary: v for v in reading.values if v.tag == tag} for tag in ("BLR2.TI-02", "LAMA.TI-01"))
    assert 226 < good["Average"].value < 236
    assert good["Minimum"].value < good["Average"].value
    assert (type(good["Count"].value), good["Count"].unit) == (int, "")
    assert (good["PercentGood"].value, good["PercentGood"].unit) == (100.0, "%")
    assert (dead["Average"].value, dead["Average"].quality, dead["Average"].state) == (None, "bad", "No Data")
    assert dead["PercentGood"].value == 0.0


async def test_rows_have_the_same_columns_whatever_is_read(pi: Pi) -> None:
    columns = {(await pi.read("BLR2.TI-01", ask)).rows.columns for ask in EVERY_WAY}
    assert columns == {("tag", "time", "value", "unit", "quality", "state", "code", "summary")}
    [row] = (await pi.read("BLR2.TI-02", ValueNow())).rows.as_dicts()
    assert (row["tag"], row["quality"], type(row["quality"])) == ("BLR2.TI-02", "good", str)


async def test_missing_tags_are_named_and_the_rest_comes(pi: Pi) -> None:
    reading = await pi.read(["BLR2.TI-02", "TIDAK.ADA", "BLR2.PI-01", "SALAH"], ValueNow())
    assert [value.tag for value in reading.values] == ["BLR2.TI-02", "BLR2.PI-01"]
    assert [(problem.tag, problem.code) for problem in reading.problems] == [
        ("TIDAK.ADA", "missing"),
        ("SALAH", "missing"),
    ]
    assert str(reading.problems[0]) == "TIDAK.ADA: there is no such tag, or this account may not see it"


async def test_nothing_but_missing_tags_is_no_values_and_asks_no_stream(pi: Pi) -> None:
    reading = await pi.read("TIDAK.ADA", ValueNow())
    assert reading.values == ()
    assert len(pi.seen) == 1


async def test_names_are_taken_in_any_case_and_as_paths_and_once(pi: Pi) -> None:
    tags = ["blr2.ti-02", "\\\\PABRIK\\BLR2.TI-02", " blr2.ti-02 ", "\\\\LAIN\\BLR2.TI-02"]
    reading = await pi.read(tags, ValueNow())
    assert [value.tag for value in reading.values] == ["blr2.ti-02", "\\\\PABRIK\\BLR2.TI-02"]
    assert len(params(pi.seen[-1].url)["webId"]) == 1
    assert [problem.tag for problem in reading.problems] == ["\\\\LAIN\\BLR2.TI-02"]


@pytest.mark.parametrize("status", [403, 404, 503, 500])
@pytest.mark.parametrize("strict", [False, True])
async def test_a_broken_tag_is_named_and_the_rest_comes(pi: Pi, status: int, strict: bool) -> None:
    pi.faults.broken_tags, pi.faults.strict_sets = {"BLR2.PI-01": status}, strict
    for ask in EVERY_WAY:
        reading = await pi.read(["BLR2.TI-02", "BLR2.PI-01", "BLR2.FI-01"], ask)
        assert {value.tag for value in reading.values} == {"BLR2.TI-02", "BLR2.FI-01"}
        code = {403: "forbidden", 404: "missing"}.get(status, "unavailable")
        assert [(problem.tag, problem.code) for problem in reading.problems] == [("BLR2.PI-01", code)]


async def test_values_that_were_not_transferred_are_no_data_and_said_so(pi: Pi) -> None:
    pi.faults.untransferred = {"BLR2.PI-01"}
    reading = await pi.read(["BLR2.TI-02", "BLR2.PI-01"], Recorded("*-10m"))
    assert {(value.value is None, value.quality) for value in reading.values if value.tag == "BLR2.PI-01"} == {
        (True, "bad")
    }
    [problem] = reading.problems
    assert str(problem) == "BLR2.PI-01: 10 of its values could not be read"


async def test_a_webid_is_remembered_for_a_while_and_asked_anew_after_a_404(pi: Pi) -> None:
    moments = [0.0]
    pi.clock = lambda: moments[0]
    await pi.read("BLR2.TI-02", ValueNow())
    await pi.read("BLR2.TI-02", ValueNow())
    assert len(pi.seen) == 3
    moments[0] = pi.config.fresh_s + 1
    await pi.read("BLR2.TI-02", ValueNow())
    assert len(pi.seen) == 5
    del pi.seen[:]
    point, until = pi.memory.points["BLR2.TI-02"]
    moved = type(point)(point.tag, "F1DPbGFtYQ", point.kind, point.unit)
    pi.memory.points["BLR2.TI-02"] = moved, until
    reading = await pi.read(["BLR2.TI-02"], ValueNow())
    assert [value.tag for value in reading.values] == ["BLR2.TI-02"]
    assert reading.problems == ()
    assert pi.memory.points["BLR2.TI-02"][0] == point


@pytest.mark.parametrize("links", [True, False])
async def test_recorded_values_beyond_a_page_are_read_on_each_tag_from_its_own_place(pi: Pi, links: bool) -> None:
    pi.faults.next_links = links
    tags = ["BLR1.TI-02", "BLR2.TI-02", "SILO1.LI-01"]
    whole = await pi.read(tags, Recorded(*DAY))
    del pi.seen[:]
    paged = await pi.read(tags, Recorded(*DAY), page=500)
    assert paged == whole
    assert [sum(value.tag == tag for value in paged.values) for tag in tags] == [1440, 1440, 288]
    assert [seen.method for seen in pi.seen] == ["GET", "POST", "POST"]
    assert [len(seen.batch) for seen in pi.seen[1:]] == [2, 2]


async def test_a_server_that_gives_fewer_than_asked_is_read_on_by_its_link(start: Start) -> None:
    async with start(most_recorded=400) as pi:
        reading = await pi.read("BLR1.TI-02", Recorded(*DAY))
        assert len(reading.values) == 1440
        assert len({value.time for value in reading.values}) == 1440


async def test_a_day_ends_before_midnight(start: Start) -> None:
    async with start(tags=(Tag("JAM", "", middle=1, step_s=3_600),), seed=0) as pi:
        first = await pi.read("JAM", Recorded(*DAY))
        second = await pi.read("JAM", Recorded(DAY[1], "*"))
        moments = [value.time for value in (*first.values, *second.values)]
        assert len(moments) == len(set(moments))
        assert all(DAY[0] <= value.time < DAY[1] for value in first.values)
        assert len(first.values) == 24


async def test_no_more_values_than_the_cap_are_kept_and_it_is_said(pi: Pi) -> None:
    reading = await pi.read(["BLR1.TI-02", "BLR2.TI-02"], Recorded(*DAY), max_values=1_000, page=300)
    assert len(reading.values) == 1_000
    assert reading.truncated
    assert reading.rows.truncated
    assert reading.problems[-1].code == "cut"


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        ("t", "2026-11-19T17:00:00Z"),
        ("y", "2026-11-18T17:00:00Z"),
        ("t-1d+6h", "2026-11-18T23:00:00Z"),
        ("*-8h", "*-8h"),
        (datetime(2026, 11, 19, 7, tzinfo=JAKARTA), "2026-11-19T00:00:00Z"),
        ("2026-11-19T07:00:00+07:00", "2026-11-19T00:00:00Z"),
    ],
)
async def test_no_time_is_left_to_the_servers_clock(pi: Pi, moment: Any, sent: str) -> None:
    await pi.read("BLR2.TI-02", Summary(moment))
    assert params(pi.seen[-1].url)["startTime"] == [sent]


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (Recorded(datetime(2026, 11, 19)), "must have a zone"),  # noqa: DTZ001 - the point of it
        (Recorded("2026-11-19T07:00:00"), "must have a zone"),
        (Recorded("kemarin"), "must be ISO with a zone"),
        (Recorded(DAY[1], DAY[0]), "start of a reading must be before its end"),
        (Recorded("t-999999w-999999w"), "out of range"),
        (Interpolated(*DAY, every="0h"), "interval must be a number"),
        (Interpolated(*DAY, every="1h&x=1"), "interval must be a number"),
        (Summary(*DAY, of=("Rata-rata",)), "found the summary Rata-rata, must be of: Average"),
        (Summary(*DAY, of=()), "found the summary none"),
        (Plot(*DAY, intervals=0), "intervals must be 1 to"),
    ],
)
async def test_a_wrong_question_is_told_before_anything_is_sent(pi: Pi, ask: Any, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as error:
        await pi.read("BLR2.TI-02", ask)
    assert not error.value.transient
    assert pi.seen == []


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ([], "no tag"),
        (["a", ""], "tag 2 of"),
        (["a\nb"], "tag 1 of"),
        (["x" * 2_000], "tag 1 of"),
        ([f"T{number}" for number in range(1_001)], "1001 tags are asked for, at most 1000"),
    ],
    ids=["none", "empty", "control sign", "long", "many"],
)
async def test_a_wrong_list_of_tags_is_told(pi: Pi, tags: list[str], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        await pi.read(tags, ValueNow())


async def test_tags_cannot_leave_their_parameter(pi: Pi) -> None:
    tags = ["A&path=\\\\PABRIK\\BLR2.TI-02", "A#b", "A%5C", "A?x=1", "TI 01+2"]
    reading = await pi.read(tags, ValueNow())
    assert [problem.tag for problem in reading.problems] == tags
    resources = [request["Resource"] for request in pi.seen[0].batch.values()]
    assert [params(resource)["path"] for resource in resources] == [[f"\\\\PABRIK\\{tag}"] for tag in tags]


async def test_code_in_a_thread_reads_as_it_queries_a_database(pi: Pi) -> None:
    server = PiServer(pi.config)
    for read in ("value", "recorded", "interpolated", "summary", "plot"):
        start, end = (None, None) if read == "value" else DAY
        reading = await asyncio.to_thread(server.read, ["BLR2.TI-02", "TIDAK.ADA"], read, start, end)
        assert isinstance(reading.values[0], PiValue)
        assert [problem.tag for problem in reading.problems] == ["TIDAK.ADA"]
    found = [seen for seen in pi.seen if seen.method == "POST"]
    assert [len(seen.batch) for seen in found] == [2, 1, 1, 1, 1], "a tag is not looked for again, a missing one is"
    with pytest.raises(SourceError, match="needs a start"):
        server.read(["BLR2.TI-02"], "summary")
    with pytest.raises(SourceError, match="found the reading 'all', must be one of: value, recorded"):
        server.read(["BLR2.TI-02"], "all")  # type: ignore[arg-type]


async def test_the_connection_test_says_how_long_it_took_and_what_is_there(pi: Pi) -> None:
    async with pi.client() as client:
        check = await client.check()
    assert (check.version, check.connected) == ("3.4.440.477", True)
    async with pi.client(data_server="LAIN") as client:
        with pytest.raises(SourceError, match="lists no data server of the name in data_server"):
            await client.check()


async def test_the_same_seed_is_the_same_plant(start: Start) -> None:
    answers = []
    for seed in (7, 7, 8):
        async with start(seed=seed) as pi:
            await pi.read(FIFTY, Recorded("*-1h"))
            answers.append(json.loads(pi.seen[-1].answer))
    assert answers[0] == answers[1] != answers[2]


async def test_trouble_within_a_batch_is_asked_again_for_those_only(pi: Pi) -> None:
    pi.faults.broken_tags, pi.faults.strict_sets = {"BLR2.PI-01": 503}, True
    await pi.read(["BLR2.TI-02", "BLR2.PI-01"], ValueNow())
    assert [len(seen.batch) for seen in pi.seen if seen.method == "POST"] == [2, 2, 1, 1]
    assert pi.waits == [0.5, 1.0]


async def test_where_no_tag_can_be_read_now_it_is_worth_trying_again(pi: Pi) -> None:
    pi.faults.broken_tags = {"BLR2.PI-01": 503}
    with pytest.raises(SourceError, match="none of the tags now") as error:
        await pi.read("BLR2.PI-01", ValueNow())
    assert error.value.transient
