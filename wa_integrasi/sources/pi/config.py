"""Which PI server, who asks it, and within which limits."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MOST_ITEMS = 150_000
"""Values that PI Web API gives in one answer, unless its administrator says otherwise."""

_SERVER = re.compile(r"[^\\/|?*\[\]\s]{1,255}")


@dataclass(frozen=True, slots=True)
class Basic:
    r"""A user name with its password, such as `PLANT\reader`. Raises `ValueError`, never repeating a value."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.username or ":" in self.username or not self.username.isprintable():
            raise ValueError("username must not be empty, and have no colon")
        if not self.password or not self.password.isprintable():
            raise ValueError("password must not be empty, and be printable")


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A client of an OAuth 2 service, which gives it tokens. Raises `ValueError`, never repeating a value."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""

    def __post_init__(self) -> None:
        check_url(self.token_url, "token_url")
        if not self.client_id or not self.client_secret:
            raise ValueError("client_id and client_secret must not be empty")


@dataclass(frozen=True, slots=True)
class Kerberos:
    """The ticket of the account that the process runs as, from its ticket cache or keytab."""


PiLogin = Basic | ClientCredentials | Kerberos


@dataclass(frozen=True, slots=True)
class PiConfig:
    """One data server behind one PI Web API. Raises `ValueError`, never repeating a value."""

    api_url: str
    """Up to and with `/piwebapi`, such as `https://pi.example.id/piwebapi`."""
    data_server: str
    """Name of the PI Data Archive that a tag without a server is looked for on."""
    login: PiLogin
    ca_file: str = ""
    """PEM file with the certificate of the house that signed the server's; empty: those of the system."""
    timezone: str = "Asia/Jakarta"
    """Whose midnight `t` and `y` are."""
    timeout_s: float = 30.0
    """For one reading as a whole: trying again and further pages are within it."""
    max_values: int = 100_000
    """Of one reading, over all tags."""
    max_bytes: int = 32_000_000
    """Of one answer."""
    page: int = 10_000
    """Recorded values of one tag that one request asks for; fewer where many tags are asked for at once."""
    max_tags: int = 1_000
    fresh_s: float = 3_600.0
    """How long a tag's WebId is taken for right."""

    def __post_init__(self) -> None:
        check_url(self.api_url, "api_url")
        if not urlsplit(self.api_url).path.rstrip("/"):
            raise ValueError("api_url must have the path of PI Web API, such as https://host/piwebapi")
        if not _SERVER.fullmatch(self.data_server):
            raise ValueError("data_server must be the name of a PI Data Archive, without \\ and /")
        try:
            ZoneInfo(self.timezone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ValueError("timezone must be an IANA name such as Asia/Jakarta") from None
        if not 0 < self.timeout_s <= 600 or self.fresh_s <= 0:
            raise ValueError("timeout_s must be positive and at most 600, fresh_s positive")
        if min(self.max_values, self.max_bytes, self.max_tags) < 1:
            raise ValueError("max_values, max_bytes and max_tags must be positive")
        if not 2 <= self.page <= MOST_ITEMS:
            raise ValueError(f"page must be 2 to {MOST_ITEMS}")

    @property
    def has_tls(self) -> bool:
        """Whether any request of it goes over TLS."""
        urls = [self.api_url, self.login.token_url if isinstance(self.login, ClientCredentials) else ""]
        return any(url.lower().startswith("https:") for url in urls)

    @property
    def base(self) -> str:
        """The address that paths are put behind."""
        return self.api_url.rstrip("/")


def check_url(url: str, name: str) -> None:
    """Raise `ValueError` unless credentials may go there: TLS, or no further than this machine."""
    wrong = f"{name} must be https://host/path, without user, query and fragment"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(wrong)
    if any(sign.isspace() or not sign.isprintable() for sign in url):
        raise ValueError(wrong)
    if parts.scheme == "http" and not _here(host):
        raise ValueError(f"{name} must begin with https://: over http:// a password can be read on the way")


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
