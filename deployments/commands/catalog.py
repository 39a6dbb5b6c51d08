"""`wa catalog`: reports, triggers, chat templates, groups and contacts between YAML files and the database."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from deployments.commands.output import AsJson
from deployments.errors import DeploymentError
from wa_integrasi.catalog.problems import CatalogError, Problem
from wa_integrasi.catalog.reading import check_catalog_files, json_schema, read_catalog_files
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.catalog.uses import shared_phone_text
from wa_integrasi.catalog.writing import write_catalog
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(no_args_is_help=True, help="Reports, triggers, chat templates, groups and contacts as YAML.")

Files = Annotated[list[Path], typer.Argument(help="YAML files, or folders of them.", exists=True)]


@app.command()
def check(
    files: Files,
    strict: Annotated[bool, typer.Option("--strict", help="Fail when there are warnings too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check files without a database; every mistake is named with file, line and field.

    What a phone would show otherwise than a chat template means is a warning, and a number that two contacts have.
    """
    if as_json:
        _tell_programs(files, strict)
        return
    catalog, doubts = check_catalog_files(files)
    for doubt in doubts:
        typer.echo(f"warning: {doubt}", err=True)
    kinds = [
        *((len(catalog.reports), "report", "reports"), (len(catalog.triggers), "trigger", "triggers")),
        *((len(catalog.chat_templates), "chat template", "chat templates"), (len(catalog.groups), "group", "groups")),
        *((len(catalog.contacts), "contact", "contacts"), (len(catalog.policies), "policy", "policies")),
    ]
    if strict and doubts:
        raise DeploymentError(f"found {len(doubts)} {'warning' if len(doubts) == 1 else 'warnings'}, must be none")
    typer.echo("good: " + ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in kinds))


def _tell_programs(files: list[Path], strict: bool) -> None:
    """Everything as one object, mistakes too: they are what was asked for."""
    problems: Sequence[Problem] = ()
    doubts: Sequence[Problem] = ()
    try:
        _, doubts = check_catalog_files(files)
    except CatalogError as error:
        problems = error.problems
    good = not problems and not (strict and doubts)
    told = {"ok": good, "problems": [*map(_as_dict, problems)], "warnings": [*map(_as_dict, doubts)]}
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    raise typer.Exit(0 if good else 1)


def _as_dict(problem: Problem) -> dict[str, str | int | None]:
    place = problem.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "field": problem.path or None,
        "text": problem.text,
    }


@app.command("apply")
def apply_(
    files: Files,
    prune: Annotated[bool, typer.Option(help="Also remove what the files do not have.")] = False,
) -> None:
    """Make the database say what the files say, all of it or nothing.

    Shows what is new (+), replaced (~, with who else uses it) and removed (-), and whose STOP goes along to a new
    number.
    """
    catalog = read_catalog_files(files)
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        changes = apply_catalog(store, catalog, prune=prune, actor=f"cli:{getpass.getuser()}")
    for mark, names in (("+", changes.created), ("~", changes.changed), ("-", changes.removed)):
        for name in names:
            others = ", ".join(changes.also_used_by.get(name, ()))
            typer.echo(f"{mark} {name}{others and f' (also used by {others})'}")
    typer.echo(f"{changes.same} unchanged")
    for each in changes.carried:
        typer.echo(
            f"note: {each.contact} had said STOP under {each.said_under} ({each.account}); it stays so under "
            f"{', '.join(each.holds_for)} until they write START (or 'wa contact start {each.contact} --reason …')"
        )
    for name, other in changes.shared_phones.items():
        typer.echo(f"warning: contacts.{name}.phone: {shared_phone_text(other)}", err=True)


@app.command()
def export() -> None:
    """Print the catalog in force as YAML."""
    with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        typer.echo(write_catalog(load_catalog(store)), nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of catalog files, for editors."""
    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
