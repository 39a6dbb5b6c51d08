"""A report for one slot: which ones are due, who receives them, and the messages their rows become."""

from wa_integrasi.reporting.data import Question, ReportData, assembled, questions, read_data
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
    with_parameters,
)
from wa_integrasi.reporting.recaps import CADENCE, Recap, plan_recaps, tell
from wa_integrasi.reporting.subscribers import subscribers_of
from wa_integrasi.reporting.summary import Ask, Summaries, summarise

__all__ = [
    "CADENCE",
    "LOCALES",
    "Addressee",
    "Ask",
    "Enclosures",
    "Question",
    "Recap",
    "ReportData",
    "ReportError",
    "ReportJob",
    "Summaries",
    "addressees",
    "assembled",
    "compose",
    "cut_note",
    "due_reports",
    "enclose",
    "plan_recaps",
    "plan_reports",
    "questions",
    "read_data",
    "recipients_of",
    "report_text",
    "slot_label",
    "slot_of",
    "subscribers_of",
    "summarise",
    "tell",
    "with_parameters",
]
