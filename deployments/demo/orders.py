"""Who orders cement from the demo plant, and the trucks that bring it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from deployments.demo.works import Worked

TRUCK_TON = 30
_TRUCKS_A_DAY = 57
_FIRST_TRUCK, _LAST_TRUCK = 6 * 60, 19 * 60 + 30
"""Minutes after midnight."""
_MORNING = 24 * 60 + 6 * 60
"""Of the next day, when what is left over is loaded."""

PRODUCTS = {"PCC 50 kg": 1_130_000, "PCC 40 kg": 1_165_000, "OPC 50 kg": 1_240_000}
"""Rupiah for a ton."""
_HELD_UP = 0.05
"""Share of the trucks that something keeps for hours."""
_HAULIERS = ("Armada sendiri", "Lintas Contoh", "Angkut Jaya")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who buys cement."""

    name: str
    city: str
    minutes: int
    """How long a truck takes to there."""


CUSTOMERS = (
    Customer("Beton Nusantara", "Jakarta", 150),
    Customer("TB Sumber Rejeki", "Bekasi", 110),
    Customer("Karya Pracetak", "Karawang", 60),
    Customer("TB Maju Jaya", "Bogor", 165),
    Customer("Graha Mandiri", "Tangerang", 190),
    Customer("TB Cahaya", "Cirebon", 170),
    Customer("UD Berkah", "Sukabumi", 230),
    Customer("Jalan Parahyangan", "Bandung", 140),
    Customer("TB Sinar Abadi", "Subang", 75),
    Customer("Mitra Bangun", "Depok", 160),
    Customer("TB Barokah", "Serang", 240),
    Customer("Pracetak Priangan", "Purwakarta", 50),
)

Order = tuple[str, str, str, str, float, int, str]
"""A row of `orders`."""
Trip = tuple[str, int, str, str, str, str, float]
"""A row of `shipments`."""


def orders(worked: Worked) -> tuple[list[Order], list[Trip]]:
    """The orders for a day and their trucks.

    No more leaves than was packed: what is over is loaded on the next morning. On rest days nobody orders.
    """
    day = worked.day
    if day.is_rest:
        return [], []
    draw = day.draw("orders")
    capacity = int(worked.packed // TRUCK_TON)
    placed: list[Order] = []
    trips: list[Trip] = []
    for customer, trucks in _wanted(draw):
        name = f"DO-{day.date:%y%m%d}-{len(placed) + 1:02}"
        product = draw.choices(list(PRODUCTS), (6, 3, 2))[0]
        promised = _planned(len(trips) + trucks) + 1.15 * customer.minutes
        for truck in range(1, trucks + 1):
            over = len(trips) - capacity
            leaves = _planned(len(trips)) + draw.uniform(0, 12) if over < 0 else _MORNING + 14 * over
            arrives = leaves + customer.minutes * draw.uniform(0.9, 1.15)
            if draw.random() < _HELD_UP:
                arrives += draw.randrange(60, 200)
            moments = (day.moment(leaves - 45), day.moment(leaves), day.moment(arrives))
            trips.append((name, truck, draw.choice(_HAULIERS), *moments, float(TRUCK_TON)))
        by = day.moment(30 * (promised // 30 + 1))
        ton = float(TRUCK_TON * trucks)
        placed.append((name, day.date.isoformat(), customer.name, product, ton, PRODUCTS[product], by))
    return placed, trips


def _wanted(draw: Random) -> Iterator[tuple[Customer, int]]:
    """Customers with how many trucks they want, until a day has enough."""
    left = _TRUCKS_A_DAY
    for customer in draw.sample(CUSTOMERS, len(CUSTOMERS)):
        trucks = min(left, draw.randint(3, 8))
        if trucks:
            yield customer, trucks
        left -= trucks


def _planned(place: int) -> float:
    """Minutes after midnight at which the trucks of a day leave, one after the other."""
    return _FIRST_TRUCK + place * (_LAST_TRUCK - _FIRST_TRUCK) / _TRUCKS_A_DAY
