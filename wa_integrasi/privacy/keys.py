"""The keys that wrap the key of each media file, made from `WA_SECRET_KEY`."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_WRAPPING = b"wa-integrasi media key 1"
_NAMING = b"wa-integrasi media key id 1"
KEY_ID_BYTES = 8


class MediaKeys:
    """What is stored now is wrapped by the current key; what was stored before is read by the former ones."""

    def __init__(self, current: str, former: Sequence[str] = ()) -> None:
        """Each is a `WA_SECRET_KEY`, as it is or was."""
        self.current_id = _derived(current, _NAMING, KEY_ID_BYTES)
        self._wrapping = {
            _derived(secret, _NAMING, KEY_ID_BYTES): _derived(secret, _WRAPPING, 32) for secret in (current, *former)
        }

    def wrapping_key(self, key_id: bytes) -> bytes | None:
        """The key of an id; None when it is of a `WA_SECRET_KEY` that was not given."""
        return self._wrapping.get(key_id)


def _derived(secret: str, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=None, info=purpose).derive(secret.encode())
