"""What a medium says it is, and what it is."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.privacy import files
from wa_integrasi.privacy.kind import LARGEST, Genuine, Media, Refused, check

DOCX = f"{files.OFFICE}.wordprocessingml.document"
XLSX = f"{files.OFFICE}.spreadsheetml.sheet"
PPTX = f"{files.OFFICE}.presentationml.presentation"
XLS = "application/vnd.ms-excel"

GENUINE = [
    (Media.IMAGE, "image/jpeg", files.JPEG, ".jpg"),
    (Media.IMAGE, "IMAGE/JPG", files.JPEG, ".jpg"),
    (Media.IMAGE, "image/png", files.PNG, ".png"),
    (Media.STICKER, "image/webp", files.WEBP, ".webp"),
    (Media.AUDIO, "audio/ogg; codecs=opus", files.OPUS, ".ogg"),
    (Media.AUDIO, "audio/mpeg", files.MP3, ".mp3"),
    (Media.AUDIO, "audio/mpeg", files.MP3_BARE, ".mp3"),
    (Media.AUDIO, "audio/mp4", files.M4A, ".m4a"),
    (Media.AUDIO, "audio/aac", files.AAC, ".aac"),
    (Media.AUDIO, "audio/amr", files.AMR, ".amr"),
    (Media.VIDEO, "video/mp4", files.MP4, ".mp4"),
    (Media.VIDEO, "video/3gpp", files.THREE_GP, ".3gp"),
    (Media.DOCUMENT, "application/pdf", files.PDF, ".pdf"),
    (Media.DOCUMENT, "image/jpeg", files.JPEG, ".jpg"),
    (Media.DOCUMENT, DOCX, files.office("word"), ".docx"),
    (Media.DOCUMENT, XLSX, files.office("xl"), ".xlsx"),
    (Media.DOCUMENT, PPTX, files.office("ppt"), ".pptx"),
    (Media.DOCUMENT, "application/msword", files.ole("WordDocument"), ".doc"),
    (Media.DOCUMENT, XLS, files.ole("Workbook"), ".xls"),
    (Media.DOCUMENT, "application/vnd.ms-powerpoint", files.ole("PowerPoint Document"), ".ppt"),
    (Media.DOCUMENT, "text/plain", "Laporan shift 1: aman, suhu 85 °C\r\n".encode(), ".txt"),
    (Media.DOCUMENT, "text/plain", b"PT Krakatau", ".txt"),
    (Media.DOCUMENT, "text/csv", b"\xef\xbb\xbftanggal;ton\n2026-11-20;12.345,67\n", ".csv"),
    (Media.DOCUMENT, "text/csv", "tanggal;ton\n".encode("utf-16"), ".csv"),
    (Media.DOCUMENT, "text/plain", "Ringkasan caf\xe9".encode("cp1252"), ".txt"),
]

DISGUISED = [
    ("a web page as an image", Media.IMAGE, "image/jpeg", files.HTML),
    ("a web page behind an image's beginning", Media.IMAGE, "image/jpeg", files.JPEG + files.HTML),
    ("a script within an image", Media.IMAGE, "image/png", files.PNG + b"<?php system($_GET[0]);"),
    ("a zip behind an image", Media.IMAGE, "image/jpeg", files.JPEG + files.packed("META-INF/MANIFEST.MF")),
    ("a PDF within an image", Media.IMAGE, "image/jpeg", files.JPEG[:100] + files.PDF),
    ("a PNG as a JPEG", Media.IMAGE, "image/jpeg", files.PNG),
    ("an iPhone's HEIC as a JPEG", Media.IMAGE, "image/jpeg", files.HEIC),
    ("a program as an image", Media.IMAGE, "image/png", files.EXE),
    ("a program as a PDF", Media.DOCUMENT, "application/pdf", files.EXE),
    ("something before a PDF", Media.DOCUMENT, "application/pdf", b"\n" + files.PDF),
    ("a PDF that is a zip as well", Media.DOCUMENT, "application/pdf", files.PDF + files.packed("a.class")),
    ("a test virus as a PDF", Media.DOCUMENT, "application/pdf", files.EICAR),
    ("a zip as a spreadsheet", Media.DOCUMENT, XLSX, files.packed("a.txt")),
    ("a Java archive as a document", Media.DOCUMENT, DOCX, files.packed("META-INF/MANIFEST.MF", "a.class")),
    ("a spreadsheet as a document", Media.DOCUMENT, DOCX, files.office("xl")),
    ("macros in a document", Media.DOCUMENT, DOCX, files.office("word", "word/vbaProject.bin")),
    ("a program before a document", Media.DOCUMENT, DOCX, files.EXE + files.office("word")),
    ("a document that was cut off", Media.DOCUMENT, DOCX, files.office("word")[:-30]),
    ("an encrypted document", Media.DOCUMENT, DOCX, files.ole("EncryptedPackage")),
    ("an installer as an old document", Media.DOCUMENT, "application/msword", files.ole("\u4840\u4559\u44f2")),
    ("a new spreadsheet as an old one", Media.DOCUMENT, XLS, files.office("xl")),
    ("a web page as a text", Media.DOCUMENT, "text/plain", b"\xef\xbb\xbf \n<html><body>"),
    ("a drawing that runs scripts as a text", Media.DOCUMENT, "text/plain", b"<svg xmlns='x'>"),
    ("a shell script as a table", Media.DOCUMENT, "text/csv", b"#!/bin/sh\nrm -r"),
    ("a batch file as a text", Media.DOCUMENT, "text/plain", b"@ECHO OFF\r\n"),
    ("bytes as a text", Media.DOCUMENT, "text/plain", b"abc\0def"),
    ("another sound as a voice note", Media.AUDIO, "audio/ogg", files.VORBIS),
    ("a video as a voice note", Media.AUDIO, "audio/ogg; codecs=opus", files.MP4),
    ("a zip as a video", Media.VIDEO, "video/mp4", files.packed("a.mp4")),
    ("a picture as a sticker", Media.STICKER, "image/webp", files.PNG),
]

NOT_TAKEN = [
    (Media.IMAGE, "image/svg+xml"),
    (Media.IMAGE, "image/gif"),
    (Media.IMAGE, "application/pdf"),
    (Media.STICKER, "image/png"),
    (Media.AUDIO, "video/mp4"),
    (Media.DOCUMENT, "text/html"),
    (Media.DOCUMENT, "application/zip"),
    (Media.DOCUMENT, "application/x-msdownload"),
    (Media.DOCUMENT, "application/vnd.ms-excel.sheet.macroEnabled.12"),
    (Media.DOCUMENT, "application/octet-stream"),
    (Media.DOCUMENT, ""),
]


@pytest.mark.parametrize(("sent_as", "declared", "content", "extension"), GENUINE)
def test_what_phones_and_programs_write_is_taken(sent_as: Media, declared: str, content: bytes, extension: str) -> None:
    found = check(sent_as, declared, io.BytesIO(content))
    assert isinstance(found, Genuine), found
    assert found.extension == extension


@pytest.mark.parametrize(
    ("sent_as", "declared", "content"), [case[1:] for case in DISGUISED], ids=[case[0] for case in DISGUISED]
)
def test_what_is_disguised_is_refused(sent_as: Media, declared: str, content: bytes) -> None:
    found = check(sent_as, declared, io.BytesIO(content))
    assert isinstance(found, Refused)
    assert found.reason.startswith("not what it says (")


@pytest.mark.parametrize(("sent_as", "declared"), NOT_TAKEN)
def test_types_that_whatsapp_does_not_take_are_refused(sent_as: Media, declared: str) -> None:
    found = check(sent_as, declared, io.BytesIO(files.PDF))
    assert found == Refused(f"of a type that WhatsApp does not take as {sent_as}")


def test_an_empty_file_is_refused() -> None:
    assert check(Media.IMAGE, "image/jpeg", io.BytesIO()) == Refused("empty")


def test_the_limit_itself_is_taken_and_a_byte_more_is_not() -> None:
    at_most = files.JPEG + bytes(LARGEST[Media.IMAGE] - len(files.JPEG))
    assert isinstance(check(Media.IMAGE, "image/jpeg", io.BytesIO(at_most)), Genuine)
    found = check(Media.IMAGE, "image/jpeg", io.BytesIO(at_most + b"\0"))
    assert isinstance(found, Refused)
    assert found.reason.startswith("larger than WhatsApp takes as image: 5242881 bytes")


def test_a_script_is_found_wherever_it_lies_in_a_large_image() -> None:
    for at in (1024 * 1024 - 3, 2 * 1024 * 1024):
        content = files.JPEG + bytes(at - len(files.JPEG)) + b"<ScRiPt>" + bytes(100)
        assert isinstance(check(Media.IMAGE, "image/jpeg", io.BytesIO(content)), Refused)


@pytest.mark.parametrize("size", [2_000_000_000, 100 * 1024 * 1024 + 1])
def test_a_zip_that_unpacks_to_more_than_it_may_is_refused(size: int) -> None:
    content = bytearray(files.office("word"))
    at = content.rindex(b"PK\1\2")
    content[at + 24 : at + 28] = struct.pack("<I", size)
    assert check(Media.DOCUMENT, DOCX, io.BytesIO(bytes(content))) == Refused(
        f"not what it says ({DOCX}): a zip that unpacks to more than it may"
    )


def test_a_zip_of_too_many_parts_is_refused_before_they_are_listed() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as package:
        package.writestr("[Content_Types].xml", b"")
        for number in range(15_000):
            package.writestr(f"word/{number:020}.xml", b"")
    assert check(Media.DOCUMENT, DOCX, output) == Refused(f"not what it says ({DOCX}): a zip of too many parts")


@given(
    st.sampled_from(Media),
    st.sampled_from([case[1] for case in GENUINE]) | st.text(max_size=30),
    st.sampled_from([case[2] for case in GENUINE] + [case[3] for case in DISGUISED] + [b""]),
    st.binary(max_size=200),
    st.integers(0, 2000),
)
def test_any_bytes_are_judged(sent_as: Media, declared: str, content: bytes, more: bytes, cut: int) -> None:
    for mixed in (content + more, more + content, content[:cut] + more, content[cut:]):
        assert isinstance(check(sent_as, declared, io.BytesIO(mixed)), Genuine | Refused)
