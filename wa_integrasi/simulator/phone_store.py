"""What the phone remembers, in a SQLite file of its own: messages, their ticks, webhooks that are still owed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_SCHEMA = """
create table if not exists line (
    seq integer primary key, id text not null unique, chat text not null, typed integer not null, body text not null,
    attempt_id text, error_code integer,
    received_at real not null, sent_at real, delivered_at real, read_at real, failed_at real,
    kind text not null default 'text', details text not null default '{}', quoted text
);
create index if not exists line_chat on line (chat, seq);
create table if not exists event (
    seq integer primary key, line integer not null references line, name text not null, at real not null,
    happened integer not null default 0, due real not null, tries integer not null default 0,
    state text not null default 'owed'
);
create index if not exists event_coming on event (at) where happened = 0;
create index if not exists event_owed on event (due) where state = 'owed' and happened = 1;
create table if not exists file (
    id text primary key, mime_type text not null, sha256 blob not null, content blob not null
);
create table if not exists revision (n integer not null);
insert into revision select 0 where not exists (select 1 from revision);
"""
_LINE = (
    "id, chat, typed, body, attempt_id, error_code, received_at, sent_at, delivered_at, read_at, failed_at, "
    "kind, details, quoted"
)
_LATER: Mapping[str, str] = {
    "kind": "text not null default 'text'",
    "details": "text not null default '{}'",
    "quoted": "text",
}
"""Columns that files of earlier versions have not."""

_TICKS: Mapping[str, str] = {name: f"{name}_at" for name in ("sent", "delivered", "read", "failed")}


@dataclass(frozen=True, slots=True)
class Line:
    """One bubble: a message of the business, or (`typed`) one of the phone's owner. Times are unix seconds."""

    id: str
    chat: str
    typed: bool
    body: str
    attempt_id: str | None
    error_code: int | None
    received_at: float
    sent_at: float | None = None
    delivered_at: float | None = None
    read_at: float | None = None
    failed_at: float | None = None
    kind: str = "text"
    details: str = "{}"
    """What else the bubble shows, as a JSON object."""
    quoted: str | None = None
    """The message that this one quotes, answers by a choice, or reacts to."""

    @property
    def status(self) -> str:
        """How far the message has come."""
        reached = (("failed", self.failed_at), ("read", self.read_at), ("delivered", self.delivered_at))
        return next((name for name, at in reached if at is not None), "sent" if self.sent_at else "accepted")


