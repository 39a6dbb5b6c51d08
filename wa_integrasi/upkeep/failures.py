"""The owners of reports are told by WhatsApp of a run that failed or died."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wa_integrasi.catalog.models import Catalog, Contact, Report
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.text.markup import bold, bullet, escape, mono

_MOST = 10
_WORDS = {
    "id": {
        "title": "Proses gagal",
        "run": "{name} berakhir sebagai {state}. Yang sudah terkirim tetap terkirim.",
        "reports": "Laporan yang mungkin belum terkirim:",
        "again": "Jalankan lagi setelah diperbaiki:",
    },
    "en": {
        "title": "A run failed",
        "run": "{name} ended as {state}. What was sent stays sent.",
        "reports": "Reports that may not have gone out:",
        "again": "Run again once it is mended:",
    },
}


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run as Prefect knows it."""

    id: str
    name: str
    state: str
    cadence: str = ""
    words: Sequence[str] = ()
    """Of the names of its steps that failed: the names of reports are among them."""


def tell_of_run(store: Store, run: FailedRun, clock: Clock = utc_now) -> int:
    """Enqueue a notice for each owner of a report that the run was for, once for a run, and say how many are new.

    Where its failed steps name no report it is told to the owners of its cadence, else to all owners.
    """
    catalog = load_catalog(store)
    by_owner: dict[str, list[str]] = {}
    for name, report in _meant(catalog, run).items():
        by_owner.setdefault(report.owner, []).append(name)
    messages = [
        NewMessage(
            Recipient.of_chat(catalog.contacts[owner].phone),
            Text(body=_body(catalog, catalog.contacts[owner], run, names)),
            dedupe_key=f"notice/run-{run.id}/{owner}",
            account=catalog.reports[names[0]].account,
            priority=Priority.REPLY,
        )
        for owner, names in sorted(by_owner.items())
    ]
    return sum(row.created for row in Outbox(store, clock=clock).enqueue(messages))


def _meant(catalog: Catalog, run: FailedRun) -> Mapping[str, Report]:
    named = {name: report for name, report in catalog.reports.items() if name in run.words}
    of_cadence = {name: report for name, report in catalog.reports.items() if report.cadence == run.cadence}
    return named or of_cadence or catalog.reports


def _body(catalog: Catalog, owner: Contact, run: FailedRun, names: Sequence[str]) -> str:
    words = _WORDS[owner.language]
    titles = [bullet(escape(catalog.reports[name].title)) for name in names[:_MOST]]
    parts = [
        bold(words["title"]),
        escape(words["run"].format(name=run.name, state=run.state)),
        "\n".join([words["reports"], *titles, *([bullet("…")] if len(names) > _MOST else [])]),
        words["again"] + "\n" + mono(f"wa report run {names[0]}"),
    ]
    return "\n\n".join(parts)
