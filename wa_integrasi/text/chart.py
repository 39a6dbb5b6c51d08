"""Rows as a picture that can be read on a phone: lines or bars, a target, thresholds, the last value in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from wa_integrasi.text.locale import Locale
    from wa_integrasi.text.table import Column


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
        from wa_integrasi.text.table import Column

        return [Column.parse(text) for text in self.y]

    def fields(self) -> list[str]:
        """The fields that rows must have."""
        fields = [self.x, *(column.field for column in self.columns()), self.target_field]
        return [field for field in fields if field]


def draw(chart: Chart, rows: Sequence[Mapping[str, Any]], *, locale: Locale, title: str = "", note: str = "") -> bytes:
    """A PNG of 1080 × 1080 pixels, the same bytes for the same rows. `note` stands below the title.

    It is white on its own, so that it looks the same in WhatsApp's light and dark theme. Raises `ChartError`.
    """
    from wa_integrasi.text.drawing import drawn
    from wa_integrasi.text.locale import FormatError
    from wa_integrasi.text.points import Points

    try:
        return drawn(chart, Points(chart, rows, locale), locale, chart.title or title, note)
    except FormatError as error:
        raise ChartError(str(error)) from None
