"""What is fuzzed: each takes bytes, and raises when something does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from tests.fuzz import seeds
from tests.fuzz.chain import Chain, chain
from tests.fuzz.channels import CHANNELS, Channel
from tests.fuzz.mutating import mutated
from wa_integrasi.complaints import read_complaint
from wa_integrasi.inbox.normalising import normalise
from wa_integrasi.intake.rules import Rules
from wa_integrasi.policy.spam import SpamRules, Standing, Verdict, digest_of, judge
from wa_integrasi.privacy.masking import Masker
from wa_integrasi.privacy.names import Names
from wa_integrasi.providers.base import Event, MessageEvent
from wa_integrasi.providers.wire import is_json, storable

AT = datetime(2026, 11, 21, tzinfo=UTC)
TEXTS = tuple(
    text.encode()
    for text in (
        seeds.COMPLAINT,
        "Pesan komplen - AC bocor :\n*Nama*= Budi\nUnit：3\nhttps://x/y",
        "Pak Budi Santoso 0812-3456-7890, NIK 3174012345678901, budi@example.co.id, [TELEPON_1] Jl. 5",
        "ADA KEBAKARAN di gudang!! bukan latihan, t o l o n g; gas sudah tidak bocor",
        "4111 1111 1111 1111 NPWP 01.234.567.8-901.000 ‮+62​812 3456 7890",
    )
)
_NAMES = ("Budi Santoso", "Siti Nur Aminah", "Å Ångström", "Li")
_RULES = SpamRules()
_REASONS = frozenset({"not JSON", "JSON, but no object", "a form of too many fields"})
"""Why a webhook cannot be read at all: nothing of it is repeated."""


Run = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """One target: `begin` makes what runs an input; `mutate`, where inputs have a structure, changes one by it."""

    begin: Callable[[Path, ExitStack], Run]
    seeds: tuple[bytes, ...] = field(repr=False)
    mutate: Callable[[bytes, Random], bytes] | None = None


def _receiver(channel: Channel, data: bytes) -> None:
    kept = channel.kept(data)
    if kept is None:
        return
    try:
        events = channel.receiver.parse(kept)
    except ValueError as error:
        if str(error) not in _REASONS:
            raise
        return
    assert is_json(kept) or not channel.receiver.sends_json, "what was refused would not have been read"
    for event in events:
        _hold(event, channel.name)


def _hold(event: Event, provider: str) -> None:
    if isinstance(event, MessageEvent):
        message = normalise(event, provider, "default", AT)
        told = (message.message_id, message.chat, message.sender, message.text or "", message.name or "")
        assert all(storable(each) == each for each in told), "a database takes it"
        assert message.message_id
        assert message.at <= AT
        assert message.addresses


def _complaint(data: bytes) -> None:
    text = storable(data.decode("utf-8", "replace"))
    complaint = read_complaint(text)
    if complaint is not None:
        assert all(complaint.fields.values())
        assert storable(repr(complaint)) == repr(complaint)
        assert read_complaint(f"*PESAN  KOMPLAIN*\n{complaint.text}") is not None


def _masked(names: Names, data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    masker = Masker(names)
    masked = masker.mask(text)
    assert masker.unmask(masked) == text
    assert masker.mask(text) == masked


def _judged(rules: Rules, data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    judged = rules.judge(text)
    assert rules.judge_all([text]).urgency == judged.urgency


def _spam(data: bytes) -> None:
    standing, group = Standing(), len(data) % 2 == 1
    for step in data:
        at = AT + timedelta(seconds=step * step * (-1 if step % 7 == 0 else 1))
        before = standing
        silent = before.silent_at(at)
        verdict, standing = judge(before, _RULES, at, digest_of("x" * (step % 5)), group=group)
        assert (verdict is Verdict.SILENT) == silent
        assert standing.silenced - before.silenced == (verdict is not Verdict.HEARD)
        assert before.last_at is None or (standing.last_at or AT) >= before.last_at
        assert (standing.silent_until is None) == (verdict is Verdict.HEARD)


def _plain(run: Run, _: Path, __: ExitStack) -> Run:
    return run


def _whole_chain(channels: Mapping[str, Channel], folder: Path, stack: ExitStack) -> Run:
    """The first byte of an input says which channel."""
    opened: Chain = stack.enter_context(chain(folder, channels))
    order = list(channels.values())
    return lambda data: opened.take(order[data[0] % len(order)], data[1:]) if data else None


def targets() -> dict[str, Target]:
    """All of them, by name."""
    channels = {name: make() for name, make in CHANNELS.items()}
    found = {
        name: Target(partial(_plain, partial(_receiver, channel)), channel.seeds, mutated)
        for name, channel in channels.items()
    }
    numbered = enumerate(channels.values())
    whole = tuple(bytes([number]) + seed for number, channel in numbered for seed in channel.seeds)
    found["chain"] = Target(
        partial(_whole_chain, channels), whole, lambda data, chance: data[:1] + mutated(data[1:], chance)
    )
    texts: dict[str, Run] = {
        "complaint": _complaint,
        "mask": partial(_masked, Names(_NAMES)),
        "rules": partial(_judged, Rules()),
    }
    found |= {name: Target(partial(_plain, run), TEXTS) for name, run in texts.items()}
    found["spam"] = Target(partial(_plain, _spam), (bytes(range(40)), b"\1" * 40, b"\5\5\5\5\5\5\5"))
    return found


@contextmanager
def begun(target: Target, folder: Path) -> Iterator[Run]:
    """What runs an input, as long as the block."""
    with ExitStack() as stack:
        yield target.begin(folder, stack)
