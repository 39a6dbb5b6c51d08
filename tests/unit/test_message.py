"""What receipts do to a message: any order, any repetition, one result, and never a step back."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from wa_integrasi.content import TEXT_LIMIT, Text
from wa_integrasi.message import (
    OPEN,
    REACHED,
    TRANSITIONS,
    Priority,
    Receipt,
    Status,
    after_receipt,
    may_become,
)

FURTHER = [
    OPEN,
    frozenset({Status.SENT}),
    frozenset({Status.DEAD, Status.REFUSED, Status.CANCELLED}),
    frozenset({Status.DELIVERED}),
    frozenset({Status.READ}),
]
"""How far a message has come, from the least to the most, in words of its own."""

statuses = st.sampled_from(Status)
receipts = st.lists(st.sampled_from(Receipt), max_size=8)


def distance(status: Status) -> int:
    [found] = [place for place, group in enumerate(FURTHER) if status in group]
    return found


def after(status: Status, *reported: Receipt) -> Status:
    for receipt in reported:
        status = after_receipt(status, receipt)
    return status


@settings(deadline=None)
@given(start=statuses, reported=receipts, data=st.data())
def test_receipts_in_any_order_end_in_the_same_status(
    start: Status, reported: list[Receipt], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(reported))
    assert after(start, *shuffled) is after(start, *reported)


@settings(deadline=None)
@given(start=statuses, reported=receipts, data=st.data())
def test_a_repeated_receipt_changes_nothing(start: Status, reported: list[Receipt], data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(reported), max_size=8)) if reported else []
    assert after(start, *reported, *repeated) is after(start, *reported)


@settings(deadline=None)
@given(start=statuses, reported=receipts)
def test_no_receipt_moves_a_message_backwards(start: Status, reported: list[Receipt]) -> None:
    way = [start, *(after(start, *reported[:count]) for count in range(1, len(reported) + 1))]
    assert all(distance(before) <= distance(later) for before, later in pairwise(way))


@pytest.mark.parametrize("receipt", Receipt)
@pytest.mark.parametrize("status", Status)
def test_a_receipt_only_goes_legal_ways(status: Status, receipt: Receipt) -> None:
    new = after_receipt(status, receipt)
    assert new is status or may_become(status, new)


@pytest.mark.parametrize(
    ("reported", "status"),
    [
        ([Receipt.SENT], Status.SENT),
        ([Receipt.READ, Receipt.DELIVERED, Receipt.SENT], Status.READ),
        ([Receipt.FAILED], Status.DEAD),
        ([Receipt.SENT, Receipt.FAILED], Status.DEAD),
        ([Receipt.FAILED, Receipt.DELIVERED], Status.DELIVERED),
        ([Receipt.READ, Receipt.FAILED], Status.READ),
    ],
)
def test_the_furthest_receipt_counts_even_for_a_message_that_was_thought_unsent(
    reported: list[Receipt], status: Status
) -> None:
    assert [after(start, *reported) for start in sorted(OPEN)] == [status] * len(OPEN)


def test_a_message_that_a_person_cancelled_and_that_arrived_after_all_says_so() -> None:
    assert after(Status.CANCELLED, Receipt.SENT) is Status.CANCELLED
    assert after(Status.CANCELLED, Receipt.DELIVERED) is Status.DELIVERED


def test_every_status_can_be_reached_from_a_new_message() -> None:
    reached, waiting = set(), [Status.PENDING]
    while waiting:
        status = waiting.pop()
        reached.add(status)
        waiting += TRANSITIONS[status] - reached
    assert reached == set(Status)


def test_no_message_is_without_a_place_in_the_transitions_and_none_becomes_itself() -> None:
    assert TRANSITIONS.keys() == set(Status)
    assert not [status for status in Status if may_become(status, status)]


def test_what_has_reached_the_provider_is_never_sent_again() -> None:
    assert not [status for status in REACHED if TRANSITIONS[status] & OPEN]


def test_an_answer_goes_before_a_report_and_a_report_before_bulk() -> None:
    assert sorted([Priority.BULK, Priority.REPORT, Priority.REPLY]) == [Priority.REPLY, Priority.REPORT, Priority.BULK]


@pytest.mark.parametrize("length", [0, TEXT_LIMIT + 1])
def test_a_text_that_whatsapp_would_not_take_is_refused(length: int) -> None:
    with pytest.raises(ValidationError):
        Text(body="x" * length)


def test_a_text_of_the_longest_length_is_taken() -> None:
    assert len(Text(body="x" * TEXT_LIMIT).body) == TEXT_LIMIT
