"""Triggers on their way to be run: rights, cooldown, one-time codes, and the consent of a second person."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from wa_integrasi.answering.case import Case
from wa_integrasi.answering.decision import Decision, Demand, Order, Reply
from wa_integrasi.answering.sayings import told
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands import offering, words
from wa_integrasi.commands.confirming import Confirmation, Verdict, check, demand
from wa_integrasi.commands.grammar import Value, dump, load
from wa_integrasi.commands.permission import Denied
from wa_integrasi.commands.showing import described
from wa_integrasi.reporting import LOCALES
from wa_integrasi.text.locale import Locale

APPROVAL = "waits for approval"
"""The note of a command that somebody else has to approve."""


def run(case: Case, name: str, arguments: Mapping[str, Value], *, confirmed: bool = False) -> Decision:
    """Run a trigger, if they may, and ask for a code or for consent first, where it wants that."""
    trigger, language = case.book.triggers[name], case.asker.language
    if isinstance(denied := case.may(trigger), Denied):
        return case.deny(trigger, denied)
    title = words.short(trigger.title)
    if (wait := _cooldown(case, name, trigger)) > 0:
        return case.refuse(told("cooldown", language, title, wait), f"{name}: cooldown")
    if trigger.confirm and not confirmed:
        return _confirmation_asked(case, name, arguments)
    if trigger.approval:
        return _approvers_asked(case, name, arguments)
    memory = case.after(page=None, confirmation=None) if confirmed else case.after(page=None)
    return Order(name, arguments, memory, confirmed)


def _cooldown(case: Case, name: str, trigger: Trigger) -> int:
    """Seconds until they may run it again."""
    if not trigger.cooldown_s or case.asker.sender is None:
        return 0
    ran_at = case.ledger.ran_at(case.asker.account, case.asker.sender, name)
    if ran_at is None or ran_at > case.now:
        return 0
    return math.ceil(trigger.cooldown_s - (case.now - ran_at).total_seconds())


def _confirmation_asked(case: Case, name: str, arguments: Mapping[str, Value]) -> Reply:
    """Ask who asks for a code of their own."""
    trigger, asker = case.book.triggers[name], case.asker
    sender = asker.sender or asker.chat
    waiting, code = demand(name, dump(arguments), sender=sender, chat=asker.chat, now=case.now, by=case.code)
    what = described(trigger, arguments, Locale(LOCALES[asker.language], case.zone))
    said = words.say("confirm", asker.language, words.short(trigger.title), what, code)
    reply = case.say(said, f"{name}: asked for a code", confirmation=waiting)
    return replace(reply, offer=offering.yes_or_cancel(said, code, case.code, asker.language))


def _approvers_asked(case: Case, name: str, arguments: Mapping[str, Value]) -> Reply:
    """Ask everybody else who has the role, each in their own chat by a code of their own."""
    trigger, asker = case.book.triggers[name], case.asker
    own = asker.contact.phone if asker.contact else asker.sender
    people = {contact.phone: contact for contact in case.catalog.contacts.values() if trigger.approval in contact.roles}
    others = [contact for phone, contact in people.items() if phone != own]
    title = words.short(trigger.title)
    if not others:
        return case.refuse(told("nobody_approves", asker.language, title), f"{name}: nobody approves")
    demands = []
    for contact in others:
        phone, language = contact.phone, contact.language
        waiting, code = demand(
            name,
            dump(arguments),
            sender=phone,
            chat=phone,
            now=case.now,
            asked_by=asker.sender,
            request=case.command.id,
            by=case.code,
        )
        what = described(trigger, arguments, Locale(LOCALES[language], case.zone))
        said = words.say("approve", language, words.short(asker.shown), title, what, code)
        demands.append(Demand(phone, said, waiting, offering.yes_or_cancel(said, code, case.code, language)))
    reply = case.say(told("approval_asked", asker.language, len(others), title), APPROVAL, confirmation=None)
    return replace(reply, demands=tuple(demands))


def code_given(case: Case, code: str) -> Decision:
    """What somebody gets who answers `ya 123456`."""
    asker, waiting = case.asker, case.dialog.memory.confirmation
    if not code:
        open_one = told("code_missing", asker.language)
        said = words.verdict(Verdict.NONE_OPEN, asker.language) if waiting is None else open_one
        return case.say(said, "no code was given")
    sender, chat = asker.sender or asker.chat, asker.chat
    if waiting is not None and waiting.sender in asker.addresses:
        sender = waiting.sender  # the channel knows them by another name today
        chat = waiting.chat if asker.group is None and waiting.chat in asker.addresses else chat
    found, left = check(waiting, code, sender=sender, chat=chat, now=case.now)
    if waiting is None or found is not Verdict.RIGHT:
        said = words.verdict(found, asker.language, left.tries if left else 0)
        return case.refuse(said, f"code: {found}", confirmation=left)
    trigger = case.book.triggers.get(waiting.trigger)
    arguments = _loaded(case, waiting)
    if trigger is None or arguments is None:
        return case.refuse(told("changed", asker.language), "code: the trigger has changed", confirmation=None)
    if waiting.request is None:
        return run(case, waiting.trigger, arguments, confirmed=True)
    if trigger.approval not in asker.roles:
        return case.refuse(told("changed", asker.language), "code: may not approve any more", confirmation=None)
    if not case.ledger.approve(waiting.request, case.command.id):
        return case.refuse(told("decided", asker.language), "code: decided already", confirmation=None)
    memory = case.after(confirmation=None)
    return Order(waiting.trigger, arguments, memory, confirmed=True, request=waiting.request)


def _loaded(case: Case, waiting: Confirmation) -> Mapping[str, Value] | None:
    """The arguments that were to be confirmed; None where the trigger takes others by now."""
    trigger = case.book.triggers.get(waiting.trigger)
    if trigger is None or set(waiting.arguments) != {argument.name for argument in trigger.arguments}:
        return None
    try:
        return load(waiting.arguments, trigger.arguments)
    except ValueError:
        return None
