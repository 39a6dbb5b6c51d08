"""The templates of a WhatsApp Business Account, as the Graph API lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from wa_integrasi.providers.base import Action, ApprovedTemplate, Failed, Unanswered
from wa_integrasi.providers.http import Answer, Http
from wa_integrasi.providers.meta_errors import graph_answer
from wa_integrasi.providers.wire import storable

_PAGE = 50
_PAGES = 200
"""More than any account may have: 10,000 templates."""

_LONGEST_CURSOR = 2048

_FIELDS = "name,status,language,category,components"
_PLACE = re.compile(r"\{\{\s*([^{}\s]{1,100})\s*\}\}")


async def list_templates(http: Http, url: str, token: str) -> Sequence[ApprovedTemplate] | Failed | Unanswered:
    """All templates, page by page; all or nothing, so that a template is never taken for deleted by mistake.

    The pages' own `next` addresses are not followed: they carry the token, and lead wherever the answer says.
    """
    found: list[ApprovedTemplate] = []
    after: str | None = None
    for _ in range(_PAGES):
        query = {"fields": _FIELDS, "limit": str(_PAGE)} | ({"after": after} if after else {})
        answer = await http.get(f"{url}?{urlencode(query)}")
        said = graph_answer(answer, token) if isinstance(answer, Answer) else answer
        if isinstance(said, Failed | Unanswered):
            return said
        data = said.get("data")
        if not isinstance(data, list):
            return Unanswered("the list of templates has no data")
        found += [template for node in data if (template := read_template(node)) is not None]
        paging = said.get("paging")
        if not isinstance(paging, Mapping) or not paging.get("next"):
            return found
        before, after = after, _cursor(paging)
        if after in (None, before):
            break
    return Failed(Action.RETRY, "templates", "the list of templates has no end")


def read_template(node: object) -> ApprovedTemplate | None:
    """One template of the list; None for what has no name, language or status."""
    if not isinstance(node, Mapping):
        return None
    name, language, status = node.get("name"), node.get("language"), node.get("status")
    if not isinstance(name, str) or not isinstance(language, str) or not isinstance(status, str):
        return None
    category, components = node.get("category"), node.get("components")
    parts: dict[str, Mapping[str, Any]] = {}
    for part in components if isinstance(components, list) else ():
        if isinstance(part, Mapping):
            parts.setdefault(str(part.get("type")).upper(), part)
    header, body = _places(parts.get("HEADER"), "text"), _places(parts.get("BODY"), "text")
    named = any(not place.isdecimal() for place in (*header, *body))
    kinds = _button_kinds(parts.get("BUTTONS"))
    return ApprovedTemplate(
        name=storable(name),
        language=storable(language).replace("-", "_"),
        status=storable(status).upper(),
        category=storable(category).upper() if isinstance(category, str) else "",
        header=len(header),
        body=len(body),
        buttons=sum(kind in ("url", "copy_code") for kind in kinds),
        header_format=storable(str(parts.get("HEADER", {}).get("format", "TEXT"))).upper(),
        names=tuple(storable(place) for place in (*header, *body)) if named else (),
        button_kinds=kinds,
    )


def _places(part: Mapping[str, Any] | None, key: str) -> list[str]:
    """The parameters of a text, each once: numbered ones by number, named ones as they come."""
    text = part.get(key) if part is not None else None
    places = list(dict.fromkeys(_PLACE.findall(text))) if isinstance(text, str) else []
    return sorted(places, key=int) if all(place.isdecimal() for place in places) else places


def _button_kinds(part: Mapping[str, Any] | None) -> tuple[str, ...]:
    buttons = part.get("buttons") if part is not None else None
    return tuple(_button_kind(button) for button in buttons) if isinstance(buttons, list) else ()


def _button_kind(button: object) -> str:
    if not isinstance(button, Mapping):
        return ""
    match str(button.get("type")).upper():
        case "URL":
            return "url" if _places(button, "url") else ""
        case "QUICK_REPLY":
            return "quick_reply"
        case "COPY_CODE":
            return "copy_code"
        case _:
            return ""


def _cursor(paging: Mapping[str, Any]) -> str | None:
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, Mapping) else None
    return after if isinstance(after, str) and 0 < len(after) <= _LONGEST_CURSOR else None
