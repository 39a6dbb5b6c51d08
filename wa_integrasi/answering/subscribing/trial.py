"""The answer to a command that is to be watched: it shows where its value is, and so the subscription is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wa_integrasi.answering.decision import Wish
from wa_integrasi.answering.desk import Ticket
from wa_integrasi.answering.fetching import Fetched, Found
from wa_integrasi.answering.leaves import Leaf
from wa_integrasi.answering.subscribing.measuring import Measured, Nothing, NotThere, Place, Several, measure, place_of
from wa_integrasi.answering.subscribing.owning import known_already
from wa_integrasi.answering.subscribing.sayings import said
from wa_integrasi.answering.subscribing.shown import limit_text, number, subject
from wa_integrasi.answering.subscribing.watching import typed_again
from wa_integrasi.answering.telling import Answer
from wa_integrasi.commands import words
from wa_integrasi.commands.conversation import Choice
from wa_integrasi.commands.grammar import Candidate
from wa_integrasi.commands.menu import example
from wa_integrasi.reporting import LOCALES
from wa_integrasi.subscriptions import Limit, Subscribe
from wa_integrasi.text.locale import Locale


def answer_to(ticket: Ticket, leaves: Sequence[Leaf], fetched: Sequence[Fetched]) -> Answer:
    """What the asker of a command reads, whether it only asks or wants to be told again."""
    wish = ticket.order.wish
    found = fetched[0] if len(fetched) == 1 else None
    if wish is None or wish.what.limit is None or not isinstance(found, Found):
        answer = ticket.answer(leaves, fetched)
        if wish is None:
            return answer
        return replace(answer, text=f"{answer.text}\n{said('not_made', ticket.to.language)}")
    place = place_of(leaves[0].trigger, found.rows, wish.named)
    if not isinstance(place, Place):
        return _asked(ticket, leaves[0], wish, wish.what.limit, place)
    measured = measure(leaves[0].trigger, found.rows, place)
    if measured is None:
        return Answer(said("no_numbers", ticket.to.language, words.short(leaves[0].trigger.title)))
    return _made(ticket, wish, wish.what.limit, place, measured)


def _made(ticket: Ticket, wish: Wish, limit: Limit, place: Place, measured: Measured) -> Answer:
    locale = Locale(LOCALES[ticket.to.language], ticket.decider.zone)
    what = replace(wish.what, limit=replace(limit, column=place.column, row=place.row))
    own = ticket.decider.ledger.subscriptions.of_contact(what.account, what.contact)
    if known := known_already(own, what, ticket.decider.catalog, locale):
        return Answer(known)
    now = f"{number(measured.value, locale)} {words.short(measured.unit)}".strip()
    about = subject(what, ticket.decider.catalog)
    lines = [said("made", locale.language, about, limit_text(limit, locale), now)]
    if limit.holds(measured.value):
        lines.append(said("passed", locale.language))
    return Answer("\n".join([*lines, said("list_hint", locale.language)]), changes=(Subscribe(what),))


def _asked(ticket: Ticket, leaf: Leaf, wish: Wish, limit: Limit, place: Several | NotThere | Nothing) -> Answer:
    language, title = ticket.to.language, words.short(leaf.trigger.title)
    match place:
        case Several(count, names) if names:
            shown = names[:_MOST_NAMES]
            listed = words.numbered([words.short(name) for name in shown])
            offered = tuple(Candidate(None, typed_again(wish, limit, name, language)) for name in shown)
            return Answer(said("several", language, title, count, listed), asked=Choice(offered, ticket.now))
        case Several():
            return Answer(said("many_rows", language, title))
        case NotThere(names):
            known = ", ".join(words.short(name) for name in names[:_MOST_NAMES]) or example(leaf.trigger, language)
            return Answer(said("not_there", language, words.short(wish.named), title, known))
        case Nothing():
            return Answer(said(str(place), language, title))


_MOST_NAMES = 20
