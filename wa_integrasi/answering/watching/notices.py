"""What watchers are told, in Indonesian and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wa_integrasi.answering.subscribing.sayings import asleep, length
from wa_integrasi.answering.subscribing.shown import limit_text, moment, named, number, subject
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.commands.words import Said, short
from wa_integrasi.subscriptions import Notice, Sleep, Subscription
from wa_integrasi.text.locale import Locale

_HOW: Said = {
    "id": "_Langganan {number}: balas *ok* bila sudah ditangani, *diam 2 jam*, atau *langganan berhenti {number}*._",
    "en": "_Subscription {number}: reply *ok* once it is seen to, *mute 2 hours*, or *unsubscribe {number}*._",
}
_DATA: Said = {"id": "Data {at}, {source}.", "en": "Data of {at}, {source}."}
_SAID: Mapping[Notice, Said] = {
    Notice.FIRING: {
        "id": "🔴 *{about}* sekarang *{value}* (batas {limit})\nSejak {since}. {data}\n{how}",
        "en": "🔴 *{about}* is now *{value}* (limit {limit})\nSince {since}. {data}\n{how}",
    },
    Notice.STILL: {
        "id": "🔴 *{about}* masih *{value}* (batas {limit}), sudah {length}\nSejak {since}. {data}\n{how}",
        "en": "🔴 *{about}* is still *{value}* (limit {limit}), for {length} now\nSince {since}. {data}\n{how}",
    },
    Notice.RESOLVED: {
        "id": "🟢 *{about}* kembali normal: *{value}* (batas {limit})\nBerlangsung {length}, {since} sampai {until}. "
        "{data}",
        "en": "🟢 *{about}* is back to normal: *{value}* (limit {limit})\nIt lasted {length}, from {since} to {until}. "
        "{data}",
    },
    Notice.BACK: {
        "id": "🟢 *{about}* terbaca lagi: *{value}* (batas {limit}). {data}",
        "en": "🟢 *{about}* can be read again: *{value}* (limit {limit}). {data}",
    },
    Notice.UNKNOWN: {
        "id": "⚪ *{about}* tidak terbaca sejak {at}, sumber {source}. Nilainya tidak diketahui.",
        "en": "⚪ *{about}* could not be read since {at}, source {source}. Nobody knows its value.",
    },
}
_SWINGS: Said = {
    "id": "Sejak peringatan sebelumnya batas ini terlewati {crossings} kali.",
    "en": "This limit was passed {crossings} times since the alarm before this one.",
}
_LAST_SEEN: Said = {
    "id": "Terakhir *{value}*; batas {limit} terlewati sejak {since}.",
    "en": "It was *{value}* last; the limit {limit} has been passed since {since}.",
}
_ASLEEP: Said = {"id": "ℹ️ Langganan {} ({}): {}.", "en": "ℹ️ Subscription {} ({}): {}."}


@dataclass(frozen=True, slots=True)
class Setting:
    """Who reads it, and when."""

    catalog: Catalog
    locale: Locale
    now: datetime


def notice_text(notice: Notice, of: Subscription, source: str, unit: str, setting: Setting) -> str:
    """What is told of a value; `of` stands as it does after it was read."""
    standing, limit, locale, now = of.standing, of.what.limit, setting.locale, setting.now
    if limit is None:
        raise AssertionError("a report has no limit")
    language, began = locale.language, standing.fired_at or now
    parts = {
        "about": subject(of.what, setting.catalog),
        "limit": limit_text(limit, locale),
        "value": f"{number(standing.value, locale)} {short(unit)}".strip(),
        "since": moment(began, locale, now),
        "until": moment(standing.resolved_at, locale, now),
        "length": length((standing.resolved_at or now) - began, language),
        "at": moment(standing.value_at, locale, now),
        "source": short(source),
    }
    how = _HOW[language].format(number=of.number)
    if notice is Notice.FIRING and standing.crossings > 1:
        how = f"{_SWINGS[language].format(crossings=standing.crossings)}\n{how}"
    parts |= {"data": _DATA[language].format(**parts), "how": how}
    text = _SAID[notice][language].format(**parts)
    if notice is Notice.UNKNOWN and standing.open:
        text += f"\n{_LAST_SEEN[language].format(**parts)}"
    return text


def asleep_text(why: Sleep, of: Subscription, setting: Setting) -> str:
    """That a subscription is not in force any more."""
    language = setting.locale.language
    about = named(of.what, setting.catalog, setting.locale)
    return _ASLEEP[language].format(of.number, about, asleep(why, language))
