"""The templates that the simulated account has, listed and filled in as Meta does."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wa_integrasi.simulator.refusals import GraphError, invalid, node_of

_PLACE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
_SPACES = re.compile(r"[\n\r\t]| {5}")
_LONGEST = 1024
_MEDIA = ("IMAGE", "DOCUMENT", "VIDEO")


@dataclass(frozen=True, slots=True)
class TemplateButton:
    """A button of a template; one with a `url` opens it, one without answers."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class PhoneTemplate:
    """A template of the simulated account. Its texts hold places: `{{1}}`, `{{2}}` or `{{unit}}`."""

    name: str
    language: str
    body: str
    header: str = ""
    """The text of the header."""
    header_format: str = "TEXT"
    """TEXT, or IMAGE or DOCUMENT for a header that each message brings along."""
    footer: str = ""
    buttons: tuple[TemplateButton, ...] = ()
    status: str = "APPROVED"
    category: str = "UTILITY"

    def listed(self) -> dict[str, Any]:
        """The template as `GET /{waba_id}/message_templates` shows it."""
        components: list[dict[str, Any]] = []
        if self.header or self.header_format != "TEXT":
            text = {"text": self.header} if self.header else {}
            components.append({"type": "HEADER", "format": self.header_format, **text})
        components.append({"type": "BODY", "text": self.body})
        if self.footer:
            components.append({"type": "FOOTER", "text": self.footer})
        if self.buttons:
            components.append({"type": "BUTTONS", "buttons": [_button(button) for button in self.buttons]})
        return {
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "components": components,
            "id": str(int(hashlib.sha256(f"{self.name}/{self.language}".encode()).hexdigest()[:12], 16)),
        }


DEMO_TEMPLATES = (
    PhoneTemplate("hello_world", "en_US", "Welcome and congratulations!!", header="Hello World"),
    PhoneTemplate(
        "laporan_siap",
        "id",
        "Laporan {{1}} untuk {{2}} sudah siap. Balas pesan ini untuk menerimanya.",
        footer="WA-Integrasi",
        buttons=(TemplateButton("Kirim laporan"),),
    ),
)
"""What a new account has: Meta's own greeting, and one that brings a silent operator back into the window."""


def _button(button: TemplateButton) -> dict[str, str]:
    if button.url:
        return {"type": "URL", "text": button.text, "url": button.url}
    return {"type": "QUICK_REPLY", "text": button.text}


def fill_template(node: Mapping[str, Any], known: Sequence[PhoneTemplate]) -> tuple[str, dict[str, Any]]:
    """The text of a template message and what else its bubble shows. Raises `GraphError`."""
    template = _known(node, known)
    header: Sequence[Any] = ()
    body: Sequence[Any] = ()
    buttons: dict[int, Mapping[str, Any]] = {}
    components = node.get("components", [])
    if not isinstance(components, list) or not all(isinstance(part, Mapping) for part in components):
        raise invalid("Param template['components'] must be an array.")
    for part in components:
        parameters = part.get("parameters", [])
        if not isinstance(parameters, list) or not all(isinstance(each, Mapping) for each in parameters):
            raise invalid("Param template['components'][…]['parameters'] must be an array.")
        match part.get("type"):
            case "header":
                header = parameters
            case "body":
                body = parameters
            case "button":
                buttons[_index(part, template)] = part
            case _:
                raise invalid("Param template['components'][…]['type'] must be one of {HEADER, BODY, BUTTON}.")
    shown: dict[str, Any] = {
        "template": template.name,
        "category": template.category.lower(),
        "footer": template.footer,
    }
    if template.header_format in _MEDIA:
        shown["file"] = _media(header, template.header_format.lower())
    elif template.header or header:
        shown["header"] = _filled(template.header, header, "header")
    shown |= _shown_buttons(template, buttons)
    return _filled(template.body, body, "body"), shown


