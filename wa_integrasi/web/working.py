"""What the webhooks have stored is read and routed, beside the requests and behind them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from wa_integrasi.inbox import Inbox, Receivers
from wa_integrasi.intake.routing import Router
from wa_integrasi.store.engine import StoreError
from wa_integrasi.web.metrics import Metrics

_LOOK_AGAIN_S = 1.0
"""How often parked events are looked for; new ones wake the worker at once."""

_STORE_AWAY_S = 5.0

_MANY = 200
_FEW = 50
"""Events read at once; few while webhooks crowd in, since each batch holds them up."""

_ROUTED = 25
"""Messages routed at once while webhooks come: so long SQLite's only writer keeps them waiting."""

_YIELD = 9
_LONGEST_YIELD_S = 0.5

log = logging.getLogger(__name__)


class InboundWork:
    """Reads the events of one inbox and routes their messages."""

    def __init__(self, inbox: Inbox, router: Router, receivers: Receivers, metrics: Metrics) -> None:
        self._inbox = inbox
        self._router = router
        self._receivers = receivers
        self._metrics = metrics

    async def run(self, woken: asyncio.Event, crowded: Callable[[], bool] = lambda: False) -> None:
        """Work until cancelled; after any error, such as a store that is away, it waits and goes on.

        While webhooks crowd in, taking them in goes first: a tenth of the time is left for reading them.
        """
        clock = asyncio.get_running_loop().time
        while True:
            woken.clear()
            pause = _LOOK_AGAIN_S
            try:
                began = clock()
                while await asyncio.to_thread(self._turn, _FEW if crowded() else _MANY):
                    if crowded():
                        await asyncio.sleep(min(_LONGEST_YIELD_S, _YIELD * (clock() - began)))
                    began = clock()
            except Exception as error:
                log.warning("stored events wait: %s", error if isinstance(error, StoreError) else type(error).__name__)
                pause = _STORE_AWAY_S
            # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await woken.wait()

    def _turn(self, limit: int) -> int:
        """Read some events, route some messages, and say how many there were of both."""
        read = self._inbox.work(self._receivers, limit)
        routed = self._router.work(min(limit, _ROUTED) if read else limit)
        self._metrics.count_routed(routed.items())
        return read + routed.total()
