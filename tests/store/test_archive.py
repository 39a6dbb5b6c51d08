"""Old messages leave the outbox for files: none is lost, none is there twice, none goes again."""

from __future__ import annotations

import gzip
import json
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from tests.conftest import FrozenClock
from wa_integrasi.content import Text
from wa_integrasi.outbox import NewMessage, Outbox, archiving
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import archived_keys, archives, message_events, wa_outbox
from wa_integrasi.upkeep import archive as archive_module
from wa_integrasi.upkeep.archive import Archived, archive, complete_from
from wa_integrasi.upkeep.books import ArchiveError

ZONE = "Asia/Jakarta"
WHO = Recipient.parse("+6281234500001")
OLD = timedelta(days=200)


@pytest.fixture
def before(clock: FrozenClock) -> datetime:
    return clock.now - timedelta(days=180)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def put(store: Store, at: datetime, status: str = "read", events: int = 2, **more: Any) -> int:
    """A message of some time, whose last event came an hour after it."""
    values = {"recipient": WHO.chat, "chat": WHO.chat, "content": "isi", "status": status, "created_at": at, **more}
    with store.writing() as connection:
        made = connection.execute(insert(wa_outbox).values(values).returning(wa_outbox.c.id)).scalar_one()
        for number in range(events):
            heard = at + timedelta(hours=number)
            row = {"outbox_id": made, "status": status, "at": heard, "error_code": None}
            connection.execute(insert(message_events).values(**row))
    return int(made)


def there(store: Store) -> list[int]:
    with store.reading() as connection:
        return list(connection.execute(select(wa_outbox.c.id).order_by(wa_outbox.c.id)).scalars())


def count(store: Store, table: Any) -> int:
    with store.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What the files hold, by month."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(folder.iterdir()):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            found.setdefault(file.name[7:14], []).extend(json.loads(line) for line in lines)
    return found


def message(key: str) -> NewMessage:
    return NewMessage(WHO, Text(body="isi"), dedupe_key=key)


def test_what_ended_long_ago_goes_into_the_file_of_its_month_with_all_that_became_of_it(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    # In Jakarta it is the first of May already.
    at = datetime.fromisoformat("2040-04-30T18:00:00+00:00")
    old = put(store, at, report="harian", slot="2040-04-30", dedupe_key="k1")
    older = put(store, at - timedelta(days=20), "cancelled", events=0)
    assert archive(store, folder, before, ZONE) == Archived(2)
    found = read(folder)
    assert {month: [line["id"] for line in lines] for month, lines in found.items()} == {
        "2040-04": [older],
        "2040-05": [old],
    }
    [line] = found["2040-05"]
    assert line == {
        "id": old,
        "recipient": WHO.chat,
        "chat": WHO.chat,
        "content": "isi",
        "type": "text",
        "status": "read",
        "account": "default",
        "priority": 50,
        "part": 1,
        "parts": 1,
        "attempts": 0,
        "dedupe_key": "k1",
        "report": "harian",
        "slot": "2040-04-30",
        "created_at": at.isoformat(),
        "next_attempt_at": line["next_attempt_at"],
        "events": [{"status": "read", "at": (at + timedelta(hours=n)).isoformat()} for n in range(2)],
    }
    assert (there(store), count(store, message_events)) == ([], 0)
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, *folder.iterdir())] == ["0o700", "0o600", "0o600"]


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("pending", {}),
        ("sending", {}),
        ("unknown", {}),
        ("dead", {}),
        ("refused", {"dedupe_key": "urgent/7/critical/2040010100/x"}),
    ],
)
def test_what_is_owed_or_untold_stays(
    store: Store, clock: FrozenClock, before: datetime, folder: Path, status: str, more: dict[str, Any]
) -> None:
    stays = put(store, clock.now - OLD, status, **more)
    assert archive(store, folder, before, ZONE) == Archived(0)
    assert there(store) == [stays]


