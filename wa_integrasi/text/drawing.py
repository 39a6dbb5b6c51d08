"""Draws a chart with matplotlib's objects: no pyplot, which keeps every figure and belongs to one thread."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wa_integrasi.text.font import drawable, font_file
from wa_integrasi.text.graphemes import shorten
from wa_integrasi.text.locale import Locale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from wa_integrasi.text.chart import Chart, Thresholds
    from wa_integrasi.text.points import Points
    from wa_integrasi.text.table import Column

PIXELS = 1080
_DPI = 100
_INK, _QUIET, _GRID, _CARD = "#1b1f24", "#4a5058", "#d9dde2", "#ffffff"
_COLOURS = ("#0b5cad", "#c2410c", "#177245", "#86339c", "#6b4f00")
"""Each at least 4.5 : 1 on white."""
_TARGET = "#1b1f24"
_SHADES = {"good": "#dff3e4", "fair": "#fff2cc", "bad": "#fde2e0"}
_TITLE, _NOTE, _TICK, _VALUE = 32, 23, 22, 25
_X_LABELS = 6
_NAME_COLUMNS = 16
_LINES = 12
_LEAST = 11
_FIGURES_OVER_BARS = 6
_BEHIND = {"boxstyle": "round,pad=0.15", "facecolor": _CARD, "edgecolor": "none", "alpha": 0.85}
_WORDS = {"id": ("Target", "{} lagi tidak digambar"), "en": ("Target", "{} more are not drawn")}


def drawn(chart: Chart, points: Points, locale: Locale, title: str, note: str) -> bytes:
    """The picture as PNG."""
    figure = Figure(figsize=(PIXELS / _DPI, PIXELS / _DPI), dpi=_DPI, facecolor=_CARD)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.13, 0.08, 0.81, 0.72), facecolor=_CARD)
    lying = chart.kind == "bar" and not points.timed
    if chart.kind == "line":
        _lines(axes, points, locale)
    elif lying:
        axes.set_position((0.33, 0.08, 0.61, 0.72))
        _lying_bars(axes, points, locale)
    else:
        _standing_bars(axes, points, locale)
    _target(axes, points, lying=lying)
    _limits(axes, points, chart.thresholds, lying=lying)
    if chart.thresholds:
        _shade(axes, chart.thresholds, lying=lying)
    _dress(axes, points, locale, lying=lying)
    word, more = _WORDS[locale.language]
    if points.left_out:
        note = " · ".join(part for part in (note, more.format(locale.number(points.left_out))) if part)
    _heading(figure, axes, title, note, points, word)
    return _png(figure, canvas)


def _lines(axes: Axes, points: Points, locale: Locale) -> None:
    places = range(len(points.labels))
    few = len(points.labels) <= 40
    ends = []
    for at, values in enumerate(points.series):
        colour = _COLOURS[at]
        title = drawable(points.columns[at].title)
        axes.plot(places, values, color=colour, linewidth=4.5, label=title, marker="o" if few else "", markersize=8)
        last = max((place for place, value in enumerate(values) if value == value), default=None)
        if last is not None:
            axes.plot([last], [values[last]], "o", color=colour, markersize=14)
            ends.append((last, values[last], colour, _figure(points.columns[at], values[last], locale)))
    for rank, (place, value, colour, shown) in enumerate(sorted(ends, key=lambda end: end[1])):
        above = rank == len(ends) - 1 or (len(ends) > 2 and rank % 2 == 1)
        axes.annotate(
            shown,
            (place, value),
            xytext=(0, 16 if above else -16),
            textcoords="offset points",
            ha="right" if place > len(points.labels) / 2 else "left",
            va="bottom" if above else "top",
            color=colour,
            fontproperties=_font(_VALUE, bold=True),
            bbox=_BEHIND,
        )


def _standing_bars(axes: Axes, points: Points, locale: Locale) -> None:
    for at, (places, values, thick) in enumerate(_groups(points)):
        axes.bar(places, values, thick, color=_COLOURS[at], label=drawable(points.columns[at].title))
        last = max((place for place, value in enumerate(values) if value == value), default=None)
        every = len(points.labels) * len(points.series) <= _FIGURES_OVER_BARS
        for place, value in enumerate(values):
            if value == value and (every or place == last):
                axes.annotate(
                    _figure(points.columns[at], value, locale),
                    (places[place], value),
                    xytext=(0, 6 if value >= 0 else -6),
                    textcoords="offset points",
                    ha="center" if every else "right" if place > len(values) / 2 else "left",
                    va="bottom" if value >= 0 else "top",
                    color=_INK,
                    fontproperties=_font(_VALUE - 3, bold=True),
                    bbox=_BEHIND,
                )


def _lying_bars(axes: Axes, points: Points, locale: Locale) -> None:
    axes.invert_yaxis()
    size = _size(_VALUE, points) / len(points.series) ** 0.5
    longest = max(abs(value) for values in points.series for value in values if value == value)
    for at, (places, values, thick) in enumerate(_groups(points)):
        axes.barh(places, values, thick, color=_COLOURS[at], label=drawable(points.columns[at].title))
        for place, value in zip(places, values, strict=True):
            if value == value:
                # Within a long bar, where no target's line crosses the figure.
                within = abs(value) > longest * 0.4
                rightwards = (value >= 0) is not within
                axes.annotate(
                    _figure(points.columns[at], value, locale),
                    (value, place),
                    xytext=(10 if rightwards else -10, 0),
                    textcoords="offset points",
                    ha="left" if rightwards else "right",
                    va="center",
                    color=_CARD if within else _INK,
                    fontproperties=_font(size, bold=True),
                )


def _size(size: float, points: Points) -> float:
    """A size of letters for so many lines, one below the other."""
    return max(size * min(1, _LINES / len(points.labels)), _LEAST)


def _figure(column: Column, value: float, locale: Locale) -> str:
    """`value` as its column writes it; where it does not say how, with as many decimals as matter."""
    if not column.format and column.decimals is None:
        size = abs(value)
        decimals = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2
        return drawable(locale.number(value, decimals))
    return drawable(column.show(value, locale))


def _groups(points: Points) -> list[tuple[list[float], Sequence[float], float]]:
    """Where each series' bars stand, their values, and how thick they are."""
    count = len(points.series)
    thick = 0.8 / count
    return [
        ([place + (at - (count - 1) / 2) * thick for place in range(len(values))], values, thick * 0.94)
        for at, values in enumerate(points.series)
    ]


