"""Data sources as blocks: what a report's or a trigger's `source` names, and the AI that sorts messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Literal, Self, cast
from zoneinfo import ZoneInfo

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, field_validator, model_validator

from blocks.kept_sources import KEPT
from blocks.source_plugins import plugin_block, plugin_source
from wa_integrasi.sources.ai import AiClient, AiConfig, ChatMessage
from wa_integrasi.sources.base import QuerySource, SourceError
from wa_integrasi.sources.kinds import SQL
from wa_integrasi.sources.patience import Patience, Reconnect
from wa_integrasi.sources.pi import Basic, ClientCredentials, Kerberos, PiConfig, PiServer
from wa_integrasi.sources.sql import SqlDatabase


class SqlSource(Block):
    """A database that reports read from: SQLite, PostgreSQL, MySQL, MariaDB or Oracle.

    Give its account SELECT and nothing else; `wa source check` says whether it has more. Every query is one SELECT with
    functions of an allow-list, and runs in a fresh read-only session with a time limit and caps.

    Attributes:
        url: SQLAlchemy URL, such as `postgresql://reader:password@host/plant`, `mysql://…`, `sqlite:////data/plant.db`
            or `oracle://reader:password@host:1521/?service_name=PLANT`.
        timeout_s: Seconds after which a query is cancelled.
        max_rows: Most rows that a query may give.
        max_bytes: Most bytes that a query may give; what is over is left out as rows over the cap are.
        zone: Time zone of the session, and of moments that the database keeps without one.
        functions: Functions that queries may call besides the usual ones, such as `plant.shift_of`.
        reconnect: How often it is tried again when it cannot be reached, and for how long it is left alone then.

    Example:
        Query a source:
        ```python
        from blocks.sources import SqlSource

        source = SqlSource.load("BLOCK_NAME")
        rows = source.database().query("SELECT unit, ton FROM production WHERE day = :day", {"day": "2026-11-19"})
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "SQL source"
    _block_type_slug: ClassVar[str | None] = "sql-source"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls"
    )
    _description = "A database that reports read from, read-only: SQLite, PostgreSQL, MySQL, MariaDB, Oracle."

    url: SecretStr = Field(description="SQLAlchemy URL of the database, with its password.")
    timeout_s: float = Field(default=30.0, gt=0, le=600, description="Seconds after which a query is cancelled.")
    max_rows: int = Field(default=10_000, ge=1, le=1_000_000, description="Most rows that a query may give.")
    max_bytes: int = Field(default=16_000_000, ge=1_000, le=500_000_000, description="Most bytes a query may give.")
    zone: str = Field(default="Asia/Jakarta", description="Time zone of the session, as Asia/Jakarta.")
    functions: list[str] = Field(default_factory=list, description="Functions that queries may call besides the usual.")
    reconnect: Reconnect = Field(default_factory=Reconnect, description="What is done while it cannot be reached.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"found {zone!r}, must be a zone such as Asia/Jakarta") from None
        return zone

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: SecretStr) -> SecretStr:
        try:
            _ = SqlDatabase(url.get_secret_value()).dialect
        except SourceError as error:
            raise ValueError(str(error)) from None
        return url

    def database(self) -> SqlDatabase:
        """The source itself."""
        return SqlDatabase(
            self.url.get_secret_value(),
            timeout_s=self.timeout_s,
            max_rows=self.max_rows,
            max_bytes=self.max_bytes,
            zone=self.zone,
            functions=frozenset(self.functions),
            patience=Patience(self.reconnect),
        )


def load_source(name: str, kind: str = SQL) -> QuerySource:
    """The source that a report names, for code in a thread. Raises `SourceError` where there is none.

    Within a process all who ask for a source share what is known of it, such as that it is down.

    Args:
        name: Name of its block.
        kind: `sql`, or the kind of a plug-in, such as `csv`.
    """
    try:
        block = cast(Block, _block_type(kind).load(name))
    except ValueError as error:
        raise _no_source(name, kind) from error
    return _source(name, kind, block)


async def load_source_soon(name: str, kind: str = SQL) -> QuerySource:
    """The source that a trigger names, for code in an event loop. Raises `SourceError` where there is none."""
    loaded: Any = _block_type(kind).aload(name)
    try:
        block = cast(Block, await loaded)
    except ValueError as error:
        raise _no_source(name, kind) from error
    return _source(name, kind, block)


def _block_type(kind: str) -> type[Block]:
    return SqlSource if kind == SQL else plugin_block(kind)


def _source(name: str, kind: str, block: Block) -> QuerySource:
    opened = block.database() if isinstance(block, SqlSource) else plugin_source(kind, block)
    return KEPT.same(kind, name, opened)


def _no_source(name: str, kind: str = SQL) -> SourceError:
    called = {SQL: "source", "pi": "PI source"}.get(kind, f"{kind} source")
    hint = "make one in the Prefect UI; 'wa source check' lists those there are"
    return SourceError(f"no {called} block is called {name}: {hint}", transient=False)


class PiSource(Block):
    r"""An AVEVA PI Data Archive, read through PI Web API.

    Give its account read access to the tags that people may ask for, and nothing else.

    Attributes:
        api_url: Address of PI Web API, such as `https://pi.example.id/piwebapi`.
        data_server: Name of the PI Data Archive.
        login: `basic`, `bearer` (OAuth 2 client credentials) or `kerberos` (the extra of that name).
        username: Of `basic`, such as `PLANT\reader`.
        password: Of `basic`.
        token_url: Of `bearer`: where its tokens come from.
        client_id: Of `bearer`.
        client_secret: Of `bearer`.
        scope: Of `bearer`; empty where the token service wants none.
        ca_file: PEM file with the certificate of the house that signed the server's; on every machine that reads.
        timezone: Whose midnight `t` and `y` are.
        timeout_s: Seconds for one reading as a whole.
        max_values: Most values of one reading, over all its tags.

    Example:
        Read tags:
        ```python
        from blocks.sources import PiSource

        source = PiSource.load("BLOCK_NAME")
        reading = source.server().read(["BLR2.TI-01", "BLR2.PI-01"])
        for row in reading.rows.as_dicts():
            print(row["tag"], row["value"], row["unit"], row["quality"], row["state"])
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "PI source"
    _block_type_slug: ClassVar[str | None] = "pi-source"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://docs.aveva.com/bundle/pi-web-api-reference/page/help.html"
    )
    _description = "An AVEVA PI Data Archive behind PI Web API, read-only."

    api_url: str = Field(description="Address of PI Web API, such as https://pi.example.id/piwebapi.")
    data_server: str = Field(description="Name of the PI Data Archive.")
    login: Literal["basic", "bearer", "kerberos"] = Field(default="basic", description="How the account is shown.")
    username: str = Field(default="", description="Of basic, with its domain.")
    password: SecretStr = Field(default=SecretStr(""), description="Of basic.")
    token_url: str = Field(default="", description="Of bearer: where its tokens come from.")
    client_id: str = Field(default="", description="Of bearer.")
    client_secret: SecretStr = Field(default=SecretStr(""), description="Of bearer.")
    scope: str = Field(default="", description="Of bearer; empty where the token service wants none.")
    ca_file: str = Field(default="", description="PEM file with the certificate that signed the server's.")
    timezone: str = Field(default="Asia/Jakarta", description="IANA name of the zone whose midnight t and y are.")
    timeout_s: float = Field(default=30.0, gt=0, le=600, description="Seconds for one reading as a whole.")
    max_values: int = Field(default=100_000, ge=1, le=1_000_000, description="Most values of one reading.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse a wrong source when it is saved, not when somebody asks for a tag."""
        self.server()
        return self

    def server(self) -> PiServer:
        """The source itself. Keep it for several readings: it remembers where its tags are, and its token."""
        config = PiConfig(
            self.api_url,
            self.data_server,
            self._login(),
            ca_file=self.ca_file,
            timezone=self.timezone,
            timeout_s=self.timeout_s,
            max_values=self.max_values,
        )
        return PiServer(config)

    def _login(self) -> Basic | ClientCredentials | Kerberos:
        if self.login == "basic":
            return Basic(self.username, self.password.get_secret_value())
        if self.login == "bearer":
            return ClientCredentials(self.token_url, self.client_id, self.client_secret.get_secret_value(), self.scope)
        return Kerberos()


def load_pi(name: str) -> PiServer:
    """The PI server that a trigger names, for code in a thread. Raises `SourceError` where there is none."""
    try:
        block = cast(PiSource, PiSource.load(name))
    except ValueError as error:
        raise _no_source(name, "pi") from error
    return KEPT.same("pi", name, block.server())


async def load_pi_soon(name: str) -> PiServer:
    """The PI server that a trigger names, for code in an event loop. Raises `SourceError` where there is none."""
    loaded: Any = PiSource.aload(name)
    try:
        block = cast(PiSource, await loaded)
    except ValueError as error:
        raise _no_source(name, "pi") from error
    return KEPT.same("pi", name, block.server())


class AiService(Block):
    """An AI behind an OpenAI-compatible API: OpenAI itself, a gateway, or a model on a machine of your own.

    It gets texts in which personal data is masked, and its answers execute nothing. Without this block, or while the
    service is away, keyword rules decide.

    Attributes:
        api_url: Address up to where `/chat/completions` follows.
        model: Name of the model, as the service calls it.
        api_key: Key of the service; empty where it wants none.
        timeout_s: Seconds for one question as a whole, trying again included.
        max_tokens: Longest answer; with a model that reasons, its reasoning counts too.

    Example:
        Ask it:
        ```python
        from blocks.sources import AiService
        from wa_integrasi.sources.ai import ChatMessage

        service = AiService.load("BLOCK_NAME")
        async with service.client() as ai:
            text = await ai.chat([ChatMessage("user", "Halo")])
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "AI service"
    _block_type_slug: ClassVar[str | None] = "ai-service"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://platform.openai.com/docs/api-reference/chat")
    _description = "An AI behind an OpenAI-compatible API, which gets masked texts only."

    api_url: str = Field(description="Address up to where /chat/completions follows, such as http://ollama:11434/v1.")
    model: str = Field(description="Name of the model, as the service calls it.")
    api_key: SecretStr = Field(default=SecretStr(""), description="Key of the service; empty where it wants none.")
    timeout_s: float = Field(default=20.0, gt=0, le=600, description="Seconds for one question as a whole.")
    max_tokens: int = Field(default=500, ge=50, le=32_000, description="Longest answer, reasoning included.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse a wrong service when it is saved, not when the first message waits for it."""
        self.client()
        return self

    def client(self) -> AiClient:
        """The service, to be entered with `async with`."""
        return AiClient(
            AiConfig(
                self.api_url,
                self.model,
                self.api_key.get_secret_value(),
                timeout_s=self.timeout_s,
                max_tokens=self.max_tokens,
            )
        )


def ask_ai(name: str) -> Callable[[Sequence[ChatMessage]], Awaitable[str]]:
    """What asks the AI of a block. It raises `SourceError`, also where there is none."""

    async def ask(messages: Sequence[ChatMessage]) -> str:
        client = await load_ai(name)
        if client is None:
            raise _no_source(name, "AI")
        async with client:
            return await client.chat(messages)

    return ask


async def load_ai(name: str) -> AiClient | None:
    """The AI of a block, to be entered; None where there is no block of that name."""
    async with get_client() as client:
        try:
            await client.read_block_document_by_name(name, AiService.get_block_type_slug(), include_secrets=False)
        except ObjectNotFound:
            return None
        loaded: Any = await AiService.aload(name, client=client)
        return cast(AiService, loaded).client()
