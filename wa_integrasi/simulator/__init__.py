"""A phone that speaks the Cloud API, for demonstrations, development and tests. Never a part of production."""

from wa_integrasi.simulator.app import simulator_app
from wa_integrasi.simulator.phone import Delays, Faults, Phone, PhoneConfig
from wa_integrasi.simulator.templates import PhoneTemplate, TemplateButton

__all__ = ["Delays", "Faults", "Phone", "PhoneConfig", "PhoneTemplate", "TemplateButton", "simulator_app"]
