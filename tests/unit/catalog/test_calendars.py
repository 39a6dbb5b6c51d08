"""Which days a plant works, what its reports make of that, and how mistakes are told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from wa_integrasi.catalog.calendars import WorkCalendar
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.problems import CatalogError
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.message import Priority
from wa_integrasi.reporting import Asked, ReportData, ReportError, ReportJob, compose, plan
from wa_integrasi.slot import Cadence
from wa_integrasi.sources.base import Rows

ZONE = "Asia/Jakarta"
ROWS = ReportData(Rows(("unit",), (("Tungku",),)))


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_indonesias_holidays_and_joint_leave_are_days_off() -> None:
    calendar = WorkCalendar()
    assert calendar.day_off(day("2026-08-17")) == "Hari Kemerdekaan Republik Indonesia"
    assert calendar.day_off(day("2026-12-24")) == "Cuti Bersama Hari Raya Natal"
    assert calendar.day_off(day("2026-11-21")) == "saturday"
    assert calendar.day_off(day("2026-11-20")) == ""
    without = WorkCalendar(joint_leave=False)
    assert (without.day_off(day("2026-12-24")), bool(without.day_off(day("2026-12-25")))) == ("", True)
    assert WorkCalendar(holidays="none").day_off(day("2026-12-25")) == ""


def test_the_plants_own_days_go_before_all_others() -> None:
    calendar = WorkCalendar(
        weekend=("sunday",),
        closed={"2026-12-28..2026-12-31": "Perbaikan kiln", "2026-11-20": "Ulang tahun pabrik"},
        open={"2026-12-25": "Tukar hari", "2026-12-30": "Uji coba"},
    )
    assert calendar.day_off(day("2026-12-29")) == "Perbaikan kiln"
    assert calendar.day_off(day("2026-12-30")) == ""
    assert calendar.day_off(day("2026-12-25")) == ""
    assert calendar.next_workday(day("2026-11-19")) == day("2026-11-21")
    assert calendar.next_workday(day("2026-12-30")) == day("2027-01-02")


def test_a_calendar_on_which_nobody_works_is_refused() -> None:
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    with pytest.raises(ValidationError, match="must leave a day on which somebody works"):
        WorkCalendar(weekend=week)
    closed = WorkCalendar(holidays="none", closed={"2027-01-01..2028-01-01": "tutup"})
    assert closed.next_workday(day("2026-12-31")) == day("2028-01-01")


MISTAKES = """
version: 1
calendars:
  pabrik:
    weekend: [minggu]
    closed: {2026-12-31..2026-12-28: Perbaikan, 2026-13-01: x}
    shifts: {malam: "23:00-07:00", siang: "07:00-07:00"}
contacts:
  budi: {phone: "0812-3456-7891", display_name: Budi, send_hours: "7-8", zone: Jakarta}
  siti: {phone: "0812-3456-7892", display_name: Siti, send_hours: "07:00-09:00", quiet_hours: "06:00-10:00"}
chat_templates: {r: {body: hai}}
reports:
  a: {title: A, cadence: weekly, owner: budi, source: x, query: SELECT 1, template: r, recipients: [budi],
    calendar: pabrk, workdays_only: yes}
  b: {title: A, cadence: daily, owner: budi, source: x, query: SELECT 1, template: r, recipients: [budi],
    calendar: pabrik, shift: pagi, on_holiday: besok, expires_h: 0}
  c: {title: A, cadence: daily, owner: budi, source: x, query: SELECT 1, template: r, recipients: [budi],
    on_holiday: skip}
