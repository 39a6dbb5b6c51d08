"""A report for one slot: which are due, who receives them, and what they read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.content import TEXT_LIMIT
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.outbox import NewMessage
from wa_integrasi.recipient import Kind
from wa_integrasi.reporting import (
    Asked,
    ReportData,
    ReportError,
    ReportJob,
    compose,
    due_reports,
    enclose,
    read_data,
    run_name,
    slot_label,
    slot_of,
    with_parameters,
)
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.sources.base import Rows
from wa_integrasi.text.locale import Locale

ZONE = "Asia/Jakarta"
NOW = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
ROWS = Rows(("unit", "ton"), (("Tungku", 1234.5), ("Kemas 1", 7)))
NO_ROWS = Rows(("unit", "ton"), ())
SITI, BUDI, JOHN = "+6281234567890", "+6281234567891", "+16502530000"
GROUP = "120363012345678901@g.us"


def catalog(body: str = "{{ rows|length }} unit", language: str = "id", **report: Any) -> Catalog:
    return Catalog.model_validate(
        {
            "version": 1,
            "contacts": {
                "siti": {"phone": SITI, "display_name": "Siti Rahayu", "salutation": "Ibu"},
                "budi": {"phone": BUDI, "display_name": "Budi"},
                "john": {"phone": JOHN, "display_name": "John", "language": "en"},
            },
            "groups": {
                "produksi": {"members": ["siti", "budi"]},
                "mutu": {"members": ["budi", "john"]},
                "shift-malam": {"chat_id": "env"},
                "direksi": {"chat_id": GROUP},
            },
            "chat_templates": {"rekap": {"body": body, "language": language}},
            "reports": {
                "harian": {
                    "title": "Rekap *Harian*",
                    "cadence": "daily",
                    "owner": "siti",
                    "source": "pabrik",
                    "query": "SELECT 1",
                    "template": "rekap",
                    "recipients": ["siti"],
                    **report,
                }
            },
        }
    )


def job(body: str = "{{ rows|length }} unit", day: str = "2026-11-19", **report: Any) -> ReportJob:
    whole = catalog(body, **report)
    cadence = Cadence(whole.reports["harian"].cadence)
    [found] = due_reports(whole, Slot.containing(date.fromisoformat(day), cadence, ZONE), ["harian"])
    return found


def made(job: ReportJob, rows: Rows = ROWS, group_ids: dict[str, str] | None = None) -> list[NewMessage]:
    return compose(job, ReportData(rows), now=NOW, group_ids=group_ids or {}, flow_run_id="run-1")


def chats(messages: list[NewMessage]) -> list[str]:
    return [message.recipient.chat for message in messages]


def test_a_report_becomes_one_message_that_says_where_it_comes_from() -> None:
    [message] = made(job(account="tenant"))
    assert message.content.body == "2 unit"
    assert (message.recipient.chat, message.account) == (SITI, "tenant")
    assert (message.report, message.slot, message.flow_run_id) == ("harian", "2026-11-19", "run-1")
    assert (message.part, message.parts) == (1, 1)


def test_the_dedupe_key_names_report_slot_chat_and_part() -> None:
    [message] = made(job())
    assert message.dedupe_key == f"harian:2026-11-19:{SITI}:1"


def test_two_runs_for_one_slot_make_the_same_keys_and_another_slot_other_ones() -> None:
    first, again = made(job(recipients=["produksi"])), made(job(recipients=["produksi"]), Rows(("unit",), (("x",),)))
    tomorrow = made(job(recipients=["produksi"], day="2026-11-20"))
    keys = [message.dedupe_key for message in first]
    assert keys == [message.dedupe_key for message in again]
    assert len({*keys, *(message.dedupe_key for message in tomorrow)}) == 4


def test_a_long_report_goes_in_parts_that_are_numbered_and_keyed_each() -> None:
    messages = made(job("{% for row in rows %}\n" + "kata " * 700 + "\n---\n{% endfor %}"))
    assert [(message.part, message.parts) for message in messages] == [(1, 2), (2, 2)]
    assert [message.dedupe_key for message in messages] == [f"harian:2026-11-19:{SITI}:{part}" for part in (1, 2)]
    assert all(len(message.content.body) <= TEXT_LIMIT for message in messages)
    assert messages[1].content.body.endswith("(2/2)")


def test_a_channel_with_shorter_texts_gets_more_parts() -> None:
    body = "{% for row in rows %}\n" + "kata " * 700 + "\n---\n{% endfor %}"
    messages = compose(job(body), ReportData(ROWS), now=NOW, group_ids={}, text_limit=1600)
    assert [(message.part, message.parts) for message in messages] == [(part, 6) for part in range(1, 7)]
    assert all(len(message.content.body) <= 1600 for message in messages)


def test_a_template_reads_rows_report_slot_now_and_recipient() -> None:
    body = (
        "{{ report.name }}|{{ report.title }}|{{ slot.name }}|{{ slot.label }}|{{ recipient.salutation }} "
        "{{ recipient.name }}|{% for row in rows %}{{ row.unit }} {{ row.ton|number }};{% endfor %}"
    )
    [message] = made(job(body))
    assert message.content.body == (
        "harian|Rekap ∗Harian∗|2026-11-19|Kamis, 19 November 2026|Ibu Siti Rahayu|Tungku 1.234,5;Kemas 1 7;"
    )


def test_everybody_is_addressed_by_their_own_name() -> None:
    messages = made(job("Halo {{ recipient.name }}", recipients=["produksi", "john"]))
    assert [message.content.body for message in messages] == ["Halo Siti Rahayu", "Halo Budi", "Halo John"]


def test_a_person_in_two_groups_gets_one_message() -> None:
    assert chats(made(job(recipients=["produksi", "mutu", "siti"]))) == [SITI, BUDI, JOHN]


def test_a_group_chat_gets_one_message_and_a_list_one_for_each_member() -> None:
    messages = made(job(recipients=["direksi", "mutu"]))
    assert chats(messages) == [GROUP, BUDI, JOHN]
    assert messages[0].recipient.kind is Kind.GROUP


def test_a_group_chat_may_have_its_id_in_the_environment() -> None:
    assert chats(made(job(recipients=["shift-malam"]), group_ids={"shift-malam": GROUP})) == [GROUP]


@pytest.mark.parametrize(
    ("group_ids", "reason"),
    [
        ({}, "WA_GROUP_SHIFT_MALAM_ID is not set"),
        ({"shift-malam": ""}, "WA_GROUP_SHIFT_MALAM_ID is not set"),
        ({"shift-malam": SITI}, "WA_GROUP_SHIFT_MALAM_ID: found a phone"),
        ({"shift-malam": "rahasia"}, "WA_GROUP_SHIFT_MALAM_ID: not a phone number"),
    ],
)
def test_a_group_id_that_is_missing_or_wrong_fails_the_report_and_names_the_variable(
    group_ids: dict[str, str], reason: str
) -> None:
    with pytest.raises(ReportError) as error:
        made(job(recipients=["siti", "shift-malam"]), group_ids=group_ids)
    assert str(error.value).startswith(f"report harian: {reason}")
    assert SITI not in str(error.value)
    assert "rahasia" not in str(error.value)


def test_no_rows_are_told_as_nihil() -> None:
    [message] = made(job(), NO_ROWS)
    assert message.content.body == (
        "*Rekap ∗Harian∗*\nKamis, 19 November 2026\n\nNIHIL: tidak ada data untuk periode ini."
    )
    [english] = made(job(language="en", cadence="monthly"), NO_ROWS)
    assert english.content.body == "*Rekap ∗Harian∗*\nNovember 2026\n\nNIL: there are no data for this period."


def test_no_rows_may_mean_no_message() -> None:
    assert made(job(when_empty="skip"), NO_ROWS) == []
    assert len(made(job(when_empty="skip"))) == 1


def test_no_rows_may_be_told_to_the_owner_alone() -> None:
    alarmed = job(when_empty="alert", owner="budi", recipients=["mutu", "direksi"])
    [message] = made(alarmed, NO_ROWS)
    assert message.recipient.chat == BUDI
    assert "NIHIL" in message.content.body
    assert chats(made(alarmed)) == [BUDI, JOHN, GROUP]


@pytest.mark.parametrize(
    ("language", "note"),
    [
        ("id", "_… hanya 2 baris pertama yang ditampilkan dan dihitung_"),
        ("en", "_… only the first 2 rows are shown and counted_"),
    ],
)
def test_rows_that_were_left_out_are_mentioned(language: str, note: str) -> None:
    [message] = made(job(language=language), Rows(ROWS.columns, ROWS.values, truncated=True))
    assert message.content.body == f"2 unit\n{note}"


def cut(*rows: object) -> Rows:
    return Rows(("unit",), tuple((row,) for row in rows), truncated=True)


EACH_CUT = "_… hanya 3 baris pertama tiap daftar yang ditampilkan dan dihitung_"


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("{{ rows | length }} {{ queries.henti | length }}", EACH_CUT),
        ("{{ rows | length }}{% for name, each in queries.items() %} {{ each | length }}{% endfor %}", EACH_CUT),
        ("{{ rows | length }} {{ queries.lain | length }}", ""),
        ("{{ rows | length }}", ""),
    ],
)
def test_rows_that_another_query_left_out_are_mentioned_where_the_text_has_them(body: str, note: str) -> None:
    queries = {"henti": "SELECT 1", "lain": "SELECT 2"}
    data = ReportData(ROWS, queries={"henti": cut(1, 2, 3), "lain": ROWS})
    [message] = compose(job(body, queries=queries), data, now=NOW, group_ids={})
    assert message.content.body.endswith(note or " 2" * ("lain" in body) or "2")
    assert message.content.body.count("baris pertama") == bool(note)


def test_a_period_before_that_is_not_whole_is_mentioned() -> None:
    data = ReportData(ROWS, previous=cut(1, 2, 3))
    [message] = compose(job("{{ rows|length - previous|length }}", compare=True), data, now=NOW, group_ids={})
    assert message.content.body == f"-1\n{EACH_CUT}"


def test_a_template_may_say_itself_that_rows_were_left_out() -> None:
    body = "{{ '⚠️ ' ~ cut if cut }} {{ rows | length }}"
    [message] = made(job(body), cut(1, 2))
    assert message.content.body == "⚠️ hanya 2 baris pertama yang ditampilkan dan dihitung 2"
    [whole] = made(job(body))
    assert whole.content.body == "2"


def test_a_file_that_is_not_whole_or_not_there_is_not_said_to_have_all(tmp_path: Path) -> None:
    report = job(attach="csv", max_rows=3)
    some = Rows(("unit",), tuple((number,) for number in range(4)))
    data = ReportData(some.capped(3), every=Rows(some.columns, some.values, truncated=True))
    enclosed = enclose(report, data, NOW).contents(report, OutgoingFiles(tmp_path))
    text, _ = compose(report, data, now=NOW, group_ids={}, enclosed=enclosed)
    [alone] = compose(report, ReportData(some.capped(3), every=some), now=NOW, group_ids={})
    for message in (text, alone):
        assert message.content.body.endswith("hanya 3 baris pertama yang ditampilkan dan dihitung_")


def test_a_cap_on_rows_marks_them_as_cut_only_where_it_cut() -> None:
    assert ROWS.capped(2) == ROWS
    assert ROWS.capped(1) == Rows(ROWS.columns, ROWS.values[:1], truncated=True)
    assert Rows(ROWS.columns, ROWS.values, truncated=True).capped(5).truncated


def test_data_cannot_write_markup_into_a_report() -> None:
    [message] = made(job("{% for row in rows %}{{ row.unit }}{% endfor %}"), Rows(("unit",), (("*tebal*",),)))
    assert message.content.body == "∗tebal∗"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{% for row in rows %}\n{{ row.tonnage }}\n{% endfor %}", "line 2: "),
        ("{{ rows[0].unit|rupiah }}", "line 1: "),
        ("{{ 1 / (rows|length - 2) }}", "line 1: division by zero"),
        ("{% if false %}x{% endif %}", "it gave an empty message"),
    ],
)
def test_a_template_that_does_not_fit_names_report_template_and_line_and_no_data(body: str, reason: str) -> None:
    with pytest.raises(ReportError) as error:
        made(job(body))
    assert str(error.value).startswith(f"report harian, template rekap: {reason}")
    assert "Tungku" not in str(error.value)


@pytest.mark.parametrize(
    ("cadence", "day", "label"),
    [
        (Cadence.DAILY, "2026-11-19", "Kamis, 19 November 2026"),
        (Cadence.WEEKLY, "2026-11-19", "16 November 2026 – 22 November 2026"),
        (Cadence.WEEKLY, "2027-01-01", "28 Desember 2026 – 3 Januari 2027"),
        (Cadence.MONTHLY, "2026-10-19", "Oktober 2026"),
    ],
)
def test_a_slot_is_named_as_people_read_it(cadence: Cadence, day: str, label: str) -> None:
    assert slot_label(Slot.containing(date.fromisoformat(day), cadence, ZONE), Locale("id_ID", ZONE)) == label


def test_without_a_day_a_run_speaks_of_what_has_just_ended_and_with_one_of_its_slot() -> None:
    assert slot_of(Cadence.DAILY, "", ZONE, NOW).key == "2026-11-19"
    assert slot_of(Cadence.WEEKLY, "", ZONE, NOW).key == "2026-W46"
    assert slot_of(Cadence.WEEKLY, "2026-11-19", ZONE, NOW).key == "2026-W47"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (Asked(Cadence.DAILY, "2020-11-19"), "rekap daily 2020-11-19"),
        (
            Asked(Cadence.DAILY, "2020-11-01", "2020-11-07", dry_run=True),
            "rekap daily 2020-11-01 – 2020-11-07 (dry run)",
        ),
        (Asked(Cadence.WEEKLY, as_of="2020-11-19T07:00"), "rekap weekly 2020-W46"),
        (Asked(Cadence.MONTHLY, "kemarin"), "rekap monthly"),
        (Asked(Cadence.DAILY, "2099-01-01"), "rekap daily"),
    ],
)
def test_a_run_is_called_by_the_periods_that_it_speaks_of(asked: Asked, name: str) -> None:
    assert run_name(asked) == name


def test_a_scheduled_run_that_begins_late_is_called_by_its_own_period() -> None:
    scheduled = datetime(2020, 11, 19, 0, 0, tzinfo=UTC)
    assert run_name(Asked(Cadence.DAILY), scheduled) == "rekap daily 2020-11-18"


@pytest.mark.parametrize("day", ["kemarin", "19-11-2026", "2026-02-30", "2026-11-19T07:00"])
def test_a_day_that_is_none_is_refused_with_an_example(day: str) -> None:
    with pytest.raises(ReportError, match=f"^slot: found '{day}', must be a day such as 2026-11-19$"):
        slot_of(Cadence.DAILY, day, ZONE, NOW)


def test_only_enabled_reports_of_the_cadence_are_due_unless_one_is_asked_for() -> None:
    daily = Slot.containing(date(2026, 11, 19), Cadence.DAILY, ZONE)
    weekly = Slot.containing(date(2026, 11, 19), Cadence.WEEKLY, ZONE)
    assert [due.name for due in due_reports(catalog(), daily)] == ["harian"]
    assert due_reports(catalog(), weekly) == []
    assert due_reports(catalog(enabled=False), daily) == []
    assert [due.name for due in due_reports(catalog(enabled=False), daily, ["harian"])] == ["harian"]


def test_a_report_that_does_not_exist_is_refused_with_those_that_do() -> None:
    daily = Slot.containing(date(2026, 11, 19), Cadence.DAILY, ZONE)
    with pytest.raises(ReportError, match=r"^no daily report is called tahunan; there are: harian$"):
        due_reports(catalog(), daily, ["harian", "tahunan"])
    weekly = Slot.containing(date(2026, 11, 19), Cadence.WEEKLY, ZONE)
    with pytest.raises(ReportError, match=r"^no weekly report is called harian; there are: none$"):
        due_reports(catalog(), weekly, ["harian"])


CHART = {"kind": "bar", "x": "unit", "y": ["ton:Ton"]}


class FakeSource:
    """Answers each query with rows that say what was asked."""

    def __init__(self, count: int = 2) -> None:
        self.asked: list[tuple[str, str]] = []
        self.count = count

    def query(self, statement: str, parameters: Any) -> Rows:
        self.asked.append((statement, parameters["slot_date"]))
        return Rows(("unit", "ton"), tuple((f"Unit {at}", 10 - at) for at in range(self.count)))


def made_of(job: ReportJob, source: FakeSource, files: OutgoingFiles) -> list[NewMessage]:
    data = read_data(job, source)
    return compose(job, data, now=NOW, group_ids={}, enclosed=enclose(job, data, NOW).contents(job, files))


def test_a_template_has_the_rows_of_every_query_and_of_the_period_before(tmp_path: Path) -> None:
    report = job(
        "{{ rows|length }} {{ queries.henti|length }} {{ (rows|first).ton | change((previous|first).ton) }}",
        queries={"henti": "SELECT 2"},
        compare=True,
    )
    source = FakeSource()
    [message] = made_of(report, source, OutgoingFiles(tmp_path))
    assert message.content.body == "2 2 = 0"
    assert source.asked == [("SELECT 1", "2026-11-19"), ("SELECT 2", "2026-11-19"), ("SELECT 1", "2026-11-18")]


def test_the_chart_and_the_file_follow_the_text_as_parts_of_their_own(tmp_path: Path) -> None:
    files = OutgoingFiles(tmp_path)
    report = job(chart=CHART, attach="xlsx", recipients=["produksi"])
    text, picture, document, *other = made_of(report, FakeSource(), files)
    assert [(part.part, part.parts) for part in (text, picture, document)] == [(1, 3), (2, 3), (3, 3)]
    assert picture.content.caption == "Rekap *Harian*, Kamis, 19 November 2026"
    assert document.content.filename == "harian-2026-11-19.xlsx"
    assert files.read(picture.content.file).mime_type == "image/png"
    assert [part.content for part in other[1:]] == [picture.content, document.content]
    assert other[0].recipient.chat != text.recipient.chat
    assert {part.dedupe_key[-1] for part in (text, picture, document)} == {"1", "2", "3"}


@pytest.mark.parametrize(("count", "sent"), [(3, ["text"]), (4, ["text", "document"])])
def test_a_file_may_be_sent_only_when_the_text_does_not_hold_all(tmp_path: Path, count: int, sent: list[str]) -> None:
    files = OutgoingFiles(tmp_path)
    report = job(attach="csv", attach_when="overflow", max_rows=3)
    messages = made_of(report, FakeSource(count), files)
    assert [message.content.type for message in messages] == sent
    if len(sent) > 1:
        said = "hanya 3 baris pertama yang ditampilkan dan dihitung; semua baris ada di berkas terlampir_"
        assert messages[0].content.body.endswith(said)
        assert files.read(messages[1].content.file).content.count(b"\r\n") == count + 1


def test_what_cannot_be_drawn_keeps_the_text_and_the_file_not_back(tmp_path: Path) -> None:
    report = job(chart={**CHART, "y": ["berat"]}, attach="csv")
    data = read_data(report, FakeSource())
    enclosures = enclose(report, data, NOW)
    assert [file.name for file in enclosures.files] == ["harian-2026-11-19.csv"]
    assert enclosures.problems == ("report harian: no chart: no column berat in the rows; they have unit, ton",)


def test_no_rows_need_no_picture(tmp_path: Path) -> None:
    [message] = made_of(job(chart=CHART, attach="pdf"), FakeSource(0), OutgoingFiles(tmp_path))
    assert "NIHIL" in message.content.body


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"queries": {"henti": "SELECT :besok"}}, "found ':besok'"),
        ({"queries": {"Henti": "SELECT 1"}}, "queries"),
        ({"chart": {**CHART, "query": "henti"}}, "found 'henti', must be the name of a query of this report"),
        ({"chart": {**CHART, "kind": "pie"}}, "chart"),
        ({"attach": "docx"}, "attach"),
    ],
)
def test_a_report_that_cannot_be_is_refused(report: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as error:
        catalog(**report)
    assert reason in str(error.value)


def test_each_recipient_is_greeted_and_taken_leave_of_as_the_catalog_says() -> None:
    whole = catalog("{{ recipient.greeting }}|{{ recipient.called }}|{{ recipient.closing }}|{{ recipient.group }}")
    document = whole.model_dump(exclude_unset=True)
    document["contacts"]["siti"] |= {"salutation": "Yth.", "honorific": "Ibu", "closing": "Hormat kami"}
    document["contacts"]["budi"] |= {"honorific": "Bapak"}
    document["groups"]["direksi"] |= {"display_name": "Direksi", "salutation": "Yth."}
    document["reports"]["harian"]["recipients"] = ["siti", "budi", "john", "direksi", "shift-malam"]
    changed = Catalog.model_validate(document)
    [found] = due_reports(changed, Slot.containing(date(2026, 11, 19), Cadence.DAILY, ZONE), ["harian"])
    texts = [message.content.body for message in made(found, group_ids={"shift-malam": "120363012345678902@g.us"})]
    assert texts == [
        "Yth. Ibu Siti Rahayu, selamat pagi|Yth. Ibu Siti Rahayu|Hormat kami|tidak",
        "Selamat pagi, Bapak Budi|Bapak Budi|Terima kasih.|tidak",
        "Selamat pagi, John|John|Terima kasih.|tidak",
        "Selamat pagi, Yth. Direksi|Yth. Direksi|Terima kasih.|ya",
        "Selamat pagi, rekan-rekan shift-malam|rekan-rekan shift-malam|Terima kasih.|ya",
    ]


def test_who_reads_another_language_gets_the_template_for_it() -> None:
    document = catalog("{{ 1234.5 | number }} {{ slot.label }}").model_dump(exclude_unset=True)
    document["chat_templates"]["rekap-en"] = {"body": "{{ 1234.5 | number }} {{ recipient.closing }}", "language": "en"}
    document["reports"]["harian"] |= {"templates": {"en": "rekap-en"}, "recipients": ["siti", "john"]}
    changed = Catalog.model_validate(document)
    [found] = due_reports(changed, Slot.containing(date(2026, 11, 19), Cadence.DAILY, ZONE), ["harian"])
    assert [message.content.body for message in made(found)] == [
        "1.234,5 Kamis, 19 November 2026",
        "1,234.5 Thank you.",
    ]


PARAMETERS = [
    {"name": "unit", "kind": "choice", "choices": ["GL1", "GL2"], "required": False},
    {"name": "batas", "kind": "number", "default": 95},
    {"name": "hari", "kind": "date", "default": "kemarin"},
]


def chosen(**given: Any) -> ReportJob:
    return with_parameters(job("{{ parameters.unit }}, {{ as_of }}", parameters=PARAMETERS), given)


def test_parameters_reach_queries_as_typed_binds_and_days_count_from_the_slot() -> None:
    plain = {"unit": None, "batas": 95.0, "hari": "2026-11-19", "hari_end": "2026-11-19T17:00:00+00:00"}
    assert plain.items() <= chosen().binds.items()
    assert chosen().binds["as_of"] == "2026-11-19T17:00:00+00:00"
    assert chosen().binds["as_of_date"] == "2026-11-19"
    other = chosen(unit="gl2", batas="97,5", hari="2026-11-02", as_of="2026-11-19T14:00").binds
    assert (other["unit"], other["batas"], other["hari"]) == ("GL2", 97.5, "2026-11-02")
    assert (other["as_of"], other["as_of_date"]) == ("2026-11-19T07:00:00+00:00", "2026-11-19")
    assert chosen().before.binds["hari"] == "2026-11-18"


def test_what_was_chosen_is_sent_beside_what_the_schedule_sent() -> None:
    plain, same, other = chosen(), chosen(batas=95, as_of="2026-11-19"), chosen(unit="GL1")
    assert plain.key == same.key == "harian:2026-11-19"
    assert other.key.startswith("harian:2026-11-19+")
    assert other.key == chosen(unit="gl1", as_of="2026-11-19T17:00Z").key
    assert len({plain.key, other.key, chosen(unit="GL2").key, chosen(as_of="2026-11-18").key}) == 4
    [message] = made(other)
    assert message.content.body == "GL1, Jumat, 20 November 2026 00.00 WIB"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"unit": "GL3"}, "report harian: parameters.unit: is not one of the choices, must be one of GL1, GL2"),
        ({"batas": "banyak"}, "report harian: parameters.batas: is not a number, must be a number"),
        (
            {"unti": "GL1"},
            "report harian: parameters.unti: there is no such argument (did you mean 'unit'?), there are",
        ),
        ({"as_of": "2026-13-01"}, "report harian: as_of: found '2026-13-01', must be a day or a moment"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_right(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ReportError) as wrong:
        chosen(**given)
    assert str(wrong.value).startswith(reason)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"parameters": [{"name": "unit", "kind": "int"}]}, "parameters.0: found 'unit' without a default"),
        (
            {"parameters": [{"name": "as_of", "kind": "int", "default": 1}]},
            "whose bind :as_of is already that of every",
        ),
        ({"query": "SELECT :unit"}, "query: found ':unit', must be"),
        ({"queries": {"a": "SELECT :unti"}, "parameters": PARAMETERS}, "queries.a: found ':unti', must be"),
        ({"templates": {"en": "rekap"}}, "templates.en: found 'rekap', whose language is id, must be"),
        ({"templates": {"en": "x"}}, "templates.en: found 'x', must be the name of a chat template"),
    ],
)
def test_a_report_that_does_not_hold_together_is_refused(report: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        catalog(**report)
    assert reason in str(wrong.value)


def test_a_distribution_list_has_no_words_of_its_own() -> None:
    document = catalog().model_dump(exclude_unset=True)
    document["groups"]["produksi"] |= {"closing": "Salam"}
    with pytest.raises(ValidationError, match="found closing, must be of a group with a chat_id"):
        Catalog.model_validate(document)
