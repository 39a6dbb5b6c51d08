"""From the outbox to the channels: claim, check, send, settle."""

from wa_integrasi.delivery.delivery import AT_ONCE, Delivery
from wa_integrasi.delivery.tally import Tally

__all__ = ["AT_ONCE", "Delivery", "Tally"]
