"""What a message says: one model for each kind, with WhatsApp's own limits."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

TEXT_LIMIT = 4096
"""Characters one WhatsApp text message may have (Cloud API reference, `text.body`)."""

CAPTION_LIMIT = 1024
"""Characters below an image or a document (Cloud API reference)."""


class ContentError(ValueError):
    """A content that no channel could send. Its message names the field and the limit, never what was in it."""


def _link(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https://")
    return text


Body = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT)]
Caption = Annotated[str, Field(max_length=CAPTION_LIMIT)]
Footer = Annotated[str, Field(max_length=60)]
Link = Annotated[str, AfterValidator(_link), Field(max_length=2048)]
ReplyId = Annotated[str, Field(min_length=1, max_length=256)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Text(_Model):
    """Plain text with WhatsApp's markup."""

    type: Literal["text"] = "text"
    body: Body


class _Media(_Model):
    link: Link | None = None
    """Where the provider fetches the file."""
    media_id: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """The provider's id of a file that was uploaded before."""
    file: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """SHA-256 of one of our own files (`wa_integrasi.files`), which goes along with the message."""
    caption: Caption = ""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.link, self.media_id, self.file)) != 1:
            raise ValueError("must have either link or media_id, or file")
        return self


class Image(_Media):
    """A picture with an optional caption."""

    type: Literal["image"] = "image"


class Document(_Media):
    """A file with the name that the phone shows."""

    type: Literal["document"] = "document"
    filename: Annotated[str, Field(min_length=1, max_length=240)]


class TemplateButton(_Model):
    """What one button of a template is filled with; buttons without a parameter are not mentioned."""

    index: Annotated[int, Field(ge=0, le=9)]
    """Its place among all buttons of the template, from 0."""
    sub_type: Literal["url", "quick_reply", "copy_code"] = "url"
    parameter: Annotated[str, Field(min_length=1, max_length=2000)]
    """The end of the URL, the payload that comes back, or the code to copy."""


Parameter = Annotated[str, Field(min_length=1)]


class Template(_Model):
    """An approved template with its parameters, in the order of their places; the only way in outside the window."""

    type: Literal["template"] = "template"
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,512}$")]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Z]{2,4})?$")]
    header: Annotated[tuple[Parameter, ...], Field(max_length=1)] = ()
    header_media: Image | Document | None = None
    """The picture or file of a template whose header is one."""
    body: tuple[Parameter, ...] = ()
    names: tuple[Parameter, ...] = ()
    """What the template calls its parameters (`{{unit}}`), the header's and then the body's; empty for `{{1}}`."""
    buttons: tuple[TemplateButton, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.header_media and (self.header or self.header_media.caption):
            raise ValueError("header_media must have no caption and no header parameter beside it")
        if self.names and len(self.names) != len(self.header) + len(self.body):
            raise ValueError("names must have one name for each parameter of header and body, or none at all")
        if len({button.index for button in self.buttons}) < len(self.buttons):
            raise ValueError("every button must have an index of its own")
        return self


class Choice(_Model):
    """One thing to choose; `id` comes back when it is chosen."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    title: Annotated[str, Field(min_length=1, max_length=24)]
    description: Annotated[str, Field(max_length=72)] = ""


class Button(_Model):
    """One reply button."""

    id: ReplyId
    title: Annotated[str, Field(min_length=1, max_length=20)]


class Buttons(_Model):
    """A text with up to three reply buttons."""

    type: Literal["buttons"] = "buttons"
    body: Annotated[str, Field(min_length=1, max_length=1024)]
    buttons: Annotated[tuple[Button, ...], Field(min_length=1, max_length=3)]
    header: Footer = ""
    footer: Footer = ""

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if len({button.id for button in self.buttons}) < len(self.buttons):
            raise ValueError("every button must have an id of its own")
        return self


class Section(_Model):
    """A part of a list under a title of its own."""

    title: Annotated[str, Field(max_length=24)] = ""
    choices: Annotated[tuple[Choice, ...], Field(min_length=1, max_length=10)]


class Menu(_Model):
    """A text with a list of up to ten choices behind a button."""

    type: Literal["menu"] = "menu"
    body: Body
    button: Annotated[str, Field(min_length=1, max_length=20)]
    sections: Annotated[tuple[Section, ...], Field(min_length=1, max_length=10)]
    header: Footer = ""
    footer: Footer = ""

    @model_validator(mode="after")
    def _at_most_ten(self) -> Self:
        choices = [choice.id for section in self.sections for choice in section.choices]
        if len(choices) > 10:
            raise ValueError(f"has {len(choices)} choices, must have at most 10 in all sections")
        if len(set(choices)) < len(choices):
            raise ValueError("every choice must have an id of its own")
        if len(self.sections) > 1 and not all(section.title for section in self.sections):
            raise ValueError("every section must have a title when there are several")
        return self


class Reaction(_Model):
    """An emoji on a message; an empty one takes it back."""

    type: Literal["reaction"] = "reaction"
    message_id: ReplyId
    emoji: Annotated[str, Field(max_length=16)]


Content = Text | Image | Document | Template | Buttons | Menu | Reaction
_CONTENT: TypeAdapter[Content] = TypeAdapter(Annotated[Content, Field(discriminator="type")])
TYPES = frozenset({"text", "image", "document", "template", "buttons", "menu", "reaction"})


def media_of(content: Content) -> Image | Document | None:
    """The picture or file that belongs to a content."""
    if isinstance(content, Image | Document):
        return content
    return content.header_media if isinstance(content, Template) else None


def linked(content: Content, link: str) -> Content:
    """`content` with its own file named by an address that it can be fetched from."""
    return content.model_copy(update={"file": None, "link": link}) if isinstance(content, Image | Document) else content


def uploaded(content: Content, media_id: str) -> Content:
    """`content` with its own file named by the id that the provider gave it."""
    if isinstance(content, Image | Document):
        return content.model_copy(update={"file": None, "media_id": media_id})
    if isinstance(content, Template) and content.header_media is not None:
        media = content.header_media.model_copy(update={"file": None, "media_id": media_id})
        return content.model_copy(update={"header_media": media})
    return content


def dump_content(content: Content) -> str:
    """The `content` column: a text as it is (as the old systems wrote it), anything else as JSON."""
    if isinstance(content, Text):
        return content.body
    return content.model_dump_json(exclude_defaults=True, exclude={"type"})


def load_content(kind: str, stored: str) -> Content:
    """Read the columns `type` and `content`. Raises `ContentError`."""
    if kind not in TYPES:
        raise ContentError(f"type: found {kind[:40]!r}, must be one of {', '.join(sorted(TYPES))}")
    if kind == "text":
        return _text(stored)
    try:
        fields = _FIELDS.validate_json(stored)
    except ValidationError:
        raise ContentError(f"content: must be a JSON object, for a message of the type {kind}") from None
    return _checked({**fields, "type": kind})


def _text(body: str) -> Text:
    try:
        return Text(body=body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ContentError(_problem(first, first["loc"])) from None


_FIELDS: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])


def _checked(fields: dict[str, object]) -> Content:
    try:
        return _CONTENT.validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ContentError(_problem(first, first["loc"][1:])) from None


def _problem(first: ErrorDetails, place: tuple[int | str, ...]) -> str:
    """Field, fault and limit, without a word of what was in it."""
    where = ".".join(str(step) for step in place) or "content"
    if first["type"] in ("string_too_long", "string_too_short"):
        limits = first["ctx"]
        limit = f"at most {limits['max_length']}" if "max_length" in limits else f"at least {limits['min_length']}"
        return f"{where}: {len(str(first['input']))} characters, must be {limit}"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
