"""Every table of the store, as SQLAlchemy Core sees it. Migrations create them; a test holds the two together."""

from wa_integrasi.store.tables.api import api_keys, audit_log, idempotency_keys
from wa_integrasi.store.tables.archive import archived_keys, archives
from wa_integrasi.store.tables.base import UtcDateTime, metadata
from wa_integrasi.store.tables.catalog import (
    calendars,
    chat_templates,
    contacts,
    groups,
    policies,
    reports,
    triggers,
)
from wa_integrasi.store.tables.inbound import (
    inbound_events,
    inbound_messages,
    learned_ids,
    number_changes,
    unread_items,
)
from wa_integrasi.store.tables.intake import (
    ASIDE_COMPLAINT,
    PENDING_COMPLAINT,
    blocked,
    commands,
    complaint_queue,
    conversations,
    dialogs,
    media,
    senders,
)
from wa_integrasi.store.tables.outbound import (
    DEAD_STAGE,
    OPEN_STAGE,
    accounts,
    approved_templates,
    breakers,
    channel_facts,
    chats,
    leases,
    message_events,
    wa_outbox,
)
from wa_integrasi.store.tables.owner import owner_notices
from wa_integrasi.store.tables.reporting import told_recaps
from wa_integrasi.store.tables.schedules import report_slots, watches
from wa_integrasi.store.tables.subscriptions import subscriptions

__all__ = [
    "ASIDE_COMPLAINT",
    "DEAD_STAGE",
    "OPEN_STAGE",
    "PENDING_COMPLAINT",
    "UtcDateTime",
    "accounts",
    "api_keys",
    "approved_templates",
    "archived_keys",
    "archives",
    "audit_log",
    "blocked",
    "breakers",
    "calendars",
    "channel_facts",
    "chat_templates",
    "chats",
    "commands",
    "complaint_queue",
    "contacts",
    "conversations",
    "dialogs",
    "groups",
    "idempotency_keys",
    "inbound_events",
    "inbound_messages",
    "learned_ids",
    "leases",
    "media",
    "message_events",
    "metadata",
    "number_changes",
    "owner_notices",
    "policies",
    "report_slots",
    "reports",
    "senders",
    "subscriptions",
    "told_recaps",
    "triggers",
    "unread_items",
    "wa_outbox",
    "watches",
]
