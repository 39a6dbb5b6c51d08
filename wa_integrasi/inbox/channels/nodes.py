"""Reading JSON that may be anything: a value of the wanted kind, or None."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator, Mapping
from typing import Any

from wa_integrasi.providers.webchat import person
from wa_integrasi.providers.wire import storable
from wa_integrasi.recipient import Recipient, RecipientError

Node = Mapping[str, Any]

_LONGEST = 4096
_MOST = 50
_EMPTY: Node = {}


def node(parent: object, *path: str) -> Node:
    """The object at `path`; an empty one where there is none."""
    for key in path:
        parent = parent.get(key) if isinstance(parent, Mapping) else None
    return parent if isinstance(parent, Mapping) else _EMPTY


def nodes(parent: Node, key: str) -> Iterator[Node]:
    """The objects of the list at `key`, at most fifty of them."""
    items = parent.get(key)
    if isinstance(items, list):
        yield from (item for item in items[:_MOST] if isinstance(item, Mapping))


def word(parent: Node, *keys: str) -> str | None:
    """The first of `keys` that has some text, made storable."""
    for key in keys:
        value = parent.get(key)
        if isinstance(value, str) and value:
            return storable(value)[:_LONGEST]
    return None


def number(parent: Node, *keys: str) -> float | None:
    """The first of `keys` that is a number, also one written as text."""
    for key in keys:
        value = parent.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        try:
            found = float(value)
        except (ValueError, OverflowError):
            continue
        if math.isfinite(found):
            return found
    return None


def whole(parent: Node, *keys: str) -> int | None:
    """The first of `keys` that is a number that is not negative, as a whole one that a database takes."""
    found = number(parent, *keys)
    return int(found) if found is not None and 0 <= found < 2**63 else None


def place(parent: Node, latitude: tuple[str, ...], longitude: tuple[str, ...], *names: str) -> dict[str, Any] | None:
    """A location, with the first of `names` as what it is called."""
    north, east = number(parent, *latitude), number(parent, *longitude)
    if north is None or east is None or not (-90 <= north <= 90 and -180 <= east <= 180):
        return None
    return clean(
        {"latitude": north, "longitude": east, "name": word(parent, *names), "address": word(parent, "address")}
    )


def hex_digest(value: str | None) -> str | None:
    """A SHA-256 that came in base64, in hex."""
    try:
        digest = base64.b64decode(value or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest.hex() if len(digest) == 32 else None


def address(value: str | None) -> str | None:
    """A WhatsApp Web address, or a phone number as Meta and Twilio write them, as `Recipient.chat`."""
    if value is None:
        return None
    if "@" in value:
        return person(value)
    try:
        return Recipient.parse(value if "." in value else f"+{value.lstrip('+')}").chat
    except RecipientError:
        return None


def clean(details: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is known of `details`, also within its lists; None where nothing is."""
    known = {
        key: [each for each in value if each is not None] if isinstance(value, list) else value
        for key, value in details.items()
    }
    return {key: value for key, value in known.items() if value not in (None, [])} or None
