"""What has left the outbox for the archive: the files it is in, and the keys that must not come again."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from wa_integrasi.store.tables.base import NUMBER, UtcDateTime, metadata

archives = Table(
    "archives",
    metadata,
    # The file, in the folder of the archive; the month its messages were enqueued in.
    Column("file", Text, primary_key=True),
    Column("month", Text, nullable=False),
    # What of it counts: bytes beyond these were written by a process that died before its commit.
    Column("bytes", NUMBER, nullable=False),
    Column("messages", Integer, nullable=False),
    # The last that was heard of any of its messages.
    Column("latest_at", UtcDateTime),
)

archived_keys = Table(
    "archived_keys",
    metadata,
    # Of a dedupe key (see `wa_integrasi.outbox.archiving.digest_of`), and the id that its message had.
    Column("digest", Text, primary_key=True),
    Column("outbox_id", NUMBER, nullable=False),
)
