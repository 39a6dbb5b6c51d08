"""Files that providers fetch: one for each address, for a day, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from wa_integrasi.files import LINK_LASTS, FileLinks, OutgoingFiles
from wa_integrasi.web.files import file_routes

ADDRESS = "https://wa.example.id"
KEY, FORMER = "k" * 32, "f" * 32
XLSX = b"PK\x03\x04 a spreadsheet"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Wrist:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wrist() -> Wrist:
    return Wrist()


@pytest.fixture
def files(tmp_path: Path, wrist: Wrist) -> OutgoingFiles:
    return OutgoingFiles(tmp_path / "files", FileLinks(ADDRESS, [KEY, FORMER], wrist))


@pytest.fixture
async def provider(files: OutgoingFiles) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=list(file_routes(files))))
    async with httpx.AsyncClient(transport=transport, base_url="https://wa.example.id") as client:
        yield client


def link(files: OutgoingFiles, filename: str = "rekap.xlsx", content: bytes = XLSX) -> str:
    assert files.links is not None
    return files.links.link(files.put(content), filename)


async def test_a_file_is_fetched_by_its_address(files: OutgoingFiles, provider: httpx.AsyncClient) -> None:
    address = link(files)
    assert address.startswith(f"{ADDRESS}/files/")
    assert address.endswith("/rekap.xlsx"), "the phone goes by it"
    got = await provider.get(address)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, XLSX, SHEET)
    assert got.headers["content-disposition"] == 'inline; filename="rekap.xlsx"'
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in got.headers["cache-control"]
    head = await provider.head(address)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(XLSX)))


@pytest.mark.parametrize("filename", ["Rekap Produksi/Nov.xlsx", "../../etc/passwd", "rekap.xlsx\r\nX: 1", "¿?", ""])
async def test_any_name_makes_a_plain_address(files: OutgoingFiles, provider: httpx.AsyncClient, filename: str) -> None:
    address = link(files, filename)
    assert set(urlsplit(address).path.rpartition("/")[2]) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    )
    assert (await provider.get(address)).content == XLSX


async def test_what_was_altered_leads_nowhere(files: OutgoingFiles, provider: httpx.AsyncClient) -> None:
    other = link(files, content=b"PK another")
    address = urlsplit(link(files)).path
    _, _, token, name = address.split("/")
    ends, sha256, mac = token.split(".")
    forged = [
        f"{int(ends, 16) + 1:x}.{sha256}.{mac}/{name}",
        f"{ends}.{urlsplit(other).path.split('.')[1]}.{mac}/{name}",
        f"{ends}.{sha256}.{mac[:-1]}{'A' if mac[-1] != 'A' else 'B'}/{name}",
        f"{ends}.{sha256}.{mac}/rekap.html",
        f"{ends}.{sha256}./{name}",
        f"{ends}.{sha256}/{name}",
        f"{sha256}/{name}",
        f"0{ends}.{sha256}.{mac}/{name}",
        f"{ends}.{sha256.upper()}.{mac}/{name}",
        f"{quote('../' * 4, safe='')}etc%2Fpasswd/{name}",
        f"{token}/../{name}",
        f"{token}/%2e%2e%2f{name}",
        "",
        token,
        "x" * 5_000 + f"/{name}",
        "\u202e%00/%00",
    ]
    for path in forged:
        got = await provider.get(f"/files/{path}")
        assert got.status_code == 404, path
        assert XLSX not in got.content


async def test_an_address_is_over_after_a_day(files: OutgoingFiles, provider: httpx.AsyncClient, wrist: Wrist) -> None:
    address = link(files)
    wrist.now += LINK_LASTS.total_seconds() - 1
    assert (await provider.get(address)).status_code == 200
    wrist.now += 1
    got = await provider.get(address)
    assert (got.status_code, got.text) == (410, "this address is over")


async def test_a_file_that_is_gone_is_gone(files: OutgoingFiles, provider: httpx.AsyncClient, tmp_path: Path) -> None:
    address = link(files)
    sha256 = hashlib.sha256(XLSX).hexdigest()
    (tmp_path / "files" / sha256[:2] / sha256).unlink()
    assert (await provider.get(address)).status_code == 404


async def test_a_key_that_was_exchanged_still_opens_what_it_has_signed(
    files: OutgoingFiles, provider: httpx.AsyncClient, wrist: Wrist
) -> None:
    name = files.put(XLSX)
    assert (await provider.get(FileLinks(ADDRESS, [FORMER], wrist).link(name, "a.xlsx"))).status_code == 200
    assert (await provider.get(FileLinks(ADDRESS, ["z" * 32], wrist).link(name, "a.xlsx"))).status_code == 404


async def test_nothing_is_listed_and_nothing_else_is_done(files: OutgoingFiles, provider: httpx.AsyncClient) -> None:
    address = urlsplit(link(files)).path
    for path in ("/files", "/files/", address.rpartition("/")[0], f"{address}/x"):
        assert (await provider.get(path)).status_code == 404
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert (await provider.request(method, address)).status_code == 405


def test_without_an_address_there_is_no_such_route(tmp_path: Path) -> None:
    assert file_routes(None) == []
    assert file_routes(OutgoingFiles(tmp_path)) == []
