"""Whatever a webhook holds: events or a `ValueError`, and a bad item never loses a good one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.providers.base import MessageEvent
from wa_integrasi.providers.meta import MetaCloudReceiver
from wa_integrasi.providers.wire import is_json, json_object

NUMBER_ID = "106540352242922"
AT = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
SECONDS = str(int(AT.timestamp()))
RECEIVER = MetaCloudReceiver("secret", "token", NUMBER_ID)
GOOD = {"from": "6281234567890", "id": "wamid.good", "timestamp": SECONDS, "type": "text", "text": {"body": "ok"}}


def parse(*values: dict[str, Any]) -> Any:
    metadata = {"phone_number_id": NUMBER_ID}
    changes = [{"field": "messages", "value": {"metadata": metadata, **value}} for value in values]
    envelope = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}
    return RECEIVER.parse(json.dumps(envelope).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ITEM = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("from", "text", "interactive", "errors", "pricing", "biz_opaque_callback_data"), JSON),
        "id": st.just("wamid.x") | JSON,
        "timestamp": st.just(SECONDS) | JSON,
        "type": st.sampled_from(["text", "interactive", "image", "button"]) | JSON,
        "status": st.sampled_from(["sent", "failed", "read"]) | JSON,
    },
)


def refused(body: bytes) -> str | None:
    try:
        RECEIVER.parse(body)
    except ValueError as error:
        return str(error)
    return None


class TestAnything:
    @given(st.binary(max_size=200))
    def test_bytes(self, body: bytes) -> None:
        assert refused(body) in (None, "not JSON", "JSON, but no object")

    @given(JSON)
    def test_json(self, value: Any) -> None:
        body = json.dumps(value).encode()
        if isinstance(value, dict):
            assert RECEIVER.parse(body)
        else:
            assert refused(body) in ("not JSON", "JSON, but no object")

    @settings(max_examples=100)
    @given(st.lists(ITEM, max_size=4), st.lists(ITEM, max_size=4), JSON)
    def test_items_among_good_ones(self, messages: list[Any], statuses: list[Any], contacts: Any) -> None:
        events = parse(
            {"messages": [*messages, GOOD], "statuses": statuses, "contacts": contacts}, {"messages": [GOOD]}
        )
        assert len(events) == len(messages) + len(statuses) + 2
        good = [event for event in events if isinstance(event, MessageEvent) and event.message_id == "wamid.good"]
        assert len(good) == 2
        for event in events:
            repr(event).encode()
            assert (getattr(event, "at", None) or AT).tzinfo is UTC

    def test_deep_nesting(self) -> None:
        for depth in (500, 5_000, 500_000):
            body = b'{"object":' + b"[" * depth + b"]" * depth + b"}"
            assert refused(body) in (None, "not JSON")

    def test_what_is_json_when_it_comes_is_json_when_it_is_read(self) -> None:
        def from_deeper(calls: int, body: bytes) -> bool:
            return from_deeper(calls - 1, body) if calls else is_json(body)

        for depth in (50, 100, 101, 700, 800, 900, 5_000):
            body = b'{"object":' * depth + b"1" + b"}" * depth
            assert is_json(body) == from_deeper(200, body) == (depth <= 100)
        assert is_json(b'{"text":"' + b"[" * 500 + b'\\"{{"}'), "signs in a text are no nesting"

    def test_json_object_reads_numbers_that_matter(self) -> None:
        assert json_object(b'{"a": 1, "b": 1.5, "c": -7}') == {"a": 1, "b": 1.5, "c": -7}
