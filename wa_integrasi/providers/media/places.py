"""Where files may be asked for: a webhook can name any address, and only the channel's own are ever asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from yarl import URL

from wa_integrasi.internet import Address as IpAddress
from wa_integrasi.internet import JudgedNames, is_public

_ADDRESS = re.compile(
    r"(https?)://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?((?:[/?][\x21\x22\x24-\x5b\x5d-\x7e]*)?)"
)
"""No user, no fragment, no backslash: so that no two readers of it can differ about whose address it is."""
_PORTS = {"http": 80, "https": 443}
_CLIMBS = re.compile(r"(?:^|[/\\])(?:\.|%2e){1,2}(?:$|[/\\?])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that only one reading of is possible."""

    scheme: str
    host: str
    port: int
    rest: str
    """Path and query."""

    @classmethod
    def read(cls, text: str | None) -> Address | None:
        """The parts of an address; None for anything else, and for a path that climbs."""
        match = _ADDRESS.fullmatch(text or "")
        if match is None or _CLIMBS.search(match[4].partition("?")[0].replace("%2f", "/").replace("%2F", "/")):
            return None
        scheme = match[1]
        port = int(match[3]) if match[3] else _PORTS[scheme]
        return cls(scheme, match[2].lower(), port, match[4]) if 0 < port < 65536 else None

    @property
    def origin(self) -> tuple[str, str, int]:
        """Whose it is."""
        return self.scheme, self.host, self.port

    @property
    def url(self) -> URL:
        """As it is asked for, quoted as it came: a signed address is not the same when it is quoted anew."""
        host = self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"
        return URL(f"{self.scheme}://{host}{self.rest or '/'}", encoded=True)

    def is_of(self, domains: Sequence[str]) -> bool:
        """Whether it is https on the usual port of one of `domains`; one with a leading dot stands for all below it."""
        if self.scheme != "https" or self.port != _PORTS["https"]:
            return False
        return any(self.host.endswith(domain) if domain.startswith(".") else self.host == domain for domain in domains)


def public_names(configured: str) -> JudgedNames:
    """Names to public addresses only, but for the host that was configured: that may be anywhere.

    To resolve raises `OSError` when a foreign name leads into our own network.
    """

    def judge(name: str, address: IpAddress | None) -> None:
        if name.lower() != configured and (address is None or not is_public(address)):
            raise OSError("the name leads to an address that is not public")

    return JudgedNames(judge)
