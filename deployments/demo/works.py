"""What the units of the demo plant make each hour, why they stand still, and the power and coal that it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from deployments.demo.days import Day

SHIFTS = ((3, 0), (1, 8), (2, 16))
"""The shifts of a day in their order, each with the hour that it begins at; shift 3 is the night before the morning."""

_SHIFT_OF = tuple(shift for shift, _ in SHIFTS for _ in range(8))
_NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4, 5})
_WHOLE_DAY = 24 * 60
_OVERHAUL, _REST, _HOLIDAY = "Perbaikan tahunan tungku", "Libur Idul Fitri", "Libur nasional"
_MAINTENANCE = "Perawatan mingguan"
_BAD_DAY = "Gangguan listrik PLN"
KINDS = {
    _OVERHAUL: "Terencana",
    _REST: "Terencana",
    _HOLIDAY: "Terencana",
    _MAINTENANCE: "Terencana",
    _BAD_DAY: "Listrik",
    "Belt conveyor selip": "Mekanik",
    "Bearing bunyi tidak normal": "Mekanik",
    "Pergantian ayakan": "Mekanik",
    "Motor panas berlebih": "Listrik",
    "Sensor level bermasalah": "Instrumen",
    "Menunggu bahan baku": "Proses",
    "Saluran buntu": "Proses",
}
"""Of each reason for a stop the kind."""

_SUDDEN = tuple(reason for reason, kind in KINDS.items() if kind != "Terencana" and reason != _BAD_DAY)


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of the plant."""

    name: str
    title: str
    product: str
    target: float
    """Tons an hour."""
    skill: float
    """Share of the target on a usual hour."""
    rest_day: int
    """Weekday of its maintenance; Monday is 0."""
    kwh: float
    """For a ton."""


UNITS = (
    Unit("Crusher", "Pemecah Batu", "Batu kapur", 88.0, 1.03, 0, 1.6),
    Unit("Giling 1", "Penggiling Baku 1", "Tepung baku", 48.0, 1.01, 1, 21.5),
    Unit("Giling 2", "Penggiling Baku 2", "Tepung baku", 48.0, 0.97, 2, 22.4),
    Unit("Tungku", "Tungku Putar", "Klinker", 55.0, 1.02, 3, 29.0),
    Unit("Giling 3", "Penggiling Semen", "Semen", 73.0, 1.01, 6, 36.5),
    Unit("Kemas 1", "Pengemasan 1", "Semen kemas", 36.0, 1.04, 4, 1.3),
    Unit("Kemas 2", "Pengemasan 2", "Semen kemas", 36.0, 0.99, 5, 1.3),
)
UTILITIES = "Utilitas"
"""The area of compressors, water and light, which makes nothing and takes power."""

_KILN, _PACKERS = "Tungku", ("Kemas 1", "Kemas 2")
_COAL_TON = 0.136
"""For a ton of clinker."""
_UTILITIES_KWH_SHIFT = 3_600.0


@dataclass(frozen=True, slots=True)
class Stop:
    """A unit that stands still."""

    unit: str
    start: int
    """Minutes after midnight in Jakarta."""
    minutes: int
    reason: str


@dataclass(frozen=True, slots=True)
class Worked:
    """A day's work of the plant."""

    day: Day
    hours: list[tuple[str, str, int, float, float]]
    """Rows of `production_hourly`."""
    stops: list[Stop]

    @property
    def packed(self) -> float:
        """Tons in bags."""
        return sum(ton for _, unit, _, ton, _ in self.hours if unit in _PACKERS)


def work(day: Day) -> Worked:
    """What all units do on a day."""
    done = Worked(day, [], [])
    hours = [day.moment(60 * hour) for hour in range(24)]
    for unit in UNITS:
        draw = day.draw(unit.name)
        stops = list(_stops(unit, day, draw))
        done.stops.extend(stops)
        done.hours.extend(
            (at, unit.name, _SHIFT_OF[hour], _tons(unit, hour, stops, draw), unit.target)
            for hour, at in enumerate(hours)
        )
    return done


def energy(worked: Worked) -> Iterator[tuple[str, int, str, float, float | None]]:
    """Rows of `energy_shift`: the kWh of each area, and the coal of the kiln."""
    day = worked.day
    made: defaultdict[tuple[int, str], float] = defaultdict(float)
    for _, name, shift, ton, _ in worked.hours:
        made[shift, name] += ton
    for shift, hour in SHIFTS:
        start, draw = day.moment(60 * hour), day.draw(f"energy {shift}")
        for unit in UNITS:
            ton = made[shift, unit.name]
            kwh = ton * unit.kwh * draw.gauss(1.0, 0.015) + 8 * unit.target * unit.kwh * 0.02
            coal = round(ton * _COAL_TON * draw.gauss(1.0, 0.012), 1) if unit.name == _KILN else None
            yield start, shift, unit.name, round(kwh, 0), coal
        yield start, shift, UTILITIES, round(_UTILITIES_KWH_SHIFT * draw.gauss(1.0, 0.03), 0), None


def _stops(unit: Unit, day: Day, draw: Random) -> Iterator[Stop]:
    """The stops of one day, in order and apart from each other; none goes on past midnight."""
    if unit.name == _KILN and day.is_overhaul:
        yield Stop(unit.name, 0, _WHOLE_DAY, _OVERHAUL)
    elif unit.name != _KILN and day.is_rest:
        yield Stop(unit.name, 0, _WHOLE_DAY, _REST)
    else:
        yield from _daily_stops(unit, day, draw)


def _daily_stops(unit: Unit, day: Day, draw: Random) -> Iterator[Stop]:
    if day.is_bad:
        yield Stop(unit.name, 6 * 60 + 25, draw.randint(300, 420), _BAD_DAY)
    elif unit.name in _PACKERS and day.is_holiday:
        yield Stop(unit.name, 0, 8 * 60, _HOLIDAY)
    elif day.date.weekday() == unit.rest_day:
        yield Stop(unit.name, 8 * 60, draw.choice((90, 120, 150)), _MAINTENANCE)
    if draw.random() < 0.35:
        start, minutes = draw.randrange(15 * 60, 22 * 60, 5), draw.randrange(10, 95, 5)
        yield Stop(unit.name, start, minutes, draw.choice(_SUDDEN))


def _tons(unit: Unit, hour: int, stops: list[Stop], draw: Random) -> float:
    begin, end = hour * 60, hour * 60 + 60
    down = sum(max(0, min(end, stop.start + stop.minutes) - max(begin, stop.start)) for stop in stops)
    pace = unit.skill * (0.95 if hour in _NIGHT else 1.03) * draw.gauss(1.0, 0.04)
    return float(round(unit.target * pace * (60 - down) / 60))
