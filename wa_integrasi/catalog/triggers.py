"""What people may ask for in WhatsApp: phrases, arguments, a source, and who may."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from wa_integrasi.catalog.arguments import Argument
from wa_integrasi.catalog.fields import Entry, Flag, Line, Names, Roles, Slug, SourceKind, Statement, Title, wrong
from wa_integrasi.sources.http_query import path_problem


def _path(path: str) -> str:
    if problem := path_problem(path):
        raise wrong(problem)
    return path


Phrase = Annotated[Title, StringConstraints(max_length=80)]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\[\]-]{1,60}$")]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,60}$")]
Seconds = Annotated[int, Field(strict=True)]


class _Trigger(Entry):
    kind: str = Field(description="What it does.")
    title: Title = Field(description="Name as people read it, in menus and answers.", examples=["Suhu boiler"])
    phrases: tuple[Phrase, ...] = Field(
        min_length=1,
        description="Words that ask for it, the usual ones first. Capitals, accents and signs do not matter; "
        "no other trigger may have the same.",
        examples=[["suhu boiler", "boiler temperature"]],
    )
    description: Line = Field(default="", description="What it answers, for the menu.")
    section: Line = Field(default="", description="Heading of the menu that it stands under.", examples=["Produksi"])
    enabled: Flag = Field(default=True, description="Whether people may ask for it.")
    arguments: tuple[Argument, ...] = Field(
        default=(), max_length=8, description="What must be typed behind the phrase, in this order."
    )
    roles: Roles = Field(
        default=(),
        description="Roles that may run it. With neither roles nor groups nobody may.",
        examples=[["operator"]],
    )
    groups: Names = Field(
        default=(),
        description="Group chats in which it may be asked for, by those who have one of the roles; "
        "without roles by everybody there.",
    )
    cooldown_s: Seconds = Field(
        default=0, ge=0, le=86_400, description="Seconds before the same person may run it again."
    )
    confirm: Flag = Field(default=False, description="Whether it is dangerous: it runs after a one-time code.")
    approval: Slug | None = Field(
        default=None, description="Role of a second person who must agree before it runs.", examples=["kepala-shift"]
    )
    cache_s: Seconds = Field(
        default=0, ge=0, le=86_400, description="Seconds that an answer serves for equal questions."
    )
    timeout_s: Seconds = Field(default=10, ge=1, le=120, description="Seconds that its source may take.")
    max_rows: Annotated[int, Field(strict=True)] = Field(
        default=50, ge=1, le=10_000, description="Most rows of an answer; the rest is left out and said so."
    )


Overflow = Annotated[
    Literal["pages", "xlsx", "csv", "pdf"],
    Field(description="What an answer becomes that is too long for one message: pages, or its rows as a file."),
]

_SOURCE = "Name of the source block that it asks, as in the Prefect UI."
_TEMPLATE = (
    "Name of the chat template that makes the answer of rows, trigger, arguments, now, recipient, source and quality."
)


class SqlTrigger(_Trigger):
    """A query on a database."""

    kind: Literal["sql"] = Field(description="A query on a database, or on another source that takes queries.")
    source: Slug = Field(description=_SOURCE, examples=["pabrik"])
    source_kind: SourceKind = "sql"
    query: Statement = Field(
        description="One SELECT. Its binds are the arguments (:boiler, :hari_start of a date) and :now, as UTC text."
    )
    template: str = Field(description=_TEMPLATE)
    overflow: Overflow = "pages"


class PiTrigger(_Trigger):
    """Measuring points of a PI server."""

    kind: Literal["pi"] = Field(description="Measuring points of a PI server.")
    source: Slug = Field(description=_SOURCE, examples=["pi-pabrik"])
    tags: tuple[Title, ...] = Field(
        min_length=1,
        description="Names of the tags; {boiler} stands for an argument that is a whole number, a choice or a tag.",
        examples=[["BLR{boiler}.TI-01"]],
    )
    read: Literal["value", "recorded", "summary"] = Field(
        default="value",
        description="Their values now, or what was recorded or its summary over the days of the date argument.",
    )
    max_age_s: Seconds | None = Field(
        default=None,
        ge=1,
        le=31_536_000,
        description="Seconds after which a value of now is called stale below the answer; as long as it likes "
        "where there is none.",
    )
    template: str = Field(description=_TEMPLATE)
    overflow: Overflow = "pages"


class AiTrigger(_Trigger):
    """A question to an AI service."""

    kind: Literal["ai"] = Field(description="A question to an AI service, masked both ways.")
    source: Slug = Field(description=_SOURCE, examples=["ai"])
    prompt: Statement = Field(description="What the service is told to do with the arguments.")
    template: str | None = Field(
        default=None,
        description="Name of a chat template for the answer, which is rows[0].answer; the answer itself "
        "where there is none.",
    )


class ApiTrigger(_Trigger):
    """An HTTP GET to a host that its source allows."""

    kind: Literal["api"] = Field(description="An HTTP GET to a host that its source allows.")
    source: Slug = Field(description=_SOURCE, examples=["cuaca"])
    path: Annotated[Line, AfterValidator(_path)] = Field(
        description="Path behind that of the source; {kota} stands for an argument that is a whole number, a choice or "
        "a tag.",
        examples=["/v1/cuaca/{kota}"],
    )
    parameters: dict[ParameterName, Line] | None = Field(
        default=None,
        max_length=20,
        description="What goes into the query of the address: {hari}, {hari_start} or {hari_end} stands for an "
        "argument, other text for itself. Left out: every argument that is not in the path, under its own name.",
        examples=[{"q": "{kota}", "units": "metric"}],
    )
    rows_at: Line = Field(
        default="",
        description="Where the rows are in the JSON of the answer, as keys with dots or as a JSON pointer; empty: all "
        "of it.",
        examples=["data.list"],
    )
    columns: dict[ColumnName, Title] = Field(
        default_factory=dict,
        max_length=50,
        description="By column where in a row its value is; without them the keys of the rows are the columns.",
        examples=[{"suhu": "main.temp"}],
    )
    template: str = Field(description=_TEMPLATE)


class ReportTrigger(_Trigger):
    """A report, now."""

    kind: Literal["report"] = Field(description="A report, sent now to who asks.")
    report: str = Field(description="Name of the report. A date argument says for which day, week or month.")


class GroupTrigger(_Trigger):
    """Several triggers at once."""

    kind: Literal["group"] = Field(description="Several triggers at once.")
    triggers: Names = Field(
        min_length=1, description="Names of the triggers; each takes the arguments of the same names."
    )
    mode: Literal["parallel", "sequence"] = Field(
        default="parallel", description="Whether they run together, or one after the other."
    )


Trigger = Annotated[
    SqlTrigger | PiTrigger | AiTrigger | ApiTrigger | ReportTrigger | GroupTrigger, Field(discriminator="kind")
]
