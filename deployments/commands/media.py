"""`wa media`: the files that people send."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from deployments.commands.output import AsJson, listing, moment
from deployments.errors import DeploymentError, NotThereError
from wa_integrasi.clock import utc_now
from wa_integrasi.intake.media import (
    MediaWork,
    State,
    Tidied,
    count_media,
    find_medium,
    list_media,
    read_media,
    rescan_media,
    tidy_media,
)
from wa_integrasi.privacy.scan import ClamAv, ScanFailed, scanner_of
from wa_integrasi.settings import Settings, SettingsError, load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

if TYPE_CHECKING:
    from wa_integrasi.privacy.vault import Vault

app = typer.Typer(no_args_is_help=True, help="Files that people send.")

_LARGEST = 2**63 - 1


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only files that stand here.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List files, newest first, by what was found of them; nothing of their content."""
    settings = load_settings()
    with _open(settings) as store:
        found = list_media(store, state, limit)
    rows = [
        {
            "id": each.id,
            "received": moment(each.received_at, settings.timezone),
            "account": each.account,
            "message": each.message_id,
            "kind": each.kind,
            "state": each.state,
            "type": each.mime_type,
            "size": each.size,
            "note": each.note,
        }
        for each in found
    ]
    listing(rows, as_json=as_json, empty="no files")


@app.command()
def export(
    media_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=_LARGEST, help="From 'wa media list'.")],
    out: Annotated[Path, typer.Option(help="Where to write it; an existing file is not overwritten.", dir_okay=False)],
) -> None:
    """Write a file that was found clean to the disk, decrypted."""
    settings = load_settings()
    with _open(settings) as store:
        if find_medium(store, media_id) is None:
            raise NotThereError(f"no file has the id {media_id}; 'wa media list' shows which there are")
        with _new_file(out) as file:
            size = asyncio.run(_export(settings, store, media_id, file))
    typer.echo(f"{out}: {size} bytes")


@app.command()
def rescan(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is kept or infected; until then none of it can be read.")
    ] = False,
) -> None:
    """Scan what is in quarantine, now."""
    settings = load_settings()
    scanner = scanner_of(settings.clamav)
    if not isinstance(scanner, ClamAv):  # with scanning off, what is infected would count as kept
        raise SettingsError(f"WA_CLAMAV: {settings.clamav or 'not set'}; 'wa media rescan' needs who scans")
    with _open(settings) as store:
        marked, counts = asyncio.run(_rescan(settings, store, scanner, everything=everything))
    standing = ", ".join(f"{state} {counts[state]}" for state in (State.KEPT, State.INFECTED, State.SCAN))
    typer.echo(f"scanned: {marked}; of all files there are now: {standing}")
    if counts[State.SCAN]:
        typer.echo("'wa media list --state scan' says why files stay in quarantine", err=True)
        raise typer.Exit(1)


@app.command()
def expire() -> None:
    """Delete files older than WA_MEDIA_DAYS and what crashes have left; bring the others under the current key."""
    settings = load_settings()
    with _open(settings) as store:
        typer.echo(str(asyncio.run(_expire(settings, store))))


@contextmanager
def _open(settings: Settings) -> Iterator[Store]:
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        yield store


async def _vault(settings: Settings) -> Vault:
    from blocks.vault import load_vault
    from deployments.register import check_prefect
    from wa_integrasi.privacy.vault import MediaKeys

    if settings.secret_key is None:
        raise SettingsError("WA_SECRET_KEY: not set; without it no file can be read")
    await check_prefect()
    return await load_vault(
        settings.media_path, MediaKeys(settings.secret_key.get_secret_value(), settings.former_keys)
    )


@contextmanager
def _new_file(out: Path) -> Iterator[BinaryIO]:
    """A file that only its owner can read, and that is there only when the block succeeds."""
    try:
        file = os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")
    except OSError as error:
        raise DeploymentError(f"{out} cannot be made: {error.strerror}") from None
    try:
        with file:
            yield file
    except BaseException as error:
        out.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DeploymentError(f"{out} cannot be written: {error.strerror}") from None
        raise


async def _export(settings: Settings, store: Store, media_id: int, file: BinaryIO) -> int:
    from wa_integrasi.privacy.vault import MissingMediaError

    vault, size = await _vault(settings), 0
    try:
        async for piece in read_media(store, vault, media_id):
            size += file.write(piece)
    except MissingMediaError as error:
        named = "WA_MEDIA_PATH says where, unless there is a Media vault block called 'default'"
        raise DeploymentError(f"{error} in {vault}; {named}") from None
    return size


async def _rescan(settings: Settings, store: Store, scanner: ClamAv, *, everything: bool) -> tuple[int, Counter[State]]:
    if isinstance(said := await scanner.version(), ScanFailed):
        raise DeploymentError(f"nothing was changed: {said.reason}")
    vault = await _vault(settings)
    marked = await asyncio.to_thread(rescan_media, store, utc_now(), everything=everything)
    work = MediaWork(store, vault, scanner, None)
    while await work.work():
        continue
    return marked, await asyncio.to_thread(count_media, store)


async def _expire(settings: Settings, store: Store) -> Tidied:
    vault = await _vault(settings)
    return await tidy_media(store, vault, timedelta(days=settings.media_days), utc_now())
