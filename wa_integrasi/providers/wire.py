"""What comes over the wire, made safe to read, to store and to show: JSON objects, short texts, `Retry-After`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import accumulate
from typing import Any

_FAILURE_TEXT = 200
_READ = 2000
_LONGEST_NUMBER = 40
_DEEPEST = 100
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_LONGEST_WAIT = 86_400.0
_BRACKET = re.compile(r"[\[\]{}]")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://\S+")
_NUMBER = re.compile(r"\+?\d(?:[\s().\u2010-\u2015-]{0,2}\d){6,}")
_TOKEN = re.compile(r"(?=[\w\-|.=+/~%]*\d)[\w\-|.=+/~%]{20,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def json_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object. Raises `ValueError`, which never repeats the body, for anything else.

    Numbers that no JSON store takes (NaN, infinities, integers of more than 40 digits) become None, so that one of
    them spoils its own item only.
    """
    match _json(body):
        case dict() as value:
            return value
        case _:
            raise ValueError("JSON, but no object")


def json_list(body: bytes) -> list[Any]:
    """Read a JSON array, as `json_object` reads an object. Raises `ValueError`."""
    match _json(body):
        case list() as value:
            return value
        case _:
            raise ValueError("JSON, but no list")


def is_json(body: bytes) -> bool:
    """Whether `json_object` or `json_list` could read this, whatever is in it."""
    try:
        _json(body)
    except ValueError:
        return False
    return True


def _json(body: bytes) -> object:
    try:
        return _DECODER.decode(_shallow(body.decode(json.detect_encoding(body), "surrogatepass")))
    except ValueError:
        raise ValueError("not JSON") from None


def _shallow(text: str) -> str:
    """The text, unless it is nested too deeply. Raises `ValueError`.

    Python's own limit depends on who calls: what was JSON when it came would be none when it is read.
    """
    if text.count("[") + text.count("{") > _DEEPEST:
        bare = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
        if max(accumulate(map(_STEPS.__getitem__, _BRACKET.findall(bare))), default=0) > _DEEPEST:
            raise ValueError("nested too deeply")
    return text


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


_DECODER = json.JSONDecoder(parse_int=_int, parse_float=_float, parse_constant=lambda _: None)


def storable(text: str) -> str:
    """The text with what PostgreSQL and UTF-8 refuse (NUL, halves of surrogate pairs) replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def header(headers: Mapping[str, str], name: str) -> str | None:
    """The value of the header `name`, given in lower case; names of headers have no case."""
    found = headers.get(name)
    if found is not None:
        return found
    return next((value for each, value in headers.items() if each.lower() == name), None)


def failure_text(text: str, *secrets: str) -> str:
    """One line of at most 200 characters, without phone numbers, tokens and URLs.

    Providers repeat what they were sent: Graph answers `Malformed access token EAAG…`, others quote the number.
    """
    if len(text) > _READ:
        text = text[:_READ].rpartition(" ")[0]
    for secret in secrets:
        text = text.replace(secret, "…") if secret else text
    for pattern in (_URL, _TOKEN, _NUMBER):
        text = pattern.sub("…", text)
    text = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return text if len(text) <= _FAILURE_TEXT else f"{text[: _FAILURE_TEXT - 1]}…"


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for, in either of its forms, at most a day; None if it has no sense."""
    if header is None or len(header) > _LONGEST_NUMBER:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", header.strip()):
        return min(float(header), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - (now or datetime.now(UTC))).total_seconds(), 0.0), _LONGEST_WAIT)
