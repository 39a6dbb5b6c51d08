"""A refusal in the Graph API's words."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any


class GraphError(Exception):
    """One refusal, as HTTP status and body."""

    def __init__(
        self,
        status: int,
        code: int,
        title: str,
        details: str | None = None,
        *,
        kind: str = "OAuthException",
        subcode: int | None = None,
        transient: bool | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.details = details
        self.kind = kind
        self.subcode = subcode
        self.transient = transient
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The body of the answer, with a trace id of its own."""
        error: dict[str, Any] = {"message": self.title, "type": self.kind, "code": self.code}
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient is not None:
            error["is_transient"] = self.transient
        return {"error": error | {"fbtrace_id": secrets.token_urlsafe(11)}}


def invalid(details: str) -> GraphError:
    """A request that says something it must not, or leaves something out."""
    return GraphError(400, 100, "(#100) Invalid parameter", details)


def node_of(parent: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """The object under a key. Raises `GraphError` 100."""
    node = parent.get(key)
    if not isinstance(node, Mapping):
        raise invalid(f"The parameter {where} is required.")
    return node


def nodes_of(parent: Mapping[str, Any], key: str, where: str, limit: int) -> list[Mapping[str, Any]]:
    """The list of objects under a key, with at least one. Raises `GraphError` 100."""
    nodes = parent.get(key)
    if not isinstance(nodes, list) or not nodes or not all(isinstance(node, Mapping) for node in nodes):
        raise invalid(f"The parameter {where} is required.")
    if len(nodes) > limit:
        raise invalid(f"Param {where} must have at most {limit} items.")
    return nodes


def text_of(parent: Mapping[str, Any], key: str, where: str, limit: int, *, optional: bool = False) -> str:
    """The text under a key, not blank and not too long. Raises `GraphError` 100."""
    text = parent.get(key)
    if text is None and optional:
        return ""
    if not isinstance(text, str) or not text.strip():
        raise invalid(f"The parameter {where} is required.")
    if len(text) > limit:
        raise invalid(f"Param {where} must be at most {limit} characters long.")
    return text
