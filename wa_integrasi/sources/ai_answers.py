"""What an AI service answers: a text, JSON that fits a schema, or why not. Nothing of an answer is in an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.retry_after import seconds_of

_TOLD = 300
"""Characters of one thing that is wrong with an answer, as it is told to the AI."""

_MOST_TOLD = 3
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_OF_THE_QUESTION = frozenset({400, 413, 422})
_OPTIONAL = {
    "response_format": ("response_format", "json_schema", "structured output"),
    "max_tokens": ("max_tokens", "max_completion_tokens"),
    "temperature": ("temperature",),
}
"""Fields that a service may not know, and how it then speaks of them."""


class AiError(SourceError):
    """The AI could not answer. Its text is fit for logs: no URL, no key, no question, no answer."""

    def __init__(self, text: str, *, code: str, transient: bool, outage: bool = False, wait_s: float = 0.0) -> None:
        super().__init__(text, transient=transient, outage=outage, wait_s=wait_s)
        self.code = code
        """One word for reasons and counts: connect, no_answer, timeout, http_429, paused, invalid …"""


def failure(status: int, retry_after: str | None = None) -> AiError:
    """What an HTTP status other than 200 says."""
    reasons = {
        401: "it does not take the api_key",
        403: "the api_key may not use this model",
        404: "no such address or model",
        429: "too many questions, or no credit is left",
    }
    reason = reasons.get(status, "the request is refused" if status < 500 else "it is in trouble")
    if 300 <= status < 400:
        reason = "it redirects: api_url is wrong"
    return AiError(
        f"the AI service answers HTTP {status}: {reason}",
        code=f"http_{status}",
        transient=status in _AGAIN,
        outage=status not in _OF_THE_QUESTION,
        wait_s=seconds_of(retry_after),
    )


def refused_field(status: int, answer: bytes, sent: set[str]) -> tuple[str | None, bool]:
    """Which field of a request to leave out after a 400 or 422, and whether the service named it."""
    if status not in (400, 422):
        return None, False
    text = answer.decode("utf-8", "replace").lower()
    for name, words in _OPTIONAL.items():
        if name in sent and any(word in text for word in words):
            return name, True
    return ("response_format", False) if "response_format" in sent else (None, False)


def said(answer: bytes) -> str:
    """The text of a completion. Raises `AiError`."""
    choice = _choice(answer)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise _no_completion()
    if choice.get("finish_reason") == "content_filter" or message.get("refusal"):
        raise AiError("the AI refuses to answer this", code="refused", transient=False)
    if choice.get("finish_reason") == "length":
        raise AiError("the answer of the AI was cut off by max_tokens", code="cut", transient=False)
    content = message.get("content")
    if not isinstance(content, str) or not content.strip():
        raise AiError("the AI has said nothing", code="empty", transient=False)
    return content


def _choice(answer: bytes) -> dict[str, Any]:
    try:
        read = json.loads(answer)
    except (ValueError, RecursionError):
        raise _no_completion() from None
    choices = read.get("choices") if isinstance(read, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise _no_completion()
    return choices[0]


def _no_completion() -> AiError:
    return AiError("what answers there is no AI service", code="no_completion", transient=False, outage=True)


def fitting(text: str, schema: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The JSON object in an answer if it fits, else what is wrong with it. That quotes the answer: it is for the AI."""
    from jsonschema import Draft202012Validator

    try:
        found = json.loads(_json_of(text))
    except (ValueError, RecursionError):
        return None, "it is not JSON"
    if not isinstance(found, dict):
        return None, "it is no JSON object"
    try:
        errors = list(islice(Draft202012Validator(schema).iter_errors(found), _MOST_TOLD))
    except RecursionError:
        return None, "it is nested too deeply"
    if not errors:
        return found, ""
    return None, "; ".join(f"{error.json_path}: {error.message}"[:_TOLD] for error in errors)


def _json_of(text: str) -> str:
    """What of an answer may be JSON: without thoughts before it, without a fence or words around it."""
    text = text.rpartition("</think>")[2].strip()
    start, end = text.find("{"), text.rfind("}")
    return text if text.startswith("[") or start < 0 or end < start else text[start : end + 1]
