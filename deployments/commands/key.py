"""`wa key`: who may use the Bot API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from deployments.commands.output import AsJson, listing, moment
from deployments.errors import NotThereError
from wa_integrasi.accounts import known_accounts
from wa_integrasi.clock import utc_now
from wa_integrasi.keys import PER_MINUTE, ApiKey, KeyRefusedError, Keyring, NoKeyError, Scope
from wa_integrasi.settings import Settings, load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

app = typer.Typer(no_args_is_help=True, help="Keys of the Bot API.")

Name = Annotated[str, typer.Argument(help="What the key is called, in the audit too: small letters, digits, dashes.")]


@app.command()
def create(
    name: Name,
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be said more than once.")],
    account: Annotated[
        list[str] | None, typer.Option(help="An account it may use; may be said more than once. All without it.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its first day without use, in WA_TIMEZONE.")
    ] = None,
    per_minute: Annotated[int, typer.Option(min=1, max=60_000, help="Requests a minute.")] = PER_MINUTE,
) -> None:
    """Make a key and print it. It is shown this once; the store has only its hash."""
    with _store() as (settings, store):
        _check_accounts(store, account or [])
        ends = expires.replace(tzinfo=ZoneInfo(settings.timezone)) if expires else None
        with _refusals():
            key = _keyring(settings, store).create(
                name, scope, accounts=account or [], expires_at=ends, per_minute=per_minute
            )
    typer.echo(key)


@app.command(name="list")
def list_keys(as_json: AsJson = False) -> None:
    """List all keys, also those that are revoked or have expired."""
    with _store() as (settings, store):
        keys = _keyring(settings, store).all()
    zone = None if as_json else settings.timezone
    listing([_row(key, zone) for key in keys], as_json=as_json, empty="no key; make one with: wa key create NAME")


@app.command()
def revoke(name: Name) -> None:
    """Let a key open nothing any more, at once and for good."""
    with _store() as (settings, store), _refusals():
        done = _keyring(settings, store).revoke(name)
    typer.echo(f"{name} is revoked" if done else f"{name} was revoked before")


@contextmanager
def _store() -> Iterator[tuple[Settings, Store]]:
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        yield settings, store


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except KeyRefusedError as error:
        raise typer.BadParameter(str(error)) from None
    except NoKeyError as error:
        raise NotThereError(str(error)) from None


def _keyring(settings: Settings, store: Store) -> Keyring:
    own = settings.bot_api_key
    return Keyring(store, own.get_secret_value() if own else None)


def _check_accounts(store: Store, names: Sequence[str]) -> None:
    known = ["default", *(account.name for account in known_accounts(store) if account.name != "default")]
    if unknown := [name for name in names if name not in known]:
        raise NotThereError.of("account", ", ".join(unknown), known, "; 'wa deploy' tells the store of new ones")


def _row(key: ApiKey, zone: str | None) -> dict[str, object]:
    moments = {
        "created": key.created_at,
        "last_used": key.last_used_at,
        "expires": key.expires_at,
        "revoked": key.revoked_at,
    }
    shown = {name: moment(at, zone) if at and zone else at and at.isoformat() for name, at in moments.items()}
    scopes, accounts = sorted(key.scopes), sorted(key.accounts) if key.accounts is not None else None
    return {
        "name": key.name,
        "good": key.is_good(utc_now()) if zone is None else "yes" if key.is_good(utc_now()) else "no",
        "scopes": scopes if zone is None else ", ".join(scopes),
        "accounts": accounts if zone is None else ", ".join(accounts or ["all"]),
        "per_minute": key.per_minute,
        **shown,
    }