"""
TOLD = """\
c.yaml:5: calendars.pabrik.weekend[0]: found 'minggu', must be monday, tuesday, wednesday, thursday, friday, saturday \
or sunday
c.yaml:6: calendars.pabrik.closed.2026-12-31..2026-12-28: found '2026-12-31..2026-12-28', must be a day such as \
2026-12-24, or several as 2026-12-24..2026-12-31
c.yaml:6: calendars.pabrik.closed.2026-13-01: found '2026-13-01', must be a day such as 2026-12-24, or several as \
2026-12-24..2026-12-31
c.yaml:7: calendars.pabrik.shifts.siang: found '07:00-07:00', must be hours such as 07:00-15:00, or 23:00-07:00 \
across midnight
c.yaml:9: contacts.budi.send_hours: found '7-8', must be hours such as 07:00-21:00, or 22:00-06:00 across midnight, \
with commas between several
c.yaml:9: contacts.budi.zone: found 'Jakarta', must be WIB, WITA, WIT or an IANA zone such as Asia/Makassar
c.yaml:10: contacts.siti: found quiet hours that leave nothing of the day, must leave some of it
c.yaml:13: reports.a.calendar: found 'pabrk', must be the name of a calendar: pabrik (did you mean 'pabrik'?)
c.yaml:14: reports.a.workdays_only: found it in a weekly report, must be in a daily one
c.yaml:15: reports.b.shift: found 'pagi', must be the name of a shift of that calendar: malam or siang
c.yaml:16: reports.b.on_holiday: found 'besok', must be send, skip or next_workday
c.yaml:16: reports.b.expires_h: found 0, must be 1 or more
c.yaml:17: reports.c.on_holiday: found no calendar beside it, must be given together with calendar"""


def test_every_mistake_is_told_with_its_place_and_what_is_valid() -> None:
    with pytest.raises(CatalogError) as caught:
        read_catalog(MISTAKES, "c.yaml")
    places = {line.split(": found")[0].split(": ", 1)[1]: line.split(": ", 2)[2] for line in TOLD.splitlines()}
    found = {
        line.split(": found")[0].split(": ", 1)[1]: line.split(": ", 2)[2] for line in str(caught.value).split("\n")
    }
    assert found == places


def catalog(cadence: str = "daily", **report: Any) -> Catalog:
    return Catalog.model_validate(
        {
            "version": 1,
            "contacts": {"siti": {"phone": "+6281234567890", "display_name": "Siti"}},
            "groups": {"malam": {"members": ["siti"], "quiet_hours": "20:00-06:00", "zone": "WITA"}},
            "chat_templates": {"rekap": {"body": "halo"}},
            "calendars": {
                "pabrik": {"closed": {"2026-11-18": "Perbaikan kiln"}, "shifts": {"malam": "23:00-07:00"}},
                "tanpa-libur": {"weekend": [], "holidays": "none", "shifts": {"panjang": "09:00-08:00"}},
            },
            "reports": {
                "harian": {
                    "title": "Harian",
                    "cadence": cadence,
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


def planned(now: str, cadence: str = "daily", asked: dict[str, Any] | None = None, **report: Any) -> ReportJob:
    moment = datetime.fromisoformat(f"{now}+07:00").astimezone(UTC)
    [[job]] = plan(catalog(cadence, **report), Asked(Cadence(cadence), **(asked or {})), ZONE, moment)
    return job


def test_a_report_of_workdays_is_left_out_for_a_day_off_unless_it_is_forced() -> None:
    left_out = planned("2026-11-19T07:00", calendar="pabrik", workdays_only=True)
    assert left_out.left_out == "2026-11-18 is a day off: Perbaikan kiln"
    forced = planned("2026-11-19T07:00", asked={"force": True}, calendar="pabrik", workdays_only=True)
    assert forced.left_out == ""


def test_on_a_day_off_a_report_goes_is_skipped_or_waits_for_the_next_workday() -> None:
    saturday = "2026-11-21T07:00"
    assert planned(saturday, calendar="pabrik").left_out == ""
    skipped = planned(saturday, calendar="pabrik", on_holiday="skip")
    assert skipped.left_out == "it would go out on 2026-11-21, a day off: saturday"
    waits = planned(saturday, calendar="pabrik", on_holiday="next_workday")
    [message] = compose(waits, ROWS, now=datetime(2026, 11, 21, tzinfo=UTC), group_ids={})
    assert (message.slot, message.priority) == ("2026-11-20", Priority.BULK)
    assert message.not_before == datetime(2026, 11, 23, tzinfo=UTC)


def test_who_asks_for_a_period_gets_it_on_a_day_off_too() -> None:
    by_hand = planned("2026-11-21T07:00", asked={"slot": "2026-11-20"}, calendar="pabrik", on_holiday="next_workday")
    assert (by_hand.left_out, by_hand.not_before) == ("", None)


def test_a_shift_across_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    job = planned("2026-11-20T07:00", calendar="pabrik", shift="malam")
    assert job.slot.key == "2026-11-19"
    assert job.slot.binds["slot_start"] == "2026-11-19T16:00:00+00:00"
    assert job.slot.binds["slot_end"] == "2026-11-20T00:00:00+00:00"
    assert job.label == "Kamis, 19 November 2026, shift malam 23:00–07:00"
    assert job.slot.previous.binds["slot_end"] == "2026-11-19T00:00:00+00:00"


def test_a_shift_that_is_not_over_is_left_to_the_next_day_and_not_sent_in_part() -> None:
    assert planned("2026-11-20T07:00", calendar="tanpa-libur", shift="panjang").slot.key == "2026-11-18"
    named = planned("2026-11-20T07:00", asked={"slot": "2026-11-19"}, calendar="tanpa-libur", shift="panjang")
    assert named.left_out == "its shift ends at 2026-11-20 08:00"


def test_readers_hours_travel_with_the_message_but_not_with_what_is_urgent() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    [waits] = compose(planned("2026-11-20T07:00", recipients=["malam"]), ROWS, now=now, group_ids={})
    assert waits.send_hours == "06:00-20:00 Asia/Makassar"
    urgent = planned("2026-11-20T07:00", recipients=["malam"], urgent=True, expires_h=2)
    [goes] = compose(urgent, ROWS, now=now, group_ids={})
    assert (goes.send_hours, goes.priority, goes.expires_at) == (
        None,
        Priority.REPLY,
        datetime(2026, 11, 20, 2, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("asked", "slots"),
    [
        ({}, ["2026-11-19"]),
        ({"as_of": "2026-11-10"}, ["2026-11-09"]),
        ({"as_of": "2026-11-10T06:00:00+09:00"}, ["2026-11-09"]),
        ({"slot": "2026-10-30", "until": "2026-11-01"}, ["2026-10-30", "2026-10-31", "2026-11-01"]),
    ],
)
def test_a_run_may_be_asked_for_other_periods(asked: dict[str, str], slots: list[str]) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    found = plan(catalog(), Asked(Cadence.DAILY, **asked), ZONE, now)
    assert [job.slot.key for jobs in found for job in jobs] == slots


def test_a_run_that_begins_late_speaks_of_the_period_that_it_was_due_for() -> None:
    due, now = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, 20, tzinfo=UTC)
    [[job]] = plan(catalog(), Asked(Cadence.DAILY), ZONE, now, due)
    assert job.slot.key == "2026-11-19"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"slot": "2026-11-20"}, "slot: 2026-11-20 ends at 2026-11-21 00:00; choose one that is over"),
        ({"slot": "kemarin"}, "slot: found 'kemarin', must be a day such as 2026-11-19"),
        ({"slot": "2026-11-01", "until": "1/11"}, "until: found '1/11', must be a day"),
        ({"until": "2026-11-01"}, "until: found it without a slot"),
        ({"slot": "2026-11-02", "until": "2026-11-01"}, "until: found 2026-11-01, must not be before slot, 2026-11-02"),
        ({"slot": "2026-01-01", "until": "2026-11-01"}, "must be at most 62 periods from slot, 2026-01-01"),
        ({"slot": "2026-11-01", "as_of": "2026-11-01"}, "slot and as_of: found both"),
        ({"as_of": "2027-01-01"}, "must not lie in the future"),
        ({"as_of": "dulu"}, "as_of: found 'dulu', must be a day or a moment"),
        ({"only": ["harain"]}, "no daily report is called harain (did you mean 'harian'?); there are: harian"),
    ],
)
def test_what_cannot_be_planned_is_refused(asked: dict[str, Any], why: str) -> None:
    with pytest.raises(ReportError) as caught:
        plan(catalog(), Asked(Cadence.DAILY, **asked), ZONE, datetime(2026, 11, 20, tzinfo=UTC))
    assert why in str(caught.value)
