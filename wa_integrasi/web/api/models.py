"""What the Bot API takes and gives, as its OpenAPI document describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from wa_integrasi.catalog.fields import SLUG
from wa_integrasi.content import Content
from wa_integrasi.message import Priority

LARGEST_ID = 2**63 - 1


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must have no NUL character")
    return text


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Word = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]
TriggerName = Annotated[str, Field(pattern=SLUG, description="Name of a trigger of the catalog.")]
Account = Annotated[
    str, Field(min_length=1, max_length=200, description="The account that sends.", examples=["default"])
]
Recipient = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="A phone number, the id of a group (…@g.us), or the name of a contact or group of the catalog.",
        examples=["0812-3456-7890", "tim-produksi"],
    ),
]
Masked = Annotated[str, Field(description="Whom it is for, without the whole number.", examples=["+62…7890"])]
PriorityName = Literal["reply", "report", "bulk"]
PRIORITIES: dict[str, Priority] = {"reply": Priority.REPLY, "report": Priority.REPORT, "bulk": Priority.BULK}


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class NewMessage(_In):
    """A message to send."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"recipient": "0812-3456-7890", "content": {"type": "text", "body": "Mesin 3 jalan lagi"}},
                {
                    "recipient": "tim-produksi",
                    "content": {"type": "template", "name": "laporan_siap", "language": "id", "body": ["Kamis"]},
                },
            ]
        }
    )

    recipient: Recipient
    content: Annotated[Content, Field(discriminator="type")]
    account: Account = "default"
    priority: Annotated[PriorityName, Field(description="Who goes first when several wait.")] = "reply"
    reply_to: Annotated[
        str | None,
        Field(min_length=1, max_length=256, description="The channel's id of the message that this one quotes."),
    ] = None


class QueuedPart(_Out):
    """One row of the outbox."""

    id: int
    recipient: Masked
    status: str
    part: int
    parts: int


class LeftOut(_Out):
    """A member of a list to whom nothing goes."""

    recipient: Masked
    code: str
    reason: str


class Queued(_Out):
    """What was put into the outbox: several messages for a list of people, or where a text is too long for one."""

    id: Annotated[int, Field(description="The first message.")]
    status: Annotated[str, Field(examples=["pending"])]
    account: str
    recipient: Masked
    messages: list[QueuedPart]
    left_out: list[LeftOut]


class StatusStep(_Out):
    """One status change."""

    status: str
    at: datetime | None
    error_code: str | None
    error_text: str | None


class Waits(_Out):
    """What a message that has not left waits for."""

    due_at: datetime | None
    behind: Annotated[int | None, Field(description="The message of the same chat that goes before it.")]
    held: Annotated[str | None, Field(description="Why nothing of the account goes now.")]


class MessageSummary(_Out):
    """A message of the outbox, without what it says."""

    id: int
    account: str
    recipient: Masked
    status: str
    report: str | None
    slot: str | None
    part: int | None
    parts: int | None
    attempts: int | None
    created_at: datetime | None
    error_code: str | None
    error_text: str | None


class Message(MessageSummary):
    """A message with its way so far."""

    waits: Waits | None
    steps: list[StatusStep]


class MessagePage(_Out):
    """Messages, the newest first."""

    messages: list[MessageSummary]
    next: Annotated[str | None, Field(description="The `cursor` of the next page; null at the end.")]


Argument = Annotated[str, Field(max_length=1000)] | bool | int | float | None
ArgumentName = Annotated[str, Field(min_length=1, max_length=64)]


class TriggerRun(_In):
    """A trigger to run, and where its answer goes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"recipient": "tim-produksi", "arguments": {"unit": "mesin-3"}}]}
    )

    recipient: Recipient
    account: Account = "default"
    arguments: Annotated[dict[ArgumentName, Argument], Field(max_length=30)] = Field(default_factory=dict)


class QueuedCommand(_Out):
    """A command that waits to be answered."""

    id: int
    trigger: str
    state: Annotated[str, Field(examples=["waiting"])]
    account: str
    recipient: Masked


class CommandState(_Out):
    """Where a command stands."""

    id: int
    trigger: Annotated[str | None, Field(description="Null for what a person typed.")]
    state: Literal["waiting", "running", "answered", "refused", "failed"]
    account: str
    recipient: Masked
    attempts: int
    created_at: datetime
    ended_at: datetime | None
    note: Annotated[str | None, Field(description="Why it was refused or failed, or what it waits for.")]


ComplaintField = Annotated[str, Field(min_length=1, max_length=40)]


class NewComplaint(_In):
    """A complaint to be answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "complainant": "0812-3456-7890",
                    "text": "Pesanan belum sampai",
                    "fields": {"nama": "Siti", "unit": "Gudang 2"},
                }
            ]
        }
    )

    complainant: Recipient
    text: Annotated[
        str,
        Field(min_length=1, max_length=8000, description="The complaint; a heading “Pesan Komplain” is left out."),
        AfterValidator(_something),
    ]
    fields: Annotated[
        dict[ComplaintField, Annotated[str, Field(max_length=2000)]],
        Field(max_length=30, description="Its headers by their names; those that the text has are added."),
    ] = Field(default_factory=dict)
    account: Account = "default"


class Filed(_Out):
    """A complaint that was filed."""

    id: int
    ticket: Annotated[str, Field(description="What people are told.", examples=["K2611-00042"])]
    account: str
    complainant: Masked
    created_at: datetime


class AccountState(_Out):
    """Whether an account sends."""

    account: str
    channel: Annotated[str | None, Field(description="Null where 'wa deploy' has not told of it yet.")]
    sends: Annotated[bool, Field(description="Whether messages are taken for it now.")]
    circuit: Literal["closed", "open", "half_open"]
    session: Annotated[
        Literal["good", "lost"] | None,
        Field(description="Of a paired phone, as far as is known: `good` until it is found lost. Null for others."),
    ]
    code: str | None
    reason: str | None
    until: Annotated[datetime | None, Field(description="When the channel is tried again.")]


class Session(_Out):
    """Every account that the key may use."""

    accounts: list[AccountState]


class ProblemFault(_Out):
    """One thing that is wrong."""

    field: str
    reason: str


class ProblemDocument(_Out):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    detail: str
    code: Annotated[str, Field(description="For programs.")]
    errors: list[ProblemFault] = []
