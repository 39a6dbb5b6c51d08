"""What Meta says of an account and its templates is obeyed, in any order, once, and harms nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.conftest import FrozenClock
from wa_integrasi.content import Content, Template, Text
from wa_integrasi.inbox import Inbox
from wa_integrasi.inbox.channels import meta_updates
from wa_integrasi.message import Priority
from wa_integrasi.notices import collect
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.policy.gate import GateRules
from wa_integrasi.policy.rules import AccountRules, rules_of
from wa_integrasi.providers.base import Accepted, Action, Failed
from wa_integrasi.providers.channels import receiver_of
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.facts import Fact, FactKind, facts_of
from wa_integrasi.store.tables import unread_items, wa_outbox

SITI, BUDI, TONO = (Recipient.parse(f"+62812345678{number:02}") for number in range(3))
KEY = ("meta", "default")
READY = Template(name="laporan_siap", language="en_US")
RULES = {"default": AccountRules()}


@pytest.fixture
def outbox(store: Store, clock: FrozenClock) -> Outbox:
    return Outbox(store, clock=clock)


class Meta:
    """Sends the webhooks that Meta would, and lets the inbox work."""

    def __init__(self, store: Store, outbox: Outbox, clock: FrozenClock) -> None:
        self._inbox, self._clock, self._count = Inbox(store, outbox, clock), clock, 0
        fields = {"app_secret": "s" * 16, "verify_token": "v" * 16, "phone_number_id": "123"}
        self._receivers = {KEY: receiver_of("meta", fields)}

    def says(self, *changes: tuple[str, Any], at: datetime | None = None) -> None:
        self._count += 1
        entry = {
            "id": "102290129340398",
            "time": int((at or self._clock()).timestamp()),
            "changes": [{"field": field, "value": value} for field, value in changes],
        }
        body = {"object": "whatsapp_business_account", "entry": [entry], "count": self._count}
        assert self._inbox.keep(*KEY, json.dumps(body).encode())
        assert self._inbox.work(self._receivers) == 1


@pytest.fixture
def meta(store: Store, outbox: Outbox, clock: FrozenClock) -> Meta:
    return Meta(store, outbox, clock)


def template_status(event: str, language: str = "en-US", **more: Any) -> tuple[str, dict[str, Any]]:
    value = {
        "event": event,
        "message_template_id": 1689556908129832,
        "message_template_name": "laporan_siap",
        "message_template_language": language,
        "reason": "NONE",
        "message_template_category": "UTILITY",
        **more,
    }
    return "message_template_status_update", value


def ban(state: str) -> tuple[str, dict[str, Any]]:
    info = {"waba_ban_state": state, "waba_ban_date": "April 17, 2025"}
    return "account_update", {"event": "DISABLED_UPDATE", "ban_info": info}


def capability(limit: Any) -> tuple[str, dict[str, Any]]:
    value = {"max_daily_conversations_per_business": limit, "max_phone_numbers_per_business": 25}
    return "business_capability_update", value


def enqueue(outbox: Outbox, content: Content, *people: Recipient, **more: Any) -> None:
    outbox.enqueue([NewMessage(person, content, **more) for person in people or (SITI,)])


def sent(outbox: Outbox, rules: AccountRules | None = None) -> list[str]:
    """Whom a worker would send something now; what it takes is sent."""
    claimed = outbox.claim("test", {"default": rules or AccountRules()})
    outbox.settle([(each, Accepted(f"w{each.id}")) for each in claimed])
    return [each.recipient.chat for each in claimed]


def values(store: Store, *kinds: FactKind) -> list[tuple[str, str]]:
    with store.reading() as connection:
        return sorted((fact.name, fact.value) for fact in facts_of(connection, "default", *(kinds or FactKind)))


def row(store: Store, number: int = 0) -> Any:
    with store.reading() as connection:
        return connection.execute(select(wa_outbox).order_by(wa_outbox.c.id)).all()[number]


class TestTemplates:
    @pytest.mark.parametrize("status", ["PAUSED", "DISABLED", "REJECTED"])
    def test_messages_wait_while_it_is_held_and_go_when_it_is_approved_again(
        self, meta: Meta, outbox: Outbox, store: Store, clock: FrozenClock, status: str
    ) -> None:
        meta.says(template_status(status))
        enqueue(outbox, READY)
        enqueue(outbox, Text(body="x"), BUDI)
        enqueue(outbox, Template(name="laporan_siap", language="id"), TONO)
        assert sent(outbox) == [BUDI.chat, TONO.chat]
        held = row(store)
        assert (held.status, held.error_code, held.attempts) == ("pending", "template_held", 0)
        assert status in held.error_text
        clock.tick(minutes=1)
        assert sent(outbox) == []
        meta.says(template_status("APPROVED"))
        assert sent(outbox) == [SITI.chat]
        assert row(store).error_code is None

    def test_what_meta_itself_refused_because_of_it_goes_on_too(
        self, meta: Meta, outbox: Outbox, clock: FrozenClock
    ) -> None:
        enqueue(outbox, READY)
        claimed = outbox.claim("test", RULES)
        outbox.settle([(each, Failed(Action.HOLD_TEMPLATE, "132015", "Template is paused")) for each in claimed])
        meta.says(template_status("PAUSED"), at=clock() - timedelta(seconds=9))
        assert sent(outbox) == []
        meta.says(template_status("REINSTATED"))
        assert sent(outbox) == [SITI.chat]

    def test_a_message_that_has_waited_for_days_becomes_a_dead_letter(
        self, meta: Meta, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        meta.says(template_status("DISABLED"))
        enqueue(outbox, READY)
        assert sent(outbox) == []
        clock.tick(days=3)
        assert sent(outbox) == []
        assert (row(store).status, row(store).error_code) == ("dead", "template_held")

    def test_a_pause_ends_after_a_day_though_nobody_says_so(
        self, meta: Meta, outbox: Outbox, clock: FrozenClock
    ) -> None:
        meta.says(template_status("PAUSED"))
        enqueue(outbox, READY)
        assert sent(outbox) == []
        clock.tick(hours=24)
        assert sent(outbox) == [SITI.chat]

    def test_a_request_to_write_back_ends_so_that_it_stops_nothing(
        self, meta: Meta, outbox: Outbox, store: Store
    ) -> None:
        meta.says(template_status("PAUSED"))
        enqueue(outbox, READY, priority=Priority.NUDGE)
        enqueue(outbox, Text(body="x"))
        assert sent(outbox) == []
        assert row(store).status == "refused"
        assert sent(outbox) == [SITI.chat]

    def test_people_are_told_once_of_each_change(self, meta: Meta, store: Store, clock: FrozenClock) -> None:
        for status in ("PAUSED", "PAUSED", "APPROVED", "PAUSED"):
            clock.tick(minutes=1)
            meta.says(template_status(status, reason="Call +6281234567890"))
        [told] = collect(store, clock).news
        assert (told.kind, told.name, told.language, told.value) == ("template_held", "laporan_siap", "en_US", "PAUSED")
        assert told.reason == "Call +62…7890"
        clock.tick(minutes=1)
        meta.says(template_status("APPROVED"))
        assert [(news.kind, news.value) for news in collect(store, clock).news] == [("template_status", "APPROVED")]
        assert collect(store, clock).news == ()

    def test_one_that_is_flagged_goes_on_and_people_are_warned(
        self, meta: Meta, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        meta.says(template_status("FLAGGED"))
        enqueue(outbox, READY)
        assert sent(outbox) == [SITI.chat]
        assert [news.name for news in collect(store, clock).news] == ["template_flagged.laporan_siap"]

    def test_quality_and_category_are_kept(self, meta: Meta, store: Store) -> None:
        named = {"message_template_name": "laporan_siap", "message_template_language": "id", "message_template_id": 5}
        quality = {**named, "previous_quality_score": "GREEN", "new_quality_score": "YELLOW"}
        category = {**named, "previous_category": "UTILITY", "new_category": "MARKETING"}
        meta.says(("message_template_quality_update", quality), ("template_category_update", category))
        assert values(store, FactKind.TEMPLATE_QUALITY) == [("laporan_siap", "YELLOW")]
        assert values(store, FactKind.TEMPLATE_CATEGORY) == [("laporan_siap", "MARKETING")]

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_the_newest_word_stands_in_whatever_order_they_come(
        self, meta: Meta, outbox: Outbox, store: Store, clock: FrozenClock, order: Sequence[int]
    ) -> None:
        words = [("APPROVED", 3), ("REJECTED", 2), ("PAUSED", 1)]
        for number in [*order, *order]:
            status, minutes = words[number]
            meta.says(template_status(status), at=clock() - timedelta(minutes=minutes))
        assert values(store, FactKind.TEMPLATE_STATUS) == [("laporan_siap", "PAUSED")]
        enqueue(outbox, READY)
        assert sent(outbox) == []

    @pytest.mark.parametrize("order", [("APPROVED", "PAUSED"), ("PAUSED", "APPROVED")])
    def test_of_two_words_in_one_second_the_one_that_holds_stands(
        self, meta: Meta, store: Store, clock: FrozenClock, order: Sequence[str]
    ) -> None:
        for status in order:
            meta.says(template_status(status))
        assert values(store, FactKind.TEMPLATE_STATUS) == [("laporan_siap", "PAUSED")]

    def test_a_word_from_the_future_does_not_stand_for_good(self, meta: Meta, store: Store, clock: FrozenClock) -> None:
        meta.says(template_status("PAUSED"), at=clock() + timedelta(days=900))
        clock.tick(seconds=1)
        meta.says(template_status("APPROVED"))
        assert values(store, FactKind.TEMPLATE_STATUS) == [("laporan_siap", "APPROVED")]


class TestAccounts:
    def test_a_banned_account_is_held_and_goes_on_once_it_is_reinstated(
        self, meta: Meta, outbox: Outbox, store: Store, clock: FrozenClock
    ) -> None:
        enqueue(outbox, Text(body="x"))
        meta.says(ban("DISABLE"))
        clock.tick(minutes=30)
        assert sent(outbox) == []
        [held] = collect(store, clock).held
        assert (held.account, held.code) == ("default", "account_disabled")
        meta.says(ban("REINSTATE"))
        assert sent(outbox) == [SITI.chat]
        assert [change.account for change in collect(store, clock).released] == ["default"]

    def test_its_reinstatement_also_ends_what_a_probe_has_found(
        self, meta: Meta, outbox: Outbox, clock: FrozenClock
    ) -> None:
        enqueue(outbox, Text(body="x"))
        meta.says(ban("DISABLE"))
        clock.tick(hours=1)
        claimed = outbox.claim("test", RULES)
        outbox.settle([(each, Failed(Action.HOLD_ACCOUNT, "131031", "Account locked")) for each in claimed], RULES)
        assert len(claimed) == 1
        meta.says(ban("REINSTATE"))
        assert sent(outbox) == [SITI.chat]

    def test_a_late_or_repeated_ban_does_not_hold_it_again(
        self, meta: Meta, outbox: Outbox, clock: FrozenClock
    ) -> None:
        enqueue(outbox, Text(body="x"))
        meta.says(ban("REINSTATE"))
        meta.says(ban("DISABLE"), at=clock() - timedelta(minutes=1))
        assert sent(outbox) == [SITI.chat]

    def test_a_second_ban_holds_it_though_the_reinstatement_was_never_told(
        self, meta: Meta, outbox: Outbox, clock: FrozenClock
    ) -> None:
        enqueue(outbox, Text(body="x"), SITI, BUDI, TONO)
        meta.says(ban("DISABLE"))
        clock.tick(hours=1)
        assert [*sent(outbox), *sent(outbox)] == [SITI.chat, BUDI.chat, TONO.chat], "the probes have succeeded"
        enqueue(outbox, Text(body="x"))
        meta.says(ban("DISABLE"))
        assert sent(outbox) == []

    def test_what_holds_it_for_another_reason_holds_on(self, meta: Meta, outbox: Outbox) -> None:
        enqueue(outbox, Text(body="x"))
        outbox.hold("default", "190", "Token expired")
        meta.says(ban("DISABLE"))
        meta.says(ban("REINSTATE"))
        assert sent(outbox) == []

    def test_a_deleted_account_is_held(self, meta: Meta, outbox: Outbox) -> None:
        enqueue(outbox, Text(body="x"))
        meta.says(("account_update", {"event": "ACCOUNT_DELETED"}))
        assert sent(outbox) == []

    @pytest.mark.parametrize("limit", ["TIER_2K", 2000, "2000"])
    def test_the_tier_may_be_a_word_or_a_number(self, meta: Meta, store: Store, limit: Any) -> None:
        meta.says(capability(limit))
        assert values(store, FactKind.TIER) == [("", "2000")]

    def test_the_gate_obeys_the_tier_that_meta_tells(self, meta: Meta, outbox: Outbox, clock: FrozenClock) -> None:
        enqueue(outbox, READY, SITI, BUDI, TONO)
        meta.says(capability(1), at=clock() - timedelta(minutes=1))
        assert len(sent(outbox, rules_of("meta"))) == 1
        clock.tick(minutes=1)
        assert sent(outbox, rules_of("meta")) == []
        number = {"display_phone_number": "15550783881", "event": "UPGRADE", "current_limit": "TIER_UNLIMITED"}
        meta.says(("phone_number_quality_update", number))
        assert len(sent(outbox, rules_of("meta"))) == 2

    def test_it_limits_nothing_but_conversations_that_we_begin(self, meta: Meta, outbox: Outbox) -> None:
        meta.says(capability(1))
        enqueue(outbox, Text(body="x"), SITI, BUDI, TONO)
        assert len(sent(outbox, AccountRules(gate=GateRules()))) == 3

    def test_a_restricted_account_answers_and_begins_nothing_until_it_ends(
        self, meta: Meta, outbox: Outbox, clock: FrozenClock
    ) -> None:
        ends = clock() + timedelta(hours=30)
        info = [
            {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": ends.isoformat()},
            {"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION", "expiration": "2025-01-17T08:07:12"},
        ]
        meta.says(("account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": info}))
        enqueue(outbox, READY)
        enqueue(outbox, Text(body="x"), BUDI)
        assert sent(outbox) == [BUDI.chat]
        clock.tick(hours=25)
        assert sent(outbox) == []
        clock.tick(hours=24)
        assert sent(outbox) == [SITI.chat]

    def test_the_number_quality_is_kept_and_told(self, meta: Meta, store: Store, clock: FrozenClock) -> None:
        flagged = {"display_phone_number": "15550783881", "event": "FLAGGED", "current_limit": "TIER_10K"}
        meta.says(("phone_number_quality_update", flagged))
        assert values(store) == [("", "10000"), ("", "FLAGGED")]
        assert [(news.kind, news.value) for news in collect(store, clock).news] == [("number_quality", "FLAGGED")]

    def test_violations_alerts_and_security_are_told_each_time(
        self, meta: Meta, store: Store, clock: FrozenClock
    ) -> None:
        alert = {"alert_severity": "CRITICAL", "alert_status": "ACTIVE", "alert_type": "INCREASED_CAPABILITIES"}
        changes = [
            ("account_update", {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}}),
            ("account_alerts", {"entity_type": "WABA", "entity_id": 123456, "alert_info": alert}),
            ("security", {"display_phone_number": "15550783881", "event": "PIN_CHANGED", "requester": "6281234567890"}),
            ban("SCHEDULE_FOR_DISABLE"),
        ]
        for _ in range(2):
            meta.says(*changes)
            told = collect(store, clock).news
            assert [(news.name, news.reason) for news in told] == [
                ("account_alerts.INCREASED_CAPABILITIES", "CRITICAL"),
                ("account_update.ACCOUNT_VIOLATION", "SCAM"),
                ("account_update.DISABLED_UPDATE", "SCHEDULE_FOR_DISABLE"),
                ("security.PIN_CHANGED", ""),
            ]
            assert "6281234567890" not in str(told)
            clock.tick(seconds=1)


def test_one_bad_item_loses_nothing_else(meta: Meta, store: Store) -> None:
    meta.says(
        ("message_template_status_update", "nonsense"),
        ("message_template_status_update", {"event": ["PAUSED"], "message_template_name": 5}),
        ("account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": {"restriction_type": None}}),
        ("messages", {"metadata": {"phone_number_id": "123"}, "statuses": [{"status": 5}]}),
        template_status("PAUSED"),
    )
    assert values(store, FactKind.TEMPLATE_STATUS) == [("laporan_siap", "PAUSED")]
    with store.reading() as connection:
        assert connection.execute(select(unread_items.c.reason)).scalars().all() == ["a status has no name"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["TIER_2K", "PAUSED", -1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    *("event", "ban_info", "waba_ban_state", "restriction_info", "expiration", "violation_info", "alert_info"),
    *("message_template_name", "message_template_language", "new_quality_score", "new_category", "current_limit"),
    *("max_daily_conversations_per_business", "alert_type", "reason", "restriction_type"),
]
WORDS = st.sampled_from(
    [
        "PAUSED",
        "APPROVED",
        "DISABLED_UPDATE",
        "ACCOUNT_RESTRICTION",
        "DISABLE",
        "laporan_siap",
        "en-US",
        "TIER_1K",
        "RED",
    ]
)
VALUES = st.dictionaries(st.sampled_from(KEYS), WORDS | ANYTHING | st.dictionaries(st.sampled_from(KEYS), ANYTHING))


@given(st.sampled_from(sorted(meta_updates._READERS)), VALUES | ANYTHING)
def test_whatever_an_update_holds_it_is_read_or_passed_over(name: str, value: Any) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    for fact in meta_updates.facts(name, {"field": name, "value": value}, "default", at):
        assert isinstance(fact, Fact)
        assert fact.value
        json.dumps([fact.value, fact.name, fact.language, fact.reason]).encode()
        assert "\0" not in f"{fact.value}{fact.reason}"


@pytest.mark.parametrize(
    "said",
    [
        "TIER_NOT_SET",
        "TIER_0",
        "TIER_",
        "tier_2k",
        0,
        -5,
        True,
        None,
        [],
        {},
        "1e400",
        1e400,
        10**30,
        "2K",
        float("nan"),
    ],
)
def test_a_limit_that_makes_no_sense_changes_nothing(said: Any) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    assert list(meta_updates.facts(*_with(capability(said)), "default", at)) == []


def _with(change: tuple[str, Any]) -> tuple[str, dict[str, Any]]:
    return change[0], {"field": change[0], "value": change[1]}
