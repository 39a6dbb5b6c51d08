"""Encryption of a stream in chunks (AES-256-GCM), and back: each chunk is whole, at its place, and the last one known.

A sealed file is a head and chunks. The head has the id of the wrapping key and the file's own key, wrapped and bound to
the file's name. The nonce of a chunk is its number and whether it is the last (the STREAM construction): a chunk that
was changed, moved, left out or cut off does not open. Every file has a key of its own, so no nonce comes twice.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wa_integrasi.privacy.keys import KEY_ID_BYTES, MediaKeys

CHUNK_BYTES = 256 * 1024
_MARK = b"WAMEDIA1"
_TAG_BYTES = 16
_NONCE_BYTES = 12
_KEY_BYTES = 32
HEAD_BYTES = len(_MARK) + KEY_ID_BYTES + _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


class VaultError(Exception):
    """A medium cannot be had from the vault. Says why, without its content or a key."""


class MissingMediaError(VaultError):
    """The vault has no medium of that id."""


class TamperedMediaError(VaultError):
    """The stored bytes are not those that were written: changed, cut off, or of another medium."""


class UnknownKeyError(VaultError):
    """It was stored under a `WA_SECRET_KEY` that was not given."""


async def sealed(name: str, content: AsyncIterable[bytes], keys: MediaKeys) -> AsyncGenerator[bytes]:
    """The head, then each chunk, encrypted. Holds two chunks at a time."""
    key = AESGCM.generate_key(8 * _KEY_BYTES)
    yield _head(name, key, keys)
    cipher = AESGCM(key)
    number = 0
    waiting = b""
    async with aclosing(_in_chunks(content, CHUNK_BYTES)) as chunks:
        async for chunk in chunks:
            if waiting:
                yield cipher.encrypt(_nonce(number, last=False), waiting, None)
                number += 1
            waiting = chunk
    yield cipher.encrypt(_nonce(number, last=True), waiting, None)


async def opened(name: str, stored: AsyncIterable[bytes], keys: MediaKeys) -> AsyncGenerator[bytes]:
    """The content, chunk by chunk, each checked before it is given. Raises `VaultError`.

    That the end was cut off is known at the end only: what came before the error is genuine, and not all there was.
    """
    cipher: AESGCM | None = None
    number = 0
    waiting: bytes | None = None
    async with aclosing(_head_and_chunks(stored)) as parts:
        async for part in parts:
            if cipher is None:
                cipher = AESGCM(unwrapped(name, part, keys))
                continue
            if waiting is not None:
                yield _opened_chunk(cipher, waiting, number, last=False)
                number += 1
            waiting = part
    if cipher is None or waiting is None:
        raise TamperedMediaError(f"the stored file of medium {name} is cut off")
    yield _opened_chunk(cipher, waiting, number, last=True)


def rewrapped(name: str, head: bytes, keys: MediaKeys) -> bytes:
    """The head with the same file key, wrapped by the current key. Raises `VaultError`."""
    return _head(name, unwrapped(name, head, keys), keys)


def key_id_of(head: bytes) -> bytes:
    """Which key a head was wrapped by."""
    return head[len(_MARK) : len(_MARK) + KEY_ID_BYTES]


def unwrapped(name: str, head: bytes, keys: MediaKeys) -> bytes:
    """The key of a file. Raises `VaultError`."""
    if len(head) != HEAD_BYTES or not head.startswith(_MARK):
        raise TamperedMediaError(f"the stored file of medium {name} does not begin as one")
    wrapping = keys.wrapping_key(key_id_of(head))
    if wrapping is None:
        raise UnknownKeyError(f"medium {name} was stored under another WA_SECRET_KEY: give that as a former one")
    bound, rest = head[: len(_MARK) + KEY_ID_BYTES], head[len(_MARK) + KEY_ID_BYTES :]
    try:
        return AESGCM(wrapping).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound + name.encode())
    except InvalidTag:
        raise TamperedMediaError(f"the key of medium {name} was changed, or is another medium's") from None


def _head(name: str, key: bytes, keys: MediaKeys) -> bytes:
    wrapping = keys.wrapping_key(keys.current_id)
    if wrapping is None:
        raise UnknownKeyError("there is no current key")
    bound, nonce = _MARK + keys.current_id, secrets.token_bytes(_NONCE_BYTES)
    return bound + nonce + AESGCM(wrapping).encrypt(nonce, key, bound + name.encode())


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE_BYTES - 1, "big") + bytes([last])


def _opened_chunk(cipher: AESGCM, chunk: bytes, number: int, *, last: bool) -> bytes:
    try:
        return cipher.decrypt(_nonce(number, last=last), chunk, None)
    except InvalidTag:
        raise TamperedMediaError(f"chunk {number + 1} of a medium was changed, or the rest is cut off") from None


async def _in_chunks(content: AsyncIterable[bytes], size: int) -> AsyncGenerator[bytes]:
    """The same bytes in pieces of one size, the last one shorter; no piece is empty."""
    held = bytearray()
    async for part in content:
        for start in range(0, len(part), size):
            held += part[start : start + size]
            if len(held) >= size:
                yield bytes(held[:size])
                del held[:size]
    if held:
        yield bytes(held)


async def _head_and_chunks(stored: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    held = bytearray()
    size = HEAD_BYTES
    async for part in stored:
        held += part
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
            size = CHUNK_BYTES + _TAG_BYTES
    if held:
        yield bytes(held)
