"""The body of a request: read up to a limit, and JSON that every store can keep."""

from __future__ import annotations

import json
import math
import re
from http import HTTPStatus
from typing import Any, NoReturn

from fastapi import Request
from starlette.requests import ClientDisconnect

from wa_integrasi.web.api.problems import Problem

BODY_LIMIT = 256 * 1024
"""Bytes. The longest content, ten list entries and a text, is below 64 KB in any script."""

_LONGEST_NUMBER = 40
_DEEPEST = 20
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class CheckedRequest(Request):
    """A request whose body was read and checked before anything else is done with it."""

    checked: tuple[bytes, Any] = (b"", None)

    async def body(self) -> bytes:
        """The bytes as they came."""
        return self.checked[0]

    async def json(self) -> Any:
        """What they say."""
        return self.checked[1]


async def read_json(request: Request) -> tuple[bytes, Any]:
    """The body and what it says. Raises `Problem`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "the body must be JSON: Content-Type: application/json"
        )
    body = await _read(request)
    try:
        value = _DECODER.decode(body.decode())
        _check(value)
    except (ValueError, RecursionError):
        detail = "the body must be JSON in UTF-8, without NaN, Infinity, U+0000 and huge numbers, at most 20 deep"
        raise Problem(HTTPStatus.BAD_REQUEST, "not_json", detail) from None
    return body, value


async def _read(request: Request) -> bytes:
    too_large = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"the body has more than {BODY_LIMIT} bytes")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > BODY_LIMIT:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > BODY_LIMIT:
                raise too_large
            chunks.append(chunk)
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "not_json", "the body did not come to its end") from None
    return b"".join(chunks)


def _check(value: Any, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    match value:
        case str():
            if _UNSTORABLE.search(value):
                raise ValueError("no text")
        case dict():
            for name, each in value.items():
                _check(name, depth + 1)
                _check(each, depth + 1)
        case list():
            for each in value:
                _check(each, depth + 1)


def _int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("a huge number")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a huge number")
    return number


def _constant(_: str) -> NoReturn:
    raise ValueError("no number")


_DECODER = json.JSONDecoder(parse_int=_int, parse_float=_float, parse_constant=_constant)
