"""What Prometheus may read of the service: answers to webhooks, commits, what waits, and how messages fare."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wa_integrasi.audit.sla import QUANTILES, Figures, quantiles
from wa_integrasi.intake.lag import Lag
from wa_integrasi.store.engine import StoreError

_GROUPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_MOST_ACCOUNTS = 100
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Answer(StrEnum):
    """What became of a webhook."""

    STORED = "stored"
    HANDSHAKE = "handshake"
    HANDSHAKE_REFUSED = "handshake_refused"
    WRONG_SIGNATURE = "wrong_signature"
    UNKNOWN_ACCOUNT = "unknown_account"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    BUSY = "busy"
    REFUSED_BY_STORE = "refused_by_store"
    STORE_AWAY = "store_away"


class Metrics:
    """The figures of one service, in a registry of their own. They name accounts, and no person."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._webhooks = Counter(
            "wa_webhooks", "Webhooks by their answer", ["provider", "account", "answer"], registry=self.registry
        )
        self.group = Histogram(
            "wa_webhook_group_size", "Webhooks of one commit", buckets=_GROUPS, registry=self.registry
        )
        self.commit = Histogram(
            "wa_webhook_commit_seconds", "From taking a group to its commit", buckets=_SECONDS, registry=self.registry
        )
        self._waiting = Gauge("wa_webhooks_waiting", "Webhooks that wait for their commit", registry=self.registry)
        self._due = Gauge("wa_inbound_events_due", "Stored webhooks that wait to be read", registry=self.registry)
        self._oldest = Gauge("wa_inbound_oldest_due_seconds", "How long the oldest waits", registry=self.registry)
        self._lag = Gauge(
            "wa_intake_waiting", "What people wrote and nobody has dealt with yet", ["kind"], registry=self.registry
        )
        self._lag_oldest = Gauge(
            "wa_intake_oldest_seconds", "How long the oldest waits", ["kind"], registry=self.registry
        )
        self._routed = Counter("wa_inbound_routed", "Messages by where they went", ["route"], registry=self.registry)
        self._api = Counter(
            "wa_api_requests",
            "Requests of the Bot API by their answer",
            ["route", "method", "answer", "key"],
            registry=self.registry,
        )
        self._took = Gauge(
            "wa_delivery_seconds",
            "From sent to delivered or read, of the last hour",
            ["account", "step", "quantile"],
            registry=self.registry,
        )
        self._failed = Gauge(
            "wa_delivery_failed_ratio",
            "Share of the last hour's messages that failed",
            ["account", "code"],
            registry=self.registry,
        )
        self._messages = Gauge(
            "wa_delivery_messages", "Messages of the last hour", ["account", "status"], registry=self.registry
        )
        self._counted = lru_cache(maxsize=4096)(self._webhooks.labels)

    def count(self, answer: Answer, provider: str = "", account: str = "") -> None:
        """Count one answer. What has no account here has no name: anybody may ask for any."""
        self._counted(provider, account, answer.value).inc()

    def count_routed(self, routes: Iterable[tuple[str, int]]) -> None:
        """Count messages by their route."""
        for route, count in routes:
            self._routed.labels(route).inc(count)

    def count_request(self, route: str, method: str, status: int, key: str) -> None:
        """Count one answer of the Bot API, by the name of a known key."""
        self._api.labels(route, method, f"{status // 100}xx", key).inc()

    def watch_waiting(self, waiting: Callable[[], int]) -> None:
        """Take from `waiting` how many webhooks wait."""
        self._waiting.set_function(waiting)

    def tell_due(self, count: float, oldest_s: float) -> None:
        """Take over what the store says of the webhooks that wait to be read; NaN while it does not answer."""
        self._due.set(count)
        self._oldest.set(oldest_s)

    def tell_lags(self, lags: Sequence[Lag]) -> None:
        """Take over what waits of what people wrote; nothing while the store does not answer."""
        for gauge in (self._lag, self._lag_oldest):
            gauge.clear()
        for lag in lags:
            self._lag.labels(lag.kind).set(lag.count)
            self._lag_oldest.labels(lag.kind).set(lag.oldest_s)

    def tell_delivery(self, figures: Sequence[Figures]) -> None:
        """Take over what came of the newest messages; nothing while the store does not answer."""
        for gauge in (self._took, self._failed, self._messages):
            gauge.clear()
        for its in figures[:_MOST_ACCOUNTS]:
            for step, seconds in (("delivered", its.to_delivered), ("read", its.to_read)):
                for name, value in quantiles(seconds).items():
                    self._took.labels(its.account, step, str(QUANTILES[name])).set(value)
            for code, share in its.share_failed().items():
                self._failed.labels(its.account, code).set(share)
            for status, count in its.statuses.items():
                self._messages.labels(its.account, status).set(count)


def metrics_route(
    metrics: Metrics,
    due: Callable[[], tuple[int, float]],
    lags: Callable[[], list[Lag]],
    recent: Callable[[], list[Figures]],
) -> Route:
    """The page that Prometheus reads; `due`, `lags` and `recent` ask the store."""

    async def page(_: Request) -> Response:
        try:
            metrics.tell_due(*await asyncio.to_thread(due))
            metrics.tell_lags(await asyncio.to_thread(lags))
            metrics.tell_delivery(await asyncio.to_thread(recent))
        except (StoreError, SQLAlchemyError):
            metrics.tell_due(math.nan, math.nan)
            metrics.tell_lags([])
            metrics.tell_delivery([])
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", page)
