"""Rows made into what a chart draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from wa_integrasi.text.chart import Chart, ChartError
from wa_integrasi.text.locale import Locale, is_missing, is_number
from wa_integrasi.text.moments import moment_of

LINE_POINTS = 2_000
BARS = 31


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
