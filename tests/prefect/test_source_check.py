"""`wa source check`: what a person sees of a source, from its block."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.source_plugins import plugin_block
from blocks.sources import SqlSource, load_source, load_source_soon
from blocks.trigger_sources import TriggerSources
from tests.prefect.conftest import House
from wa_integrasi.sources.base import SourceError


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    file = tmp_path / "plant.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE plant (unit TEXT)")
    return file


async def test_a_source_that_answers_is_described(house: House, plant: Path) -> None:
    await SqlSource(url=SecretStr(f"sqlite:///{plant}")).asave("pabrik-periksa", overwrite=True)
    said = house.says("source", "check", "pabrik-periksa")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("pabrik-periksa: SQLite 3")
    assert "warning: the account is not only read: the file can be written by the user" in said.stdout
    told = json.loads(house.says("source", "check", "pabrik-periksa", "--json").stdout)
    assert (told["kind"], len(told["writes"])) == ("sqlite", 1)


async def test_a_source_that_does_not_answer_is_an_error(house: House, tmp_path: Path) -> None:
    await SqlSource(url=SecretStr(f"sqlite:///{tmp_path}/plant.db")).asave("pabrik-hilang", overwrite=True)
    said = house.says("source", "check", "pabrik-hilang")
    assert (said.returncode, said.stderr) == (1, "error: there is no database file 'plant.db'\n")
    unknown = house.says("source", "check", "pabrik-hilng").stderr
    assert unknown.startswith(
        "error: no source block is called pabrik-hilng (did you mean 'pabrik-hilang'?); there are: "
    )
    assert "pabrik-hilang" in unknown.partition("there are: ")[2]


@pytest.fixture
def web() -> Iterator[str]:
    """A web service that answers with JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"data": [{"unit": "Tungku", "ton": 7.5}]}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_sources_of_plug_ins_are_blocks_that_are_read_and_checked_as_all_are(
    house: House, plant: Path, web: str
) -> None:
    folder = house.at.settings.csv_path
    folder.mkdir(exist_ok=True)
    (folder / "uji.csv").write_text("unit;ton\nTungku;7,5\n")
    csv = plugin_block("csv")(tables={"uji": "uji.csv"})
    http = plugin_block("http-json")(api_url=web, networks=["127.0.0.0/8"], login="bearer", secret="rahasia")
    await csv.asave("uji-csv", overwrite=True)
    await http.asave("uji-web", overwrite=True)
    await SqlSource(url=SecretStr(f"sqlite:///{plant.parent}/hilang.db")).asave("uji-hilang", overwrite=True)
    source = await asyncio.to_thread(load_source, "uji-csv", "csv")
    rows = await asyncio.to_thread(source.query, "SELECT unit, ton FROM uji", {})
    assert rows.as_dicts() == [{"unit": "Tungku", "ton": 7.5}]
    async with TriggerSources() as sources:
        rows = await sources.rows("http-json", "uji-web", "get: /x\nrows: data", {}, 5, 5)
        assert rows.as_dicts() == [{"unit": "Tungku", "ton": 7.5}]
        assert await load_source_soon("uji-web", "http-json") is await load_source_soon("uji-web", "http-json")
        with pytest.raises(SourceError, match="no csv source block is called uji-web"):
            await sources.rows("csv", "uji-web", "SELECT 1", {}, 5, 5)
    said = house.says("source", "check", "--json")
    told = {(each["source_kind"], each["name"]): each for each in json.loads(said.stdout)}
    assert said.returncode == 1
    assert told["sql", "uji-hilang"]["error"] == "there is no database file 'hilang.db'"
    good = {key for key, each in told.items() if each["ok"]}
    assert good >= {("csv", "uji-csv"), ("http-json", "uji-web"), ("pi", "pi")}
    assert told["csv", "uji-csv"]["version"] == "CSV: uji 1 rows"
    slugs = {found["slug"] for found in house.prefect("block_types/filter")}
    assert {"csv-source", "http-json-source"} <= slugs
