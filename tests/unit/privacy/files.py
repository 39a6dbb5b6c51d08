"""Small files as phones and programs write them."""

import io
import zipfile

OFFICE = "application/vnd.openxmlformats-officedocument"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def packed(*names: str, content: bytes = b"<xml/>") -> bytes:
    """A zip of files that all have the same content."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as package:
        for name in names:
            package.writestr(name, content)
    return output.getvalue()


def office(folder: str, *more: str) -> bytes:
    return packed("[Content_Types].xml", "_rels/.rels", f"{folder}/document.xml", *more)


def ole(stream: str) -> bytes:
    return bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1016) + stream.encode("utf-16-le") + bytes(64)


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(300) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100) + b"\0\0\0\0IEND\xaeB`\x82"
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + bytes(100)
OPUS = b"OggS\0\2" + bytes(20) + b"\x01\x13OpusHead\1\1" + bytes(100)
VORBIS = b"OggS\0\2" + bytes(20) + b"\x01\x1e\1vorbis" + bytes(100)
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100)
M4A = b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + bytes(100)
THREE_GP = b"\0\0\0\x14ftyp3gp4\0\0\0\0" + bytes(100)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
MP3 = b"ID3\3\0\0\0\0\0\0" + bytes(100)
MP3_BARE = b"\xff\xf3\x90\x64" + bytes(100)
AAC = b"\xff\xf1\x50\x80" + bytes(100)
AMR = b"#!AMR\n" + bytes(100)
PDF = b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
EXE = b"MZ\x90\0" + bytes(60) + b"PE\0\0" + bytes(100)
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
