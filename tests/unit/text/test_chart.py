"""Charts: what a reader finds on them, on any phone, and the same bytes each time."""

from __future__ import annotations

import datetime as dt
import struct
from typing import Any

import pytest
from matplotlib.text import Text
from pydantic import ValidationError

from wa_integrasi.text import drawing
from wa_integrasi.text.chart import Chart, ChartError, Thresholds, draw
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.points import BARS

ID, EN = Locale(), Locale("en_GB")
DAYS = [
    {"hari": (dt.date(2026, 11, 1) + dt.timedelta(at)).isoformat(), "ton": 1000.0 + at, "rencana": 1010}
    for at in range(19)
]
UNITS = [{"unit": "Tungku", "pct": 98.25}, {"unit": "Kemas $a$ $b$", "pct": 101}, {"unit": None, "pct": None}]
LINE = Chart(x="hari", y=("ton:Tungku",), target_field="rencana")
BAR = Chart(kind="bar", x="unit", y=("pct:Capaian:number.1",), target=100, thresholds=Thresholds(good=100, fair=95))


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])  # type: ignore[return-value]


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Draw, and give what is written on the picture."""
    figures: list[Any] = []
    png = drawing._png

    def kept(figure: Any, canvas: Any) -> bytes:
        made = png(figure, canvas)
        figures.append(figure)
        return made

    monkeypatch.setattr(drawing, "_png", kept)

    def written(*arguments: Any, **more: Any) -> list[str]:
        draw(*arguments, **more)
        return [text.get_text() for text in figures[-1].findobj(Text) if text.get_text() and text.get_visible()]

    return written


BY_DAY = Chart(kind="bar", x="hari", y=("ton",))


@pytest.mark.parametrize(("chart", "rows"), [(LINE, DAYS), (BAR, UNITS), (BY_DAY, DAYS)])
def test_a_chart_is_a_square_that_is_the_same_each_time(chart: Chart, rows: Any) -> None:
    first = draw(chart, rows, locale=ID, title="Rekap", note="Kamis")
    assert size(first) == (1080, 1080)
    assert first == draw(chart, rows, locale=ID, title="Rekap", note="Kamis")
    assert len(first) < 300_000


def test_it_says_what_it_is_when_it_was_and_the_last_value(texts: Any) -> None:
    found = texts(LINE, DAYS, locale=ID, title="Rekap ✅ Harian", note="19 November 2026")
    assert {"Rekap ✔ Harian", "19 November 2026", "Tungku", "Target", "1.018", "19 Nov"} <= set(found)


def test_it_speaks_the_language_of_the_report(texts: Any) -> None:
    rows = [{"t": dt.datetime(2026, 10, 19, hour, tzinfo=dt.UTC), "ton": 1234.5} for hour in range(4)]
    chart = Chart(x="t", y=("ton",))
    assert {"1.235", "10.00"} <= set(texts(chart, rows, locale=ID))
    assert {"1,235", "10:00 AM"} <= set(texts(chart, rows, locale=EN))
    days = [{"d": dt.date(2026, 10, 7), "v": 1}, {"d": "2026-10-08", "v": 2}]
    assert "7 Okt" in texts(Chart(x="d", y=("v",)), days, locale=ID)


def test_names_are_text_whatever_is_in_them(texts: Any) -> None:
    found = texts(BAR, UNITS, locale=ID)
    assert {"Kemas $a$ $b$", "98,3", "101,0", "–"} <= set(found)


def test_of_a_long_ranking_the_start_is_drawn_and_of_a_long_course_the_end(texts: Any) -> None:
    many = [{"unit": f"U{at}", "pct": at} for at in range(BARS + 5)]
    found = texts(BAR, many, locale=ID)
    assert "U0" in found
    assert "5 lagi tidak digambar" in found
    days = [{"hari": dt.date(2026, 1, 1) + dt.timedelta(at), "ton": at} for at in range(BARS + 9)]
    assert "9 Feb" in texts(Chart(kind="bar", x="hari", y=("ton",)), days, locale=ID)


@pytest.mark.parametrize("value", [0, -5, 1e-9, 1e15])
def test_any_single_value_can_be_drawn(value: float) -> None:
    for kind in ("line", "bar"):
        assert size(draw(Chart(kind=kind, x="u", y=("v",)), [{"u": "a", "v": value}], locale=ID)) == (1080, 1080)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "there are no rows"),
        ([{"hari": "2026-11-01", "ton": 1}], "no column rencana in the rows; they have hari, ton"),
        ([{"hari": "2026-11-01", "ton": "rahasia", "rencana": 1}], "the column ton has other values than numbers"),
        ([{"hari": "2026-11-01", "ton": None, "rencana": 1}], "nothing but empty values in ton"),
        ([{"hari": "2026-11-01", "ton": float("inf"), "rencana": 1}], "the column ton has an infinite value"),
    ],
)
def test_rows_that_do_not_fit_are_refused_without_their_values(rows: Any, reason: str) -> None:
    with pytest.raises(ChartError) as error:
        draw(LINE, rows, locale=ID)
    assert reason in str(error.value)
    assert "rahasia" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"y": ()},
        {"y": ("a:b:c:d",)},
        {"kind": "pie"},
        {"warna": "merah"},
        {"x": ""},
        {"target": 1, "target_field": "t"},
    ],
)
def test_a_chart_that_cannot_be_is_refused_when_it_is_defined(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        Chart.model_validate({"x": "hari", "y": ("ton",), **wrong})
    with pytest.raises(ValidationError, match="must differ"):
        Thresholds(good=1, fair=1)


@pytest.mark.parametrize("colour", [*drawing._COLOURS, drawing._INK, drawing._QUIET])
def test_lines_and_letters_can_be_told_from_the_card(colour: str) -> None:
    def light(code: str) -> float:
        parts = [int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert (light(drawing._CARD) + 0.05) / (light(colour) + 0.05) >= 4.5
