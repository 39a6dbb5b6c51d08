"""What the laboratory of the demo plant finds: clinker and cement, every four hours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from deployments.demo.days import Day


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured of a sample, and between which limits it must be; `None` is none."""

    name: str
    sample: str
    unit: str
    low: float | None
    high: float | None
    middle: float
    spread: float
    decimals: int
    every_h: int = 4


MEASURES = (
    Measure("CaO bebas", "Klinker", "%", 0.5, 1.8, 1.15, 0.26, 2),
    Measure("LSF", "Klinker", "%", 92.0, 98.0, 95.1, 1.15, 1),
    Measure("SO3", "Semen", "%", 1.5, 2.5, 2.0, 0.19, 2),
    Measure("Blaine", "Semen", "m²/kg", 340.0, 400.0, 371.0, 11.5, 0),
    Measure("Residu 45 µm", "Semen", "%", None, 12.0, 8.9, 1.25, 1),
    Measure("Kuat tekan 3 hari", "Semen", "MPa", 13.0, None, 17.2, 1.6, 1, every_h=24),
)


def samples(day: Day) -> Iterator[tuple[str, str, float]]:
    """Rows of `lab_results`. On a bad day more is out of its limits."""
    season = math.sin(2 * math.pi * day.date.timetuple().tm_yday / 365)
    strain = 1.5 if day.is_bad else 1.0
    for measure in MEASURES:
        draw = day.draw(measure.name)
        for hour in range(2 if measure.every_h < 24 else 9, 24, measure.every_h):
            value = measure.middle + measure.spread * (0.4 * season + strain * draw.gauss(0.0, 1.0))
            yield day.moment(60 * hour + draw.randrange(0, 20)), measure.name, round(value, measure.decimals)
