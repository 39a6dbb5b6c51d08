"""A report for one slot: which ones are due, who receives them, and the messages their rows become."""

from wa_integrasi.reporting.cutting import cut_note, with_cut
from wa_integrasi.reporting.data import Question, ReportData, assembled, questions, read_data
from wa_integrasi.reporting.enclosures import Enclosures, enclose
from wa_integrasi.reporting.ledger import Outcome, corrected_chats, enqueue_report, note
from wa_integrasi.reporting.messages import compose, report_text
from wa_integrasi.reporting.missed import Missed, tell_of_missed
from wa_integrasi.reporting.page import Page, page_of, table_of, told_page
from wa_integrasi.reporting.people import Addressee, UnknownRecipientError, addressees, recipients_of
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
from wa_integrasi.reporting.recaps import CADENCE, Recap, due_recaps, plan_recaps, tell
from wa_integrasi.reporting.runs import Asked, plan, plan_run, run_name, scheduled_job
from wa_integrasi.reporting.subscribers import subscribers_of
from wa_integrasi.reporting.summary import Ask, Summaries, summarise

__all__ = [
    "CADENCE",
    "LOCALES",
    "Addressee",
    "Ask",
    "Asked",
    "Enclosures",
    "Missed",
    "Outcome",
    "Page",
    "Question",
    "Recap",
    "ReportData",
    "ReportError",
    "ReportJob",
    "Summaries",
    "UnknownRecipientError",
    "addressees",
    "assembled",
    "compose",
    "corrected_chats",
    "cut_note",
    "due_recaps",
    "due_reports",
    "enclose",
    "enqueue_report",
    "note",
    "page_of",
    "plan",
    "plan_recaps",
    "plan_reports",
    "plan_run",
    "questions",
    "read_data",
    "recipients_of",
    "report_text",
    "run_name",
    "scheduled_job",
    "slot_label",
    "slot_of",
    "subscribers_of",
    "summarise",
    "table_of",
    "tell",
    "tell_of_missed",
    "told_page",
    "with_cut",
    "with_parameters",
]
