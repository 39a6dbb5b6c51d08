"""The tags of the invented plant and their data, which a seed decides: the same at every time and in every process."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Datum = float | int | str
SYSTEM_STATES = {"I/O Timeout": 246, "No Data": 248, "Bad Input": 255, "Shutdown": 254, "Pt Created": 253}
"""Numbers of the system states that come up here."""

_DAY_S = 86_400
_SPELL_S = 1_800


@dataclass(frozen=True, slots=True)
class Tag:
    """One measuring point."""

    name: str
    descriptor: str
    unit: str = ""
    middle: float = 0.0
    swing: float = 0.0
    """How far it goes up and down in a day."""
    noise: float = 0.0
    step_s: int = 60
    """Seconds from one stored value to the next."""
    kind: str = "Float32"
    states: tuple[str, ...] = ()
    """Names of a digital tag's states, or the words of a text tag."""
    system: str = ""
    """A system state that it always is in."""
    spells: str = ""
    """A system state that it falls into for half an hour now and then."""
    doubtful: bool = False
    """Whether some of its values are questionable."""
    broken: int = 0
    """Status of the `WebException` that always stands in place of its stream; 0: it can be read."""


@dataclass(frozen=True, slots=True)
class Event:
    """One stored value; a system state has no datum."""

    at: datetime
    datum: Datum | None
    system: str = ""
    questionable: bool = False
    substituted: bool = False


def _boiler(number: int) -> Iterator[Tag]:
    area = f"BLR{number}"
    yield Tag(f"{area}.TI-01", f"Suhu uap boiler {number}", "°C", 538 - 3 * number, 6, 1.5, spells="I/O Timeout")
    yield Tag(f"{area}.TI-02", f"Suhu air umpan boiler {number}", "°C", 231, 4, 0.8)
    yield Tag(f"{area}.TI-03", f"Suhu gas buang boiler {number}", "°C", 142, 7, 1.2)
    yield Tag(f"{area}.PI-01", f"Tekanan uap boiler {number}", "bar", 64, 2, 0.4)
    yield Tag(f"{area}.FI-01", f"Aliran uap boiler {number}", "t/h", 14.5, 1.4, 0.3)
    yield Tag(f"{area}.LI-01", f"Level drum boiler {number}", "%", 50, 6, 1.1, doubtful=True)
    yield Tag(f"{area}.AI-01", f"Oksigen gas buang boiler {number}", "%", 3.4, 0.6, 0.2)
    states = ("BERHENTI", "MENYALA", "SIAGA")
    yield Tag(f"{area}.ST-01", f"Keadaan boiler {number}", kind="Digital", states=states, step_s=3_600)


def _turbine(number: int) -> Iterator[Tag]:
    area = f"TBN{number}"
    yield Tag(f"{area}.MW-01", f"Beban turbin {number}", "MW", 3.6, 0.4, 0.1)
    yield Tag(f"{area}.SI-01", f"Putaran turbin {number}", "rpm", 3_000, 4, 1.5)
    yield Tag(f"{area}.VI-01", f"Getaran bantalan depan turbin {number}", "mm/s", 2.4, 0.5, 0.2)
    yield Tag(f"{area}.VI-02", f"Getaran bantalan belakang turbin {number}", "mm/s", 2.9, 0.6, 0.25, doubtful=True)
    yield Tag(f"{area}.TI-01", f"Suhu bantalan turbin {number}", "°C", 71, 4, 0.6)
    yield Tag(f"{area}.RUN", f"Penghitung start turbin {number}", "kali", 412, 0, 0, 3_600, kind="Int32")


def _mill(number: int, ton: float) -> Iterator[Tag]:
    area = f"MILL{number}"
    yield Tag(f"{area}.FI-01", f"Umpan giling {number}", "t/h", ton, 4, 1)
    yield Tag(f"{area}.II-01", f"Arus motor giling {number}", "A", 318, 22, 5)
    yield Tag(f"{area}.VI-01", f"Getaran giling {number}", "mm/s", 3.6, 0.8, 0.3)
    yield Tag(f"{area}.TI-01", f"Suhu keluar giling {number}", "°C", 96, 5, 1.1, spells="Bad Input")
    yield Tag(f"{area}.ST-01", f"Keadaan giling {number}", kind="Digital", states=("STOP", "JALAN"), step_s=3_600)


