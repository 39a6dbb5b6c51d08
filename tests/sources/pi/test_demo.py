"""The demo's trigger “suhu boiler 2”, on the simulated plant that `wa serve` has; and nowhere else."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from deployments.demo.place import demo_place
from deployments.serve import build_app
from tests.ports import free_port
from tests.sources.pi.conftest import NOW, Pi
from wa_integrasi.catalog.reading import read_catalog_files
from wa_integrasi.catalog.triggers import PiTrigger
from wa_integrasi.commands.grammar import Phrasebook, Run, read
from wa_integrasi.commands.showing import for_template
from wa_integrasi.settings import load_settings
from wa_integrasi.simulator.pi import PLANT
from wa_integrasi.sources.pi import ValueNow
from wa_integrasi.store.engine import Store
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.template import compile_template

ROOT = Path(__file__).parents[3]
ZONE = "Asia/Jakarta"


@pytest.mark.parametrize("boiler", [1, 2, 3])
async def test_what_operators_ask_of_a_boiler_is_answered(pi: Pi, boiler: int) -> None:
    catalog = read_catalog_files([ROOT / "deployments" / "demo" / "catalog.yaml"])
    now = NOW.astimezone(ZoneInfo(ZONE))
    asked = read(f"suhu boiler {boiler}", Phrasebook.of(catalog.triggers, zone=ZONE), now=now)
    assert isinstance(asked, Run)
    trigger = catalog.triggers[asked.trigger]
    assert isinstance(trigger, PiTrigger)
    reading = await pi.read([tag.format(boiler=boiler) for tag in trigger.tags], ValueNow())
    assert reading.problems == ()
    locale = Locale("id_ID", ZONE)
    context = {
        "rows": reading.rows.as_dicts(),
        "trigger": {"name": asked.trigger, "title": trigger.title},
        "arguments": for_template(asked.arguments, locale),
        "now": now,
        "recipient": {"name": "Dewi Lestari", "salutation": "Ibu", "language": "id"},
        "source": trigger.source,
    }
    answer = compile_template(catalog.chat_templates[trigger.template].body).render(context, locale)
    title, *lines, foot = answer.splitlines()
    assert title == f"*Suhu boiler {boiler}*"
    assert [line.split(":")[0] for line in lines] == [f"• {value.tag}" for value in reading.values]
    assert all(("°C" in line) == ("TI-02" in line or "TI-03" in line) for line in lines[1:])
    assert lines[-1].endswith(("BERHENTI", "MENYALA", "SIAGA"))
    assert foot == "_pi, Jumat, 20 November 2026 10.00 WIB_"


def test_the_plant_has_a_tag_of_every_kind_and_no_name_twice() -> None:
    assert len({tag.name.upper() for tag in PLANT}) == len(PLANT) >= 60
    assert {tag.kind for tag in PLANT} == {"Float32", "Int32", "Digital", "String"}


@pytest.mark.parametrize(("password", "status"), [(True, 200), (False, 401)])
async def test_wa_serve_has_it_for_those_who_have_the_password(
    tmp_path: Path, migrated_file: Path, password: bool, status: int
) -> None:
    at = demo_place(tmp_path, free_port(), free_port())
    settings = load_settings(at.environment, tmp_path / "none.env")
    given = settings.meta_account().access_token.get_secret_value() if password else "salah"
    with Store.open(f"sqlite+pysqlite:///{migrated_file}") as store:
        app = build_app(settings, store, at.service_url, tmp_path / "phone.db")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as browser:
            answer = await browser.get("/simulator/pi/piwebapi/dataservers", auth=("simulator", given))
            other = await browser.get("/simulator/pi/piwebapi/", headers={"Host": "pi.example.id"})
    assert answer.status_code == status
    assert other.status_code == 400


async def test_wa_serve_has_none_for_a_real_account(tmp_path: Path, migrated_file: Path) -> None:
    at = demo_place(tmp_path, free_port(), free_port())
    environment = {**at.environment, "WA_PROVIDER": "meta", "WA_API_URL": ""}
    with Store.open(f"sqlite+pysqlite:///{migrated_file}") as store:
        app = build_app(load_settings(environment, tmp_path / "none.env"), store, at.service_url, tmp_path / "phone.db")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as browser:
            assert (await browser.get("/simulator/pi/piwebapi")).status_code == 404
