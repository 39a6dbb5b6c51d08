"""An AI behind an OpenAI-compatible API: asked with texts, answers with a text or with JSON that fits a schema.

It only reads and answers: no tools are offered to it, and nothing here acts on what it says. What is sent to it leaves
the house: mask it first (`wa_integrasi.privacy.masking`).
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import aiohttp

from wa_integrasi.sources.ai_answers import AiError, failure, fitting, refused_field, said
from wa_integrasi.sources.pause import Pause

_ANSWER_LIMIT = 256_000
_LONGEST_CONNECT_S = 5.0
_KEEP_ALIVE_S = 30.0
_TRIES = 3
_FIRST_WAIT_S = 0.4
_QUOTED = 4_000
"""Characters of an invalid answer that are sent back."""

_WORD = re.compile(r"[\x21-\x7e]{1,4096}")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class AiConfig:
    """One model of one service. Raises `ValueError`, never repeating a value."""

    api_url: str
    """Up to where `/chat/completions` follows, such as `https://api.openai.com/v1`."""
    model: str
    api_key: str = field(default="", repr=False)
    """Empty for a service that wants none."""
    timeout_s: float = 20.0
    """For one question as a whole: waiting for a place, trying again and the repair are within it."""
    max_tokens: int = 500
    """Longest answer; with a model that reasons, its reasoning counts too."""
    max_prompt: int = 24_000
    """Characters of one question."""
    max_in_flight: int = 4

    def __post_init__(self) -> None:
        parts = urlsplit(self.api_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("api_url must be http(s)://host/path, without user and query")
        if self.api_key and not _WORD.fullmatch(self.api_key):
            raise ValueError("api_key must be one word of printable ASCII, or empty")
        if not self.model.strip() or not self.model.isprintable():
            raise ValueError("model must not be empty")
        if not 0 < self.timeout_s <= 600:
            raise ValueError("timeout_s must be positive, and at most 600")
        if min(self.max_tokens, self.max_prompt, self.max_in_flight) < 1:
            raise ValueError("max_tokens, max_prompt and max_in_flight must be positive")


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of a conversation with the AI."""

    role: Literal["system", "user", "assistant"]
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Form:
    """How an answer must look."""

    schema: Mapping[str, Any]
    name: str

    def asked(self) -> str:
        return f"Answer with one JSON object and nothing else. It must fit this JSON Schema:\n{json.dumps(self.schema)}"


