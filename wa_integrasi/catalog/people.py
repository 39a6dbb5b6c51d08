"""People and groups of a catalog. The descriptions go into the JSON Schema that editors show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from wa_integrasi.catalog.fields import (
    FROM_ENVIRONMENT,
    Entry,
    GroupChat,
    Hours,
    Language,
    Line,
    Names,
    PersonId,
    Phone,
    Roles,
    Title,
    Zone,
    check_hours,
    wrong,
)
from wa_integrasi.catalog.rules import group_problem
from wa_integrasi.recipient import Kind, Recipient, RecipientError


class GroupUnresolvedError(LookupError):
    """The id of a group chat is not set, or is none. Its message names the variable."""


class Contact(Entry):
    """A person who receives reports or owns them."""

    phone: Phone = Field(
        description="Phone number with WhatsApp, as people write it; without a country code it is Indonesian. "
        "Put it in quotes, so that no other program reads it as a number.",
        examples=["0812-3456-7890", "+62 812-3456-7890"],
    )
    ids: tuple[PersonId, ...] = Field(
        default=(),
        max_length=10,
        description="Other ids of this person, for channels that tell no number: linked ids (…@lid) and "
        "business-scoped user ids.",
        examples=[["112233445566778@lid"]],
    )
    display_name: Title = Field(description="Name that messages use.", examples=["Budi Santoso"])
    salutation: Line = Field(
        default="",
        description="Words before the honorific and the name; empty for none.",
        examples=["Yth.", "Dear"],
    )
    honorific: Line = Field(
        default="", description="Word before the name; empty for none.", examples=["Bapak", "Ibu", "Mr"]
    )
    closing: Line = Field(
        default="",
        description="Words at the end of what is written to this person: the template's recipient.closing; "
        "empty for Terima kasih or Thank you.",
        examples=["Hormat kami, Tim Data"],
    )
    language: Language = Field(default="id", description="Language of what is written to this person by the system.")
    roles: Roles = Field(
        default=(),
        description="What this person may do: triggers name the roles that may run them. None: no trigger at all.",
        examples=[["operator"]],
    )
    send_hours: Hours | None = Field(
        default=None,
        description="Hours in which reports may reach this person, and for which they wait; urgent ones do not.",
        examples=["06:00-21:00"],
    )
    quiet_hours: Hours | None = Field(
        default=None,
        description="Hours in which reports do not reach this person, taken from send_hours or from the whole day.",
        examples=["21:00-05:30"],
    )
    zone: Zone | None = Field(
        default=None,
        description="Zone of those hours: WIB, WITA, WIT or an IANA name; else the business zone.",
        examples=["WITA"],
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        check_hours(self.send_hours, self.quiet_hours)
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Everything by which channels know this person, the number first."""
        return (self.phone, *self.ids)


class Group(Entry):
    """Several recipients under one name: a distribution list, or a WhatsApp group chat."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["members"]}, {"required": ["chat_id"]}]})

    members: Names = Field(default=(), description="Names of contacts; each of them gets a message of their own.")
    chat_id: GroupChat | None = Field(
        default=None,
        description="Id of an existing WhatsApp group chat, which gets one message; "
        "or env: then WA_GROUP_<NAME>_ID has the id, with the group's name in capitals and _ for -.",
        examples=["120363012345678901@g.us", FROM_ENVIRONMENT],
    )
    display_name: Line = Field(
        default="", description="Name of the group chat in messages; empty for its name here.", examples=["Shift Malam"]
    )
    salutation: Line = Field(default="", description="Words before the honorific and the name; empty for none.")
    honorific: Line = Field(
        default="",
        description="Word before the name; with neither this nor a salutation it is rekan-rekan in Indonesian.",
        examples=["Tim"],
    )
    closing: Line = Field(
        default="", description="Words at the end of what is written to the chat; empty for Terima kasih or Thank you."
    )
    language: Language = Field(default="id", description="Language of what is written to the chat.")
    send_hours: Hours | None = Field(
        default=None,
        description="The same for this group, and for its members without hours of their own.",
        examples=["06:00-21:00"],
    )
    quiet_hours: Hours | None = Field(
        default=None,
        description="The same for this group, and for its members without hours of their own.",
        examples=["21:00-05:30"],
    )
    zone: Zone | None = Field(
        default=None,
        description="Zone of those hours: WIB, WITA, WIT or an IANA name; else the business zone.",
        examples=["WITA"],
    )

    @model_validator(mode="after")
    def _list_or_chat(self) -> Self:
        if problem := group_problem(self.model_dump(exclude_unset=True)):
            raise wrong(problem)
        check_hours(self.send_hours, self.quiet_hours)
        return self

    def chat(self, name: str, ids: Mapping[str, str]) -> str | None:
        """The group chat's name in the store (`…@g.us`), or None for a distribution list.

        `name` is the group's own name and `ids` is `Settings.group_ids`: ids by group name.
        Raises `GroupUnresolvedError` where the environment does not have the id.
        """
        if self.chat_id != FROM_ENVIRONMENT:
            return self.chat_id
        variable = f"WA_GROUP_{name.upper().replace('-', '_')}_ID"
        if not (found := ids.get(name)):
            raise GroupUnresolvedError(
                f"{variable} is not set: it must have the id of the group chat {name!r} (…@g.us)"
            )
        try:
            recipient = Recipient.parse(found)
        except RecipientError as error:
            raise GroupUnresolvedError(f"{variable}: {error}; must be the id of a group chat (…@g.us)") from error
        if recipient.kind is not Kind.GROUP:
            raise GroupUnresolvedError(f"{variable}: found a {recipient.kind}, must be the id of a group chat (…@g.us)")
        return recipient.chat
