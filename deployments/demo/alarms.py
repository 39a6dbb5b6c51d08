"""The alarms of the demo plant, and what its database has copied from the PI server of the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from deployments.demo.works import KINDS, Worked
from wa_integrasi.simulator.pi import PLANT, PiSimulation
from wa_integrasi.simulator.pi.plant import Datum, event_before

COPIED = (
    *(f"BLR{number}.{point}" for number in (1, 2, 3) for point in ("TI-01", "PI-01", "FI-01")),
    *(f"TBN{number}.{point}" for number in (1, 2) for point in ("MW-01", "VI-01", "TI-01")),
)
"""The tags that are copied each hour."""

CRITICAL, HIGH, LOW = "Kritis", "Tinggi", "Rendah"
_USUAL = (
    ("KILN.AI-01", "Tungku", HIGH, "CO pemanas awal tinggi", 3.0),
    ("KILN.TI-03", "Tungku", HIGH, "Klinker keluar terlalu panas", 1.5),
    ("KILN.II-01", "Tungku", CRITICAL, "Arus penggerak tungku tinggi", 0.4),
    ("MILL1.VI-01", "Giling 1", HIGH, "Getaran giling 1 tinggi", 1.2),
    ("MILL2.VI-01", "Giling 2", HIGH, "Getaran giling 2 tinggi", 2.2),
    ("MILL2.TI-01", "Giling 2", LOW, "Suhu keluar giling 2 rendah", 1.4),
    ("SILO2.LI-01", "Giling 3", LOW, "Isi silo 2 rendah", 1.0),
    ("BLR2.LI-01", "Utilitas", CRITICAL, "Level drum boiler 2 rendah", 0.3),
    ("TBN2.VI-02", "Utilitas", HIGH, "Getaran turbin 2 tinggi", 0.8),
    ("UTIL.FI-01", "Utilitas", LOW, "Udara tekan kurang", 0.7),
)
"""Tag, unit, level, text, and how often on a usual day."""

_STOP_TAGS = {
    "Crusher": "CRUSHER.TRIP",
    "Giling 1": "MILL1.TRIP",
    "Giling 2": "MILL2.TRIP",
    "Giling 3": "MILL3.TRIP",
    "Tungku": "KILN.TRIP",
    "Kemas 1": "KEMAS1.TRIP",
    "Kemas 2": "KEMAS2.TRIP",
}
Alarm = tuple[str, str, str, str, str, str | None, str]


def alarms(worked: Worked) -> Iterator[Alarm]:
    """Rows of `alarms`: one for each stop that nobody planned, and those of the instruments."""
    day = worked.day
    draw = day.draw("alarms")
    for stop in worked.stops:
        if KINDS[stop.reason] != "Terencana":
            seen = day.moment(stop.start + draw.randrange(1, 9))
            over = day.moment(stop.start + stop.minutes)
            text = f"{stop.unit} berhenti: {stop.reason}"
            yield day.moment(stop.start), _STOP_TAGS[stop.unit], stop.unit, CRITICAL, text, seen, over
    for tag, unit, level, text, usual in _USUAL:
        often = int(usual * (2.0 if day.is_bad else 1.0) * draw.uniform(0.3, 1.7) + draw.random())
        for start in sorted(draw.sample(range(24 * 60), often)):
            over = day.moment(start + draw.randrange(4, 70))
            acknowledged = day.moment(start + draw.randrange(1, 30)) if draw.random() < 0.93 else None
            yield day.moment(start), tag, unit, level, text, acknowledged, over


def copied(first: datetime, last: datetime) -> Iterator[tuple[str, str, Datum | None, str, str]]:
    """Rows of `pi_hourly`, from `first` to `last`: what the simulated PI server of the demo says of each hour.

    A tag in a system state has no value but the name of its state.
    """
    seed = PiSimulation().seed
    tags = [tag for tag in PLANT if tag.name in COPIED]
    for hour in range(int((last - first) / timedelta(hours=1)) + 1):
        at = first + timedelta(hours=hour)
        for tag in tags:
            event = event_before(tag, seed, at)
            yield at.isoformat(), tag.name, event.datum, tag.unit, event.system
