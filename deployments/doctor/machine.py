"""The machine: variables, folders, fonts, virus scanner, schedules."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import make_url

from deployments.doctor.finding import Finding, broken, good, warning
from wa_integrasi.clock import utc_now
from wa_integrasi.privacy.scan import ClamAv, ScanFailed, scanner_of
from wa_integrasi.settings import Settings, SettingsError
from wa_integrasi.settings.reading import PREFIX, wa_variables

_GROUP = re.compile(rf"{PREFIX}GROUP_[A-Z0-9_]+_ID")
_ELSEWHERE = {"WA_AUTH_PATH", "WA_PUPPETEER_ARGS", "WA_TEST_POSTGRES_URL"}
"""Of the container of WhatsApp-Web, and of the tests."""

_TIGHT, _FULL = 1 << 30, 100 << 20
_TIMES = 5


def variables(settings: Settings, given: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Those that nobody reads, with the one that may have been meant; and those that are missing."""
    from rapidfuzz import process

    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    names = wa_variables() if given is None else given
    for name in sorted(names):
        if name in known or name in _ELSEWHERE or _GROUP.fullmatch(name):
            continue
        meant = process.extractOne(name, known, score_cutoff=80)
        yield warning("variables", f"{name} is read by nobody", f"did you mean {meant[0]}?" if meant else "remove it")
    if settings.secret_key is None:
        yield warning("secret key", "WA_SECRET_KEY is not set", "make one: openssl rand -hex 32; 'wa up' makes its own")
    try:
        settings.account()
    except SettingsError as error:
        yield broken("account", str(error).replace("\n", "; "), "see .env.example")
    else:
        yield good("variables", f"read; the account default is of {settings.provider}")
    if settings.owner_notice_urls is None:
        yield warning(
            "owner notices",
            "while WhatsApp is down nobody is told",
            "set WA_OWNER_NOTICE_URLS and try it with 'wa notice test'",
        )


def folders(settings: Settings) -> Iterator[Finding]:
    """Whether there is room, and whether we may write there and others may not read."""
    url = make_url(settings.database_url.get_secret_value())
    places = {
        "WA_MEDIA_PATH": settings.media_path,
        "WA_FILES_PATH": settings.files_path,
        "WA_ARCHIVE_PATH": settings.archive_path,
    }
    if url.get_backend_name() == "sqlite":
        places["WA_DATABASE_URL"] = Path(str(url.database)).parent
    bad = [finding for name, place in places.items() if (finding := _folder(name, place)) is not None]
    yield from bad
    free = min(shutil.disk_usage(_there(place)).free for place in places.values())
    said = f"{free / (1 << 30):.1f} GB free"
    if free < _TIGHT:
        yield (broken if free < _FULL else warning)("disk", said, "make room, or move the folders")
    elif not bad:
        yield good("folders", f"{len(places)} can be written; {said}")


def _folder(name: str, place: Path) -> Finding | None:
    there = _there(place)
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return broken("folders", f"{name}: {place} cannot be written", f"give this user rights to {there}")
    if there == place and name != "WA_DATABASE_URL" and place.stat().st_mode & 0o077:
        return warning("folders", f"{name}: others may read {place}", f"chmod 700 {place}")
    return None


def _there(place: Path) -> Path:
    return next(each for each in (place, *place.parents) if each.exists())


def scanner(settings: Settings) -> Iterator[Finding]:
    """Whether somebody scans what people send."""
    found = scanner_of(settings.clamav)
    if settings.clamav == "off":
        yield warning("ClamAV", "WA_CLAMAV=off: what people send is not scanned", "see docs/privacy.md")
    elif not isinstance(found, ClamAv):
        yield warning(
            "ClamAV", "WA_CLAMAV is not set: what people send stays in quarantine", "install clamd, and set it"
        )
    elif isinstance(said := asyncio.run(found.version()), ScanFailed):
        yield broken("ClamAV", said.reason, "start clamd, or correct WA_CLAMAV")
    else:
        yield good("ClamAV", said)


def fonts(_: Settings) -> Iterator[Finding]:
    """Whether charts and PDF files have their typeface."""
    from wa_integrasi.text.font import font_file

    if font_file().is_file():
        yield good("fonts", "DejaVu Sans is there")
    else:
        yield broken(
            "fonts", f"{font_file()} is not there", "install matplotlib anew: charts and PDF need its typeface"
        )


def schedules(settings: Settings) -> Iterator[Finding]:
    """When each schedule comes next, in the business zone."""
    zone = ZoneInfo(settings.timezone)
    now = utc_now().astimezone(zone)
    yield good("time zone", f"{settings.timezone}: it is {now:%Y-%m-%d %H:%M} there")
    for name in (field for field in Settings.model_fields if field.endswith("_cron")):
        cron = getattr(settings, name)
        variable = f"{PREFIX}{name.upper()}"
        try:
            times = next_times(cron, settings.timezone, now, _TIMES)
        except ValueError as error:
            yield broken("schedules", f"{variable}: {error}", "five fields: minute, hour, day, month, day of week")
        else:
            yield good("schedules", f"{variable} {cron}: {', '.join(f'{each:%a %d %b %H:%M}' for each in times)}")


def next_times(cron: str, zone: str, after: datetime, count: int) -> list[datetime]:
    """When a schedule comes after a moment, in its zone. Raises `ValueError`."""
    from croniter import croniter

    found = croniter(cron, after.astimezone(ZoneInfo(zone)))
    return [found.get_next(datetime) for _ in range(count)]