class AiClient:
    """Asks one model, over one pool of kept connections; an async context manager."""

    def __init__(self, config: AiConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that only go forward, for the pause after failures."""
        self._config = config
        self._clock = clock
        self._url = f"{config.api_url.rstrip('/')}/chat/completions"
        self._pause = Pause()
        self._slots = asyncio.Semaphore(config.max_in_flight)
        self._session: aiohttp.ClientSession | None = None
        self._without: set[str] = set()
        """Fields that the service has refused by name."""

    @property
    def config(self) -> AiConfig:
        """What it was made with."""
        return self._config

    async def __aenter__(self) -> Self:
        timeout = self._config.timeout_s
        authorization = {"Authorization": f"Bearer {self._config.api_key}"} if self._config.api_key else {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._config.max_in_flight, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None, connect=min(_LONGEST_CONNECT_S, timeout / 2)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity", "Content-Type": "application/json", **authorization},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def chat(self, messages: Sequence[ChatMessage]) -> str:
        """What the model says. Raises `AiError`."""
        async with self._question(messages) as ends:
            return await self._ask(messages, None, ends)

    async def structured(
        self, messages: Sequence[ChatMessage], schema: Mapping[str, Any], name: str
    ) -> Mapping[str, Any]:
        """A JSON object that fits `schema`. An answer that does not is sent back once, with what is wrong with it.

        Raises `AiError`; `ValueError` for a `name` that is not letters, digits, `_` and `-`.
        """
        if not _NAME.fullmatch(name):
            raise ValueError("the name of a schema must be up to 64 letters, digits, _ and -")
        form = _Form(schema, name)
        async with self._question(messages) as ends:
            answer = await self._ask(messages, form, ends)
            found, wrong = fitting(answer, schema)
            if found is None:
                mend = f"That answer does not fit: {wrong}. {form.asked()}"
                again = [*messages, ChatMessage("assistant", answer[:_QUOTED]), ChatMessage("user", mend)]
                found, _ = fitting(await self._ask(again, form, ends), schema)
            if found is None:
                raise AiError("the AI has twice answered what does not fit the schema", code="invalid", transient=False)
            return found

    @asynccontextmanager
    async def _question(self, messages: Sequence[ChatMessage]) -> AsyncIterator[float]:
        """One question within its limits; gives the moment of the event loop at which it ends."""
        if sum(len(message.content) for message in messages) > self._config.max_prompt:
            raise AiError("the question is longer than max_prompt", code="too_large", transient=False)
        if not self._pause.enter(self._clock()):
            raise AiError("the AI service has failed and is left alone for a while", code="paused", transient=True)
        started = False
        try:
            async with asyncio.timeout(self._config.timeout_s) as limit, self._slots:
                started = True
                yield limit.when() or 0.0
            self._pause.worked()
        except TimeoutError:
            if not started:
                raise AiError("too many questions wait for the AI service", code="busy", transient=True) from None
            self._pause.failed(self._clock())
            raise AiError("no answer of the AI service in time", code="timeout", transient=True) from None
        except AiError as error:
            if error.outage:
                self._pause.failed(self._clock(), error.wait_s)
            else:
                self._pause.worked()
            raise
        finally:
            self._pause.left()

    async def _ask(self, messages: Sequence[ChatMessage], form: _Form | None, ends: float) -> str:
        """Ask, without what the service does not know: many that call themselves compatible refuse some fields."""
        without = set(self._without)
        while True:
            body = self._body(messages, form, without)
            status, answer = await self._insist(body, ends)
            if status == 200:
                return said(answer)
            field_refused, named = refused_field(status, answer, set(body))
            if field_refused is None:
                raise failure(status)
            without.add(field_refused)
            if named:
                self._without.add(field_refused)

    def _body(self, messages: Sequence[ChatMessage], form: _Form | None, without: set[str]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self._config.model}
        turns = [{"role": message.role, "content": message.content} for message in messages]
        if form is not None and "response_format" not in without:
            shape = {"name": form.name, "strict": True, "schema": form.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif form is not None:
            # Into the first turn: many chat templates take one system message, and only at the beginning.
            if turns and turns[0]["role"] == "system":
                turns[0]["content"] += f"\n\n{form.asked()}"
            else:
                turns.insert(0, {"role": "system", "content": form.asked()})
        if "temperature" not in without:
            body["temperature"] = 0
        body["max_completion_tokens" if "max_tokens" in without else "max_tokens"] = self._config.max_tokens
        return {**body, "messages": turns}

    async def _insist(self, body: Mapping[str, Any], ends: float) -> tuple[int, bytes]:
        """Post, again where that may help and there is time. Gives a 200, 400 or 422; else raises `AiError`."""
        raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        for tried in range(1, _TRIES + 1):
            try:
                return await self._post(raw)
            except AiError as error:
                wait = max(error.wait_s, _FIRST_WAIT_S * 2 ** (tried - 1))
                if tried == _TRIES or not error.transient or asyncio.get_running_loop().time() + wait >= ends:
                    raise
            await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _post(self, raw: bytes) -> tuple[int, bytes]:
        if self._session is None:
            raise RuntimeError("an AiClient is entered (async with) before it is asked")
        try:
            async with self._session.post(self._url, data=raw, allow_redirects=False) as response:
                return response.status, await _read(response)
        except AiError:
            raise
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            text = f"no connection to the AI service ({type(error).__name__})"
            raise AiError(text, code="connect", transient=True, outage=True) from None
        except Exception as error:  # whatever broke it off: asking again changes nothing there
            text = f"the AI service broke off ({type(error).__name__})"
            raise AiError(text, code="no_answer", transient=True, outage=True) from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if response.status not in (200, 400, 422):
        raise failure(response.status, response.headers.get("Retry-After"))
    read = bytearray()
    async for chunk in response.content.iter_any():
        read += chunk
        if len(read) > _ANSWER_LIMIT:
            response.close()
            text = f"the answer of the AI service is longer than {_ANSWER_LIMIT} bytes"
            raise AiError(text, code="answer_too_large", transient=False, outage=True)
    return bytes(read)
