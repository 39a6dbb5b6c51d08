"""Who a message is for: a phone number, a group, a business-scoped user id or a linked id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

_GROUP = re.compile(r"[0-9]{5,30}(-[0-9]{5,15})?")
_LID = re.compile(r"[0-9]{5,20}")
_BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{5,128}")
_DEVICE = re.compile(r":[0-9]+$")


class RecipientError(ValueError):
    """The text names nobody that WhatsApp could reach. Its message is meant for people."""


class Kind(StrEnum):
    """What sort of address a recipient has."""

    PHONE = "phone"
    GROUP = "group"
    BSUID = "bsuid"
    LID = "lid"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One chat. `address` is E.164 with its plus for a phone, else the bare id without a suffix."""

    kind: Kind
    address: str

    @property
    def chat(self) -> str:
        """The chat's name in the store: `+628…`, `…@g.us`, `…@lid` or the BSUID. The same chat has one name."""
        match self.kind:
            case Kind.GROUP:
                return f"{self.address}@g.us"
            case Kind.LID:
                return f"{self.address}@lid"
            case Kind.PHONE | Kind.BSUID:
                return self.address

    @property
    def masked(self) -> str:
        """The chat as logs and the Prefect UI may show it: `+62…0034`."""
        shown = self.address[:3] if self.kind is Kind.PHONE else f"{self.kind.value} "
        return f"{shown}…{self.address[-4:]}"

    @classmethod
    def of_chat(cls, chat: str) -> Recipient:
        """The recipient whose `chat` this is; for names from the store, which have been parsed before."""
        name, at, server = chat.partition("@")
        if at:
            return cls(Kind.GROUP if server == "g.us" else Kind.LID, name)
        return cls(Kind.PHONE if name.startswith("+") else Kind.BSUID, name)

    @classmethod
    def parse(cls, text: str, region: str = "ID") -> Recipient:
        """Read a phone number as people write it, or a WhatsApp chat id.

        `0812-3456-7890`, `+62 812…`, `62812…` and `62812…@c.us` are the same person. Numbers without a country code
        belong to `region`. Raises `RecipientError`, which never repeats the whole text: it may be somebody's number.
        """
        text = text.strip()
        name, at, server = text.partition("@")
        if at:
            return _from_chat_id(name, server.lower(), region)
        if _BSUID.fullmatch(text):
            return cls(Kind.BSUID, text)
        return cls(Kind.PHONE, _e164(text, region))


def _from_chat_id(name: str, server: str, region: str) -> Recipient:
    match server:
        case "g.us" if _GROUP.fullmatch(name):
            return Recipient(Kind.GROUP, name)
        case "lid" if _LID.fullmatch(_DEVICE.sub("", name)):
            return Recipient(Kind.LID, _DEVICE.sub("", name))
        case "c.us" | "s.whatsapp.net":
            return Recipient(Kind.PHONE, _e164(f"+{_DEVICE.sub('', name).lstrip('+')}", region))
        case "g.us" | "lid":
            raise RecipientError(f"the id before '@{server}' must be digits")
        case _:
            raise RecipientError("'@…' must be one of @c.us, @s.whatsapp.net, @g.us or @lid")


def _e164(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise RecipientError(f"not a phone number, a group id (…@g.us) or a user id{_hint(text)}") from error
    if number.extension or not phonenumbers.is_possible_number(number) or not phonenumbers.is_valid_number(number):
        raise RecipientError(f"no phone number of the region {region} looks like this{_hint(text)}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _hint(text: str) -> str:
    return f" ({len(text)} characters)" if text else " (it is empty)"
