"""The approved templates of each account: replaced as a whole, never lost to a channel that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.conftest import FrozenClock
from tests.store.channel import RecordingSender
from wa_integrasi.approved import Synced, approved_of, known_templates, replace_templates, sync
from wa_integrasi.providers.base import Action, ApprovedTemplate, Failed, Unanswered
from wa_integrasi.store.engine import Store
from wa_integrasi.store.facts import Fact, FactKind, note_facts

READY = ApprovedTemplate(
    "laporan_siap", "id", "APPROVED", "UTILITY", 1, 2, 1, names=("unit", "ton", "bulan"), button_kinds=("", "url")
)
GREETING = ApprovedTemplate("hello_world", "en_US", "APPROVED", "UTILITY", header_format="IMAGE")

Listing = Sequence[ApprovedTemplate] | Failed | Unanswered


class Lister(RecordingSender):
    """A channel that lists what it is told to."""

    def __init__(self, listing: Listing | Exception) -> None:
        super().__init__()
        self.listing = listing

    async def templates(self) -> Listing:
        if isinstance(self.listing, Exception):
            raise self.listing
        return self.listing


def approved(store: Store, account: str = "default") -> list[ApprovedTemplate] | None:
    with store.reading() as connection:
        return approved_of(connection, account)


def test_what_was_never_synced_is_not_known(store: Store) -> None:
    assert approved(store) is None


def test_templates_come_back_as_they_were_listed(store: Store, clock: FrozenClock) -> None:
    replace_templates(store, "default", [READY, GREETING], clock())
    assert approved(store) == [GREETING, READY]
    with store.reading() as connection:
        assert [(known.account, known.synced_at) for known in known_templates(connection)] == [("default", clock())] * 2


def test_what_the_channel_has_no_longer_is_gone_and_other_accounts_stay(store: Store, clock: FrozenClock) -> None:
    replace_templates(store, "default", [READY, GREETING], clock())
    replace_templates(store, "tenant", [GREETING], clock())
    replace_templates(store, "default", [READY], clock())
    assert (approved(store), approved(store, "tenant")) == ([READY], [GREETING])


def test_a_template_that_is_listed_twice_is_kept_once(store: Store) -> None:
    paused = ApprovedTemplate("hello_world", "en_US", "PAUSED", "UTILITY")
    replace_templates(store, "default", [GREETING, READY, paused])
    assert approved(store) == [paused, READY]


def test_syncs_at_the_same_time_do_not_fail(store: Store) -> None:
    templates = [ApprovedTemplate(f"t{number}", "id", "APPROVED", "UTILITY") for number in range(50)]
    with ThreadPoolExecutor(4) as pool:
        orders = [templates, templates[::-1]] * 4
        list(pool.map(lambda listed: replace_templates(store, "default", listed), orders))
    assert len(approved(store) or []) == 50


def said(store: Store, clock: FrozenClock, status: str, account: str = "default", **before: float) -> None:
    fact = Fact(account, FactKind.TEMPLATE_STATUS, status, clock() - timedelta(**before), "hello_world", "en_US")
    with store.writing() as connection:
        note_facts(connection, [fact])


def statuses(store: Store) -> list[str]:
    return [template.status for template in approved(store) or []]


def test_what_the_channel_says_of_a_template_after_it_was_listed_stands(store: Store, clock: FrozenClock) -> None:
    replace_templates(store, "default", [READY, GREETING], clock() - timedelta(minutes=5))
    said(store, clock, "DISABLED", account="tenant")
    said(store, clock, "PAUSED")
    assert statuses(store) == ["PAUSED", "APPROVED"]
    said(store, clock, "REJECTED", minutes=1)
    assert statuses(store) == ["PAUSED", "APPROVED"], "it was said before"


def test_a_listing_stands_over_what_was_said_before_and_forgets_what_is_gone(store: Store, clock: FrozenClock) -> None:
    said(store, clock, "PAUSED", minutes=5)
    replace_templates(store, "default", [GREETING], clock() - timedelta(minutes=1))
    assert statuses(store) == ["APPROVED"]
    said(store, clock, "PAUSED", minutes=3)
    assert statuses(store) == ["APPROVED"], "a late word"
    replace_templates(store, "default", [READY], clock())
    replace_templates(store, "default", [GREETING], clock() - timedelta(minutes=2))
    assert statuses(store) == ["APPROVED"]


def test_what_is_said_while_the_listing_is_under_way_stands(store: Store, clock: FrozenClock) -> None:
    class Slow(Lister):
        async def templates(self) -> Listing:
            clock.tick(seconds=5)
            said(store, clock, "PAUSED")
            clock.tick(seconds=5)
            return await super().templates()

    asyncio.run(sync(store, {"default": Slow([GREETING])}, clock))
    assert statuses(store) == ["PAUSED"]


async def test_a_sync_asks_every_channel_that_approves_templates(store: Store) -> None:
    senders = {"default": Lister([READY]), "tenant": Lister([GREETING, READY]), "web": RecordingSender()}
    assert await sync(store, senders) == [Synced("default", 1), Synced("tenant", 2)]
    assert (approved(store), approved(store, "web")) == ([READY], None)


async def test_a_listing_that_fails_changes_nothing_says_why_and_stops_no_other(store: Store) -> None:
    for account in ("expired", "silent", "broken"):
        await asyncio.to_thread(replace_templates, store, account, [READY])
    senders = {
        "expired": Lister(Failed(Action.HOLD_ACCOUNT, "190", "Session has expired")),
        "silent": Lister(Unanswered("HTTP 502")),
        "broken": Lister(RuntimeError("+6281234567890")),
        "default": Lister([GREETING]),
    }
    assert await sync(store, senders) == [
        Synced("expired", code="190", text="Session has expired"),
        Synced("silent", code="no_answer", text="HTTP 502"),
        Synced("broken", code="no_answer", text="the channel broke: RuntimeError"),
        Synced("default", 1),
    ]
    assert [approved(store, account) for account in senders] == [[READY], [READY], [READY], [GREETING]]
