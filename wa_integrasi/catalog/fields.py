"""What the fields of a catalog have in common: their types, and what is wrong with a value that is none."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from wa_integrasi.policy.hours import HoursError, SendHours, read_spans, zone_of
from wa_integrasi.recipient import Kind, Recipient, RecipientError

FROM_ENVIRONMENT = "env"
"""A group's `chat_id` that stands for the variable `WA_GROUP_<NAME>_ID`."""

SLUG = "^[a-z0-9][a-z0-9-]{0,62}$"


def wrong(text: str) -> PydanticCustomError:
    """A mistake in our own words."""
    return PydanticCustomError("catalog", "{text}", {"text": text})


def _storable(text: str) -> str:
    if "\0" in text:
        raise wrong("found the character U+0000, which no database keeps; must be text without it")
    return text


def _one_line(text: str) -> str:
    if len(text.splitlines()) > 1:
        raise wrong(f"found {len(text.splitlines())} lines, must be one line")
    return _storable(text)


def _something(text: str) -> str:
    if not text.strip():
        raise wrong("found nothing but spaces, must be text")
    return text


def _phone(text: str) -> str:
    try:
        recipient = Recipient.parse(text)
    except RecipientError as error:
        raise wrong(f"{error}; must be a phone number such as 0812-3456-7890 or +62 812-3456-7890") from error
    if recipient.kind is not Kind.PHONE:
        raise wrong(f"found the id of a {recipient.kind}, must be a phone number; group chats belong under groups")
    return recipient.chat


def _person_id(text: str) -> str:
    must = "must be the id by which a channel knows a person: …@lid, or a business-scoped user id such as ID.1a2b3c"
    try:
        recipient = Recipient.parse(text)
    except RecipientError as error:
        raise wrong(f"{error}; {must}") from error
    if recipient.kind not in (Kind.LID, Kind.BSUID):
        raise wrong(f"found a {recipient.kind}, {must}")
    return recipient.chat


def _group_chat(text: str) -> str:
    if text == FROM_ENVIRONMENT:
        return text
    must = f"must be the id of a group chat (120363…@g.us) or {FROM_ENVIRONMENT}"
    try:
        recipient = Recipient.parse(text)
    except RecipientError as error:
        raise wrong(f"{error}; {must}") from error
    if recipient.kind is not Kind.GROUP:
        raise wrong(f"found a {recipient.kind}, {must}")
    return recipient.chat


def _template(body: str) -> str:
    from wa_integrasi.text.template import TemplateError, compile_template

    try:
        compile_template(body)
    except TemplateError as error:
        raise PydanticCustomError(
            "template", "{text}", {"text": str(error), "reason": error.text, "line": error.line}
        ) from error
    return body


def _clock_time(text: str) -> str:
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])", text.strip())
    if not found:
        raise wrong(f"found {text[:20]!r}, must be a time of the day such as 07:00")
    return f"{int(found[1]):02}:{found[2]}"


def no_repeats(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of a list, each once."""
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise wrong(f"found {', '.join(map(repr, repeated))} more than once, must be once")
    return names


def _hours(text: str) -> str:
    try:
        read_spans(text)
    except HoursError as error:
        raise wrong(str(error)) from None
    return text


def check_hours(send: str | None, quiet: str | None) -> None:
    """Raise where quiet hours leave nothing of the send hours."""
    try:
        SendHours.of(send or "", quiet or "", "UTC")
    except HoursError as error:
        raise wrong(str(error)) from None


def _zone(name: str) -> str:
    try:
        zone_of(name)
    except HoursError as error:
        raise wrong(str(error)) from None
    return name


Slug = Annotated[str, StringConstraints(pattern=SLUG)]
SourceKind = Annotated[
    Slug,
    Field(
        description="Kind of that source: sql for a database, csv, http-json, or that of a plug-in. It says how a "
        "query is written.",
        examples=["csv"],
    ),
]
Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]
Title = Annotated[Line, AfterValidator(_something)]
Prose = Annotated[str, AfterValidator(_storable)]
Body = Annotated[Prose, StringConstraints(max_length=20_000), AfterValidator(_something), AfterValidator(_template)]
Statement = Annotated[Prose, StringConstraints(max_length=50_000), AfterValidator(_something)]
Names = Annotated[tuple[str, ...], AfterValidator(no_repeats)]
Roles = Annotated[tuple[Slug, ...], AfterValidator(no_repeats)]
Flag = Annotated[bool, Field(strict=True)]
Phone = Annotated[str, AfterValidator(_phone)]
PersonId = Annotated[str, AfterValidator(_person_id)]
GroupChat = Annotated[str, AfterValidator(_group_chat)]
Language = Literal["id", "en"]
Cadence = Literal["daily", "weekly", "monthly", "task_delivery"]
ClockTime = Annotated[str, AfterValidator(_clock_time)]
QueryName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Hours = Annotated[str, AfterValidator(_hours)]
Zone = Annotated[str, AfterValidator(_zone)]
WhenEmpty = Literal["nihil", "skip", "alert"]


class Entry(BaseModel):
    """One thing that a catalog defines."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
