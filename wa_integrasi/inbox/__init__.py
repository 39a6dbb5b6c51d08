"""The inbox: webhooks are kept as they came, then read and acted on, in any order and once each."""

from wa_integrasi.inbox.box import PARKED_FOR, Inbox, Receivers
from wa_integrasi.inbox.claiming import LEASE
from wa_integrasi.inbox.contacts import Consent, consent_of, note_contacts, plain_words
from wa_integrasi.inbox.keeping import Kept, RawEvent
from wa_integrasi.inbox.message import Context, InboundMessage, Media, Step

__all__ = [
    "LEASE",
    "PARKED_FOR",
    "Consent",
    "Context",
    "InboundMessage",
    "Inbox",
    "Kept",
    "Media",
    "RawEvent",
    "Receivers",
    "Step",
    "consent_of",
    "note_contacts",
    "plain_words",
]
