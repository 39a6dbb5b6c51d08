"""Webhooks changed by their structure: a node of the JSON, or a field of the form, becomes something else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

_WORDS = (
    "", "0", "\0", "\ud800", "‮abc", "x" * 5_000, "ß" * 600, "6281234567890@c.us", "+6281234567890",
    "120363000000000000@g.us", "1@g.us", "STOP", "Pesan Komplain: x\nNama:", "[TELEPON_1]", "https://x/\n",
    "text", "image", "system", "read", "failed", "99999999999", "wamid.0", "é́" * 50, "(" * 300, "1e400",
)  # fmt: skip
_RAW = (
    "null", "true", "false", "0", "-1", "1e400", "-0.0", "NaN", "Infinity", "9" * 41, "9" * 5_000, "0.1e-400",
    "1795132801", "17951328010000", "99999999999999", "{}", "[]", '"\\ud800"', '"\\u0000"', "[" * 150 + "]" * 150,
    '{"id":' * 150 + "1" + "}" * 150, '{"id":1,"id":"2"}', "[" * 900 + "]" * 900, '{"id":' * 900 + "1" + "}" * 900,
)  # fmt: skip
_HOLE = "@@a hole@@"


def mutated(body: bytes, chance: Random) -> bytes:
    """`body` with one to four of its nodes changed; bytes that are neither JSON nor a form change as bytes."""
    raws: list[str] = []
    try:
        value = json.loads(body)
        for _ in range(chance.randint(1, 4)):
            value = _changed(value, chance, raws)
    except (ValueError, RecursionError):  # also for a node that would have to contain itself
        return _form(body, chance) if b"=" in body else _bytes(body, chance)
    text = json.dumps(value, ensure_ascii=chance.random() < 0.8)
    for raw in raws:
        text = text.replace(json.dumps(_HOLE), raw, 1)
    return text.encode("utf-8", "surrogatepass")


def _changed(value: Any, chance: Random, raws: list[str]) -> Any:
    places = list(_places(value))
    if not places:
        return _new(value, chance, raws)
    parent, key = chance.choice(places)
    old = parent[key]
    match chance.randrange(6):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[chance.choice([str(other) for _, other in places])] = old
        case 2 if isinstance(parent, list):
            parent.extend([old] * chance.choice([1, 60]))
        case 3:
            other_parent, other = chance.choice(places)
            parent[key], other_parent[other] = other_parent[other], old
        case _:
            parent[key] = _new(old, chance, raws)
    return json.loads(json.dumps(value))  # a node that stands in two places is two


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    stack = [value]
    while stack:
        node = stack.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in list(pairs):
            yield node, key
            stack.append(child)


def _new(old: Any, chance: Random, raws: list[str]) -> Any:
    if chance.random() < 0.4:
        raws.append(chance.choice(_RAW))
        return _HOLE
    if isinstance(old, str) and chance.random() < 0.5:
        at = chance.randint(0, len(old))
        return old[:at] + chance.choice(_WORDS) + old[at + chance.randint(0, 3) :]
    return chance.choice(_WORDS)


def _form(body: bytes, chance: Random) -> bytes:
    fields = body.split(b"&")
    at = chance.randrange(len(fields))
    name = fields[at].partition(b"=")[0]
    word = chance.choice(_WORDS).encode("utf-8", "surrogatepass")
    new = {
        0: [],
        1: [fields[at], fields[at]],
        2: [name + b"=" + word],
        3: [name + b"=" + quote_from_bytes(word).encode()],
        4: [word + b"=" + name],
        5: [_bytes(fields[at], chance)],
    }[chance.randrange(6)]
    return b"&".join([*fields[:at], *new, *fields[at + 1 :]])


def _bytes(body: bytes, chance: Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.randbytes(chance.randint(0, 4)) + body[at + chance.randint(0, 4) :]