_KILN = (
    Tag("KILN.TI-01", "Suhu zona bakar", "°C", 1_448, 22, 6),
    Tag("KILN.TI-02", "Suhu udara sekunder", "°C", 1_010, 30, 8),
    Tag("KILN.TI-03", "Suhu klinker keluar", "°C", 118, 9, 2),
    Tag("KILN.SI-01", "Putaran tanur", "rpm", 3.9, 0.2, 0.02),
    Tag("KILN.FI-01", "Umpan tanur", "t/h", 91, 6, 1.2),
    Tag("KILN.FI-02", "Aliran batu bara", "t/h", 7.5, 0.5, 0.15),
    Tag("KILN.II-01", "Arus penggerak tanur", "A", 612, 40, 9),
    Tag("KILN.AI-01", "CO di pemanas awal", "ppm", 210, 60, 25, doubtful=True),
    Tag("KILN.AI-02", "Debu cerobong", "mg/Nm³", 28, 6, 3),
    Tag("KILN.PI-01", "Tekanan kepala tanur", "mmH2O", -4, 1, 0.4),
    Tag("KILN.ST-01", "Keadaan tanur", kind="Digital", states=("STOP", "PANAS", "JALAN"), step_s=3_600),
    Tag("KILN.MEREK", "Resep yang dibakar", kind="String", states=("OPC", "PCC", "OPC"), step_s=_DAY_S),
)
_OTHERS = (
    Tag("SILO1.LI-01", "Isi silo 1", "%", 61, 14, 0.5, step_s=300),
    Tag("SILO2.LI-01", "Isi silo 2", "%", 48, 16, 0.5, step_s=300),
    Tag("KEMAS1.CNT", "Laju mesin kemas 1", "sak/jam", 740, 40, 15, 300, kind="Int32"),
    Tag("KEMAS2.CNT", "Laju mesin kemas 2", "sak/jam", 700, 40, 15, 300, kind="Int32"),
    Tag("UTIL.KWH-01", "Daya pabrik", "MW", 7.0, 0.6, 0.15),
    Tag("UTIL.FI-01", "Aliran udara tekan", "Nm³/h", 4_200, 350, 60),
    Tag("LAMA.TI-01", "Suhu pengering lama", "°C", system="Shutdown", step_s=_DAY_S),
    Tag("RUSAK.TI-01", "Suhu yang tidak dapat dibaca", "°C", 80, 2, 0.5, broken=503),
    Tag("BARU.TI-01", "Suhu pendingin baru", "°C", system="Pt Created", step_s=_DAY_S),
)
PLANT: tuple[Tag, ...] = (
    *(tag for number in (1, 2, 3) for tag in _boiler(number)),
    *(tag for number in (1, 2) for tag in _turbine(number)),
    *(tag for number, ton in ((1, 47.6), (2, 45.7), (3, 72.3)) for tag in _mill(number, ton)),
    *_KILN,
    *_OTHERS,
)


def events(tag: Tag, seed: int, start: datetime, end: datetime) -> Iterator[Event]:
    """The values stored from `start` to `end`, both included, in the order of time."""
    first = math.ceil((start.timestamp() - _phase(tag, seed)) / tag.step_s)
    last = math.floor((end.timestamp() - _phase(tag, seed)) / tag.step_s)
    for number in range(first, last + 1):
        yield event(tag, seed, number)


def event_before(tag: Tag, seed: int, at: datetime) -> Event:
    """The last value stored at or before a moment."""
    return event(tag, seed, math.floor((at.timestamp() - _phase(tag, seed)) / tag.step_s))


def event(tag: Tag, seed: int, number: int) -> Event:
    """One stored value."""
    second = _phase(tag, seed) + number * tag.step_s
    at = datetime.fromtimestamp(second, UTC)
    if tag.system:
        return Event(at, None, tag.system)
    if tag.spells and _share(tag, seed, f"spell {int(second) // _SPELL_S}") < 0.03:
        return Event(at, None, tag.spells)
    drawn = _share(tag, seed, str(number))
    if tag.states:
        return Event(at, tag.states[0 if drawn < 0.04 else 1 if drawn < 0.97 else -1])
    around = tag.middle + tag.swing * math.sin(2 * math.pi * (second % _DAY_S) / _DAY_S + _phase(tag, seed))
    datum = round(around + tag.noise * (2 * drawn - 1), 3)
    if tag.kind.startswith("Int"):
        return Event(at, round(datum))
    doubted = tag.doubtful and drawn > 0.9
    return Event(at, datum, questionable=doubted and drawn < 0.97, substituted=doubted and drawn >= 0.97)


def between(tag: Tag, seed: int, at: datetime) -> Event:
    """The value at a moment, on the line between two stored ones; states and texts keep until the next."""
    before = event_before(tag, seed, at)
    if tag.kind not in ("Float32", "Float64") or before.system:
        return Event(at, before.datum, before.system, before.questionable, before.substituted)
    following = event_before(tag, seed, before.at + timedelta(seconds=tag.step_s))
    datum = before.datum
    if not following.system and isinstance(before.datum, float) and isinstance(following.datum, float):
        share = (at - before.at).total_seconds() / tag.step_s
        datum = round(before.datum + share * (following.datum - before.datum), 3)
    return Event(at, datum, "", before.questionable, before.substituted)


def _phase(tag: Tag, seed: int) -> int:
    """Seconds by which its values are shifted, so that not all are of the same moment."""
    return int(_share(tag, seed, "phase") * min(tag.step_s, 60))


def _share(tag: Tag, seed: int, what: str) -> float:
    drawn = hashlib.blake2b(f"{seed} {tag.name} {what}".encode(), digest_size=4).digest()
    return int.from_bytes(drawn) / 2**32
