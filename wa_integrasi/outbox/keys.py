"""Dedupe keys: what makes a message the only one of its kind, also when its row is in the archive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import Connection, select

from wa_integrasi.store.tables import archived_keys

AGAIN = "again/"
"""Begins the key of a copy (`rerouting`); the id of the message before it follows."""


def digest_of(dedupe_key: str) -> str:
    """What is kept of the dedupe key of an archived message: keys hold phone numbers."""
    return hashlib.sha256(dedupe_key.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def known_archived(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """The ids that archived messages had, by their dedupe keys."""
    digests = {digest_of(key): key for key in keys}
    found = select(archived_keys.c.digest, archived_keys.c.outbox_id).where(archived_keys.c.digest.in_(digests))
    return {digests[digest]: outbox_id for digest, outbox_id in connection.execute(found).tuples()}
