"""Who receives a report because they have asked for it."""

from __future__ import annotations

from wa_integrasi.reporting.people import Addressee
from wa_integrasi.reporting.planning import ReportJob
from wa_integrasi.store.engine import Store
from wa_integrasi.subscriptions import Subscriptions, sleep_reason


def subscribers_of(store: Store, job: ReportJob) -> list[Addressee]:
    """Those who have subscribed and may have the report now; nobody who has written STOP, or is blocked."""
    found = []
    for each in Subscriptions(store).of_report(job.name, job.report.account):
        contact = job.catalog.contacts.get(each.what.contact)
        if contact is not None and sleep_reason(job.catalog, contact, each.what) is None:
            found.append(Addressee.of(contact))
    return found
