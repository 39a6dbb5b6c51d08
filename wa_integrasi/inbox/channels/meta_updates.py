"""The Cloud API: what its webhooks say of an account, its number and its templates.

Source: Meta's webhook reference, one page for each field, 2026. A shape that is not known says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from wa_integrasi.inbox.channels.nodes import Node, node, nodes, whole, word
from wa_integrasi.policy.standing import ACTIVE, DELETED, DISABLED, FOR_GOOD, HELD, UNLIMITED
from wa_integrasi.store.facts import Fact, FactKind

Reader = Callable[[Node, str, datetime], Iterator[Fact]]
"""Reads the value of a change of an account at a moment."""

_STATUSES = {
    **{status: status for status in (*HELD, "APPROVED", "PENDING_DELETION", "DELETED")},
    "REINSTATED": "APPROVED",
    "UNARCHIVED": "APPROVED",
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z]{2,4})?")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_CODE = re.compile(r"[A-Z0-9_]{1,64}")
_TIER = re.compile(r"TIER_([0-9]{1,9})(K|M)?")
_TIMES = {None: 1, "K": 1_000, "M": 1_000_000}
_MOST = 1_000_000_000
_LONGEST_REASON = 300
_MESSAGING = {"RESTRICTED_BIZ_INITIATED_MESSAGING", "RESTRICTED_CUSTOMER_INITIATED_MESSAGING"}
_BANNED = {"DISABLE": DISABLED, "REINSTATE": ACTIVE}
_HARMLESS = {"VERIFIED_ACCOUNT", "ACCOUNT_RECONNECTED", "AD_ACCOUNT_LINKED", "MM_LITE_TERMS_SIGNED", "PARTNER_ADDED"}


def facts(name: str, change: object, account: str, at: datetime) -> Iterator[Fact]:
    """What a change of the field `name` says; nothing where it says nothing that matters here."""
    read = _READERS.get(name)
    if read is not None:
        yield from read(node(change, "value"), account, at)


def _template_status(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    key, event = _template(value), _code(value, "event")
    if key is None or event is None:
        return
    name, language = key
    if event == "FLAGGED":
        # It may go on; Meta disables it unless its quality gets better.
        yield _warning(account, f"template_flagged.{name}", at, _reason(value))
    elif event in _STATUSES:
        status = _STATUSES[event]
        yield Fact(
            account,
            FactKind.TEMPLATE_STATUS,
            status,
            at,
            name,
            language,
            _reason(value),
            news=status in HELD,
        )
    if (category := _code(value, "message_template_category")) is not None:
        yield Fact(account, FactKind.TEMPLATE_CATEGORY, category, at, name, language)


def _template_quality(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    key, score = _template(value), _code(value, "new_quality_score")
    if key is not None and score is not None:
        yield Fact(account, FactKind.TEMPLATE_QUALITY, score, at, *key, news=score == "RED")


def _template_category(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    key = _template(value)
    if key is None:
        return
    new, ahead = _code(value, "new_category"), _code(value, "correct_category")
    if ahead is not None:
        # A day ahead: until then `new_category` is the category that it still has.
        yield _warning(account, f"template_category.{key[0]}", at, f"becomes {ahead}")
    if new is not None:
        news = _code(value, "previous_category") not in (None, new)
        yield Fact(account, FactKind.TEMPLATE_CATEGORY, new, at, *key, news=news)


def _number_quality(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    event = _code(value, "event")
    if event in ("FLAGGED", "UNFLAGGED"):
        yield Fact(account, FactKind.NUMBER_QUALITY, event, at, news=event == "FLAGGED")
    yield from _tier(value, account, at, "max_daily_conversations_per_business", "current_limit")


def _capability(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    yield from _tier(value, account, at, "max_daily_conversations_per_business", "max_daily_conversation_per_phone")


def _account(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    event = _code(value, "event")
    if event is None:
        return
    ban = _code(node(value, "ban_info"), "waba_ban_state")
    if ban in _BANNED:
        yield Fact(account, FactKind.STANDING, _BANNED[ban], at, reason=event)
    elif event == "ACCOUNT_DELETED":
        yield Fact(account, FactKind.STANDING, DELETED, at, reason=event)
    elif event == "ACCOUNT_RESTRICTION":
        yield from _restrictions(value, account, at)
    elif event not in _HARMLESS:
        violation = _code(node(value, "violation_info"), "violation_type")
        yield _warning(account, f"account_update.{event}", at, ban or violation)


def _restrictions(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    found = [*nodes(value, "restriction_info"), *([lone] if (lone := node(value, "restriction_info")) else [])]
    kinds = {kind: _end(item) for item in found if (kind := _code(item, "restriction_type")) is not None}
    for kind, until in sorted(kinds.items()):
        if kind not in _MESSAGING:
            yield _warning(account, f"account_update.{kind}", at, until)
    ends = [until for kind, until in kinds.items() if kind in _MESSAGING]
    if ends:
        until = FOR_GOOD if FOR_GOOD in ends else max(ends)
        yield Fact(account, FactKind.RESTRICTED, until, at, reason=", ".join(sorted(kinds)), news=True)


def _alert(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    # Its own fields once lay beside it, and lie in `alert_info` now.
    alert = node(value, "alert_info") or value
    kind, severity = _code(alert, "alert_type"), _code(alert, "alert_severity")
    if kind is not None and severity != "INFORMATIONAL":
        yield _warning(account, f"account_alerts.{kind}", at, word(alert, "alert_description") or severity)


def _security(value: Node, account: str, at: datetime) -> Iterator[Fact]:
    if (event := _code(value, "event")) is not None:
        yield _warning(account, f"security.{event}", at, None)


_READERS: Mapping[str, Reader] = {
    "message_template_status_update": _template_status,
    "message_template_quality_update": _template_quality,
    "template_category_update": _template_category,
    "phone_number_quality_update": _number_quality,
    "business_capability_update": _capability,
    "account_update": _account,
    "account_alerts": _alert,
    "security": _security,
}


def _template(value: Node) -> tuple[str, str] | None:
    """Name and language, as the store has them: `en-US` and `en_us` are `en_US`."""
    name, language = word(value, "message_template_name"), word(value, "message_template_language")
    if name is None or language is None or not _NAME.fullmatch(name) or not _LANGUAGE.fullmatch(language):
        return None
    first, _, country = language.replace("-", "_").partition("_")
    return name, f"{first.lower()}_{country.upper()}" if country else first.lower()


def _tier(value: Node, account: str, at: datetime, *keys: str) -> Iterator[Fact]:
    """The first of `keys` that names a limit: `TIER_2K`, 2000, or without a limit `TIER_UNLIMITED` and -1."""
    limits = (_limit(value.get(key)) for key in keys)
    if (limit := next(filter(None, limits), None)) is not None:
        yield Fact(account, FactKind.TIER, limit, at)


def _limit(value: object) -> str | None:
    if value in ("TIER_UNLIMITED", "-1", -1) and not isinstance(value, bool):
        return UNLIMITED
    tier = _TIER.fullmatch(value) if isinstance(value, str) else None
    number = int(tier[1]) * _TIMES[tier[2]] if tier else whole({"limit": value}, "limit")
    return str(number) if number is not None and 0 < number <= _MOST else None


def _end(item: Node) -> str:
    """When a restriction ends, in ISO 8601 and UTC; it may come as text or in seconds."""
    said = item.get("expiration")
    seconds = whole(item, "expiration")
    try:
        if seconds is not None:
            return _iso(datetime.fromtimestamp(seconds, UTC))
        moment = datetime.fromisoformat(said) if isinstance(said, str) else None
        return _iso(moment) if moment is not None else FOR_GOOD
    except (ValueError, OverflowError, OSError):
        return FOR_GOOD


def _iso(moment: datetime) -> str:
    return f"{(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _reason(value: Node) -> str | None:
    said = (
        word(value, "reason"),
        word(node(value, "other_info"), "title"),
        word(node(value, "rejection_info"), "reason"),
    )
    return next((reason[:_LONGEST_REASON] for reason in said if reason and reason != "NONE"), None)


def _code(value: Node, key: str) -> str | None:
    found = word(value, key)
    return found if found is not None and _CODE.fullmatch(found) else None


def _warning(account: str, name: str, at: datetime, reason: str | None) -> Fact:
    """Each one is told of: its value is when it came."""
    said = reason[:_LONGEST_REASON] if reason else None
    return Fact(account, FactKind.WARNING, at.isoformat(), at, name, reason=said, news=True)
