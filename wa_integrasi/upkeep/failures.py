"""The owners of reports are told by WhatsApp of a run that failed or died."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.text.markup import bold, bullet, escape, mono

_MOST = 10
_LONGEST_REASON = 200
_WORDS = {
    "id": {
        "title": "Proses gagal",
        "run": "{name} berakhir sebagai {state}. Yang sudah terkirim tetap terkirim.",
        "reports": "Laporan yang mungkin belum terkirim:",
        "again": "Jalankan lagi setelah diperbaiki:",
        "next": "Yang tertinggal dikerjakan oleh proses berikutnya. Sebabnya ada di halaman proses itu di Prefect.",
    },
    "en": {
        "title": "A run failed",
        "run": "{name} ended as {state}. What was sent stays sent.",
        "reports": "Reports that may not have gone out:",
        "again": "Run again once it is mended:",
        "next": "The next run takes up what was left. The run's page in Prefect says why.",
    },
}


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run as Prefect knows it."""

    id: str
    name: str
    state: str
    cadence: str = ""
    """Of the reports that it was to make; empty where it makes none."""
    only: Sequence[str] = ()
    """The reports that it was asked for; all enabled ones of its cadence where there are none."""
    slot: str = ""
    """A day of the period that it was asked for."""
    failed: Collection[str] = ()
    """Reports with a step that failed."""
    done: Collection[str] = ()
    """Reports whose messages it has committed, or which it has left out."""
    died: bool = False
    """Whether it was cut off, so that it came to none of its other reports."""
    why: Mapping[str, str] = field(default_factory=dict)
    """By report, at which step it failed and why, as far as the run has said it."""


def tell_of_run(store: Store, run: FailedRun, clock: Clock = utc_now) -> int:
    """Enqueue a notice for each owner of a report that a run did not bring out, and say how many are new.

    Each is told once of a run. One that makes no reports is told to the owner of complaints, else to the owners of all
    reports.
    """
    catalog = load_catalog(store)
    by_owner: dict[str, list[str]] = {}
    for name in _missing(catalog, run):
        by_owner.setdefault(catalog.reports[name].owner, []).append(name)
    owners = by_owner if run.cadence else {owner: [] for owner in _others(catalog)}
    messages = [
        NewMessage(
            Recipient.of_chat(catalog.contacts[owner].phone),
            Text(body=_body(catalog, catalog.contacts[owner], run, names)),
            dedupe_key=f"notice/run-{run.id}/{owner}",
            account=catalog.reports[names[0]].account if names else catalog.intake.duty_account,
            priority=Priority.REPLY,
        )
        for owner, names in sorted(owners.items())
    ]
    return sum(row.created for row in Outbox(store, clock=clock).enqueue(messages))


def _missing(catalog: Catalog, run: FailedRun) -> list[str]:
    """What the run was asked for and did not bring out; of one that ended, just what failed."""
    of_cadence = {name: report for name, report in catalog.reports.items() if report.cadence == run.cadence}
    failed = [name for name in of_cadence if name in run.failed]
    if failed and not run.died:
        return failed
    asked = [name for name, report in of_cadence.items() if (name in run.only if run.only else report.enabled)]
    return [name for name in of_cadence if name in failed or (name in asked and name not in run.done)]


def _others(catalog: Catalog) -> Sequence[str]:
    owner = catalog.intake.complaints.owner
    return [owner] if owner else list(dict.fromkeys(report.owner for report in catalog.reports.values()))


def _body(catalog: Catalog, owner: Contact, run: FailedRun, names: Sequence[str]) -> str:
    words = _WORDS[owner.language]
    said = [bold(words["title"]), escape(words["run"].format(name=run.name, state=run.state))]
    if not names:
        return "\n\n".join([*said, words["next"]])
    titles = [bullet(escape(catalog.reports[name].title + _reason(run.why.get(name)))) for name in names[:_MOST]]
    slot = f" --slot {run.slot}" if run.slot else ""
    return "\n\n".join(
        [
            *said,
            "\n".join([words["reports"], *titles, *([bullet("…")] if len(names) > _MOST else [])]),
            words["again"] + "\n" + mono(f"wa report run {names[0]}{slot}"),
        ]
    )


def _reason(why: str | None) -> str:
    if why is None:
        return ""
    return f" ({why if len(why) <= _LONGEST_REASON else f'{why[: _LONGEST_REASON - 1]}…'})"