@dataclass(frozen=True, slots=True)
class File:
    """A picture or document that the phone's owner has sent, or the business uploaded."""

    id: str
    mime_type: str
    sha256: bytes
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook that is owed: a status of a line, or the line itself (`message`)."""

    seq: int
    name: str
    at: float
    tries: int
    line: Line


class PhoneStore:
    """The file. Every call is one short transaction, safe from any thread; `close` may be followed by more calls.

    Survives a killed process (WAL); after a loss of power the last moments may be missing, which a simulator may.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            connection, self._open = self._open, None
            if connection is not None:
                connection.close()

    def add(self, line: Line, events: Sequence[tuple[str, float]], file: File | None = None) -> None:
        """Keep a message together with its file and what will happen to it, and when."""
        with self._transaction() as db:
            if file is not None:
                db.execute("insert into file (id, mime_type, sha256, content) values (?, ?, ?, ?)", _values(file))
            cursor = db.execute(
                f"insert into line ({_LINE}) values ({', '.join('?' * 14)})",  # noqa: S608 (our own column names)
                tuple(getattr(line, name) for name in _LINE.split(", ")),
            )
            db.executemany(
                "insert into event (line, name, at, due) values (?, ?, ?, ?)",
                [(cursor.lastrowid, name, at, at) for name, at in events],
            )

    def add_file(self, file: File) -> None:
        """Keep a file that no message has yet."""
        with self._transaction(visible=False) as db:
            db.execute("insert into file (id, mime_type, sha256, content) values (?, ?, ?, ?)", _values(file))

    def happen(self, now: float) -> None:
        """Put the ticks whose time has come, each with the time it was meant for."""
        due = "from event where happened = 0 and at <= ?"
        with self._lock:
            waiting = self._db().execute(f"select 1 {due} limit 1", (now,)).fetchone()
        if waiting is None:
            return
        with self._transaction() as db:
            for name, column in _TICKS.items():
                db.execute(
                    f"update line set {column} = e.at from (select line, at {due} and name = ?) e "  # noqa: S608
                    "where line.seq = e.line",
                    (now, name),
                )
            db.execute("update event set happened = 1 where happened = 0 and at <= ?", (now,))

    def claim(self, now: float, lease_s: float, limit: int) -> list[Event]:
        """Webhooks to post now, none of them to another caller for `lease_s` seconds."""
        with self._transaction(visible=False) as db:
            taken = db.execute(
                "update event set due = ?, tries = tries + 1 where seq in (select seq from event "
                "where state = 'owed' and happened = 1 and due <= ? order by due, seq limit ?) "
                "returning seq, name, at, tries, line",
                (now + lease_s, now, limit),
            ).fetchall()
            select = f"select {_LINE} from line where seq = ?"  # noqa: S608
            return [
                Event(seq, name, at, tries, _line(db.execute(select, (line,)).fetchone()))
                for seq, name, at, tries, line in sorted(taken)
            ]

    def settle(self, seq: int, now: float) -> None:
        """Close a webhook that was answered; a typed message counts as delivered by it."""
        with self._transaction() as db:
            db.execute("update event set state = 'done' where seq = ?", (seq,))
            typed = "select line from event where seq = ? and name = 'message'"
            db.execute(f"update line set delivered_at = ? where seq = ({typed})", (now, seq))  # noqa: S608

    def give_up(self, seq: int) -> None:
        """Close a webhook that nobody took."""
        with self._transaction(visible=False) as db:
            db.execute("update event set state = 'given_up' where seq = ?", (seq,))

    def put_off(self, seq: int, due: float) -> None:
        """Owe a webhook until later."""
        with self._transaction(visible=False) as db:
            db.execute("update event set due = ? where seq = ?", (due, seq))

    def next_at(self, *, posting: bool) -> float | None:
        """When there is something to do again: a tick or, when `posting`, a webhook."""
        with self._lock:
            (coming,) = self._db().execute("select min(at) from event where happened = 0").fetchone()
            query = "select min(due) from event where state = 'owed' and happened = 1"
            (owed,) = self._db().execute(query).fetchone() if posting else (None,)
        return min((at for at in (coming, owed) if at is not None), default=None)

    def revision(self) -> int:
        """A number that grows whenever something visible changes."""
        with self._lock:
            return int(self._db().execute("select n from revision").fetchone()[0])

    def lines(self, chat: str | None = None, *, typed: bool | None = None, limit: int = 5000) -> list[Line]:
        """The latest messages, oldest first."""
        query = (
            f"select {_LINE} from line where (?1 is null or chat = ?1) and (?2 is null or typed = ?2) "  # noqa: S608
            "order by seq desc limit ?3"
        )
        with self._lock:
            rows = self._db().execute(query, (chat, typed, limit)).fetchall()
        return [_line(row) for row in reversed(rows)]

    def line(self, message_id: str) -> Line | None:
        """One message."""
        with self._lock:
            row = self._db().execute(f"select {_LINE} from line where id = ?", (message_id,)).fetchone()  # noqa: S608
        return _line(row) if row else None

    def file(self, file_id: str) -> File | None:
        """A file that was sent."""
        query = "select id, mime_type, sha256, content from file where id = ?"
        with self._lock:
            row = self._db().execute(query, (file_id,)).fetchone()
        return File(*row) if row else None

    def typed_since(self, chat: str, at: float) -> bool:
        """Whether the phone's owner has written to the business since `at`."""
        query = "select 1 from line where chat = ? and typed = 1 and received_at > ? limit 1"
        with self._lock:
            return self._db().execute(query, (chat, at)).fetchone() is not None

    def mark_read(self, message_id: str, now: float) -> str | None:
        """Note that the business has read a typed message and those before it; returns its chat, if it is known."""
        with self._transaction() as db:
            found = db.execute("select chat, seq from line where id = ? and typed = 1", (message_id,)).fetchone()
            if found is None:
                return None
            update = "update line set read_at = ? where chat = ? and seq <= ? and typed = 1 and read_at is null"
            db.execute(update, (now, *found))
            return str(found[0])

    def last_lines(self, limit: int = 200) -> list[Line]:
        """The last message of every chat, the latest chat first."""
        query = (
            f"select {_LINE} from line where seq in (select max(seq) from line group by chat) "  # noqa: S608
            "order by seq desc limit ?"
        )
        with self._lock:
            return [_line(row) for row in self._db().execute(query, (limit,)).fetchall()]

    def _db(self) -> sqlite3.Connection:
        if self._open is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")
            db.executescript(_SCHEMA)
            present = {row[1] for row in db.execute("pragma table_info(line)")}
            for name, kind in _LATER.items():
                if name not in present:
                    db.execute(f"alter table line add column {name} {kind}")
            self._open = db
        return self._open

    @contextmanager
    def _transaction(self, *, visible: bool = True) -> Iterator[sqlite3.Connection]:
        with self._lock:
            db = self._db()
            db.execute("begin immediate")
            try:
                yield db
                if visible:
                    db.execute("update revision set n = n + 1")
            except BaseException:
                db.execute("rollback")
                raise
            db.execute("commit")


def _values(file: File) -> tuple[object, ...]:
    return file.id, file.mime_type, file.sha256, file.content


def _line(row: tuple[object, ...]) -> Line:
    identity, chat, typed, *rest = row
    return Line(str(identity), str(chat), bool(typed), *rest)  # type: ignore[arg-type]  # SQLite says no types
