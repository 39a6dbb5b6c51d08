"""What a catalog holds. The descriptions go into the JSON Schema that editors show."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from wa_integrasi.catalog.arguments import ChoiceArgument, DateArgument, IntArgument, NumberArgument
from wa_integrasi.catalog.calendars import WorkCalendar
from wa_integrasi.catalog.fields import (
    Body,
    Cadence,
    ClockTime,
    Entry,
    Flag,
    Language,
    Names,
    Prose,
    QueryName,
    Slug,
    SourceKind,
    Statement,
    Title,
    WhenEmpty,
    no_repeats,
    wrong,
)
from wa_integrasi.catalog.people import Contact, Group
from wa_integrasi.catalog.policies import IntakePolicy
from wa_integrasi.catalog.references import broken_references
from wa_integrasi.catalog.rules import REFERENCES, cadence_problem
from wa_integrasi.catalog.template_fields import broken_names
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.text.chart import Chart


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
        data = self.model_dump()
        found = chain(broken_references(data), ((at, text) for at, _, text in broken_names(data)))
        if broken := [f"{'.'.join(map(str, at))}: {text}" for at, text in found]:
            raise PydanticCustomError(REFERENCES, "{text}", {"text": "; ".join(broken)})
        return self

    @cached_property
    def holders(self) -> Mapping[str, str]:
        """By number the contact whose it is; of those who share one the first."""
        return {contact.phone: name for name, contact in reversed(self.contacts.items())}

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """By linked id or user id the contact whose it is; of those who share one the first."""
        return {each: name for name, contact in reversed(self.contacts.items()) for each in contact.ids}

    @property
    def intake(self) -> IntakePolicy:
        """What becomes of incoming messages; as the defaults say where nothing else is."""
        return self.policies.get("intake", IntakePolicy())
