"""`wa new`: a small beginning that works, with its test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from wa_integrasi.catalog.names import taken_in
from wa_integrasi.catalog.phrases import phrase_problem
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.migrating import check_revision

_TEXTS = Path(__file__).parent.parent / "starting"
_OWN_FLOWS = "own_flows"
"""Where flows go outside of a clone: a folder `flows` would hide the package of that name."""

_YAML = """\
  - name: {name}
    entrypoint: {package}.{identifier}.{identifier}
    work_pool: *pool
    parameters: {{ day: "2026-11-19", to: ["+628120000001"] }}
"""

app = typer.Typer(no_args_is_help=True, help="Write a small report, trigger or flow to begin with, and its test.")

Name = Annotated[str, typer.Argument(help="Name of it: small letters, digits and dashes.")]
Folder = Annotated[Path, typer.Option(help="The folder of your project.")]


@app.command()
def report(name: Name, folder: Folder = Path()) -> None:
    """Write a report with its chat template, and a test that passes."""
    files = {f"catalog/{name}.yaml": "report.yaml", f"tests/test_{_identifier(name)}.py": "test_report.py"}
    _check_free(name, folder, "reports")
    _write(name, folder, files)
    typer.echo(f"\npytest tests/test_{_identifier(name)}.py\nwa catalog check catalog")


@app.command()
def trigger(name: Name, folder: Folder = Path()) -> None:
    """Write a trigger with its chat template, and a test that passes."""
    files = {f"catalog/{name}.yaml": "trigger.yaml", f"tests/test_{_identifier(name)}.py": "test_trigger.py"}
    if problem := phrase_problem(name.replace("-", " ")):
        raise typer.BadParameter(f"people would type it, and {problem}", param_hint="NAME")
    _check_free(name, folder, "triggers")
    _write(name, folder, files)
    typer.echo(f"\npytest tests/test_{_identifier(name)}.py\nwa catalog check catalog")


@app.command()
def flow(name: Name, folder: Folder = Path()) -> None:
    """Write a flow, and a test that passes; says what prefect.yaml needs for it."""
    identifier = _identifier(name)
    package = "flows" if (folder / "flows" / "rekap.py").exists() else _OWN_FLOWS
    files = {f"{package}/{identifier}.py": "flow.py", f"tests/test_{identifier}.py": "test_flow.py"}
    _write(name, folder, files, package=package)
    typer.echo(
        f"\npython -m pytest tests/test_{identifier}.py\n\nTo deploy it, add below `deployments:` in prefect.yaml:"
    )
    typer.echo(_YAML.format(name=name, package=package, identifier=identifier), nl=False)


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 40:
        raise typer.BadParameter(
            f"found {name[:60]!r}, must be small letters, digits and dashes, such as rekap-produksi", param_hint="NAME"
        )
    return name.replace("-", "_")


def _check_free(name: str, folder: Path, kind: str) -> None:
    """Raise `BadParameter` where a part that is to be written would take the place of another one."""
    taken = {**dict.fromkeys(_in_store(), "the store"), **taken_in(folder / "catalog")}

    def there(wanted: str) -> list[str]:
        return [part for part in (f"chat_templates.{wanted}", f"{kind}.{wanted}") if part in taken]

    if there(name) and not (folder / "catalog" / f"{name}.yaml").exists():
        free = next(f"{name}-{number}" for number in count(2) if not there(f"{name}-{number}"))
        found = " and ".join(f"{part} ({taken[part]})" for part in there(name))
        raise typer.BadParameter(f"there already: {found}; choose another name, such as {free}", param_hint="NAME")


def _in_store() -> Iterable[str]:
    """The parts of the catalog in force; of a store that is not there yet none, and that is said."""
    try:
        with Store.open(load_settings().database_url.get_secret_value(), create=False) as store:
            check_revision(store)
            catalog = load_catalog(store)
    except (SettingsError, StoreError) as error:
        typer.echo(f"note: which names the store has is not known: {str(error).splitlines()[0]}", err=True)
        return ()
    parts: Mapping[str, Iterable[str]] = {
        "chat_templates": catalog.chat_templates,
        "reports": catalog.reports,
        "triggers": catalog.triggers,
    }
    return [f"{kind}.{name}" for kind, names in parts.items() for name in names]


def _write(name: str, folder: Path, files: dict[str, str], package: str = "") -> None:
    """Write `files` from their texts, all or none; the shared ones only where they are missing."""
    identifier, words = _identifier(name), name.replace("-", " ")
    known = {"name": name, "identifier": identifier, "title": words.title(), "phrase": words, "package": package}
    if there := [path for path in files if (folder / path).exists()]:
        raise typer.BadParameter(f"{', '.join(there)} is there already: choose another name", param_hint="NAME")
    shared = {"tests/conftest.py": "conftest.py"}
    if not (folder / "pyproject.toml").exists():
        shared["pytest.ini"] = "pytest.ini"
    if any(path.startswith("catalog/") for path in files):
        shared["catalog/people.yaml"] = "people.yaml"
    if package == _OWN_FLOWS:
        shared[f"{package}/__init__.py"] = "init.py"
    for path, text in {
        **files,
        **{path: text for path, text in shared.items() if not (folder / path).exists()},
    }.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(
            Template((_TEXTS / f"{text}.txt").read_text(encoding="utf-8")).substitute(known), encoding="utf-8"
        )
        typer.echo(f"written: {place}")
