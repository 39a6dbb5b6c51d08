"""What a catalog holds. The descriptions go into the JSON Schema that editors show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from wa_integrasi.catalog.arguments import ChoiceArgument, DateArgument, IntArgument, NumberArgument
from wa_integrasi.catalog.calendars import WorkCalendar
from wa_integrasi.catalog.fields import (
    FROM_ENVIRONMENT,
    Body,
    Cadence,
    ClockTime,
    Entry,
    Flag,
    GroupChat,
    Hours,
    Language,
    Line,
    Names,
    Phone,
    Prose,
    QueryName,
    Roles,
    Slug,
    SourceKind,
    Statement,
    Title,
    WhenEmpty,
    Zone,
    check_hours,
    no_repeats,
    wrong,
)
from wa_integrasi.catalog.policies import IntakePolicy
from wa_integrasi.catalog.references import broken_references
from wa_integrasi.catalog.rules import REFERENCES, cadence_problem, group_problem
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.recipient import Kind, Recipient, RecipientError
from wa_integrasi.text.chart import Chart


class GroupUnresolvedError(LookupError):
    """The id of a group chat is not set, or is none. Its message names the variable."""


class Contact(Entry):
    """A person who receives reports or owns them."""

    phone: Phone = Field(
        description="Phone number with WhatsApp, as people write it; without a country code it is Indonesian. "
        "Put it in quotes, so that no other program reads it as a number.",
        examples=["0812-3456-7890", "+62 812-3456-7890"],
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


class ChatTemplate(Entry):
    """The text of a message, with places for data."""

    language: Language = Field(default="id", description="Language of the text; numbers and dates are written its way.")
    body: Body = Field(
        description="Jinja text; a block (|) keeps its lines. A line of --- alone is where a long message may be "
        "split. A report gives it rows, report, slot, now and recipient."
    )


Parameter = Annotated[IntArgument | NumberArgument | DateArgument | ChoiceArgument, Field(discriminator="kind")]


class ReportSummary(Entry):
    """Sentences by an AI, checked against the data before anybody reads them."""

    source: Slug = Field(description="Name of the AI block that writes them, as in the Prefect UI.", examples=["ai"])
    prompt: Annotated[Prose, StringConstraints(max_length=2_000)] = Field(
        default="", description="What they should speak of; empty for what matters most."
    )
    timeout_s: Annotated[int, Field(strict=True)] = Field(
        default=15, ge=1, le=60, description="Seconds that the report waits for them; then it goes without."
    )


class ReportChart(Chart):
    """A picture of a report's rows, sent behind its text."""

    query: str = Field(default="", description="Name of the query of `queries` that is drawn; empty for `query`.")


