"""What becomes of complaints: each is acknowledged once, and people are told of those that nobody answers."""

from wa_integrasi.responding.escalating import Escalated, Escalator
from wa_integrasi.responding.responder import Handled, Responder
from wa_integrasi.responding.setting_aside import tell_of_asides

__all__ = ["Escalated", "Escalator", "Handled", "Responder", "tell_of_asides"]
