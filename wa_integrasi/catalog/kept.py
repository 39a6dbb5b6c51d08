"""The catalog of a process that stays: read again when it has changed, and otherwise not."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from pydantic import ValidationError

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import Mark, catalog_mark, load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.store.engine import Store

LOOKED_AFTER = timedelta(seconds=3)
"""How long a change may go unseen."""

_READ_ANYWAY = timedelta(minutes=1)
"""For rows that were changed by hand, which leave no mark."""

log = logging.getLogger(__name__)


class KeptCatalog:
    """The catalog of one store. To read all of it takes tens of milliseconds, and somebody may wait for an answer."""

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock
        self._catalog = Catalog(version=1)
        self._mark: Mark | None = None
        self._looked_at: datetime | None = None
        self._read_at: datetime | None = None

    def current(self) -> Catalog:
        """The catalog in force; the same object until it changes. One that nobody can read leaves the last in force."""
        now = self._clock()
        if _within(self._looked_at, now, LOOKED_AFTER):
            return self._catalog
        mark = catalog_mark(self._store)
        if mark != self._mark or not _within(self._read_at, now, _READ_ANYWAY):
            self._read()
            self._mark, self._read_at = mark, now
        self._looked_at = now
        return self._catalog

    def _read(self) -> None:
        try:
            found = load_catalog(self._store)
        except ValidationError as error:
            log.error("the catalog in the store cannot be read: %s problems", error.error_count())  # noqa: TRY400
            return
        if found != self._catalog:
            self._catalog = found


def _within(moment: datetime | None, now: datetime, duration: timedelta) -> bool:
    return moment is not None and timedelta() <= now - moment < duration
