"""What becomes of messages when their store goes away under real workers; `make chaos` has the longer ones too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.databases import address_of_new
from tests.chaos.outages import OUTAGES, endure


@pytest.mark.parametrize(
    ("name", "details"),
    [("cut", {"times": 4}), ("full", {"lasts_s": 2})],
    ids=["connections cut", "disk full"],
)
async def test_an_outage_of_the_store_loses_and_repeats_nothing_and_ends_no_worker(
    name: str, details: dict[str, Any], postgres_url: str, tmp_path: Path
) -> None:
    with address_of_new(OUTAGES[name].database, tmp_path, postgres_url) as url:
        _, missed = await endure(name, url, tmp_path, **details)
    assert missed == []
