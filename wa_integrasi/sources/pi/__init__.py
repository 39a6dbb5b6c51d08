"""AVEVA PI through PI Web API: values of many tags in one call, with their quality, and what was wrong said by name."""

from wa_integrasi.sources.pi.asking import Ask, Interpolated, Plot, Recorded, Summary, ValueNow
from wa_integrasi.sources.pi.client import PiCheck, PiClient
from wa_integrasi.sources.pi.config import Basic, ClientCredentials, Kerberos, PiConfig
from wa_integrasi.sources.pi.server import PiServer, Read
from wa_integrasi.sources.pi.values import COLUMNS, PiProblem, PiReading, PiValue, Quality

__all__ = [
    "COLUMNS",
    "Ask",
    "Basic",
    "ClientCredentials",
    "Interpolated",
    "Kerberos",
    "PiCheck",
    "PiClient",
    "PiConfig",
    "PiProblem",
    "PiReading",
    "PiServer",
    "PiValue",
    "Plot",
    "Quality",
    "Read",
    "Recorded",
    "Summary",
    "ValueNow",
]
