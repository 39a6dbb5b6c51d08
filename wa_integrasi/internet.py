"""Which addresses are of the internet, and names to addresses of which each one is judged.

What a name leads to is asked once, and the connection goes to the addresses that were judged: a name that says
something else a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from aiohttp.abc import AbstractResolver, ResolveResult

_T = TypeVar("_T")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
"""The second is for translators within a network, at whatever place below it (RFC 8215)."""
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


def address_of(text: str) -> Address | None:
    """The address that a text is; None for a name."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def meant(address: Address) -> Address:
    """The address that is meant by one within another: a router may hand on what is sent to `64:ff9b::10.0.0.1`."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def is_public(address: Address) -> bool:
    """Whether what is meant by an address is one machine of the internet."""
    bare = meant(address)
    own = isinstance(bare, ipaddress.IPv6Address) and bare.is_site_local
    return bare.is_global and not bare.is_multicast and not own


class JudgedNames(AbstractResolver):
    """Names to addresses; one that is not let through spoils all of them."""

    def __init__(self, judge: Callable[[str, Address | None], None]) -> None:
        """`judge` is given the name and each address, None for what is none; it raises where that may not be asked."""
        self._judge = judge

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises `OSError`, and what `judge` raises."""
        found = await _aside(
            lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        )
        results = []
        for its_family, _, proto, _, place in found:
            bare = str(place[0]).partition("%")[0]
            self._judge(host, address_of(bare))
            name = "%".join(map(str, (bare, *filter(None, place[3:]))))  # fe80::1%2: behind which card
            results.append(
                ResolveResult(hostname=host, host=name, port=port, family=its_family, proto=proto, flags=_NUMERIC)
            )
        return results

    async def close(self) -> None:
        """Nothing to close."""


async def _aside(work: Callable[[], _T]) -> _T:
    """What `work` gives, in a thread that nobody waits for when the time is over; asyncio waits for its own."""
    given: Future[_T] = Future()
    given.set_running_or_notify_cancel()

    def run() -> None:
        try:
            given.set_result(work())
        except Exception as error:  # raised where it is awaited
            given.set_exception(error)

    Thread(target=run, name="name lookup", daemon=True).start()
    return await asyncio.wrap_future(given)