class Report(Entry):
    """A query whose rows are sent to people at set times."""

    title: Title = Field(description="Name of the report as people read it.", examples=["Rekap Produksi Harian"])
    description: Prose = Field(default="", description="What it says and who needs it; for the console, never sent.")
    cadence: Cadence = Field(
        description="How often it goes out: for each day, week or month that has ended; task_delivery: every half "
        "hour, when its rows have changed."
    )
    always: Annotated[tuple[ClockTime, ...], AfterValidator(no_repeats)] = Field(
        default=(),
        description="Only of task_delivery: times of the day at which it goes out though nothing has changed.",
        examples=[["07:00", "15:00"]],
    )
    only_when_changed: Flag = Field(
        default=True, description="Only of task_delivery: whether it is left out when its rows are as last told."
    )
    enabled: Flag = Field(default=True, description="Whether it is sent on its schedule.")
    owner: str = Field(description="Name of the contact who is told when the report fails.")
    source: Slug = Field(
        description="Name of the source block that the query runs on, as in the Prefect UI.", examples=["pabrik"]
    )
    source_kind: SourceKind = "sql"
    parameters: tuple[Parameter, ...] = Field(
        default=(),
        max_length=8,
        description="What may be chosen when it is run by hand or asked for by a trigger; on schedule their defaults "
        "count. Queries have them as binds, the template as parameters.",
    )
    query: Statement = Field(
        description="One SELECT. Binds: :slot_start and :slot_end, the period's start (within) and end (without) as "
        "UTC text such as 2026-11-18T17:00:00+00:00, :slot_date, its first local day as 2026-11-19, :as_of, as of when "
        "(the period's end unless it is said), :as_of_date, that day, and the parameters."
    )
    queries: dict[QueryName, Statement] = Field(
        default_factory=dict,
        max_length=8,
        description="More SELECTs with the same binds, by the names under which the template has their rows: "
        "queries.NAME.",
    )
    compare: Flag = Field(
        default=False, description="Whether the query also runs for the period before: the template's previous."
    )
    template: str = Field(description="Name of the chat template that turns the rows into a message.")
    templates: dict[Language, str] = Field(
        default_factory=dict,
        description="Names of chat templates for recipients of another language, by language.",
        examples=[{"en": "rekap-en"}],
    )
    recipients: Names = Field(min_length=1, description="Names of the contacts and groups that receive it.")
    when_empty: WhenEmpty = Field(
        default="nihil",
        description="When there are no rows: send a short NIHIL message, skip the report, or alert its owner.",
    )
    summary: ReportSummary | None = Field(
        default=None,
        description="One to three sentences by an AI: the template's summary, or behind the text where it has none.",
    )
    chart: ReportChart | None = Field(default=None, description="A picture of the rows, sent behind the text.")
    attach: Literal["xlsx", "csv", "pdf"] | None = Field(
        default=None, description="The rows as a file, sent behind the text."
    )
    attach_when: Literal["always", "overflow"] = Field(
        default="always", description="When the file is sent: always, or if there are more rows than max_rows."
    )
    account: Slug = Field(default="default", description="WhatsApp account that sends it.")
    calendar: str | None = Field(default=None, description="Name of the calendar that on_holiday and others go by.")
    workdays_only: Flag = Field(
        default=False, description="For a daily report: whether it is left out for days on which nobody works."
    )
    on_holiday: Literal["send", "skip", "next_workday"] = Field(
        default="send",
        description="When it would go out on a day off: send it all the same, skip it, or make it and send it on the "
        "next workday at the same time.",
    )
    shift: str | None = Field(
        default=None, description="For a daily report: the shift of its calendar that it speaks of, not the whole day."
    )
    urgent: Flag = Field(
        default=False, description="Whether it goes at any hour, before what waits for its readers' hours."
    )
    expires_h: Annotated[int, Field(strict=True)] | None = Field(
        default=None,
        ge=1,
        le=720,
        description="Hours after which it is of no use: what has not left by then is not sent, and the owner is told.",
    )
    max_rows: Annotated[int, Field(strict=True)] = Field(
        default=200,
        ge=1,
        le=10_000,
        description="Most rows that the text has; the rest is left out and said so.",
    )

    @model_validator(mode="after")
    def _fits_its_cadence(self) -> Self:
        if problem := cadence_problem(self.model_dump(include={"cadence", "always", "only_when_changed", "compare"})):
            raise wrong(problem)
        return self


class Catalog(Entry):
    """Everything that data engineers define: contacts, groups, chat templates, reports and triggers, by name."""

    version: Literal[1] = Field(description="Version of this file format.")
    contacts: dict[Slug, Contact] = Field(default_factory=dict, description="People, by name.")
    calendars: dict[Slug, WorkCalendar] = Field(default_factory=dict, description="Calendars of plants, by name.")
    groups: dict[Slug, Group] = Field(default_factory=dict, description="Distribution lists and group chats, by name.")
    chat_templates: dict[Slug, ChatTemplate] = Field(default_factory=dict, description="Message texts, by name.")
    reports: dict[Slug, Report] = Field(default_factory=dict, description="Reports, by name.")
    triggers: dict[Slug, Trigger] = Field(
        default_factory=dict, description="What people may ask for in WhatsApp, by name."
    )
    policies: dict[Literal["intake"], IntakePolicy] = Field(
        default_factory=dict, description="What becomes of incoming messages, under the name intake."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if broken := [f"{'.'.join(map(str, at))}: {text}" for at, text in broken_references(self.model_dump())]:
            raise PydanticCustomError(REFERENCES, "{text}", {"text": "; ".join(broken)})
        return self

    @property
    def intake(self) -> IntakePolicy:
        """What becomes of incoming messages; as the defaults say where nothing else is."""
        return self.policies.get("intake", IntakePolicy())
