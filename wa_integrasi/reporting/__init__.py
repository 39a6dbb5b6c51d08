"""A report for one slot: which ones are due, who receives them, and the messages their rows become."""

from wa_integrasi.reporting.data import ReportData, read_data
from wa_integrasi.reporting.enclosures import Enclosures, enclose
from wa_integrasi.reporting.messages import compose, cut_note, report_text
from wa_integrasi.reporting.people import Addressee, addressees, recipients_of
from wa_integrasi.reporting.planning import (
    LOCALES,
    ReportError,
    ReportJob,
    due_reports,
    plan_reports,
    slot_label,
    slot_of,
)
from wa_integrasi.reporting.recaps import CADENCE, Recap, plan_recaps, tell
from wa_integrasi.reporting.subscribers import subscribers_of

__all__ = [
    "CADENCE",
    "LOCALES",
    "Addressee",
    "Enclosures",
    "Recap",
    "ReportData",
    "ReportError",
    "ReportJob",
    "addressees",
    "compose",
    "cut_note",
    "due_reports",
    "enclose",
    "plan_recaps",
    "plan_reports",
    "read_data",
    "recipients_of",
    "report_text",
    "slot_label",
    "slot_of",
    "subscribers_of",
    "tell",
]