def _target(axes: Axes, points: Points, *, lying: bool) -> None:
    if points.target is None:
        return
    values = points.target
    style: dict[str, Any] = {"color": _TARGET, "linewidth": 3.5, "linestyle": (0, (4, 2)), "label": "_target"}
    if len(set(values)) == 1:
        (axes.axvline if lying else axes.axhline)(values[0], **style)
    elif lying:
        for place, value in enumerate(values):
            axes.plot([value, value], [place - 0.45, place + 0.45], **{**style, "linestyle": "-"})
    else:
        axes.step(range(len(values)), values, where="mid", **style)


def _limits(axes: Axes, points: Points, thresholds: Thresholds | None, *, lying: bool) -> None:
    """Room around all that is drawn; bars begin at zero, or their lengths would lie."""
    values = [value for series in (*points.series, points.target or []) for value in series if value == value]
    low, high = min(values), max(values)
    if thresholds and not lying:
        low, high = min(low, thresholds.good, thresholds.fair), max(high, thresholds.good, thresholds.fair)
    if axes.patches:
        low, high = min(low, 0), max(high, 0)
    room = (high - low) or abs(high) or 1.0
    below = low - room * 0.12 if low < 0 or not axes.patches else low
    (axes.set_xlim if lying else axes.set_ylim)(below, high + room * (0.06 if lying else 0.16))


def _shade(axes: Axes, thresholds: Thresholds, *, lying: bool) -> None:
    low, high = axes.get_xlim() if lying else axes.get_ylim()
    good, fair = (min(max(limit, low), high) for limit in (thresholds.good, thresholds.fair))
    best, worst = (high, low) if thresholds.good > thresholds.fair else (low, high)
    span = axes.axvspan if lying else axes.axhspan
    for name, start, end in (("good", good, best), ("fair", fair, good), ("bad", worst, fair)):
        if start != end:
            span(min(start, end), max(start, end), color=_SHADES[name], zorder=0, linewidth=0)


def _dress(axes: Axes, points: Points, locale: Locale, *, lying: bool) -> None:
    numbers, names = (axes.xaxis, axes.yaxis) if lying else (axes.yaxis, axes.xaxis)
    count = len(points.labels)
    numbers.set_major_locator(MaxNLocator(4 if lying else 6))
    numbers.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, locale)))
    step = 1 if lying else max(1, -(-count // _X_LABELS))
    # Counted from the end: the newest is what is looked for.
    places = list(range(count - 1, -1, -step))[::-1]
    columns = _NAME_COLUMNS if lying else max(6, 48 // max(len(places), 1))
    names.set_ticks(places, [shorten(drawable(points.labels[place]), columns) for place in places])
    size = _size(_TICK, points) if lying else _TICK
    for axis, font in ((numbers, _font(_TICK)), (names, _font(size))):
        for label in axis.get_ticklabels():
            label.set_fontproperties(font)
    axes.tick_params(length=0, pad=10, labelcolor=_INK)
    axes.grid(axis="x" if lying else "y", color=_GRID, linewidth=2)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    if not lying and count > 1 and not axes.patches:
        axes.set_xlim(-0.04 * count, (count - 1) + 0.06 * count)


def _tick(value: float, locale: Locale) -> str:
    exact = round(value, 10)
    return drawable(locale.number(exact) if abs(exact) < 10_000 else locale.compact(exact, 2))


def _heading(figure: Figure, axes: Axes, title: str, note: str, points: Points, target: str) -> None:
    lines = _wrapped(drawable(title), 36)[:2]
    y = 0.955
    for line in lines:
        figure.text(0.05, y, line, color=_INK, fontproperties=_font(_TITLE, bold=True), va="center")
        y -= 0.048
    figure.text(0.05, y, shorten(drawable(note), 58), color=_QUIET, fontproperties=_font(_NOTE), va="center")
    handles, labels = axes.get_legend_handles_labels()
    if points.target is not None:
        drawn_target = next((line for line in axes.lines if line.get_label() == "_target"), None)
        if drawn_target is not None:
            handles, labels = [*handles, drawn_target], [*labels, target]
    figure.legend(
        handles,
        [shorten(label, 18) for label in labels],
        loc="upper left",
        bbox_to_anchor=(0.03, y - 0.02),
        ncols=3,
        frameon=False,
        prop=_font(_NOTE),
        labelcolor=_INK,
        handlelength=1.4,
        columnspacing=1.2,
    )


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, columns, max_lines=2, placeholder=" …") or [""]


def _font(size: float, *, bold: bool = False) -> FontProperties:
    return FontProperties(fname=str(font_file(bold=bold)), size=size)


def _png(figure: Figure, canvas: FigureCanvasAgg) -> bytes:
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    out = io.BytesIO()
    # Without matplotlib's name and version: the same picture is the same bytes.
    canvas.print_png(out, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return out.getvalue()
