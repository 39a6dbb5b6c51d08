"""The command line `wa`. Exit codes: 0 done, 1 failed, 2 wrong usage or settings."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from deployments.commands import (
    catalog,
    complaint,
    contact,
    key,
    media,
    messages,
    new,
    notice,
    outbox,
    report,
    session,
    source,
    subscription,
    template,
    trigger,
)
from deployments.commands.doctor import doctor
from deployments.commands.output import AsJson, is_text, listing
from deployments.commands.send import send
from deployments.commands.template_preview import preview
from deployments.errors import DeploymentError
from wa_integrasi.catalog.problems import CatalogError
from wa_integrasi.intake.media import MediaError
from wa_integrasi.policy.approval import TemplateRefused
from wa_integrasi.privacy.vault import VaultError
from wa_integrasi.reporting import ReportError
from wa_integrasi.session import SessionError
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.sources.base import SourceError
from wa_integrasi.store.engine import Store, StoreError

_WRONG_USAGE: Any = typer.BadParameter.__base__
"""What a bad parameter is one of, as are an unknown option and an unknown command."""


class Plain(TyperGroup):
    """Errors of usage in plain words: Typer begins some of them with pydantic's. For programs they are JSON too."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except _WRONG_USAGE as error:
            error.message = error.message.removeprefix("Value error, ")
            if "--json" in sys.argv:
                _fail(error.format_message(), error.exit_code)
            raise


app = typer.Typer(
    name="wa",
    cls=Plain,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(new.app, name="new")
app.add_typer(report.app, name="report")
app.add_typer(trigger.app, name="trigger")
app.add_typer(catalog.app, name="catalog")
app.add_typer(contact.app, name="contact")
app.add_typer(complaint.app, name="complaint")
app.add_typer(outbox.app, name="outbox")
app.add_typer(messages.app, name="messages")
app.add_typer(media.app, name="media")
app.add_typer(source.app, name="source")
app.add_typer(subscription.app, name="subscription")
template.app.command()(preview)
app.add_typer(template.app, name="template")
app.add_typer(session.app, name="session")
app.add_typer(key.app, name="key")
app.add_typer(notice.app, name="notice")
app.command()(send)
app.command()(doctor)


@app.callback()
def options(
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an unexpected error comes from.")] = False,
) -> None:
    """Reports and commands over WhatsApp."""


Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of the service.")]


@app.command()
def init() -> None:
    """Create the store, or bring it to the current shape."""
    from wa_integrasi.store.migrating import migrate

    with Store.open(load_settings().database_url.get_secret_value()) as store:
        typer.echo(f"the store is at revision {migrate(store)}")


@app.command()
def serve(
    port: Port = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    phone_file: Annotated[Path, typer.Option(help="Where the simulated phone keeps its messages.")] = Path("phone.db"),
) -> None:
    """Receive webhooks, show the console; needs the store only."""
    from deployments.children import check_port
    from deployments.serve import serve as serve_app

    check_port(host, port, "--port")
    serve_app(load_settings(), host, port, phone_file)


@app.command()
def live(
    budget: Annotated[float, typer.Option(min=1, max=3600, help="Seconds that a run of wa-gateway goes on for.")] = 60,
) -> None:
    """Send what falls due at once, in runs of its own; goes on while Prefect is away."""
    from deployments.live import live as work

    work(load_settings(), budget)


@app.command()
def deploy(
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; say what Prefect does not have as it should, and end with 1."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Register blocks, work pool, deployments and automations with the Prefect server of PREFECT_API_URL."""
    from deployments.register import check_prefect, register_automations, register_blocks
    from deployments.register import deploy as deploy_all

    settings = load_settings()
    if check:
        from deployments.drift import drift

        asyncio.run(check_prefect())
        found = asyncio.run(drift(settings))
        rows = [{"kind": d.kind, "name": d.name, "drift": d.is_, "what": d.what} for d in found]
        listing(rows, as_json=as_json, empty="Prefect has everything as it should be")
        raise typer.Exit(1 if found else 0)
    lines = [*asyncio.run(register_blocks(settings)), *(f"deployment {name}" for name in deploy_all())]
    for line in [*lines, *asyncio.run(register_automations())]:
        typer.echo(line)


@app.command()
def up(
    port: Port = 8080,
    prefect_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Prefect server.")] = 4200,
    demo: Annotated[bool, typer.Option("--demo", help="With a plant, a catalog and a phone of its own.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Run the demo's main job once and stop.")] = False,
    folder: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".wa"),
    postgres: Annotated[bool, typer.Option("--postgres", help="Store and Prefect on a PostgreSQL of its own.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Show also what the processes print.")] = False,
) -> None:
    """Start the Prefect server, the service, a worker and the runner; Ctrl-C stops them together."""
    from deployments.demo.once import once as main_job
    from deployments.demo.place import demo_place, demo_set_up
    from deployments.postgres import check_folder
    from deployments.up import own_place, stay_up

    if once and not demo:
        raise typer.BadParameter("--once needs --demo")
    if postgres:
        check_folder(folder)
    at = demo_place(folder, port, prefect_port) if demo else own_place(folder, port, prefect_port)
    set_up = [demo_set_up(at)] if demo else []
    show = typer.echo if logs else None
    asyncio.run(stay_up(replace(at, postgres=postgres), typer.echo, set_up, main_job if once else None, show))


_SAID = (
    CatalogError,
    DeploymentError,
    MediaError,
    ReportError,
    SessionError,
    SourceError,
    StoreError,
    TemplateRefused,
    VaultError,
)
"""Errors whose text is for people."""


def main() -> None:
    """Run `wa`; mistakes of people and outages become one clear line, never a stack trace."""
    os.umask(0o077)  # what is kept holds people's numbers and what was written to them
    logging.getLogger("EventsWorker").setLevel(logging.ERROR)  # Prefect's, which tells people of its own queue
    if bad := [number for number, argument in enumerate(sys.argv) if not is_text(argument)]:
        typer.echo(f"error: argument {bad[0]} of 'wa' is not UTF-8", err=True)
        sys.exit(2)
    try:
        app()
    except SettingsError as error:
        _fail(f"the environment is not right\n{error}", 2)
    except _SAID as error:
        _fail(str(error), 1)
    except Exception as error:
        if "--traceback" in sys.argv:
            raise
        _fail(f"{_line(error)}\n'wa --traceback …' shows where it comes from", 1)


def _fail(text: str, code: int) -> NoReturn:
    """End with what is wrong; for programs that asked for JSON it is one object of it."""
    told = json.dumps({"error": text}, ensure_ascii=False) if "--json" in sys.argv else f"error: {text}"
    typer.echo(told, err=True)
    sys.exit(code)


def _line(error: Exception) -> str:
    if type(error).__module__.startswith(("httpx", "httpcore")):
        return f"no Prefect server answers at PREFECT_API_URL={os.environ.get('PREFECT_API_URL', '(not set)')}"
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no details'])[0][:300]}"


if __name__ == "__main__":
    main()
