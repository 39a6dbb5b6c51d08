"""Every task's docstring has an example that runs: on the bench, with what `wa new` writes."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

import pytest
from prefect import Task

import tasks
from tasks.testing import TaskBench, wa, wa_store_file
from wa_integrasi.content import Text
from wa_integrasi.outbox import NewMessage
from wa_integrasi.recipient import Recipient

__all__ = ["wa", "wa_store_file"]

STARTING = Path(__file__).parents[2] / "deployments" / "starting"
PLANT = """
CREATE TABLE produksi (hari TEXT, unit TEXT, ton INTEGER);
INSERT INTO produksi VALUES ('2026-11-18', 'Kiln 1', 9), ('2026-11-19', 'Kiln 1', 1200), ('2026-11-19', 'Kiln 2', 1150);
"""
SUMMED_UP = "    summary: {source: ai}\n"
MORE = """
version: 1
chat_templates:
  kiriman: {body: "{% for row in rows %}{{ row.unit }}: {{ row.ton | number }} ton{% endfor %}"}
  suhu: {body: "{{ rows[0].value }}"}
reports:
  kiriman:
    title: Kiriman
    cadence: task_delivery
    owner: saya
    source: pabrik
    query: SELECT unit, ton FROM produksi WHERE ton = 1200
    template: kiriman
    recipients: [saya]
triggers:
  suhu:
    kind: pi
    title: Suhu
    phrases: [suhu]
    roles: [operator]
    source: pi
    tags: [BLR2.TI-01]
    template: suhu
policies:
  intake:
    subscriptions: {roles: [operator]}
    complaints: {escalate_minutes: [1], duty_group: saya, owner: saya}
"""


def _modules() -> Iterator[Any]:
    for found in pkgutil.iter_modules(tasks.__path__, "tasks."):
        yield importlib.import_module(found.name)


TASKS = {
    f"{module.__name__}.{name}": found
    for module in _modules()
    for name, found in vars(module).items()
    if isinstance(found, Task) and found.fn.__module__ == module.__name__
}
NAMES = {key.rpartition(".")[2]: found for key, found in TASKS.items()}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `wa new report produksi-unit` and `wa new trigger stok` write, and a recap and something to watch."""
    folder = tmp_path_factory.mktemp("catalog")
    words = {"people": {}, "report": {"name": "produksi-unit", "title": "Produksi Unit"}}
    words["trigger"] = {"name": "stok", "title": "Stok", "phrase": "stok"}
    for kind, known in words.items():
        text = Template((STARTING / f"{kind}.yaml.txt").read_text("utf-8")).substitute(known)
        (folder / f"{kind}.yaml").write_text(text + SUMMED_UP * (kind == "report"), "utf-8")
    (folder / "more.yaml").write_text(MORE, "utf-8")
    return folder


@pytest.mark.parametrize("name", TASKS)
def test_the_example_of_a_task_does_what_it_says(
    name: str, wa: TaskBench, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(TASKS[name].fn) or "", name)
    assert examples, f"{name} has no example: see docs/authoring.md"
    for name_of_variable in ("WA_SECRET_KEY", "WA_OWNER_NOTICE_URLS"):
        monkeypatch.delenv(name_of_variable, raising=False)
    wa.catalog(catalog)
    wa.source("pabrik", PLANT)
    known = {"asyncio": asyncio, "replace": replace, "NewMessage": NewMessage, "Recipient": Recipient, "Text": Text}
    said: list[str] = []
    test = doctest.DocTest(examples, {**known, **NAMES, "wa": wa}, name, None, None, None)
    assert doctest.DocTestRunner().run(test, out=said.append).failed == 0, "".join(said)


def test_no_task_is_overlooked() -> None:
    every = {id(found) for module in _modules() for found in vars(module).values() if isinstance(found, Task)}
    assert {id(found) for found in TASKS.values()} == every
    assert len(every) >= 30
