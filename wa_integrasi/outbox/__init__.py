"""The outbox: messages are enqueued, claimed under a lease, and settled."""

from wa_integrasi.outbox.box import LEASE, Outbox
from wa_integrasi.outbox.person import Selection
from wa_integrasi.outbox.polling import PollLease
from wa_integrasi.outbox.rows import Claimed, Enqueued, NewMessage, Settlement

__all__ = ["LEASE", "Claimed", "Enqueued", "NewMessage", "Outbox", "PollLease", "Selection", "Settlement"]
