"""A web service that answers with JSON: one host, GET only."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.http_get import HttpHost
from wa_integrasi.sources.http_query import HttpQuery, path_problem
from wa_integrasi.sources.plugin import SourcePlugin

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}")
_RESERVED = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "accept-encoding"}
)


class HttpJsonSource(SourcePlugin):
    """One web service that answers with JSON.

    Attributes:
        api_url: Address up to where paths follow, such as `https://cuaca.example.id/api`. No other host is asked.
        login: `none`, `basic`, `bearer`, or `header` for a key in a header of its own.
        username: Of `basic`.
        secret: The password, the token or the key.
        header: Of `header`, such as `X-API-Key`.
        networks: Networks that the host may be in besides the internet, such as `10.20.0.0/16`.
        ca_file: PEM file with the certificate of the house that signed the server's; on every machine that reads.
        check_path: Path that `wa source check` asks.
    """

    title: ClassVar[str] = "HTTP-JSON source"
    about: ClassVar[str] = "A web service that answers with JSON, asked with GET only."

    api_url: str = Field(description="Address up to where paths follow, such as https://cuaca.example.id/api.")
    login: Literal["none", "basic", "bearer", "header"] = Field(default="none", description="How the login is shown.")
    username: str = Field(default="", description="Of basic.")
    secret: SecretStr = Field(default=SecretStr(""), description="The password, the token or the key.")
    header: str = Field(default="", description="Of header, such as X-API-Key.")
    networks: list[str] = Field(
        default_factory=list, description="Networks that the host may be in besides the internet, as 10.20.0.0/16."
    )
    ca_file: str = Field(default="", description="PEM file with the certificate that signed the server's.")
    check_path: str = Field(default="/", description="Path that wa source check asks.")

    @field_validator("networks")
    @classmethod
    def _networks(cls, networks: list[str]) -> list[str]:
        for network in networks:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise ValueError(f"found {network[:60]!r}, must be a network such as 10.20.0.0/16") from None
        return networks

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse a wrong source when it is saved, not when somebody asks."""
        self._host()
        if problem := path_problem(self.check_path):
            raise ValueError(f"check_path: {problem}")
        return self

    @classmethod
    def check_query(cls, query: str, binds: Collection[str]) -> Iterator[str]:
        """What is wrong with the YAML of a query, and places that nothing fills."""
        try:
            yield from HttpQuery.parse(query).problems(binds)
        except ValueError as error:
            yield str(error)

    def read(self, query: str, parameters: Mapping[str, Any], *, timeout_s: float, max_rows: int) -> Rows:
        """One GET, and the rows in its answer."""
        try:
            asked = HttpQuery.parse(query)
        except ValueError as error:
            raise SourceError(f"refused, {error}", transient=False) from None
        ends = time.monotonic() + timeout_s
        answer = asyncio.run(self._host().get_json(asked.target(parameters), timeout_s))
        return asked.rows_of(answer, max_rows, ends)

    def look(self, *, timeout_s: float) -> str:
        """Ask for `check_path`."""
        asyncio.run(self._host().get_json(HttpQuery(get=self.check_path).target({}), timeout_s))
        return "HTTP, answers with JSON"

    def _host(self) -> HttpHost:
        networks = [ipaddress.ip_network(network) for network in self.networks]
        return HttpHost(self.api_url, self._headers(), networks, self.ca_file, self.max_bytes)

    def _headers(self) -> dict[str, str]:
        secret = self.secret.get_secret_value()
        if self.login == "none":
            return {}
        if not secret or not secret.isascii() or not secret.isprintable():
            raise ValueError("secret must be given, of printable ASCII")
        if self.login == "bearer":
            return {"Authorization": f"Bearer {secret}"}
        if self.login == "basic":
            if not self.username or ":" in self.username or not self.username.isprintable():
                raise ValueError("username must not be empty, and have no colon")
            return {"Authorization": f"Basic {base64.b64encode(f'{self.username}:{secret}'.encode()).decode()}"}
        if not _NAME.fullmatch(self.header) or self.header.lower() in _RESERVED:
            raise ValueError("header must be the name of a header, such as X-API-Key")
        return {self.header: secret}
