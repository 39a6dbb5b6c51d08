"""`wa trigger`: what people may ask for, and how a text of theirs is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from deployments.commands.output import AsJson, listing, shown
from deployments.errors import NotThereError
from wa_integrasi.answering.asking import asked_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.catalog.triggers import ApiTrigger, Trigger
from wa_integrasi.clock import utc_now
from wa_integrasi.commands import words
from wa_integrasi.commands.grammar import (
    Ambiguous,
    Builtin,
    Missing,
    NotForUs,
    Phrasebook,
    Reading,
    Run,
    Unknown,
    binds,
    dump,
    read,
)
from wa_integrasi.commands.permission import Allowed, Denied, may_run
from wa_integrasi.settings import load_settings
from wa_integrasi.sources.base import SourceError
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(no_args_is_help=True, help="What people may ask for in WhatsApp.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the triggers of the catalog."""
    rows = [
        {
            "name": name,
            "kind": trigger.kind,
            "phrases": ", ".join(trigger.phrases),
            "arguments": ", ".join(f"{argument.name}:{argument.kind}" for argument in trigger.arguments),
            "roles": ", ".join(trigger.roles),
            "groups": ", ".join(trigger.groups),
            "enabled": "yes" if trigger.enabled else "no",
        }
        for name, trigger in _catalog().triggers.items()
    ]
    listing(rows, as_json=as_json, empty="no triggers: 'wa catalog apply FILE' adds some")


@app.command("test")
def try_text(
    text: Annotated[str, typer.Argument(help="What somebody types.")],
    contact: Annotated[str, typer.Option("--as", help="Name of the contact who types it.")] = "",
    group: Annotated[str, typer.Option(help="Name of the group chat that it is typed in.")] = "",
    mentioned: Annotated[bool, typer.Option("--mentioned", help="It mentions the bot, or answers it.")] = False,
    language: Annotated[str, typer.Option(help="id or en; else that of the contact.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show how a text is read, and whether it may run; nothing is run."""
    settings, catalog = load_settings(), _catalog()
    person = catalog.contacts.get(contact)
    _check(catalog, contact, group, language)
    roles, now = person.roles if person else (), utc_now()

    def may(trigger: Trigger) -> Allowed | Denied:
        return may_run(trigger, roles, group or None)

    reading = read(
        text,
        Phrasebook.of(catalog.triggers, zone=settings.timezone),
        now=now,
        in_group=bool(group),
        mentioned=mentioned,
        language=language or (person.language if person else "id"),
        shown=lambda trigger: person is None or isinstance(may(trigger), Allowed),
    )
    told = _told(reading, catalog, settings.timezone, now)
    if isinstance(reading, Run | Missing) and person is not None:
        verdict = may(catalog.triggers[reading.trigger])
        told["allowed"] = "yes" if isinstance(verdict, Allowed) else f"no: {words.denied(verdict.reason, 'en')}"
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))
        return
    for key, value in told.items():
        match value:
            case dict():
                lines = [f"{name} = {each!r}" for name, each in value.items()]
            case list():
                lines = value or ["none"]
            case _:
                lines = [value]
        for line in lines:
            typer.echo(shown(f"{key:<12}{line}"))


def _told(reading: Reading, catalog: Catalog, zone: str, now: datetime) -> dict[str, Any]:
    match reading:
        case NotForUs():
            return {"reading": "not for the bot: in a group it must be mentioned, answered or given a prefix"}
        case Builtin(name, rest):
            return {"reading": "command of the system", "command": str(name), **({"rest": rest} if rest else {})}
        case Run(trigger, arguments):
            given = binds(arguments, zone, now)
            return {
                "reading": "run",
                "trigger": trigger,
                "arguments": dump(arguments),
                "binds": {f":{name}": value for name, value in given.items()},
                **_request(catalog.triggers[trigger], given),
            }
        case Missing():
            return {"reading": "incomplete", "trigger": reading.trigger, **_lacking(reading, catalog)}
        case Ambiguous(candidates):
            return {"reading": "ambiguous", "candidates": [candidate.text for candidate in candidates]}
        case Unknown(suggestions):
            return {"reading": "unknown", "suggestions": [candidate.text for candidate in suggestions]}


def _request(trigger: Trigger, given: Mapping[str, Any]) -> dict[str, str]:
    """What a web service would be asked."""
    if not isinstance(trigger, ApiTrigger):
        return {}
    try:
        return {"request": f"GET {asked_of(trigger).target(given)} of {trigger.source}"}
    except SourceError as error:
        return {"request": f"none: {error}"}


def _lacking(missing: Missing, catalog: Catalog) -> dict[str, Any]:
    trigger = catalog.triggers[missing.trigger]
    asked = next((argument for argument in trigger.arguments if argument.name == missing.argument), None)
    lacking: dict[str, Any] = {"argument": missing.argument or "none is left"}
    if asked is not None:
        lacking["expected"] = words.form(asked, "en")
    if missing.problem is not None:
        lacking["problem"] = f"'{missing.given}' {words.problem(missing.problem, 'en')}"
    return lacking


def _check(catalog: Catalog, contact: str, group: str, language: str) -> None:
    chats = [name for name, each in catalog.groups.items() if each.chat_id is not None]
    if language not in ("", "id", "en"):
        raise typer.BadParameter(f"--language: found {language!r}, must be one of: id, en")
    for kind, given, there in (("contact", contact, catalog.contacts), ("group chat", group, chats)):
        if given and given not in there:
            raise NotThereError.of(kind, given, there)


def _catalog() -> Catalog:
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        return load_catalog(store)
