"""Messages with files of ours: read when they are sent, refused when the file is gone, tried again when it is away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.conftest import FrozenClock
from tests.store.channel import BUDI, RecordingSender, enqueue, message, statuses
from wa_integrasi.content import Document, Image
from wa_integrasi.delivery import Delivery
from wa_integrasi.files import FileLinks, OutgoingFiles
from wa_integrasi.history import History
from wa_integrasi.outbox import Outbox
from wa_integrasi.providers.base import Capabilities
from wa_integrasi.store.engine import Store

PNG = b"\x89PNG\r\n\x1a\n..."


class FileSender(RecordingSender):
    capabilities = replace(RecordingSender.capabilities, contents=frozenset({"text", "image"}), files=True)


def pictured(files: OutgoingFiles) -> Image:
    return Image(file=files.put(PNG), caption="grafik")


async def test_the_sender_gets_the_bytes(store: Store, clock: FrozenClock, tmp_path: Path) -> None:
    outbox, sender, files = Outbox(store, clock=clock), FileSender(), OutgoingFiles(tmp_path)
    enqueue(outbox, replace(message(), content=pictured(files)), message("teks", BUDI))
    await Delivery(outbox, {"default": sender}, "test", files=files).batch()
    assert statuses(store) == ["sent", "sent"]
    assert {sent.content.type: sent.file and sent.file.content for sent in sender.sent} == {"image": PNG, "text": None}


async def test_a_file_that_is_gone_is_said_and_stops_no_other(store: Store, clock: FrozenClock, tmp_path: Path) -> None:
    outbox, sender = Outbox(store, clock=clock), FileSender()
    enqueue(outbox, replace(message(), content=Image(file="0" * 64)), message("teks", BUDI))
    await Delivery(outbox, {"default": sender}, "test", files=OutgoingFiles(tmp_path)).batch()
    assert sorted(statuses(store)) == ["refused", "sent"]
    [refused] = [entry for entry in History(store).messages() if entry.status == "refused"]
    assert "WA_FILES_PATH" in str(refused)


async def test_a_folder_that_is_away_is_waited_for(store: Store, clock: FrozenClock, tmp_path: Path) -> None:
    outbox, sender, files = Outbox(store, clock=clock), FileSender(), OutgoingFiles(tmp_path / "a")
    picture = pictured(files)
    (tmp_path / "a" / str(picture.file)[:2]).rename(tmp_path / "aside")
    (tmp_path / "a" / str(picture.file)[:2]).write_text("a file where the folder was")
    enqueue(outbox, replace(message(), content=picture))
    await Delivery(outbox, {"default": sender}, "test", files=files).batch()
    assert statuses(store) == ["pending"]
    (tmp_path / "a" / str(picture.file)[:2]).unlink()
    (tmp_path / "aside").rename(tmp_path / "a" / str(picture.file)[:2])
    clock.tick(hours=1)
    await Delivery(outbox, {"default": sender}, "test", files=files).batch()
    assert statuses(store) == ["sent"]


async def test_a_channel_that_takes_links_only_gets_no_file(store: Store, clock: FrozenClock, tmp_path: Path) -> None:
    class LinkSender(RecordingSender):
        capabilities: Capabilities = replace(FileSender.capabilities, files=False)

    outbox, files = Outbox(store, clock=clock), OutgoingFiles(tmp_path)
    enqueue(outbox, replace(message(), content=pictured(files)))
    await Delivery(outbox, {"default": LinkSender()}, "test", files=files).batch()
    assert statuses(store) == ["refused"]
    [refused] = History(store).messages()
    assert "set WA_PUBLIC_URL to the https address of 'wa serve'" in str(refused)


async def test_a_channel_that_takes_links_gets_an_address(store: Store, clock: FrozenClock, tmp_path: Path) -> None:
    class LinkSender(RecordingSender):
        capabilities: Capabilities = replace(
            FileSender.capabilities, files=False, contents=frozenset({"text", "image", "document"})
        )

    outbox, sender = Outbox(store, clock=clock), LinkSender()
    links = FileLinks("https://wa.example.id", ["k" * 32])
    files = OutgoingFiles(tmp_path, links)
    sheet = Document(file=files.put(b"a;b"), filename="rekap harian.csv")
    enqueue(outbox, replace(message(), content=pictured(files)), replace(message(to=BUDI), content=sheet))
    enqueue(outbox, replace(message(), content=Image(file="0" * 64)))
    await Delivery(outbox, {"default": sender}, "test", files=files).drain(budget_s=5)
    assert sorted(statuses(store)) == ["refused", "sent", "sent"]
    sent = sorted((each.content for each in sender.sent), key=lambda content: content.type)
    assert all(each.file is None for each in sender.sent)
    document, image = sent
    assert (document.file, document.filename, document.link[-17:]) == (None, sheet.filename, "/rekap-harian.csv")
    _, token, name = image.link.rsplit("/", 2)
    assert name == "file.png"
    assert files.read(links.named(token, name), name).content == PNG
