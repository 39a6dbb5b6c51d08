"""Files from the channel into the vault: what is kept can be read, and nothing else can."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from datetime import timedelta
from typing import Any

import pytest

from tests.media.conftest import Bench, Scanner
from tests.unit.privacy.files import EICAR, EXE, HTML, JPEG, PDF, PNG, WEBP
from wa_integrasi.inbox import Media
from wa_integrasi.intake.media import LEASE, LIVES, MediaError, State, note_media, rescan_media
from wa_integrasi.privacy.scan import Clean, Infected, ScanFailed, ScanningOff, Verdict
from wa_integrasi.providers.base import Fetched, Lack, Unfetched

AWAY = Unfetched(Lack.AGAIN, "no connection to Meta (ClientConnectorError)")


def eicar(content: bytes) -> Verdict:
    return Infected("Eicar") if EICAR in content else Clean()


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.scanner = Scanner(eicar)
    return bench


class TestNoting:
    def test_a_file_of_a_message_is_noted_once(self, bench: Bench) -> None:
        rows = [bench.new(message, position, Media(id="1")) for message in (1, 2) for position in (0, 1)]
        with bench.store.writing() as connection:
            assert note_media(connection, rows[:3], bench.clock()) == 3
            assert note_media(connection, rows, bench.clock()) == 1
            assert note_media(connection, [], bench.clock()) == 0
        assert len(bench.rows()) == 4

    def test_what_the_message_says_is_kept(self, bench: Bench) -> None:
        source = Media("17", "https://x", "image/png", "ab", 5, "foto \u2026 😀.png", "ini", voice=True)
        with bench.store.writing() as connection:
            note_media(connection, [bench.new(1, 0, source, "image")], bench.clock())
        [row] = bench.rows()
        assert Media(**row.source) == source
        assert (row.state, row.due_at, row.received_at) == ("fetch", bench.clock(), bench.clock())

    @pytest.mark.parametrize(
        ("kind", "mime", "noted"),
        [
            ("image", "image/webp", "sticker"),
            ("image", "image/jpeg", "image"),
            ("unknown", "application/pdf", "document"),
            ("audio", None, "audio"),
        ],
    )
    def test_it_is_checked_as_what_it_was_sent(self, bench: Bench, kind: str, mime: str | None, noted: str) -> None:
        with bench.store.writing() as connection:
            note_media(connection, [bench.new(1, 0, Media(mime_type=mime), kind)], bench.clock())
        assert bench.rows()[0].kind == noted


class TestKept:
    async def test_a_clean_file_can_be_read(self, bench: Bench) -> None:
        content = b"laporan " * 100_000
        media_id = bench.note(content)
        assert await bench.work() == 1
        row = bench.row(media_id)
        assert (row.state, row.size, row.sha256) == ("kept", len(content), hashlib.sha256(content).hexdigest())
        assert (row.mime_type, row.lease, row.due_at, row.note) == ("text/plain", None, None, None)
        assert row.stored_at == row.scanned_at == bench.clock()
        assert await bench.read(media_id) == content
        assert bench.stored() == [row.vault_id]
        assert await bench.work() == 0

    @pytest.mark.parametrize(
        ("kind", "mime", "content"),
        [("image", "image/jpeg", JPEG), ("sticker", "image/webp", WEBP), ("document", "application/pdf", PDF)],
    )
    async def test_each_kind(self, bench: Bench, kind: str, mime: str, content: bytes) -> None:
        media_id = bench.note(content, kind, mime)
        await bench.work()
        assert await bench.read(media_id) == content

    async def test_the_digest_that_the_channel_told_is_compared(self, bench: Bench) -> None:
        digest = hashlib.sha256(b"laporan").hexdigest()
        media_id = bench.note(b"laporan", sha256=digest.upper(), size=7)
        bench.channel.told["1"] = Fetched(sha256=digest, size=7)
        await bench.work()
        assert bench.row(media_id).state == "kept"

    async def test_the_type_that_only_the_channel_told_counts(self, bench: Bench) -> None:
        media_id = bench.note(PNG, "image", "")
        bench.channel.told["1"] = Fetched("image/png")
        await bench.work()
        assert bench.row(media_id).mime_type == "image/png"

    async def test_many_at_once_within_bounds(self, bench: Bench) -> None:
        for _ in range(30):
            bench.note(b"laporan", size=7)
        workers = [bench.worker(), bench.worker()]
        counts = await asyncio.gather(*(worker.work(20) for worker in workers))
        assert sum(counts) == 30
        assert max(bench.channel.asked.values()) == 1
        assert bench.channel.most_at_once <= 8
        assert bench.states() == {"kept": 30}
        assert len(bench.stored()) == 30

    async def test_files_of_unknown_size_are_not_taken_without_end(self, bench: Bench) -> None:
        for _ in range(4):
            bench.note(b"laporan")  # a document, of which nobody says how large it is: up to 100 MB
        assert await bench.work() == 2


class TestRefused:
    @pytest.mark.parametrize(
        ("kind", "mime", "content", "reason"),
        [
            ("image", "image/jpeg", PNG, "begins as something else"),
            ("image", "image/jpeg", EXE, "begins as something else"),
            ("image", "image/jpeg", JPEG + HTML, "has a web page or a script in it"),
            ("document", "application/x-msdownload", EXE, "of a type that WhatsApp does not take"),
            ("document", "", PDF, "of a type that WhatsApp does not take"),
            ("document", "text/plain", b"", "empty"),
        ],
    )
    async def test_what_is_not_what_it_says_is_not_stored(
        self, bench: Bench, kind: str, mime: str, content: bytes, reason: str
    ) -> None:
        media_id = bench.note(content, kind, mime)
        await bench.work()
        row = bench.row(media_id)
        assert row.state == "refused"
        assert reason in row.note
        assert (bench.stored(), row.vault_id, row.due_at) == ([], None, None)
        with pytest.raises(MediaError, match="it was refused"):
            await bench.read(media_id)

    async def test_what_is_too_large_or_a_strangers_is_not_asked_for_again(self, bench: Bench) -> None:
        large = bench.note(bytes(600 * 1024), "sticker", "image/webp", size=10)
        stranger = bench.note(Unfetched(Lack.REFUSED, "its address is none of Meta's: it was not asked"))
        await bench.settle()
        assert [bench.row(each).state for each in (large, stranger)] == ["refused", "refused"]
        assert max(bench.channel.asked.values()) == 1

    @pytest.mark.parametrize("told", [{"sha256": "0" * 64}, {"size": 3}])
    async def test_what_is_not_what_the_channel_said_is_fetched_again_and_then_refused(
        self, bench: Bench, told: dict[str, Any]
    ) -> None:
        media_id = bench.note(b"laporan", **told)
        await bench.settle()
        row = bench.row(media_id)
        assert row.state == "refused"
        assert row.note.startswith("its content is not what the channel said")
        assert bench.channel.asked["1"] == 3
        assert bench.stored() == []

    async def test_what_was_cut_off_once_is_kept_in_the_end(self, bench: Bench) -> None:
        media_id = bench.note(b"lap", sha256=hashlib.sha256(b"laporan").hexdigest())
        await bench.work()
        assert bench.row(media_id).state == "fetch"
        bench.channel.files["1"] = b"laporan"
        await bench.settle()
        assert await bench.read(media_id) == b"laporan"


class TestTrouble:
    async def test_a_channel_that_is_away_is_asked_more_and_more_seldom_for_seven_days(self, bench: Bench) -> None:
        media_id, begun = bench.note(AWAY), bench.clock()
        waits = []
        worker = bench.worker()
        for _ in range(12):
            await worker.work()
            waits.append(worker.due_in())
            bench.clock.now += waits[-1] or timedelta()
        assert waits[:4] == [timedelta(seconds=each) for each in (30, 60, 120, 240)]
        assert waits[-1] == timedelta(hours=1)
        assert bench.row(media_id).note == AWAY.text
        await bench.settle(rounds=300, worker=worker)
        row = bench.row(media_id)
        assert row.state == "gone"
        assert row.note.startswith("not fetched within 7 days: no connection")
        assert LIVES <= bench.clock() - begun < LIVES + timedelta(hours=2)

    async def test_it_waits_as_long_as_the_channel_asks(self, bench: Bench) -> None:
        bench.note(Unfetched(Lack.AGAIN, "HTTP 429", retry_after=900))
        worker = bench.worker()
        await worker.work()
        assert worker.due_in() == timedelta(seconds=900)

    async def test_a_channel_is_believed_when_it_says_again_that_it_does_not_have_it(self, bench: Bench) -> None:
        media_id = bench.note(Unfetched(Lack.MISSING, "HTTP 404"))
        await bench.settle()
        assert (bench.row(media_id).state, bench.channel.asked["1"]) == ("gone", 3)
        with pytest.raises(MediaError, match="does not have it any more"):
            await bench.read(media_id)

    async def test_one_404_after_an_outage_is_not_believed(self, bench: Bench) -> None:
        media_id = bench.note(AWAY)
        worker = bench.worker()
        for _ in range(4):
            await worker.work()
            bench.clock.now += worker.due_in() or timedelta()
        bench.channel.files["1"] = Unfetched(Lack.MISSING, "HTTP 404")
        await worker.work()
        assert bench.row(media_id).state == "fetch"
        bench.channel.files["1"] = b"laporan"
        await bench.settle(worker=worker)
        assert bench.row(media_id).state == "kept"

    async def test_a_channel_that_gives_out_nothing_is_asked_once(self, bench: Bench) -> None:
        media_id = bench.note(Unfetched(Lack.NEVER, "Watzap gives out no files"))
        await bench.settle()
        assert (bench.row(media_id).state, bench.row(media_id).note) == ("gone", "Watzap gives out no files")
        assert bench.channel.asked["1"] == 1

    async def test_an_account_that_cannot_be_used_stops_no_other(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with bench.store.writing() as connection:
            note_media(connection, [bench.new(99, 0, Media(id="99"), account="gudang")], bench.clock())
        good = bench.note(b"laporan")
        await bench.work()
        assert bench.row(good).state == "kept"
        other = next(row for row in bench.rows() if row.account == "gudang")
        assert (other.state, other.note) == ("fetch", "the account cannot be used now (LookupError)")
        assert "+628" not in caplog.text + bench.everything()

    async def test_one_that_fails_in_an_unforeseen_way_stops_no_other(self, bench: Bench) -> None:
        bad, good = bench.note(b"x"), bench.note(b"laporan")
        del bench.channel.files["1"]
        bench.channel.files["1"] = 17  # type: ignore[assignment]
        await bench.work()
        assert (bench.row(bad).state, bench.row(bad).note) == ("fetch", "TypeError")
        assert bench.row(good).state == "kept"


class TestScanning:
    async def test_what_is_infected_is_never_read(self, bench: Bench) -> None:
        media_id = bench.note(b"%PDF-1.4\n" + EICAR, mime="application/pdf")
        await bench.settle()
        row = bench.row(media_id)
        assert (row.state, row.note, row.due_at) == ("infected", "Eicar", None)
        with pytest.raises(MediaError, match="it is infected"):
            await bench.read(media_id)

    async def test_clamav_away_is_quarantine_until_it_is_back(self, bench: Bench) -> None:
        scanner = Scanner(lambda _: ScanFailed("clamd cannot be reached: No such file or directory"))
        bench.scanner = scanner
        clean, bad = bench.note(b"laporan"), bench.note(b"x" + EICAR)
        worker = bench.worker()
        await worker.work()
        assert bench.states() == {"scan": 2}
        assert bench.row(clean).note == "clamd cannot be reached: No such file or directory"
        with pytest.raises(MediaError, match="it is in quarantine"):
            await bench.read(clean)
        waits = []
        for _ in range(10):
            waits.append(worker.due_in())
            bench.clock.now += waits[-1] or timedelta()
            await worker.work()
        assert waits[:3] == [timedelta(seconds=each) for each in (30, 30, 60)]
        assert waits[-1] == timedelta(hours=1)
        scanner.verdict = eicar
        await bench.settle(worker=worker)
        assert [bench.row(each).state for each in (clean, bad)] == ["kept", "infected"]
        assert await bench.read(clean) == b"laporan"
        assert bench.row(clean).note is None
        assert max(bench.channel.asked.values()) == 1

    async def test_without_clamav_nothing_is_kept_and_nobody_is_busy_with_it(self, bench: Bench) -> None:
        bench.scanner = None
        media_id = bench.note(b"laporan")
        worker = bench.worker()
        assert await worker.work() == 1
        row = bench.row(media_id)
        assert (row.state, row.note) == ("scan", "not scanned: WA_CLAMAV is not set")
        assert (await worker.work(), worker.due_in()) == (0, None)
        bench.scanner = Scanner(eicar)
        assert await bench.work() == 1
        assert bench.row(media_id).state == "kept"

    async def test_off_keeps_unscanned_and_says_so(self, bench: Bench) -> None:
        bench.scanner = ScanningOff()
        media_id = bench.note(b"laporan" + EICAR)
        await bench.work()
        row = bench.row(media_id)
        assert (row.state, row.scanned_at, row.note) == ("kept", None, "not scanned: WA_CLAMAV=off")
        bench.scanner = Scanner(eicar)
        assert rescan_media(bench.store, bench.clock()) == 0
        assert rescan_media(bench.store, bench.clock(), everything=True) == 1
        with pytest.raises(MediaError, match="quarantine"):
            await bench.read(media_id)
        await bench.work()
        assert bench.row(media_id).state == "infected"

    async def test_new_signatures_find_what_was_kept_and_old_ones_are_corrected(self, bench: Bench) -> None:
        clean, bad = bench.note(b"laporan"), bench.note(b"x" + EICAR)
        await bench.work()
        bench.scanner = Scanner(lambda content: Clean() if EICAR in content else Infected("New"))
        assert rescan_media(bench.store, bench.clock(), everything=True) == 2
        await bench.work()
        assert [bench.row(each).state for each in (clean, bad)] == ["infected", "kept"]

    async def test_what_is_lost_or_changed_in_the_vault_is_not_scanned_for_ever(self, bench: Bench) -> None:
        bench.scanner = None
        lost, changed = bench.note(b"laporan"), bench.note(b"laporan")
        await bench.work()
        await bench.vault.delete(bench.row(lost).vault_id)
        place = bench.row(changed).vault_id
        file = bench.folder / place[:2] / place[2:4] / place
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        bench.scanner = Scanner(eicar)
        await bench.settle()
        assert [bench.row(each).state for each in (lost, changed)] == ["gone", "refused"]

    async def test_a_verdict_that_comes_too_late_does_not_count(self, bench: Bench) -> None:
        media_id = bench.note(b"laporan")

        def slow(_: bytes) -> Verdict:
            bench.clock.now += LEASE + timedelta(seconds=1)
            with bench.store.writing() as connection:
                connection.exec_driver_sql("UPDATE media SET lease = 'another'")
            return Clean()

        await bench.work(bench.worker(scanner=Scanner(slow)))
        assert bench.row(media_id).state == "scan"
        await bench.settle()
        assert bench.row(media_id).state == "kept"


@pytest.mark.parametrize("state", [each for each in State if each is not State.KEPT])
async def test_only_what_is_kept_can_be_read(bench: Bench, state: State) -> None:
    media_id = bench.note(b"laporan")
    await bench.work()
    assert await bench.read(media_id) == b"laporan"
    with bench.store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE media SET state = '{state}'")
    with pytest.raises(MediaError, match=f"medium {media_id} cannot be read"):
        await bench.read(media_id)


async def test_what_does_not_exist_cannot_be_read(bench: Bench) -> None:
    with pytest.raises(MediaError, match="there is no medium 17"):
        await bench.read(17)
