"""`ok` to an alarm, a reply to one, and `diam 2 jam`."""

from __future__ import annotations

from collections.abc import Sequence

from wa_integrasi.answering.case import Case
from wa_integrasi.answering.decision import Reply
from wa_integrasi.answering.subscribing.owning import elsewhere, locale_of, mine, with_changes
from wa_integrasi.answering.subscribing.sayings import length, said
from wa_integrasi.answering.subscribing.shown import moment, named
from wa_integrasi.catalog.phrases import Builtin as Name
from wa_integrasi.commands.grammar import Ambiguous, Builtin, NotForUs, Reading, Unknown
from wa_integrasi.commands.grammar.silences import read_silence
from wa_integrasi.subscriptions import Acknowledge, Kind, Silence, Subscription, is_acknowledgement
from wa_integrasi.typed.lengths import LONGEST


def acknowledged(case: Case, reading: Reading) -> Reply | None:
    """What somebody is told who says that they know of an alarm; None where that is not what they say.

    A reply to an alarm says so whatever its words are, unless they are a command.
    """
    plain_yes = isinstance(reading, Builtin) and reading.name is Name.CONFIRM and not reading.rest
    if case.asker.group is not None or not (plain_yes or isinstance(reading, NotForUs | Unknown | Ambiguous)):
        return None
    quoted = case.ledger.subscriptions.quoted_by(case.command)
    if quoted is not None and quoted.what.kind is Kind.LIMIT:
        return _noted(case, [quoted]) if quoted.what.contact == case.asker.name else None
    if not is_acknowledgement(case.command.text or ""):
        return None
    told_here = case.ledger.subscriptions.open_alarms(case.asker.account, [case.asker.chat, *case.asker.addresses])
    alarms = [each for each in told_here if each.what.contact == case.asker.name]
    return _noted(case, alarms) if alarms else None


def mute(case: Case, rest: str) -> Reply:
    """`diam 2 jam`: of what is quoted, of one by its number, or of all."""
    language = case.asker.language
    if refused := elsewhere(case):
        return refused
    silence = read_silence(rest, language)
    if silence is None:
        return case.say(said("mute_how", language), "mute: how long")
    if silence.length > LONGEST:
        most = length(LONGEST, language)
        return case.say(said("mute_long", language, length(silence.length, language), most, most), "mute: too long")
    chosen = _chosen(case, silence.number)
    if not chosen and silence.number is not None and _chosen(case, None):
        return case.say(said("mute_no_number", language, silence.number), "mute: no such number")
    if not chosen:
        return case.say(said("mute_none", language), "mute: nothing")
    until = case.now + silence.length
    text = said("muted", language, moment(until, locale_of(case), case.now), _names(case, chosen))
    return with_changes(case.say(text, "mute"), Silence([each.id for each in chosen], until))


def unmute(case: Case) -> Reply:
    """`diam selesai`: of all that is silent."""
    language = case.asker.language
    if refused := elsewhere(case):
        return refused
    silent = [each for each in _chosen(case, None) if each.standing.silent(case.now)]
    if not silent:
        return case.say(said("mute_none", language), "unmute: nothing")
    text = said("unmuted", language, _names(case, silent))
    return with_changes(case.say(text, "unmute"), Silence([each.id for each in silent], None))


def _chosen(case: Case, number: int | None) -> list[Subscription]:
    limits = [each for each in mine(case) if each.what.kind is Kind.LIMIT]
    if number is not None:
        return [each for each in limits if each.number == number]
    quoted = case.ledger.subscriptions.quoted_by(case.command)
    return [each for each in limits if quoted is None or each.id == quoted.id]


def _noted(case: Case, alarms: Sequence[Subscription]) -> Reply:
    language = case.asker.language
    open_ones = [each for each in alarms if each.standing.open]
    if not open_ones:
        return case.say(said("over", language, _names(case, alarms)), "acknowledge: over")
    text = said("acknowledged", language, _names(case, open_ones))
    return with_changes(case.say(text, "acknowledge"), Acknowledge([each.id for each in open_ones]))


def _names(case: Case, some: Sequence[Subscription]) -> str:
    locale = locale_of(case)
    return "; ".join(named(each.what, case.catalog, locale) for each in some)
