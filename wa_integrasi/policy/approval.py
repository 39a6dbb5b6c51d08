"""Whether a template message is one that the channel has approved, checked before a row is written.

Meta answers a wrong one with 132000, 132001, 132012, 132015, 132016 or 132018 only when it is sent, and holds it
against the account when that happens often.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from wa_integrasi.content import Template
from wa_integrasi.providers.base import ApprovedTemplate

_SPACES = re.compile(r"[\n\r\t]| {5}")
"""Meta: "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"."""

# The body's limit is in the facts; the header's is that of a header as a whole; the buttons' are from memory.
_LONGEST = {"header": 60, "body": 1024, "url": 2000, "quick_reply": 256, "copy_code": 15}

_STATUSES = {
    "PENDING": "waits for approval",
    "IN_APPEAL": "was rejected, and the appeal is open",
    "REJECTED": "was rejected; change it and submit it again",
    "PAUSED": "is paused for its quality; it comes back by itself, or use another one",
    "DISABLED": "is disabled for its quality; use another one",
    "PENDING_DELETION": "is being deleted",
    "DELETED": "was deleted",
    "LIMIT_EXCEEDED": "is over the account's limit of templates",
}


class TemplateRefused(ValueError):  # noqa: N818 (it is what became of the template)
    """The template cannot go as it is. Says which template, which field and what is allowed, never a parameter."""

    def __init__(self, template: Template, field: str, reason: str) -> None:
        self.template = template.name
        self.field = field
        self.reason = reason
        super().__init__(f"template {template.name} ({template.language}), {field}: {reason}")


def check_template(content: Template, known: Sequence[ApprovedTemplate]) -> None:
    """Compare a template message with the account's templates. Raises `TemplateRefused` for the first thing wrong."""
    template = _named(content, known)
    for field, reason in _faults(content, template):
        raise TemplateRefused(content, field, reason)


def _named(content: Template, known: Sequence[ApprovedTemplate]) -> ApprovedTemplate:
    same = [template for template in known if template.name == content.name]
    if not same:
        close = get_close_matches(content.name, sorted({template.name for template in known}), 3)
        hint = f"did you mean {', '.join(close)}?" if close else f"the account has {_count(len(known), 'template')}"
        raise TemplateRefused(content, "name", f"the account has no such template; {hint}")
    found = next((template for template in same if template.language == content.language), None)
    if found is None:
        languages = ", ".join(sorted({template.language for template in same}))
        raise TemplateRefused(content, "language", f"must be one of {languages}")
    return found


def _faults(content: Template, template: ApprovedTemplate) -> Iterator[tuple[str, str]]:
    if template.status != "APPROVED":
        yield "status", _STATUSES.get(template.status, f"is {template.status}, must be APPROVED")
    yield from _header_faults(content, template)
    if len(content.body) != template.body:
        yield "body", _wanted(template.body, len(content.body))
    yield from _name_faults(content, template)
    yield from _button_faults(content, template)
    for field, parameters in (("header", content.header), ("body", content.body)):
        for number, parameter in enumerate(parameters, 1):
            yield from _text_faults(f"{field} parameter {number}", parameter, _LONGEST[field])
            if _SPACES.search(parameter):
                yield f"{field} parameter {number}", "must have no newline, no tab and no more than 4 spaces in a row"


def _header_faults(content: Template, template: ApprovedTemplate) -> Iterator[tuple[str, str]]:
    wanted, given = template.header_format, content.header_media
    if wanted not in ("TEXT", "IMAGE", "DOCUMENT"):
        yield "header", f"is a {wanted}, which cannot be sent from here; use a template with another header"
    elif wanted == "TEXT" and given is not None:
        yield "header_media", "must be left out, the header is no picture or file"
    elif wanted != "TEXT" and (given is None or given.type.upper() != wanted):
        yield "header_media", f"must be of the type {wanted.lower()}"
    elif len(content.header) != template.header:
        yield "header", _wanted(template.header, len(content.header))


def _name_faults(content: Template, template: ApprovedTemplate) -> Iterator[tuple[str, str]]:
    if sorted(content.names) != sorted(template.names):
        allowed = f"must be {', '.join(template.names)}" if template.names else "must be left out, they are numbered"
        yield "names", allowed


def _button_faults(content: Template, template: ApprovedTemplate) -> Iterator[tuple[str, str]]:
    kinds = template.button_kinds
    for button in content.buttons:
        field = f"button {button.index}"
        if kinds and button.index >= len(kinds):
            yield field, f"must be below {len(kinds)}, the template has {_count(len(kinds), 'button')}"
        elif kinds and button.sub_type != kinds[button.index]:
            yield field, f"must be a {kinds[button.index]}" if kinds[button.index] else "must have no parameter"
        yield from _text_faults(field, button.parameter, _LONGEST[button.sub_type])
    needed = sum(button.sub_type != "quick_reply" for button in content.buttons)
    if needed != template.buttons:
        yield "buttons", _wanted(template.buttons, needed)


def _text_faults(field: str, text: str, limit: int) -> Iterator[tuple[str, str]]:
    if not text.strip():
        yield field, "must not be blank"
    elif len(text) > limit:
        yield field, f"has {len(text)} characters, must have at most {limit}"


def _wanted(wanted: int, given: int) -> str:
    return f"must have {_count(wanted, 'parameter')}, has {given}"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
