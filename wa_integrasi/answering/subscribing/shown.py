"""A subscription as its owner reads it."""

from __future__ import annotations

from datetime import datetime

from wa_integrasi.answering.subscribing.sayings import asleep, length, said
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.commands.words import short
from wa_integrasi.subscriptions import Limit, NewSubscription, State, Subscription
from wa_integrasi.text.locale import Locale


def subject(what: NewSubscription, catalog: Catalog) -> str:
    """What it is about: the title of a report, or the command as it was typed, `suhu boiler 2`."""
    if what.limit is not None:
        return ", ".join(short(text) for text in (what.limit.asked, what.limit.row) if text)
    report = catalog.reports.get(what.name)
    return short(report.title if report else what.name)


def limit_text(limit: Limit, locale: Locale) -> str:
    """`> 540 selama 10 menit`."""
    lasting = f" {said('lasting', locale.language, length(limit.lasting, locale.language))}" if limit.lasting else ""
    return f"{limit.operator} {number(limit.limit, locale)}{lasting}"


def number(value: float | None, locale: Locale) -> str:
    """A value, and small ones with all that counts in them."""
    return locale.text(value) if value is not None and abs(value) < 1 else locale.number(value)


def named(what: NewSubscription, catalog: Catalog, locale: Locale) -> str:
    """What it is about, with its limit."""
    about = subject(what, catalog)
    return f"{about} {limit_text(what.limit, locale)}" if what.limit else about


def line(each: Subscription, catalog: Catalog, locale: Locale, now: datetime) -> str:
    """Its line in the list of its owner."""
    return f"{each.number}. {named(each.what, catalog, locale)}{_standing(each, locale, now)}"


def _standing(each: Subscription, locale: Locale, now: datetime) -> str:
    standing, language = each.standing, locale.language
    notes = []
    if each.asleep is not None:
        notes.append(asleep(each.asleep, language))
    elif standing.state is State.FIRING:
        notes.append(said("since", language, moment(standing.fired_at, locale, now)))
    elif standing.state is State.UNKNOWN:
        notes.append(said("unknown", language, moment(standing.value_at or standing.since, locale, now)))
    if standing.silent(now):
        notes.append(said("silent", language, moment(standing.silenced_until, locale, now)))
    return f" ({', '.join(notes)})" if notes else ""


def moment(at: datetime | None, locale: Locale, now: datetime) -> str:
    """A moment, with its day where that is not today."""
    if at is None:
        return "–"
    same_day = locale.date(at, "short") == locale.date(now, "short")
    return locale.time(at) if same_day else locale.datetime(at, "medium")
