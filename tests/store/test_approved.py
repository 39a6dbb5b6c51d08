"""The approved templates of each account: replaced as a whole, never lost to a channel that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.conftest import FrozenClock
from tests.store.channel import RecordingSender
from wa_integrasi.approved import Synced, approved_of, change_status, known_templates, replace_templates, sync
from wa_integrasi.providers.base import Action, ApprovedTemplate, Failed, Unanswered
from wa_integrasi.store.engine import Store

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
    replace_templates(store, "default", [READY, GREETING], clock)
    assert approved(store) == [GREETING, READY]
    with store.reading() as connection:
        assert [(known.account, known.synced_at) for known in known_templates(connection)] == [("default", clock())] * 2


def test_what_the_channel_has_no_longer_is_gone_and_other_accounts_stay(store: Store, clock: FrozenClock) -> None:
    replace_templates(store, "default", [READY, GREETING], clock)
    replace_templates(store, "tenant", [GREETING], clock)
    replace_templates(store, "default", [READY], clock)
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


def test_the_status_of_one_template_changes(store: Store) -> None:
    replace_templates(store, "default", [READY, GREETING])
    with store.writing() as connection:
        assert change_status(connection, "default", "hello_world", "en-US", "paused")
        assert not change_status(connection, "default", "hello_world", "id", "PAUSED")
        assert not change_status(connection, "tenant", "hello_world", "en_US", "PAUSED")
    known = approved(store) or []
    assert [template.status for template in known] == ["PAUSED", "APPROVED"]
    assert known[0].header_format == "IMAGE"


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
