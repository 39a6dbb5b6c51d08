"""`wa template preview`: a chat template with real rows of its report, or with rows from a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from deployments.commands.previewing import Dark, Param, given_by, warn, written
from deployments.errors import DeploymentError, NotThereError, RegistrationError
from deployments.register import check_prefect
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.reading import read_catalog_files
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import utc_now
from wa_integrasi.reporting import Addressee, ReportData, due_reports, read_data, report_text, with_parameters
from wa_integrasi.settings import load_settings
from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.sources.base import Rows
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.text.moments import moment_of
from wa_integrasi.text.split import split

_NO_ROWS = Rows((), ())


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows from a file."""

    rows: Rows
    queries: Mapping[str, Rows] = field(default_factory=dict)
    previous: Rows = _NO_ROWS


def preview(
    name: Annotated[str, typer.Argument(help="Name of a chat template of the catalog.")],
    rows: Annotated[
        Path | None,
        typer.Option(help="JSON with rows (a list of objects, or rows, queries and previous); else the report's own."),
    ] = None,
    catalog: Annotated[
        list[Path] | None, typer.Option(help="A YAML file or folder to take the catalog from; else what is stored.")
    ] = None,
    to: Annotated[str, typer.Option(help="A contact or group chat of the catalog to write to.")] = "",
    png: Annotated[Path | None, typer.Option(help="Picture to write: the message as a phone shows it.")] = None,
    dark: Dark = False,
    param: Param = None,
) -> None:
    """Show what a chat template becomes, and what of it a phone would not show as it is meant; nothing is sent."""
    from wa_integrasi.text.linting import lint
    from wa_integrasi.text.phone import Bubble, phone_picture

    known = read_catalog_files(catalog) if catalog else _stored()
    if name not in known.chat_templates:
        raise NotThereError.of("chat template", name, known.chat_templates)
    sample, now = _sample(rows) if rows else None, utc_now()
    parts = split(_text(known, name, sample, to, given_by(param), now))
    for part in parts:
        typer.echo(f"{part}\n")
    for finding in lint(known.chat_templates[name].body):
        typer.echo(f"warning: template, line {finding.line}: {finding.text}", err=True)
    warn(parts)
    if png is not None:
        picture = phone_picture([Bubble(part) for part in parts], dark=dark)
        typer.echo(f"written: {written('--png', png, picture)}")


def _stored() -> Catalog:
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        check_revision(store)
        return load_catalog(store)


def _text(catalog: Catalog, name: str, sample: Sample | None, to: str, given: Mapping[str, str], now: datetime) -> str:
    for report, definition in catalog.reports.items():
        if name in (definition.template, *definition.templates.values()):
            return _of_report(catalog, report, name, sample, to, given, now)
    for trigger, asked in catalog.triggers.items():
        if getattr(asked, "template", None) == name:
            return _of_trigger(catalog, trigger, sample, to, given, now)
    raise DeploymentError(f"no report and no trigger uses the chat template {name}, so nobody knows what it is given")


def _of_report(
    catalog: Catalog, report: str, name: str, sample: Sample | None, to: str, given: Mapping[str, str], now: datetime
) -> str:
    used = catalog.reports[report].model_copy(update={"template": name, "templates": {}})
    known = catalog.model_copy(update={"reports": {report: used}})
    slot = Slot.ended(now, Cadence(used.cadence), load_settings().timezone)
    job = with_parameters(due_reports(known, slot, [report])[0], given)
    if sample is None:
        from blocks.sources import load_source

        try:
            asyncio.run(check_prefect())
        except RegistrationError as error:
            raise RegistrationError(f"{error}; or show rows of yours, with --rows FILE") from None
        data = read_data(job, load_source(used.source, used.source_kind))
    else:
        most = used.max_rows
        queries = {query: sample.queries.get(query, _NO_ROWS).capped(most) for query in used.queries}
        data = ReportData(sample.rows.capped(most), queries=queries, previous=sample.previous.capped(most))
    return report_text(job, data, _reader(catalog, to or used.recipients[0]), now)


def _of_trigger(
    catalog: Catalog, name: str, sample: Sample | None, to: str, given: Mapping[str, str], now: datetime
) -> str:
    from wa_integrasi.answering.fetching import Found
    from wa_integrasi.answering.leaves import Leaf
    from wa_integrasi.answering.telling import answer_of
    from wa_integrasi.commands.given import GivenError, read_given
    from wa_integrasi.commands.grammar import Reader, Setting

    if sample is None:
        raise typer.BadParameter(f"--rows: the trigger {name} uses this template; give rows for it, as JSON")
    zone, trigger = load_settings().timezone, catalog.triggers[name]
    setting = Setting("id", now.astimezone(ZoneInfo(zone)).date())
    try:
        arguments = read_given([Reader.of(each) for each in trigger.arguments], given, setting, "--param")
    except GivenError as error:
        raise typer.BadParameter(str(error)) from None
    leaf = Leaf(name, trigger, arguments, ())
    found = Found(sample.rows.capped(trigger.max_rows), now, getattr(trigger, "source", ""))
    answer = answer_of([leaf], [found], catalog, _reader(catalog, to), zone, "K0")
    if answer.failed:
        raise DeploymentError("; ".join(answer.troubles))
    return answer.text


def _reader(catalog: Catalog, to: str) -> Addressee:
    """Who the preview is written to: a contact or a group, of a list its first member."""
    if to in catalog.groups and catalog.groups[to].members:
        to = catalog.groups[to].members[0]
    if to in catalog.groups:
        group = catalog.groups[to]
        return Addressee.of_group(to, group, "120363000000000000@g.us")
    if to not in catalog.contacts and to:
        raise NotThereError.of("contact or group", to, [*catalog.contacts, *catalog.groups])
    if not catalog.contacts:
        raise DeploymentError("the catalog has no contact to write to")
    return Addressee.of(catalog.contacts[to or next(iter(catalog.contacts))])


def _sample(file: Path) -> Sample:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        parts = {"rows": read} if isinstance(read, list) else dict(read)
        queries = {name: _rows(each) for name, each in dict(parts.pop("queries", {})).items()}
        rows, previous = _rows(parts.pop("rows", [])), _rows(parts.pop("previous", []))
    except OSError as error:
        raise typer.BadParameter(f"--rows: {file} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        parts = {"": None}
    if parts:
        must = "a JSON list of objects, or an object with rows, queries and previous"
        raise typer.BadParameter(f"--rows: {file} must be {must}")
    return Sample(rows, queries, previous)


def _rows(objects: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows as a source gives them; a text that is a day or a moment is one."""
    columns = tuple(dict.fromkeys(column for each in objects for column in each))
    values = tuple(tuple(_value(each.get(column)) for column in columns) for each in objects)
    return Rows(columns, values)


def _value(value: Any) -> Any:
    return moment_of(value) or value
