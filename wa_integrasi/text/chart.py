"""Rows as a picture that can be read on a phone: lines or bars, a target, thresholds, the last value in figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from wa_integrasi.text.locale import FormatError, Locale, is_missing, is_number
from wa_integrasi.text.moments import moment_of
from wa_integrasi.text.table import Column

LINE_POINTS = 2_000
BARS = 31
SERIES = 5


class ChartError(ValueError):
    """The rows cannot be drawn as the chart wants. Names fields and never holds a value."""


class Thresholds(BaseModel):
    """From where on a value is good, and from where on it is fair; where less is better, `good` is the smaller."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    good: float = Field(description="A value that is at least this good is good (✅).", allow_inf_nan=False)
    fair: float = Field(
        description="One that is at least this good is fair (⚠️), any other is poor (❌).", allow_inf_nan=False
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.good == self.fair:
            raise ValueError("good and fair must differ")
        return self


class Chart(BaseModel):
    """What is drawn of a report's rows."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["line", "bar"] = Field(default="line", description="Lines over time, or bars.")
    x: str = Field(min_length=1, max_length=100, description="Field with the day, the time or the name of each row.")
    y: Annotated[tuple[str, ...], Field(min_length=1, max_length=SERIES)] = Field(
        description="Fields to draw, each as field, field:Title or field:Title:format.", examples=[["actual:Ton"]]
    )
    title: str = Field(default="", max_length=80, description="Above the picture; the report's title where empty.")
    target: float | None = Field(default=None, allow_inf_nan=False, description="Value of a dashed line.")
    target_field: str = Field(default="", max_length=100, description="Field that has the target of each row.")
    thresholds: Thresholds | None = Field(default=None, description="Shade where values are good, fair and poor.")

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        self.columns()
        if self.target is not None and self.target_field:
            raise ValueError("must have target or target_field, not both")
        return self

    def columns(self) -> list[Column]:
        """What is drawn, in order. Raises `FormatError`."""
        return [Column.parse(text) for text in self.y]

    def fields(self) -> list[str]:
        """The fields that rows must have."""
        fields = [self.x, *(column.field for column in self.columns()), self.target_field]
        return [field for field in fields if field]


class Points:
    """Rows made ready for drawing: labels along one axis, numbers along the other; a gap is a NaN."""

    def __init__(self, chart: Chart, rows: Sequence[Mapping[str, Any]], locale: Locale) -> None:
        """Raises `ChartError`."""
        if not rows:
            raise ChartError("there are no rows to draw")
        if missing := [field for field in chart.fields() if not any(field in row for row in rows)]:
            raise ChartError(f"no column {', '.join(missing)} in the rows; they have {', '.join(map(str, rows[0]))}")
        moments = [moment_of(row.get(chart.x)) for row in rows]
        self.timed = all(moment is not None for moment in moments)
        most = LINE_POINTS if chart.kind == "line" else BARS
        # Of a course of time the end matters, of a ranking the start.
        cut = slice(-most, None) if self.timed else slice(most)
        self.left_out = max(len(rows) - most, 0)
        rows, moments = rows[cut], moments[cut]
        self.columns = chart.columns()
        self.series = [[_value(row.get(column.field), column.field) for row in rows] for column in self.columns]
        self.target = self._target(chart, rows)
        present = [value for values in self.series for value in values if value == value]
        if not present:
            raise ChartError(f"nothing but empty values in {', '.join(column.field for column in self.columns)}")
        if self.timed:
            self.labels = _labels([moment for moment in moments if moment is not None], locale)
        else:
            self.labels = [locale.text(row.get(chart.x)) for row in rows]

    @staticmethod
    def _target(chart: Chart, rows: Sequence[Mapping[str, Any]]) -> list[float] | None:
        if chart.target_field:
            values = [_value(row.get(chart.target_field), chart.target_field) for row in rows]
            return values if any(value == value for value in values) else None
        return None if chart.target is None else [chart.target] * len(rows)


def draw(chart: Chart, rows: Sequence[Mapping[str, Any]], *, locale: Locale, title: str = "", note: str = "") -> bytes:
    """A PNG of 1080 × 1080 pixels, the same bytes for the same rows. `note` stands below the title.

    It is white on its own, so that it looks the same in WhatsApp's light and dark theme. Raises `ChartError`.
    """
    from wa_integrasi.text.drawing import drawn

    try:
        return drawn(chart, Points(chart, rows, locale), locale, chart.title or title, note)
    except FormatError as error:
        raise ChartError(str(error)) from None


def _value(value: object, field: str) -> float:
    if is_missing(value):
        return float("nan")
    if not is_number(value):
        raise ChartError(f"the column {field} has other values than numbers")
    number = float(value)  # type: ignore[arg-type]
    if number in (float("inf"), float("-inf")):
        raise ChartError(f"the column {field} has an infinite value")
    return number


def _labels(moments: Sequence[dt.date], locale: Locale) -> list[str]:
    """As short as tells them apart: the hour within one day, the day within a year, else the month and the year."""
    days = {locale.date(moment, "yyyy-MM-dd") for moment in moments}
    if len(days) == 1 and all(isinstance(moment, dt.datetime) for moment in moments):
        return [locale.time(moment, zone=False) for moment in moments if isinstance(moment, dt.datetime)]
    first, last = min(days), max(days)
    pattern = "MMM yyyy" if int(last[:4]) - int(first[:4]) > 1 else "d MMM"
    return [locale.date(moment, pattern) for moment in moments]
