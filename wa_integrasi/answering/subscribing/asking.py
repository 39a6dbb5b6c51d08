"""Commands about subscriptions: who asks for what, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from wa_integrasi.answering.case import Case
from wa_integrasi.answering.decision import Decision, Reply
from wa_integrasi.answering.subscribing.owning import elsewhere, lines, locale_of, mine, no_room, twice, with_changes
from wa_integrasi.answering.subscribing.sayings import said
from wa_integrasi.answering.subscribing.shown import named, subject
from wa_integrasi.answering.subscribing.watching import watch
from wa_integrasi.catalog.people import Contact
from wa_integrasi.catalog.phrases import EVERYTHING, IFS
from wa_integrasi.catalog.triggers import ReportTrigger
from wa_integrasi.commands import words
from wa_integrasi.commands.conversation import Choice
from wa_integrasi.commands.grammar import Ambiguous, Candidate, Missing, Run, Unknown, read
from wa_integrasi.commands.grammar.conditions import Unclear, read_condition
from wa_integrasi.commands.permission import Denied
from wa_integrasi.subscriptions import (
    Cancel,
    Kind,
    NewSubscription,
    Subscribe,
    Subscription,
    may_subscribe,
    report_trigger,
)
from wa_integrasi.typed.words import words_of

_LIST = frozenset({(), ("daftar",), ("list",), ("saya",)})
_END = frozenset({"berhenti", "stop", "hapus", "batal", "cancel", "end", "off"})


def subscribe(case: Case, rest: str) -> Decision:
    """`langganan …`: the list, a report, a limit, or the end of one."""
    typed = words_of(rest)
    if refused := elsewhere(case):
        return refused
    if typed in _LIST:
        return _listed(case)
    if typed[0] in _END:
        return unsubscribe(case, _behind(rest))
    if typed[0] in IFS:
        return watch(case, _behind(rest))
    if read_condition(rest, case.asker.language) is not Unclear.NO_LIMIT:
        return watch(case, rest)
    return _report(case, rest)


def unsubscribe(case: Case, rest: str) -> Reply:
    """`langganan berhenti …`: by number, by name, or all."""
    if refused := elsewhere(case):
        return refused
    own, language = mine(case), case.asker.language
    if not own:
        return case.say(f"{said('none', language)} {said('stop_all', language)}", "no subscriptions")
    typed = words_of(rest)
    if typed in EVERYTHING:
        ended = said("ended_all", language, len(own))
        return with_changes(case.say(ended, "unsubscribe all"), Cancel([each.id for each in own]))
    found = _meant(case, own, typed)
    if len(found) != 1:
        return case.say(f"{said('which', language, own[0].number)}\n{lines(case, found or own)}", "which subscription")
    ended = said("ended", language, named(found[0].what, case.catalog, locale_of(case)))
    return with_changes(case.say(ended, f"unsubscribe {found[0].id}"), Cancel([found[0].id]))


def _behind(text: str) -> str:
    """A text without its first word."""
    return text.partition(" ")[2].strip()


def _listed(case: Case) -> Reply:
    language, own = case.asker.language, mine(case)
    if not own:
        right = said("how" if may_subscribe(case.catalog, case.asker.contact) else "no_right", language)
        return case.say(f"{said('none', language)} {right}", "no subscriptions")
    hint = "end_or_mute" if any(each.what.kind is Kind.LIMIT for each in own) else "end_one"
    text = f"{said('mine', language)}\n{lines(case, own)}\n\n{said(hint, language, own[-1].number)}"
    return case.say(text, "subscriptions")


def _meant(case: Case, own: Sequence[Subscription], typed: tuple[str, ...]) -> list[Subscription]:
    """Those that a number or a name means."""
    if len(typed) == 1 and typed[0].isdecimal() and len(typed[0]) <= 6:
        return [each for each in own if each.number == int(typed[0])]
    locale = locale_of(case)

    def names(each: Subscription) -> set[tuple[str, ...]]:
        about, whole = subject(each.what, case.catalog), named(each.what, case.catalog, locale)
        return {
            words_of(text) for text in (each.what.name, about, whole, each.what.limit.asked if each.what.limit else "")
        }

    exact = [each for each in own if typed and typed in names(each)]
    begun = [each for each in own if typed and any(name[: len(typed)] == typed for name in names(each))]
    return exact or begun


def _report(case: Case, rest: str) -> Reply:
    language, contact = case.asker.language, case.asker.contact
    if contact is None or not may_subscribe(case.catalog, contact):
        return case.refuse(said("no_right", language), "subscription: no right")
    name = next((name for name in case.catalog.reports if words_of(name) == words_of(rest)), None)
    if name is not None and report_trigger(case.catalog, name, contact):
        return _report_made(case, contact, name)
    reading = read(rest, case.book, now=case.now, language=language, shown=case.shown)
    match reading:
        case Run(meant) | Missing(meant):
            trigger = case.book.triggers[meant]
            if isinstance(denied := case.may(trigger), Denied):
                return case.deny(trigger, denied)
            if isinstance(trigger, ReportTrigger) and report_trigger(case.catalog, trigger.report, contact):
                return _report_made(case, contact, trigger.report)
            example = f"{words.short(trigger.phrases[0])}"
            return case.say(said("no_report", language, words.short(trigger.title), example), f"{meant}: no report")
        case Ambiguous(found) | Unknown(found):
            reports = [each for each in found if each.trigger and _is_report(case, each.trigger)]
            offered = tuple(Candidate(None, f"langganan {each.phrase}") for each in reports)
            if offered:
                return case.say(words.guesses(offered, language), "not understood", asked=Choice(offered, case.now))
    return case.say(said("unclear_report", language, said("how", language)), "not understood")


def _is_report(case: Case, name: str) -> bool:
    return isinstance(case.book.triggers[name], ReportTrigger)


def _report_made(case: Case, contact: Contact, name: str) -> Reply:
    language, report = case.asker.language, case.catalog.reports[name]
    title = words.short(report.title)
    if not report.enabled:
        return case.refuse(said("report_off", language, title), f"{name}: not enabled")
    asker = case.asker
    what = NewSubscription(asker.account, asker.chat, asker.name or "", contact.phone, language, Kind.REPORT, name)
    if refused := twice(case, what) or no_room(case):
        return refused
    made = said("report", language, title, title.lower())
    return with_changes(case.say(made, f"subscribe {name}"), Subscribe(what))
