"""What a report of 100 rows takes once everything is loaded: query to text, chart beside bare matplotlib, files."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.figures import Figures, medians, options, show, verdict
from wa_integrasi.sources.sql import SqlDatabase
from wa_integrasi.text.attachment import Sheet, attachment
from wa_integrasi.text.chart import Chart, Thresholds, draw
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.template import compile_template

LOCALE = Locale()
CHART = Chart(x="hari", y=("ton:Produksi (ton)",), target=1_000, thresholds=Thresholds(good=1_000, fair=950))
BODY = """
{{ now | greeting }}. *Rekap*: {{ rows | sum(attribute="ton") | number }} ton
{{ rows | table(columns=["hari:Hari", "ton:Ton"], limit=100) }}
{% for row in rows | rank("ton", 10) %}
{{ row.rank }}. {{ row.hari }}: {{ row.ton | number }}, {{ row.ton | status(1000, 950) }}
{% endfor %}
"""


def timed(work: Callable[[], object]) -> Figures:
    started, used = time.perf_counter(), time.process_time()
    work()
    return {"ms": (time.perf_counter() - started) * 1e3, "of them CPU": (time.process_time() - used) * 1e3}


def bare(rows: list[dict[str, Any]]) -> None:
    """The same line with matplotlib's own fonts, ticks and nothing else."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.8, 10.8), dpi=100)
    axes = figure.add_subplot()
    axes.plot(range(len(rows)), [row["ton"] for row in rows])
    axes.axhline(1_000, linestyle="--")
    FigureCanvasAgg(figure).print_png(io.BytesIO())  # type: ignore[no-untyped-call]


def plant(folder: str, rows: list[dict[str, Any]]) -> SqlDatabase:
    """The rows in a database."""
    file = Path(folder) / "plant.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE produksi (hari TEXT, ton INTEGER)")
        connection.executemany("INSERT INTO produksi VALUES (?, ?)", [(str(row["hari"]), row["ton"]) for row in rows])
    return SqlDatabase(f"sqlite:///{file}")


def main() -> None:
    chosen = options(__doc__, rows=100, rounds=11)
    with tempfile.TemporaryDirectory() as folder:
        measure(chosen, folder)


def measure(chosen: argparse.Namespace, folder: str) -> None:
    first = dt.date(2026, 8, 1)
    rows = [{"hari": first + dt.timedelta(at), "ton": 900 + at * 37 % 200} for at in range(chosen.rows)]
    made = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    sheet = Sheet("Rekap Produksi", "November 2026", rows, LOCALE, made)
    template = compile_template(BODY)
    source = plant(folder, rows)

    def from_query() -> str:
        found = source.query("SELECT hari, ton FROM produksi WHERE hari >= :first ORDER BY hari", {"first": str(first)})
        assert len(found.values) == chosen.rows
        return template.render({"rows": found.as_dicts(), "now": made}, LOCALE)

    contenders: dict[str, Callable[[], Figures]] = {
        "query to text": lambda: timed(from_query),
        "text": lambda: timed(lambda: template.render({"rows": rows, "now": made}, LOCALE)),
        "chart": lambda: timed(lambda: draw(CHART, rows, locale=LOCALE, title="Rekap Produksi")),
        "bare matplotlib": lambda: timed(lambda: bare(rows)),
        "xlsx": lambda: timed(lambda: attachment("xlsx", sheet, "rekap")),
        "csv": lambda: timed(lambda: attachment("csv", sheet, "rekap")),
        "pdf": lambda: timed(lambda: attachment("pdf", sheet, "rekap")),
    }
    for warm in contenders.values():
        warm()
    found = medians(contenders, chosen.rounds)
    show(f"{chosen.rows:,} rows", found, ",.1f")
    verdict("a chart, in ms", found["chart"]["ms"], 300, at_most=True)
    verdict("from query to text, in ms", found["query to text"]["ms"], 30, at_most=True)


if __name__ == "__main__":
    main()