def test_what_was_told_of_goes_and_what_was_heard_of_lately_stays(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    put(store, clock.now - OLD, "dead", noticed_at=clock.now - OLD)
    late = put(store, clock.now - OLD, "sent")
    new = put(store, clock.now)
    with store.writing() as connection:
        connection.execute(insert(message_events).values(outbox_id=late, status="delivered", at=clock.now))
    assert archive(store, folder, before, ZONE) == Archived(1)
    assert there(store) == [late, new]


def test_a_copy_stays_as_long_as_its_original(store: Store, clock: FrozenClock, before: datetime, folder: Path) -> None:
    original = put(store, clock.now - OLD, "dead", noticed_at=clock.now)
    copy = put(store, clock.now - OLD, dedupe_key=f"again/{original}")
    with store.writing() as connection:
        connection.execute(insert(message_events).values(outbox_id=original, status="dead", at=clock.now))
    archive(store, folder, before, ZONE)
    assert there(store) == [original, copy]
    archive(store, folder, clock.now + timedelta(days=1), ZONE)
    assert there(store) == []


def test_what_another_program_wrote_for_a_key_holds_up_nothing(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    for key in ("again/99999999999999999999", "again/²", "again/", "again/-1"):
        put(store, clock.now - OLD, dedupe_key=key)
    assert archive(store, folder, before, ZONE) == Archived(4)


def test_the_key_of_an_archived_message_is_taken_for_good(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    old = put(store, clock.now - OLD, dedupe_key="harian:2040-04-30:+62812:1")
    archive(store, folder, before, ZONE)
    outbox = Outbox(store, clock=clock)
    again, other = outbox.enqueue([message("harian:2040-04-30:+62812:1"), message("harian:2040-05-01:+62812:1")])
    assert (again.id, again.created, other.created) == (old, False, True)
    assert there(store) == [other.id]
    with store.reading() as connection:
        [kept] = connection.execute(select(archived_keys.c.digest)).scalars()
    assert "812" not in kept


class Killed(BaseException):
    """The process is gone."""


def killed(*_: object) -> None:
    raise Killed


def test_who_is_killed_between_file_and_commit_loses_nothing_and_writes_nothing_twice(
    store: Store, clock: FrozenClock, before: datetime, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [put(store, clock.now - OLD, dedupe_key=f"k{number}") for number in range(5)]
    for owner, name in ((archive_module, "remove"), (archiving, "_FORGET")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, killed)
            with pytest.raises(Killed):
                archive(store, folder, before, ZONE, at_once=3)
    assert (there(store), count(store, archived_keys)) == (ids, 0)
    assert archive(store, folder, before, ZONE, at_once=2) == Archived(5)
    [lines] = read(folder).values()
    assert [line["id"] for line in lines] == ids
    assert len(list(folder.iterdir())) == 1


def test_two_at_once_move_each_message_once(store: Store, clock: FrozenClock, before: datetime, folder: Path) -> None:
    ids = [put(store, clock.now - OLD, events=1) for _ in range(12)]
    runs = [threading.Thread(target=archive, args=(store, folder, before, ZONE, 60, 3)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    archive(store, folder, before, ZONE)
    assert sorted(line["id"] for lines in read(folder).values() for line in lines) == ids
    assert there(store) == []


def test_whoever_enqueues_while_a_message_leaves_does_not_send_it_again(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    """The statement that inserts is under way when the row goes and its digest comes."""
    if store.dialect == "sqlite":
        pytest.skip("one writer at a time")
    old = put(store, clock.now - OLD, dedupe_key="k")
    made: list[Any] = []
    with store.writing() as connection:
        rows = archiving.lock_finished(connection, before, 10)
        archiving.remove(connection, rows)
        late = threading.Thread(target=lambda: made.extend(Outbox(store, clock=clock).enqueue([message("k")])))
        late.start()
        late.join(0.3)
        assert late.is_alive()
    late.join()
    assert [(row.id, row.created) for row in made] == [(old, False)]


def test_a_writer_without_a_pause_is_left_alone(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    if store.dialect == "sqlite":
        pytest.skip("one writer at a time")
    old, new = put(store, clock.now - OLD), put(store, clock.now)
    with store.writing() as connection:
        connection.execute(update(wa_outbox).where(wa_outbox.c.id == new).values(attempts=1))
        assert archive(store, folder, before, ZONE) == Archived(0, "others write without a pause")
    assert there(store) == [old, new]
    assert archive(store, folder, before, ZONE) == Archived(1)
    [lines] = read(folder).values()
    assert [line["id"] for line in lines] == [old]


def test_a_file_that_was_moved_away_is_followed_by_another_and_one_that_was_cut_is_not_written_on(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    put(store, clock.now - OLD)
    archive(store, folder, before, ZONE)
    [first] = folder.iterdir()
    moved = first.rename(folder.parent / first.name)
    put(store, clock.now - OLD)
    archive(store, folder, before, ZONE)
    [second] = folder.iterdir()
    assert second.name != moved.name
    second.write_bytes(b"")
    stays = put(store, clock.now - OLD)
    with pytest.raises(ArchiveError, match="has 0 bytes and had"):
        archive(store, folder, before, ZONE)
    assert there(store) == [stays]


def test_a_folder_that_cannot_be_written_costs_no_message(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    stays = put(store, clock.now - OLD)
    folder.write_text("")
    with pytest.raises(ArchiveError, match="cannot be written"):
        archive(store, folder, before, ZONE)
    assert there(store) == [stays]


def test_it_is_known_from_when_on_all_messages_are_there(
    store: Store, clock: FrozenClock, before: datetime, folder: Path
) -> None:
    with store.reading() as connection:
        assert complete_from(connection) is None
    put(store, clock.now - OLD)
    put(store, clock.now - OLD * 2)
    archive(store, folder, before, ZONE)
    with store.reading() as connection:
        assert complete_from(connection) == clock.now - OLD + timedelta(hours=1)
    assert count(store, archives) == 2
