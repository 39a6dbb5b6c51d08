"""`wa send`: one message to one chat, now."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Sequence
from typing import Annotated

import typer

from deployments.commands.output import AsJson, is_text, listing, why
from deployments.errors import NotThereError
from deployments.register import check_prefect
from wa_integrasi.accounts import known_accounts
from wa_integrasi.composing import compose_all, files_of
from wa_integrasi.content import Content, ContentError, load_content
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.history import Entry, History
from wa_integrasi.message import REACHED, Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.reporting import UnknownRecipientError, recipients_of
from wa_integrasi.settings import load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

_FOLLOWED_S = 90.0


def send(
    recipient: Annotated[
        str, typer.Argument(help="Phone number, chat id (…@g.us), or a contact or group of the catalog.")
    ],
    text: Annotated[str | None, typer.Argument(help="What to say; not with --template.")] = None,
    account: Annotated[str, typer.Option(help="Account that sends it.")] = "default",
    reply_to: Annotated[str | None, typer.Option(help="Provider's id of the message that this one quotes.")] = None,
    template: Annotated[str | None, typer.Option(help="Name of an approved template, in the place of a text.")] = None,
    language: Annotated[str, typer.Option(help="Language of the template.")] = "id",
    param: Annotated[
        list[str] | None, typer.Option(help="A parameter of the template's body; once for each, in their order.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Send it in this process, and say what became of it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a message before everything else that waits; exit code 1 if --wait sees that it was not sent."""
    content = _content(text, template, language, param or [])
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        _check_account(store, account)
        messages = _composed(
            store,
            [
                NewMessage(chat, content, account=account, priority=Priority.REPLY, reply_to=reply_to or None)
                for chat in _recipients(store, recipient, settings.group_ids)
            ],
        )
        if wait:
            ids = asyncio.run(_sent(store, account, messages, files_of(settings)))
        else:
            ids = [row.id for row in Outbox(store).enqueue(messages)]
        history = History(store)
        entries = sorted(history.messages(ids=ids, limit=len(ids)), key=lambda entry: entry.id)
        held = history.held_by(account)
        reasons = [why(entry, history.wait_of(entry.id), held, settings.timezone) for entry in entries]
    _tell(entries, reasons if wait or held is not None else [""] * len(entries), as_json=as_json)
    if wait and any(entry.status not in REACHED for entry in entries):
        raise typer.Exit(1)


async def _sent(store: Store, account: str, messages: Sequence[NewMessage], files: OutgoingFiles) -> list[int]:
    """Enqueue the messages and send until they have left; without the account's block nothing is enqueued."""
    from deployments.accounts import load_account
    from wa_integrasi.delivery import Delivery

    await check_prefect()
    block = await load_account(account)
    outbox = Outbox(store)
    async with block.sender() as sender:
        ids = [row.id for row in await asyncio.to_thread(outbox.enqueue, messages)]
        owner = f"{socket.gethostname()}:{os.getpid()}:wa send"
        await Delivery(outbox, {account: sender}, owner, files=files).follow(ids, _FOLLOWED_S)
    return ids


def _content(text: str | None, template: str | None, language: str, params: Sequence[str]) -> Content:
    if (text is None) == (template is None):
        raise typer.BadParameter("say either a text or a --template")
    if params and template is None:
        raise typer.BadParameter("--param belongs to a --template")
    if not all(is_text(part) for part in (text or "", *params)):
        raise typer.BadParameter("the text must be UTF-8")
    if text is not None and not text.strip():
        raise typer.BadParameter("the text is empty")
    try:
        if template is None:
            return load_content("text", text or "")
        return load_content("template", json.dumps({"name": template, "language": language, "body": params}))
    except ContentError as error:
        raise typer.BadParameter(str(error)) from None


def _recipients(store: Store, name: str, group_ids: dict[str, str]) -> list[Recipient]:
    try:
        return recipients_of(store, name, group_ids)
    except UnknownRecipientError as error:
        raise NotThereError(f"RECIPIENT: {error}{error.near}") from None
    except RecipientError as error:
        raise typer.BadParameter(f"RECIPIENT: {error}") from None


def _check_account(store: Store, account: str) -> None:
    """`default` may wait for its first 'wa deploy'; another must be known."""
    names = [known.name for known in known_accounts(store)]
    if account != "default" and account not in names:
        raise NotThereError.of("account", account, names, "; 'wa deploy' tells the store of new ones")


def _composed(store: Store, messages: Sequence[NewMessage]) -> list[NewMessage]:
    """What is to be enqueued: all of it or, when the channel could never send some of it, nothing."""
    composed = compose_all(store, messages)
    if composed.refused:
        raise typer.BadParameter("; ".join(str(error) for error in composed.refused))
    return composed.messages


def _tell(entries: Sequence[Entry], reasons: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "id": entry.id,
                "to": entry.masked,
                "status": entry.status,
                "error": entry.error_code,
                "reason": reason or None,
            }
            for entry, reason in zip(entries, reasons, strict=True)
        ]
        listing(rows, as_json=True, empty="")
        return
    for entry, reason in zip(entries, reasons, strict=True):
        typer.echo(f"message {entry.id} to {entry.masked}: {entry.status}{f' ({reason})' if reason else ''}")
