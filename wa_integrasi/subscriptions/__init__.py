"""What people want to be told of unasked: reports, and values that pass a limit."""

from wa_integrasi.subscriptions.changes import Acknowledge, Cancel, Change, Silence, Subscribe, apply
from wa_integrasi.subscriptions.following import GRACE, follow
from wa_integrasi.subscriptions.judging import MISSES, Notice, observe
from wa_integrasi.subscriptions.ledger import (
    PREFIX,
    Subscriptions,
    answers_alarm,
    is_acknowledgement,
    subscription_of,
    unwanted,
)
from wa_integrasi.subscriptions.models import Kind, Limit, NewSubscription, Standing, State, Subscription
from wa_integrasi.subscriptions.rights import Sleep, may_subscribe, report_trigger, sleep_reason, watchable

__all__ = [
    "GRACE",
    "MISSES",
    "PREFIX",
    "Acknowledge",
    "Cancel",
    "Change",
    "Kind",
    "Limit",
    "NewSubscription",
    "Notice",
    "Silence",
    "Sleep",
    "Standing",
    "State",
    "Subscribe",
    "Subscription",
    "Subscriptions",
    "answers_alarm",
    "apply",
    "follow",
    "is_acknowledgement",
    "may_subscribe",
    "observe",
    "report_trigger",
    "sleep_reason",
    "subscription_of",
    "unwanted",
    "watchable",
]
