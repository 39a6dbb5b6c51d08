"""Files of messages past a real clamd: found, kept, in quarantine while it is away, and never read when infected."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.conftest import FrozenClock
from tests.media.conftest import Bench
from tests.privacy.conftest import LARGEST_STREAM, Clamd
from tests.unit.privacy.files import EICAR, JPEG, OFFICE, PDF, office, packed
from wa_integrasi.intake.media import MediaError
from wa_integrasi.privacy.scan import ClamAv
from wa_integrasi.store.engine import Store

DOCX = f"{OFFICE}.wordprocessingml.document"


@pytest.fixture
def bench(store: Store, clock: FrozenClock, tmp_path: Path, clamd: Clamd) -> Bench:
    return Bench(store, clock, tmp_path / "media", scanner=ClamAv(clamd.address, timeout_s=20))


def infected_docx() -> bytes:
    """A Word file that is one, with a zip in a zip in it."""
    output = io.BytesIO(office("word"))
    with zipfile.ZipFile(output, "a") as package:
        package.writestr("word/embeddings/luar.zip", packed("dalam.zip", content=packed("a", content=EICAR)))
    return output.getvalue()


async def test_what_clamav_knows_is_never_read(bench: Bench) -> None:
    files = [
        (EICAR, "document", "text/plain"),
        (PDF + EICAR, "document", "application/pdf"),
        (infected_docx(), "document", DOCX),
        (JPEG + EICAR, "image", "image/jpeg"),
    ]
    ids = [bench.note(content, kind, mime) for content, kind, mime in files]
    clean = [bench.note(PDF, mime="application/pdf"), bench.note(office("word"), mime=DOCX)]
    await bench.settle()
    assert [(bench.row(each).state, bench.row(each).note) for each in ids] == [
        ("infected", "Test.Eicar.UNOFFICIAL")
    ] * 4
    for media_id in ids:
        with pytest.raises(MediaError, match="it is infected"):
            await bench.read(media_id)
    assert [bench.row(each).state for each in clean] == ["kept", "kept"]
    assert await bench.read(clean[0]) == PDF


async def test_bare_in_a_zip_and_in_nested_zips(bench: Bench) -> None:
    """WhatsApp takes no bare zips, so they are refused; in the vault they would be found all the same."""
    inner = packed("a.txt", content=EICAR)
    refused = [bench.note(content, mime="application/zip") for content in (inner, packed("dalam.zip", content=inner))]
    await bench.settle()
    assert [bench.row(each).state for each in refused] == ["refused", "refused"]
    assert bench.stored() == []


async def test_stopped_in_between_it_is_quarantine_and_then_rescanned(bench: Bench, clamd: Clamd) -> None:
    before = bench.note(PDF, mime="application/pdf")
    await bench.work()
    clamd.stop()
    clean, bad = bench.note(PDF, mime="application/pdf"), bench.note(PDF + EICAR, mime="application/pdf")
    worker = bench.worker()
    await worker.work()
    assert bench.states() == {"kept": 1, "scan": 2}
    assert str(bench.row(bad).note).startswith("clamd cannot be reached: ")
    for media_id in (clean, bad):
        with pytest.raises(MediaError, match="it is in quarantine"):
            await bench.read(media_id)
    assert await bench.read(before) == PDF
    clamd.start()
    await bench.settle(worker=worker)
    assert [bench.row(each).state for each in (clean, bad)] == ["kept", "infected"]
    assert await bench.read(clean) == PDF


async def test_what_clamav_does_not_take_stays_in_quarantine(bench: Bench) -> None:
    media_id = bench.note(b"laporan panjang\n" * (8 * LARGEST_STREAM // 16))
    worker = bench.worker()
    for _ in range(3):
        await worker.work()
        bench.clock.tick(hours=1)
    assert (bench.row(media_id).state, bench.row(media_id).due_at is None) == ("scan", False)
    with pytest.raises(MediaError, match="it is in quarantine"):
        await bench.read(media_id)
