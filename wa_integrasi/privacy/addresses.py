"""E-mail addresses and WhatsApp's ids in a folded text: whatever has an at sign."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wa_integrasi.privacy.folding import INVISIBLE
from wa_integrasi.privacy.found import Found, Sort

_AT = re.compile(r"@|[ ]?[(\[][ ]?at[ ]?[)\]][ ]?", re.IGNORECASE)
_DOMAIN = re.compile(r"[^\W_](?:[\w-]{0,62}\.)+(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})(?![\w-])", re.IGNORECASE)
_SERVER = re.compile(r"(?:c\.us|s\.whatsapp\.net|lid|g\.us)(?![\w-])", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{5,20}(?:-[0-9]{5,15}|:[0-9]{1,3})?")
_MENTION = re.compile(r"[0-9]{10,20}(?![\w.]*@)(?!\w)")
_BSUID = re.compile(r"(?<![\w.])[A-Z]{2}\.[0-9]{15,128}(?!\w)")
_MOBILE = re.compile(r"628[0-9]{8,11}")
_LONGEST_LOCAL = 64
_LONGEST_ID = 40
_ID_SIGNS = frozenset("0123456789-:")
_LOCAL_SIGNS = frozenset(".!#$%&'*+-/=?^_`{|}~" + INVISIBLE)
_PHONE_SERVERS = ("c.us", "s.whatsapp.net")


def find_addresses(view: str) -> Iterator[Found]:
    """Every e-mail address, WhatsApp id and mention. `view` is the text as `fold` made it."""
    for match in _BSUID.finditer(view):
        yield Found(match.start(), match.end(), Sort.WHATSAPP, match[0])
    for at in _AT.finditer(view):
        server = _SERVER.match(view, at.end())
        found = _whatsapp_id(view, at, server) if server else _email(view, at) or _mention(view, at)
        if found is not None:
            yield found


def _local_start(view: str, end: int) -> int:
    start = end
    while start > max(0, end - _LONGEST_LOCAL) and (view[start - 1].isalnum() or view[start - 1] in _LOCAL_SIGNS):
        start -= 1
    return start


def _whatsapp_id(view: str, at: re.Match[str], server: re.Match[str]) -> Found | None:
    start = at.start()
    while start > max(0, at.start() - _LONGEST_ID) and view[start - 1] in _ID_SIGNS:
        start -= 1
    number = _NUMBER.search(view, start, at.start())
    if number is None or number.end() != at.start():
        return None
    digits, name = number[0].partition(":")[0], server[0].lower()
    if name in _PHONE_SERVERS:
        return Found(number.start(), server.end(), Sort.PHONE, f"+{digits}")
    # A group's id has a person's number in it when it has a dash.
    personal = name == "lid" or "-" in digits
    return Found(number.start(), server.end(), Sort.WHATSAPP, f"{digits}@{name}") if personal else None


def _email(view: str, at: re.Match[str]) -> Found | None:
    start = _local_start(view, at.start())
    while start < at.start() and not view[start].isalnum():
        start += 1
    domain = _DOMAIN.match(view, at.end())
    if domain is None or start == at.start():
        return None
    value = f"{view[start : at.start()]}@{domain[0]}".replace(INVISIBLE, "").lower()
    return Found(start, domain.end(), Sort.EMAIL, value)


def _mention(view: str, at: re.Match[str]) -> Found | None:
    number = _MENTION.match(view, at.end())
    if number is None:
        return None
    if _MOBILE.fullmatch(number[0]):
        return Found(number.start(), number.end(), Sort.PHONE, f"+{number[0]}")
    return Found(number.start(), number.end(), Sort.WHATSAPP, f"{number[0]}@lid")
