"""A content made into what a channel can send, decided when a message is enqueued: nothing is found out at send time.

What a channel sends as it is, stays. Buttons and menus become numbered text, whose numbers `choices` maps back; a
picture or a file becomes its caption and link; a long text several messages. A reaction is a decoration, so without
support for it nothing is sent. Everything else is `Unfit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, assert_never

from wa_integrasi.content import (
    TEXT_LIMIT,
    Button,
    Buttons,
    Choice,
    Content,
    Document,
    Image,
    Menu,
    Reaction,
    Template,
    Text,
    media_of,
)
from wa_integrasi.providers.base import Capabilities
from wa_integrasi.recipient import Kind, Recipient
from wa_integrasi.text.markup import bold, escape, italic
from wa_integrasi.text.split import LEAST, split

Language = Literal["id", "en"]

_ANSWER = {"id": "Balas dengan nomor pilihan.", "en": "Reply with the number of your choice."}
_UNREACHED = {
    Kind.PHONE: "this channel does not reach phone numbers",
    Kind.GROUP: "this channel does not reach existing groups; use a WhatsApp-Web channel (WAHA, wwebjs or Watzap)",
    Kind.BSUID: "this channel does not reach WhatsApp user ids; use the Cloud API, or the person's phone number",
    Kind.LID: "this channel does not reach linked ids (…@lid); use WAHA or wwebjs, or the person's phone number",
}


class Unfit(ValueError):  # noqa: N818 (it is what the content is)
    """The channel can send neither this content nor anything in its place. Its message is meant for people."""


def fit(
    content: Content,
    recipient: Recipient,
    capabilities: Capabilities,
    *,
    language: Language = "id",
    links: bool = False,
) -> tuple[Content, ...]:
    """The messages to send in the place of `content`, in order; none for a reaction that cannot be shown.

    Raises `Unfit`. `language` is that of the line that asks for a number; `links` says whether a file of ours gets an
    address where the channel fetches files by themselves.
    """
    if recipient.kind not in capabilities.recipients:
        raise Unfit(_UNREACHED[recipient.kind])
    if isinstance(content, Text):
        return _texts(content.body, capabilities)
    if (media := media_of(content)) is not None:
        _check_place(media, capabilities, links=links)
    if isinstance(content, Template) and content.header_media is not None and not capabilities.template_files:
        raise Unfit(f"on this channel the file at the head of {content.name} belongs to the template; leave it out")
    if content.type in capabilities.contents:
        return (content,)
    match content:
        case Buttons() | Menu():
            return _texts(_numbered(content, language), capabilities)
        case Image() | Document():
            return _texts(_linked(content), capabilities)
        case Reaction():
            return ()
        case Template():
            raise Unfit(f"this channel has no templates, so {content.name} cannot be sent; send its text instead")
        case _:
            assert_never(content)


def _check_place(media: Image | Document, capabilities: Capabilities, *, links: bool) -> None:
    """Refuse a picture or file that is where the channel cannot get it."""
    if media.media_id is not None and not capabilities.media_ids:
        raise Unfit(f"this channel takes {media.type}s by link only, and this one has a media_id instead")
    if media.file is not None and not capabilities.files and not links:
        raise Unfit(
            f"this channel takes {media.type}s by link only, and a file of ours has none: "
            "set WA_PUBLIC_URL to the https address of 'wa serve', and WA_SECRET_KEY"
        )


def choices(content: Content) -> dict[str, str]:
    """Which choice each number of the numbered text stands for: `{"1": id, …}`. Empty where nothing is to choose."""
    return {str(number): choice.id for number, choice in enumerate(_choices(content), 1)}


def _choices(content: Content) -> list[Button | Choice]:
    if isinstance(content, Buttons):
        return list(content.buttons)
    return [choice for section in content.sections for choice in section.choices] if isinstance(content, Menu) else []


def _texts(body: str, capabilities: Capabilities) -> tuple[Content, ...]:
    if "text" not in capabilities.contents:
        raise Unfit("this channel sends no text")
    parts = split(body, max(LEAST, min(capabilities.text_limit, TEXT_LIMIT)))
    if not parts:
        raise Unfit("the text is blank")
    return tuple(Text(body=part) for part in parts)


def _numbered(content: Buttons | Menu, language: Language) -> str:
    """The choices as lines, between all that stands around them. Titles are data; only the body may hold markup."""
    blocks = [bold(content.header), content.body]
    if isinstance(content, Buttons):
        blocks.append(_lines(content.buttons, 1))
    else:
        first = 1
        for section in content.sections:
            lines = _lines(section.choices, first)
            blocks.append(f"{bold(section.title)}\n{lines}" if section.title else lines)
            first += len(section.choices)
    blocks += [italic(content.footer), _ANSWER[language]]
    return "\n\n".join(str(block) for block in blocks if block.strip())


def _lines(offered: Sequence[Button | Choice], first: int) -> str:
    return "\n".join(f"{number}. {_words(choice)}" for number, choice in enumerate(offered, first))


def _words(choice: Button | Choice) -> str:
    description = choice.description if isinstance(choice, Choice) else ""
    return f"{escape(choice.title)} – {escape(description)}" if description else str(escape(choice.title))


def _linked(media: Image | Document) -> str:
    if media.link is None:
        raise Unfit(f"this channel sends no {media.type}s, and this one has no link to send instead")
    name = str(escape(media.filename)) if isinstance(media, Document) else ""
    return "\n".join(line for line in (media.caption, name, media.link) if line)
