"""What goes wrong, in one shape for all (RFC 9457). Nothing of what was sent is ever repeated."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from wa_integrasi.content import TYPES

MEDIA_TYPE = "application/problem+json"

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,40}")
_TOO_MANY = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request: where, and what is allowed there."""

    field: str
    reason: str


class Problem(Exception):  # noqa: N818 (the name that the standard gives it)
    """A request that is not carried out. All of it is meant for whoever asked."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry_after)))

    def answer(self) -> JSONResponse:
        """The answer that says so."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "code": self.code,
        }
        if self.faults:
            document["errors"] = [{"field": fault.field, "reason": fault.reason} for fault in self.faults]
        return JSONResponse(document, self.status, self.headers, MEDIA_TYPE)


def wrong(field: str, reason: str, code: str = "invalid") -> Problem:
    """A field that cannot be taken as it is."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, code, f"{field}: {reason}", faults=[Fault(field, reason)])


def store_away() -> Problem:
    """The store does not answer; which query it was is nobody's business."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "store_away", "the store does not answer; send it again", retry_after=5
    )


def invalid(errors: Sequence[Any]) -> Problem:
    """What pydantic found wrong, without a word of what it found there."""
    faults = [Fault(_place(error["loc"]), _reason(error)) for error in errors[:_TOO_MANY]]
    detail = "; ".join(f"{fault.field}: {fault.reason}" for fault in faults[:3])
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, faults=faults)


def _place(loc: Sequence[str | int]) -> str:
    """The field as the request has it: where it came in is left out, and so is the type that a content has."""
    steps = [step for step in loc[1:] if step != "[key]"]
    if len(steps) > 1 and steps[0] == "content" and steps[1] in TYPES:
        del steps[1]
    named = (str(step) if isinstance(step, int) or _FIELD_NAME.fullmatch(step) else "(a name)" for step in steps)
    return ".".join(named) or str(loc[0])


def _reason(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "union_tag_invalid":
            return f"type must be one of {error['ctx']['expected_tags']}"
        case "union_tag_not_found":
            return "must be an object with a type"
        case "missing":
            return "must be given"
        case "extra_forbidden":
            return "no such field"
        case "string_too_long" | "string_too_short":
            limits = error["ctx"]
            limit = f"at most {limits['max_length']}" if "max_length" in limits else f"at least {limits['min_length']}"
            return f"must have {limit} characters"
        case "too_short":
            return f"must have at least {error['ctx']['min_length']}"
        case "too_long":
            return f"must have at most {error['ctx']['max_length']}"
        case "model_type" | "model_attributes_type" | "dict_type" | "dataclass_type":
            return "must be an object"
        case "list_type" | "tuple_type":
            return "must be a list"
        case _:
            said = str(error["msg"]).removeprefix("Value error, ")
            return said.replace("Input should", "must", 1).replace("String should", "must", 1)