def _known(node: Mapping[str, Any], known: Sequence[PhoneTemplate]) -> PhoneTemplate:
    name, language = node.get("name"), node_of(node, "language", "template['language']").get("code")
    if not isinstance(name, str) or not isinstance(language, str):
        raise invalid("The parameters template['name'] and template['language']['code'] are required.")
    found = next((each for each in known if (each.name, each.language) == (name, language)), None)
    if found is None:
        raise GraphError(
            *(404, 132001, "(#132001) Template name does not exist in the translation"),
            f"template name ({name[:100]}) does not exist in {language[:20]}",
        )
    if found.status == "PAUSED":
        raise GraphError(400, 132015, "(#132015) Template is Paused", "The template is paused for its low quality.")
    if found.status != "APPROVED":
        raise GraphError(400, 132016, "(#132016) Template is Disabled", f"The template is {found.status.lower()}.")
    return found


def _filled(text: str, parameters: Sequence[Mapping[str, Any]], where: str) -> str:
    places = list(dict.fromkeys(_PLACE.findall(text)))
    if len(parameters) != len(places):
        raise GraphError(
            *(400, 132000, "(#132000) Number of parameters does not match the expected number of params"),
            f"{where}: number of localizable_params ({len(parameters)}) does not match the expected number of params "
            f"({len(places)})",
        )
    if all(place.isdecimal() for place in places):
        values = {place: _parameter(each) for place, each in zip(sorted(places, key=int), parameters, strict=True)}
    else:
        values = {str(each.get("parameter_name")): _parameter(each) for each in parameters}
    if values.keys() != set(places):
        raise _mismatch(f"{where}: parameter names do not match those of the template")
    return _PLACE.sub(lambda place: values[place[1]], text)


def _parameter(node: Mapping[str, Any]) -> str:
    text = node.get("text")
    if node.get("type") != "text" or not isinstance(text, str) or not text.strip():
        raise _mismatch("a parameter must be of the type text, and not empty")
    if len(text) > _LONGEST or _SPACES.search(text):
        raise GraphError(
            *(400, 132018, "(#132018) There's an issue with the parameters in your template"),
            f"Param text cannot have new-line/tab characters or more than 4 consecutive spaces, nor over {_LONGEST} "
            "characters",
        )
    return text


def _media(parameters: Sequence[Mapping[str, Any]], kind: str) -> dict[str, str]:
    media = parameters[0].get(kind) if len(parameters) == 1 and parameters[0].get("type") == kind else None
    if not isinstance(media, Mapping) or not (media.get("link") or media.get("id")):
        raise _mismatch(f"header: Format mismatch, expected {kind.upper()}")
    return {"kind": kind, "name": str(media.get("filename", "")), "link": str(media.get("link", ""))}


def _index(part: Mapping[str, Any], template: PhoneTemplate) -> int:
    index = str(part.get("index"))
    if not index.isdecimal() or int(index) >= len(template.buttons):
        raise _mismatch("button: no button of the template has this index")
    wanted = "url" if template.buttons[int(index)].url else "quick_reply"
    if part.get("sub_type") != wanted:
        raise _mismatch(f"button: sub_type must be {wanted}")
    return int(index)


def _shown_buttons(template: PhoneTemplate, given: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Quick replies as choices (their text is the payload where none is given), the others as links."""
    choices, links = [], []
    for index, button in enumerate(template.buttons):
        parameters = given.get(index, {}).get("parameters", [])
        if button.url:
            links.append({"title": button.text, "link": _filled(button.url, parameters, f"button {index}")})
            continue
        payload = parameters[0].get("payload") if parameters else button.text
        if not isinstance(payload, str) or not payload:
            raise _mismatch("button: a payload must be a text")
        choices.append({"id": payload, "title": button.text})
    return {"choices": choices, "links": links}


def _mismatch(details: str) -> GraphError:
    return GraphError(400, 132012, "(#132012) Parameter format does not match format in the created template", details)
