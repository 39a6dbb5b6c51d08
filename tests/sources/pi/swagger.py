"""Whether what went over the wire is what the swagger file of PI Web API describes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema

_FILE = json.loads((Path(__file__).parent / "specs/piwebapi.json").read_text())
_ANYWHERE = {"Links": {}, "WebException": {"$ref": "#/definitions/WebException"}}
"""Properties that newer servers put where the file has none."""


def _closed(definition: dict[str, Any]) -> dict[str, Any]:
    """With no property that it does not name; `Value` and `Content` are anything, though the file says `object`."""
    if "properties" not in definition:
        return definition
    free = {name: {} for name in ("Value", "Content") if definition["properties"].get(name) == {"type": "object"}}
    return {
        **definition,
        "properties": {**_ANYWHERE, **definition["properties"], **free},
        "additionalProperties": False,
    }


DEFINITIONS = {name: _closed(definition) for name, definition in _FILE["definitions"].items()}


def valid(schema: dict[str, Any], value: Any) -> None:
    jsonschema.Draft4Validator({**schema, "definitions": DEFINITIONS}).validate(value)


def operation(method: str, path: str) -> dict[str, Any]:
    """The operation of a path. Fails where the file has none."""
    path = "/piwebapi" + path.rpartition("/piwebapi")[2].rstrip("/")
    found = [
        operations[method.lower()]
        for template, operations in _FILE["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[A-Za-z0-9_-]+", template), path) and method.lower() in operations
    ]
    assert len(found) == 1, f"{method} {path} is not in the file"
    return dict(found[0])


def check_request(method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The operation of a request whose parameters and body fit it."""
    parts = urlsplit(url)
    asked = operation(method, parts.path)
    known = {each["name"]: each for each in asked.get("parameters", []) if each["in"] == "query"}
    given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    names = [name for name, _ in given]
    assert set(names) <= set(known), f"unknown parameters {set(names) - set(known)}"
    assert {name for name, each in known.items() if each.get("required")} <= set(names)
    for name, value in given:
        assert value != ""
        assert known[name]["type"] != "integer" or value.isdecimal()
        assert names.count(name) == 1 or known[name].get("collectionFormat") == "multi"
    [schema] = [each["schema"] for each in asked.get("parameters", []) if each["in"] == "body"] or [None]
    if schema is None:
        assert body == b""
    else:
        assert (headers or {}).get("x-requested-with")
        sent = json.loads(body)
        valid(schema, sent)
        for request in sent.values():
            assert request["Resource"].startswith("http")
            check_request(request["Method"], request["Resource"])
    return asked


def check_answer(asked: dict[str, Any], status: int, body: Any, batch: dict[str, Any] | None = None) -> None:
    """Whether an answer is what the operation gives; of a batch, every answer in it."""
    if str(status) in asked["responses"]:
        valid(asked["responses"][str(status)]["schema"], body)
    elif status == 401:
        assert set(body) == {"Message"}
    else:
        assert status >= 300
        valid({"$ref": "#/definitions/Errors"}, body)
    for key, request in (batch or {}).items():
        if status == 207 and "WebException" not in body:
            inner = operation(request["Method"], urlsplit(request["Resource"]).path)
            if "selectedFields" not in request["Resource"] or body[key]["Status"] != 200:
                check_answer(inner, body[key]["Status"], body[key]["Content"])
            else:
                valid(inner["responses"]["200"]["schema"], body[key]["Content"])
