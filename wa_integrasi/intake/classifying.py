"""What a conversation is about: by an AI on masked text, whom the rules may overrule, or by the rules alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from wa_integrasi.intake.classification import (
    SCHEMA,
    SCHEMA_NAME,
    Classification,
    Intent,
    Urgency,
    question,
)
from wa_integrasi.intake.rules import Judgement, Rules
from wa_integrasi.privacy.masking import Masker
from wa_integrasi.privacy.names import Names
from wa_integrasi.sources.ai import ChatMessage
from wa_integrasi.sources.ai_answers import AiError

T = TypeVar("T")

log = logging.getLogger(__name__)

_LONG = 2_000
"""Characters from which texts are read in a thread."""

_SUMMARY = 200
_BECAUSE = 5


class Ai(Protocol):
    """What is needed of an AI: `wa_integrasi.sources.ai.AiClient`, entered."""

    async def structured(
        self, messages: Sequence[ChatMessage], schema: Mapping[str, Any], name: str
    ) -> Mapping[str, Any]:
        """An object that fits the schema. Raises `AiError`."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a conversation an AI is asked about; the rules judge all that is given."""

    texts: int = 10
    """The newest ones that go to the AI."""
    masked: int = 65_536
    """Characters that may be masked; a single text above it is judged by the rules alone.

    It would have to be cut before it is masked, and half a phone number is not known for one.
    """
    one: int = 2_000
    """Characters of one masked text that go to the AI: its beginning and its end."""
    all: int = 8_000


class Classifier:
    """Sorts conversations. It holds nothing of them."""

    def __init__(self, ai: Ai | None, rules: Rules | None = None, bounds: Bounds | None = None) -> None:
        self._ai = ai
        self._rules = rules or Rules()
        self._bounds = bounds or Bounds()

    async def classify(self, texts: Sequence[str], names: Names) -> Classification:
        """What a conversation is about. `texts`: as they were written, the oldest first; `names`: who may be in them.

        Whatever becomes of the AI, there is a classification. It is never below `critical` where the rules say so: who
        fools the AI, by intent or by accident, must not hide a fire.
        """
        judged = await _read(lambda: self._rules.judge_all(texts), texts)
        if self._ai is None:
            return _by_rules(judged, texts, "no AI")
        try:
            masker = Masker(names)
            chosen = self._chosen(texts, judged)
            masked = await _read(lambda: self._masked(masker, chosen), chosen)
            if not masked:
                return _by_rules(judged, texts, "AI not asked, no text or too much")
            answer = await self._ai.structured(question(masked), SCHEMA, SCHEMA_NAME)
            return _by_ai(answer, judged, masker, texts)
        except AiError as error:
            return _by_rules(judged, texts, f"AI failed, {error.code}")
        except Exception as error:  # a mistake of ours must hide a fire no more than the AI
            log.error("the AI is left out of a classification: %s", type(error).__name__)  # noqa: TRY400 - no values in logs
            return _by_rules(judged, texts, f"AI failed, {type(error).__name__}")

    def _chosen(self, texts: Sequence[str], judged: Judgement) -> Sequence[str]:
        """The newest texts; before them the most urgent one, where it is older and hurries."""
        newest = texts[-self._bounds.texts :]
        if not _hurries(judged) or judged.urgent >= len(texts) - len(newest):
            return newest
        return [texts[judged.urgent], *newest[1:]]

    def _masked(self, masker: Masker, texts: Sequence[str]) -> list[str]:
        """Those of the texts that are within bounds, the newest before all, masked, the oldest first."""
        left = self._bounds.masked
        taken: list[str] = []
        for text in reversed(texts):
            left -= len(text)
            if left < 0:
                break
            taken.append(text)
        shown: list[str] = []
        left = self._bounds.all
        for masked in reversed([_shown(masker.mask(text), self._bounds.one) for text in reversed(taken)]):
            left -= len(masked)
            if left < 0:
                break
            if masked:
                shown.append(masked)
        return shown[::-1]


async def _read(work: Callable[[], T], texts: Sequence[str]) -> T:
    """Do it here, or in a thread where the texts are long."""
    return await asyncio.to_thread(work) if sum(map(len, texts)) > _LONG else work()


def _by_rules(judged: Judgement, texts: Sequence[str], why: str) -> Classification:
    said = (_line(texts[judged.urgent]) if _hurries(judged) else "") or _last(texts)
    return Classification(judged.intent, judged.urgency, said, "rules", f"{why}; {_told(judged)}")


def _by_ai(answer: Mapping[str, Any], judged: Judgement, masker: Masker, texts: Sequence[str]) -> Classification:
    intent, urgency = Intent(answer["intent"]), Urgency(answer["urgency"])
    summary = masker.unmask(_line(answer["summary"])) or _last(texts)
    reason = f"AI: {urgency}; {_told(judged)}"
    if judged.urgency is Urgency.CRITICAL:
        urgency = Urgency.CRITICAL
    return Classification(intent, urgency, summary, "ai", reason)


def _hurries(judged: Judgement) -> bool:
    return judged.urgency.rank >= Urgency.HIGH.rank


def _told(judged: Judgement) -> str:
    because = f" ({', '.join(judged.because[:_BECAUSE])})" if judged.because else ""
    return f"rules: {judged.urgency}{because}"


def _shown(text: str, most: int) -> str:
    """A masked text without its middle, where it is long."""
    text = text.strip()
    if len(text) <= most:
        return text
    tail = most // 4
    return f"{text[: most - tail - 3]} … {text[-tail:]}"


def _last(texts: Sequence[str]) -> str:
    return next((line for text in reversed(texts) if (line := _line(text))), "")


def _line(text: str) -> str:
    """One line of at most 200 characters, cut between words, of signs that can be shown."""
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 10 * _SUMMARY]).split())
    if len(text) <= _SUMMARY:
        return text
    return f"{text[:_SUMMARY].rpartition(' ')[0] or text[: _SUMMARY - 1]}…"
