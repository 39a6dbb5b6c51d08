"""The commands of the system itself."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from wa_integrasi.answering.case import Case
from wa_integrasi.answering.decision import Decision, Reply
from wa_integrasi.answering.sayings import told
from wa_integrasi.answering.subscribing import replies
from wa_integrasi.catalog.phrases import BUILTINS, TELLING
from wa_integrasi.catalog.phrases import Builtin as Name
from wa_integrasi.commands import offering, words
from wa_integrasi.commands.conversation import Choice
from wa_integrasi.commands.grammar import Ambiguous, Builtin, Candidate, Missing, Run, Unknown, read
from wa_integrasi.commands.menu import also, explain, find, menu
from wa_integrasi.reporting import LOCALES
from wa_integrasi.subscriptions import may_subscribe
from wa_integrasi.text.locale import Locale
from wa_integrasi.typed.words import words_of

_HELP = {"id": "bantuan", "en": "help"}


_ABOUT = {
    Name.NEXT: "about_next",
    Name.BACK: "about_next",
    Name.CANCEL: "about_cancel",
    Name.CONFIRM: "about_confirm",
    Name.STATUS: "about_status",
    Name.WHOAMI: "about_whoami",
    Name.MUTE: "about_mute",
    Name.UNMUTE: "about_mute",
    Name.STOP: "about_stop",
    Name.START: "about_stop",
}
"""What explains a command; the others explain themselves, or are the menu."""


def reply(case: Case, asked: Builtin) -> Decision:
    """The answer to a command of the system itself, but for codes."""
    language = case.asker.language
    match asked.name:
        case Name.HELP:
            return _help(case, asked.rest)
        case Name.NEXT | Name.BACK:
            return _page(case, 1 if asked.name is Name.NEXT else -1)
        case Name.CANCEL:
            return _cancel(case)
        case Name.STATUS:
            return _status(case)
        case Name.WHOAMI:
            roles = ", ".join(case.asker.roles) or words.say("no_roles", language)
            return case.say(words.say("whoami", language, words.short(case.asker.shown), roles), "whoami")
        case Name.SUBSCRIBE | Name.UNSUBSCRIBE | Name.WATCH | Name.MUTE | Name.UNMUTE:
            return replies.reply(case, asked.name, asked.rest)
        case Name.STOP:
            return case.say(told("stop_alone", language), "stop")
        case Name.START:
            return case.say(told("started", language), "start")
        case Name.CONFIRM:
            raise AssertionError("codes are looked at elsewhere")
        case _:
            assert_never(asked.name)


def _help(case: Case, rest: str) -> Decision:
    language, book = case.asker.language, case.book
    match Name.WATCH if words_of(rest) in TELLING else BUILTINS.get(words_of(rest)):
        case Name.WATCH:
            return replies.reply(case, Name.WATCH, "")
        case Name.SUBSCRIBE | Name.UNSUBSCRIBE:
            return replies.reply(case, Name.SUBSCRIBE, "")  # without a word behind it, it explains itself
        case named if named in _ABOUT:
            return case.say(told(_ABOUT[named], language), f"help {named}")
    subscribing = case.asker.group is None and may_subscribe(case.catalog, case.asker.contact)
    last = also(language, subscribing=subscribing)
    listed = menu(book, language, case.shown, last)
    if rest and (name := find(rest, book, listed, case.shown)) is not None:
        return case.say(explain(book.triggers[name], language), f"help {name}")
    unknown = rest if words_of(rest) and words_of(rest) not in (*BUILTINS, *TELLING) else None
    if unknown and (near := _nearest(case, unknown)):
        text = f"{told('no_such_command', language, words.short(unknown))} {words.guesses(near, language)}"
        return case.say(text, "help: unknown", asked=Choice(near, case.now, case.code))
    asked = Choice(listed.candidates, case.now, case.code) if listed.candidates else None
    said = case.say(listed.text, "menu", asked=asked, page=None)
    if unknown:
        text = f"{told('no_such_command', language, words.short(unknown))}\n\n{listed.text}"
        return replace(said, text=text, note="help: unknown")
    return replace(said, offer=offering.menu(listed.candidates, book, case.code, language, last))


def _nearest(case: Case, asked: str) -> tuple[Candidate, ...]:
    """Help on the commands that may have been meant, and may be seen."""
    reading = read(asked, case.book, now=case.now, language=case.asker.language, shown=case.shown)
    match reading:
        case Run(name) | Missing(name):
            found = [name]
        case Ambiguous(candidates) | Unknown(candidates):
            found = [each.trigger for each in candidates if each.trigger is not None]
        case _:
            found = []
    shown = [name for name in dict.fromkeys(found) if case.shown(case.book.triggers[name])]
    return tuple(
        Candidate(None, f"{_HELP[case.asker.language]} {case.book.triggers[name].phrases[0]}") for name in shown
    )


def _page(case: Case, by: int) -> Reply:
    language, page = case.asker.language, case.dialog.memory.page
    turned = page.turned(by, case.now) if page else None
    if turned is None or turned.number > len(case.dialog.pages):
        return case.say(words.say("no_page", language), "no page")
    return case.say(case.dialog.pages[turned.number - 1], f"page {turned.number} of {turned.answer}", page=turned)


def _cancel(case: Case) -> Reply:
    memory = case.dialog.memory
    pending = case.ledger.awaits_approval(case.command)
    open_ones = memory.asked is not None or memory.confirmation is not None or pending
    said = words.say("cancelled" if open_ones else "nothing_open", case.asker.language)
    return replace(case.say(said, "cancel", confirmation=None), withdraws=pending)


def _status(case: Case) -> Reply:
    language = case.asker.language
    standing = case.ledger.standing(case.asker.account)
    at = Locale(LOCALES[language], case.zone).datetime(case.now)
    said = told("held" if standing.held else "status", language, at, standing.commands, standing.messages)
    return case.say(said, "status")
