"""Messages made into what their channels take, before a row is written: what cannot go is found out here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from wa_integrasi.accounts import provider_of
from wa_integrasi.approved import approved_of
from wa_integrasi.content import TEXT_LIMIT, Content, Template
from wa_integrasi.files import FileLinks, OutgoingFiles
from wa_integrasi.outbox import NewMessage
from wa_integrasi.policy.approval import TemplateRefused, check_template
from wa_integrasi.policy.fit import Unfit, fit
from wa_integrasi.providers.base import ApprovedTemplate, Capabilities
from wa_integrasi.providers.channels import capabilities_of
from wa_integrasi.settings import Settings
from wa_integrasi.store.engine import Store


class ComposeError(ValueError):
    """A message that its channel cannot take.

    Says which message, which field and what is allowed; no number in full and no word of what it says.
    """

    def __init__(self, message: NewMessage, field: str, reason: str) -> None:
        self.message = message
        self.field = field
        self.reason = reason
        """Which field and what is allowed, without whom the message is for."""
        super().__init__(f"{_named(message)}: {reason}")


@dataclass(slots=True)
class Composed:
    """What becomes of some messages: those to enqueue, in their order, and those that cannot go."""

    messages: list[NewMessage] = field(default_factory=list)
    refused: list[ComposeError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Channel:
    capabilities: Capabilities
    approved: Sequence[ApprovedTemplate] | None


def compose(
    message: NewMessage,
    capabilities: Capabilities,
    approved: Sequence[ApprovedTemplate] | None,
    *,
    links: bool = False,
) -> list[NewMessage]:
    """The messages to enqueue in the place of `message`, in order; none for a reaction that cannot be shown.

    What becomes several has the dedupe key of `message`, numbered: doing it again gives the same keys. `approved` are
    the account's templates; None where they are not known, and the channel decides. `links` as in `fit`. Raises
    `ComposeError`.
    """
    contents = _contents(message, capabilities, approved, links=links)
    if len(contents) == 1:
        return [replace(message, content=contents[0])]
    alone = message.parts == 1
    return [
        replace(
            message,
            content=content,
            dedupe_key=f"{message.dedupe_key}/{number}" if message.dedupe_key is not None else None,
            part=number if alone else message.part,
            parts=len(contents) if alone else message.parts,
            reply_to=message.reply_to if number == 1 else None,
        )
        for number, content in enumerate(contents, 1)
    ]


def compose_all(store: Store, messages: Sequence[NewMessage], *, links: bool = False) -> Composed:
    """Compose each message for the channel of its account; one that cannot go keeps no other back.

    Messages of an account whose channel is not known stay as they are. `links` as in `fit`.
    """
    with store.reading() as connection:
        channels = {account: _channel(connection, account) for account in {message.account for message in messages}}
    composed = Composed()
    for message in messages:
        channel = channels[message.account]
        try:
            parts = compose(message, channel.capabilities, channel.approved, links=links) if channel else [message]
        except ComposeError as error:
            composed.refused.append(error)
        else:
            composed.messages.extend(parts)
    return composed


def text_limit(store: Store, account: str) -> int:
    """How many characters one text of the account may have."""
    with store.reading() as connection:
        channel = _channel(connection, account)
    return min(channel.capabilities.text_limit, TEXT_LIMIT) if channel else TEXT_LIMIT


def files_of(settings: Settings) -> OutgoingFiles:
    """The files of ours; with addresses to fetch them from, where the settings allow that."""
    public = settings.public_url
    if settings.secret_key is None or public is None or not public.startswith("https://"):
        return OutgoingFiles(settings.files_path)
    keys = [settings.secret_key.get_secret_value(), *settings.former_keys]
    return OutgoingFiles(settings.files_path, FileLinks(public, keys))


def takes(store: Store, message: NewMessage, *, links: bool = False) -> bool:
    """Whether the channel of a message is known to send it as it is."""
    with store.reading() as connection:
        channel = _channel(connection, message.account)
    try:
        return channel is not None and compose(message, channel.capabilities, None, links=links) == [message]
    except ComposeError:
        return False


def _channel(connection: Connection, account: str) -> _Channel | None:
    provider = provider_of(connection, account)
    capabilities = capabilities_of(provider) if provider is not None else None
    return _Channel(capabilities, approved_of(connection, account)) if capabilities is not None else None


def _contents(
    message: NewMessage,
    capabilities: Capabilities,
    approved: Sequence[ApprovedTemplate] | None,
    *,
    links: bool,
) -> Sequence[Content]:
    content = message.content
    try:
        contents = fit(content, message.recipient, capabilities, links=links)
        if isinstance(content, Template) and approved is not None:
            check_template(content, approved)
    except TemplateRefused as error:
        raise ComposeError(message, error.field, str(error)) from None
    except Unfit as error:
        field = "content" if message.recipient.kind in capabilities.recipients else "recipient"
        raise ComposeError(message, field, f"{field}: {error}") from None
    return contents


def _named(message: NewMessage) -> str:
    part = f", part {message.part}/{message.parts}" if message.parts > 1 else ""
    return f"{message.report or message.content.type} to {message.recipient.masked}{part}"
