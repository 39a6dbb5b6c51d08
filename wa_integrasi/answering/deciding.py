"""From a text and what is remembered to what is to be done: nothing is asked of a source here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from wa_integrasi.answering import system
from wa_integrasi.answering.asker import Asker
from wa_integrasi.answering.case import Case
from wa_integrasi.answering.decision import Decision, Ledger, Order, Reply
from wa_integrasi.answering.memories import Dialog
from wa_integrasi.answering.ordering import code_given, run
from wa_integrasi.answering.paper import without_file_word
from wa_integrasi.answering.sayings import told
from wa_integrasi.answering.subscribing.alarms import acknowledged
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.phrases import Builtin as Name
from wa_integrasi.commands import Command, State, offering, words
from wa_integrasi.commands.conversation import Memory, answer, choice, question
from wa_integrasi.commands.given import GivenError, read_given
from wa_integrasi.commands.grammar import (
    LONGEST_TEXT,
    Ambiguous,
    Builtin,
    Missing,
    NotForUs,
    Phrasebook,
    Reading,
    Run,
    Setting,
    Unknown,
    read,
)
from wa_integrasi.commands.menu import example
from wa_integrasi.commands.permission import Denied
from wa_integrasi.commands.suspicion import suspicion

TOO_OLD = timedelta(minutes=15)
"""What was asked so long ago gets an apology: its asker has gone on, and would take the answer for one of now."""

_LATE = "too old when it was taken"


@dataclass(frozen=True)
class Decider:
    """Decides on commands by one version of the catalog."""

    catalog: Catalog
    book: Phrasebook
    ledger: Ledger

    @property
    def zone(self) -> str:
        """The business zone."""
        return self.book.zone

    def decide(self, command: Command, asker: Asker, dialog: Dialog, now: datetime) -> Decision:
        """What is to be done about a command."""
        case = Case(self.catalog, self.book, self.ledger, command, asker, dialog, now)
        if asker.program is not None:
            return self._by_program(case)
        if asker.tapped is not None and not dialog.memory.waits_for(asker.tapped):
            return case.say(told("tap_over", asker.language), "a choice that is over", asked=dialog.memory.asked)
        return self._by_person(case)

    def _by_program(self, case: Case) -> Decision:
        name, memory = case.command.trigger or "", Memory()
        if case.now - case.asked_at > TOO_OLD:
            return Reply(State.FAILED, _LATE, None, memory)
        trigger = self.book.triggers.get(name)
        if trigger is None:
            return Reply(State.REFUSED, f"no enabled trigger is called {name[:60]}", None, memory, refusal="unknown")
        if trigger.confirm or trigger.approval:
            why = "this trigger wants a person's code or consent: only people can run it"
            return Reply(State.REFUSED, why, None, memory, refusal="confirm")
        try:
            today = case.now.astimezone(ZoneInfo(self.zone)).date()
            arguments = read_given(self.book.readers[name], case.command.arguments or {}, Setting("en", today))
        except GivenError as error:
            return Reply(State.REFUSED, str(error), None, memory)
        return Order(name, arguments, memory)

    def _by_person(self, case: Case) -> Decision:
        text = case.command.text or ""
        reading, file = self._reading(case, text), None
        if not isinstance(reading, Run | Builtin) and (cut := without_file_word(text[: LONGEST_TEXT + 1])):
            bare = self._reading(case, cut[0])
            reading, file = (bare, cut[1]) if isinstance(bare, Run) else (reading, None)
        decision = self._judged(case, reading, text)
        if isinstance(decision, Order):
            return replace(decision, file=file)
        if decision.refusal is None and not isinstance(reading, Run) and (looks := suspicion(text)):
            return replace(decision, refusal=f"text: {looks}")
        return decision

    def _judged(self, case: Case, reading: Reading, text: str) -> Decision:
        asker = case.asker
        starts = isinstance(reading, Builtin) and reading.name is Name.START
        if asker.contact is None and not starts and not any(map(case.shown, self.book.triggers.values())):
            said = words.say("access", asker.language)
            return Reply(State.REFUSED, "unknown sender", said, Memory(), refusal="unknown_sender", once_a_day=True)
        if case.now - case.asked_at > TOO_OLD:
            at = case.asked_at.astimezone(ZoneInfo(self.zone))
            return Reply(State.FAILED, _LATE, told("too_old", asker.language, f"{at:%H.%M}"), case.dialog.memory)
        if len(text) > LONGEST_TEXT:
            return case.refuse(told("too_long", asker.language), "too_long")
        return acknowledged(case, reading) or self._meant(case, reading)

    def _meant(self, case: Case, reading: Reading) -> Decision:
        language = case.asker.language
        match reading:
            case Builtin(Name.CONFIRM, code):
                return code_given(case, code)
            case Builtin():
                return system.reply(case, reading)
            case Run(name, arguments):
                return run(case, name, arguments)
            case Missing():
                return self._ask(case, reading)
            case Ambiguous() | Unknown():
                found = reading.candidates if isinstance(reading, Ambiguous) else reading.suggestions
                asked = choice(reading, case.now, case.code)
                reply = case.say(words.guesses(found, language), "not understood", asked=asked)
                return replace(reply, offer=offering.guesses(found, case.code, language))
            case NotForUs():
                return case.say(words.say("unknown", language), "not understood")

    def _reading(self, case: Case, text: str) -> Reading:
        language, in_group = case.asker.language, case.asker.group is not None
        mentioned, asked = case.asker.mentions_us, case.dialog.memory.asked
        if asked is not None:
            found = answer(
                asked, text, self.book, now=case.now, language=language, mentioned=mentioned, shown=case.shown
            )
            if found is not None:
                return found
        # What is not for us has not become a command.
        return read(
            text,
            self.book,
            now=case.now,
            in_group=in_group,
            mentioned=mentioned,
            quoting_bot=in_group,
            language=language,
            shown=case.shown,
        )

    def _ask(self, case: Case, missing: Missing) -> Reply:
        trigger, language = self.book.triggers[missing.trigger], case.asker.language
        if isinstance(denied := case.may(trigger), Denied):
            return case.deny(trigger, denied)
        argument = next((each for each in trigger.arguments if each.name == missing.argument), None)
        if argument is None:
            return case.say(words.too_many(missing, example(trigger, language), language), "too many words")
        note, said = f"asked for {missing.trigger}.{missing.argument}", words.ask(missing, argument, language)
        offer = offering.choices(argument, missing, case.code, language)
        if offer is None and missing.problem and missing.problem.instead:
            offer = offering.yes_or_cancel(said, "", case.code, language)
        return replace(case.say(said, note, asked=question(missing, case.now, case.code)), offer=offer)
