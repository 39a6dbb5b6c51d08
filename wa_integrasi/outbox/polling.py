"""Of the runs that poll an account one at a time, whoever starts them: by a lease that ends by itself.

A concurrency limit of Prefect's keeps the slot of a run whose worker was stopped, for good.
"""

from __future__ import annotations

from datetime import timedelta

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.store.bulk import plain
from wa_integrasi.store.engine import Store

LASTS = timedelta(seconds=20)
"""How long a run is believed to be alive; one that is says so again much earlier."""

_LONGEST = timedelta(minutes=10)
"""Nobody gives a longer one: the clock was set back since."""

_TAKE = (
    "INSERT INTO leases (id, owner, until) VALUES (:id, :owner, :until) "
    "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until = excluded.until "
    "WHERE leases.until <= :now OR leases.until > :longest OR leases.owner = excluded.owner RETURNING id"
)


class PollLease:
    """The right of one run to poll an account."""

    def __init__(self, store: Store, account: str, owner: str, clock: Clock = utc_now) -> None:
        self._store = store
        self._id = f"poll/{account}"
        self._owner = owner
        self._clock = clock

    def take(self) -> bool:
        """Take it, or say that this run is still alive; False while another run has it."""
        now = self._clock()
        with self._store.writing() as connection:
            longest = now + _LONGEST
            taken = plain(
                connection, _TAKE, id=self._id, owner=self._owner, now=now, until=now + LASTS, longest=longest
            )
            return taken.first() is not None

    def give_back(self) -> None:
        """Let the next run begin at once."""
        with self._store.writing() as connection:
            plain(connection, "DELETE FROM leases WHERE id = :id AND owner = :owner", id=self._id, owner=self._owner)
