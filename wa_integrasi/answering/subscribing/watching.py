"""`beritahu jika suhu boiler 2 > 540`: a command, a limit, and perhaps the name of a row or a column between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from wa_integrasi.answering.case import Case
from wa_integrasi.answering.decision import Decision, Order, Reply, Wish
from wa_integrasi.answering.ordering import run
from wa_integrasi.answering.subscribing.owning import elsewhere, no_room
from wa_integrasi.answering.subscribing.sayings import length, said
from wa_integrasi.catalog.arguments import TagArgument, TextArgument
from wa_integrasi.catalog.policies import SubscriptionsPolicy
from wa_integrasi.catalog.triggers import PiTrigger, Trigger
from wa_integrasi.commands import words
from wa_integrasi.commands.conversation import Choice
from wa_integrasi.commands.grammar import Ambiguous, Candidate, Missing, Reading, Run, Unknown, dump, read
from wa_integrasi.commands.grammar.conditions import Condition, Unclear, read_condition
from wa_integrasi.commands.menu import example
from wa_integrasi.commands.permission import Denied
from wa_integrasi.subscriptions import Kind, Limit, NewSubscription, may_subscribe, watchable
from wa_integrasi.typed.words import tokens_of, words_of

_MOST_NAMED = 4
"""Words of a row and a column that may be named."""

_LONGEST_SUBJECT = 300
_BEGINS = {"id": "beritahu jika", "en": "notify if"}


@dataclass(frozen=True, slots=True)
class _Meant:
    """A command of a subject, and what else was named there."""

    run: Run
    asked: str
    named: str = ""


def watch(case: Case, rest: str) -> Decision:
    """Try the command once: its answer shows where the value is (`trial`)."""
    language = case.asker.language
    if refused := elsewhere(case):
        return refused
    if not may_subscribe(case.catalog, case.asker.contact):
        return case.refuse(said("no_right", language), "subscription: no right")
    if not words_of(rest):
        return _explained(case)
    condition = read_condition(rest, language)
    if isinstance(condition, Unclear):
        return _unclear(case, condition)
    meant = _meant(case, condition.subject)
    if not isinstance(meant, _Meant):
        return _not_meant(case, condition, meant)
    trigger = case.book.triggers[meant.run.trigger]
    if isinstance(denied := case.may(trigger), Denied):
        return case.deny(trigger, denied)
    if not watchable(trigger):
        return case.refuse(said("no_watch", language, words.short(trigger.title)), f"{meant.run.trigger}: no value")
    policy = case.catalog.intake.subscriptions
    if condition.repeat is not None and condition.repeat < _shortest(policy):
        return case.say(said("too_often", language, length(_shortest(policy), language)), "repeated too often")
    what = _subscription(case, condition, meant, policy)
    return no_room(case) or _tried(case, meant, Wish(what, meant.named, condition.typed))


def _explained(case: Case) -> Reply:
    """How it is done, with one of their own commands that can be watched."""
    language = case.asker.language
    values = [each for each in case.book.triggers.values() if case.shown(each) and watchable(each)]
    if (first := min(values, key=_guesswork, default=None)) is None:
        return case.say(said("watch_nothing", language), "watch: nothing")
    typed = words.short(f"{_BEGINS[language]} {example(first, language)} > 100")
    return case.say(said("watch_how", language, typed), "watch: how")


def _guesswork(trigger: Trigger) -> tuple[bool, bool]:
    """How little an example of it would say: with gaps, or of rows that may be anything, where tags have values."""
    free = [each for each in trigger.arguments if isinstance(each, TagArgument | TextArgument)]
    gaps = any(each.required and each.example is None for each in free)
    return gaps, not isinstance(trigger, PiTrigger)


def typed_again(wish: Wish, limit: Limit, row: str, language: str) -> str:
    """What somebody would have typed who had named a row, too."""
    return f"{_BEGINS[language]} {limit.asked} {row} {wish.named} {wish.typed}"


def _tried(case: Case, meant: _Meant, wish: Wish) -> Decision:
    decision = run(case, meant.run.trigger, meant.run.arguments)
    return replace(decision, wish=wish) if isinstance(decision, Order) else decision


def _subscription(case: Case, condition: Condition, meant: _Meant, policy: SubscriptionsPolicy) -> NewSubscription:
    asker, contact = case.asker, case.asker.contact
    repeat = condition.repeat or timedelta(minutes=policy.repeat_minutes)
    limit = Limit(meant.asked, condition.operator, condition.limit, condition.lasting, repeat, "", "")
    owner, person = asker.name or "", contact.phone if contact else asker.chat
    arguments = dump(meant.run.arguments)
    return NewSubscription(
        asker.account, asker.chat, owner, person, asker.language, Kind.LIMIT, meant.run.trigger, arguments, limit
    )


def _shortest(policy: SubscriptionsPolicy) -> timedelta:
    return timedelta(minutes=policy.shortest_repeat_minutes)


def _meant(case: Case, subject: str) -> _Meant | Reading:
    """The command that a subject is, with words before or behind it that name a row or a column; else how it reads."""
    for asked, named in _ways(subject):
        reading = read(asked, case.book, now=case.now, language=case.asker.language, shown=case.shown)
        if isinstance(reading, Run):
            return _Meant(reading, asked, named)
    return read(subject, case.book, now=case.now, language=case.asker.language, shown=case.shown)


def _ways(subject: str) -> Iterator[tuple[str, str]]:
    typed = [token.raw for token in tokens_of(subject)]
    yield " ".join(typed), ""
    for count in range(1, min(_MOST_NAMED, len(typed) - 1) + 1):
        yield " ".join(typed[:-count]), " ".join(typed[-count:])
        yield " ".join(typed[count:]), " ".join(typed[:count])


def _unclear(case: Case, why: Unclear) -> Reply:
    language = case.asker.language
    text = said(str(why), language, said("how", language))
    return case.say(text, f"condition: {why}")


def _not_meant(case: Case, condition: Condition, reading: Reading) -> Reply:
    language = case.asker.language
    match reading:
        case Missing():
            return _incomplete(case, condition, reading)
        case Ambiguous(found) | Unknown(found):
            begins = _BEGINS[language]
            offered = tuple(
                Candidate(None, f"{begins} {each.text} {condition.typed}") for each in found if each.trigger is not None
            )
            if offered:
                return case.say(words.guesses(offered, language), "not understood", asked=Choice(offered, case.now))
    return case.say(said("no_subject", language, said("how", language)), "not understood")


def _incomplete(case: Case, condition: Condition, missing: Missing) -> Reply:
    """Nothing is remembered of it: with all that it holds it is typed again."""
    trigger, language = case.book.triggers[missing.trigger], case.asker.language
    if isinstance(denied := case.may(trigger), Denied):
        return case.deny(trigger, denied)
    argument = next((each for each in trigger.arguments if each.name == missing.argument), None)
    if argument is None:
        return case.say(words.too_many(missing, example(trigger, language), language), "too many words")
    wrong = f"“{words.short(missing.given)}” {words.problem(missing.problem, language)}.\n" if missing.problem else ""
    label, form = words.short(argument.label), words.form(argument, language)
    text = said("incomplete", language, label, form, words.short(f"{example(trigger, language)} {condition.typed}"))
    return case.say(wrong + text, f"asked for {missing.trigger}.{missing.argument}")
