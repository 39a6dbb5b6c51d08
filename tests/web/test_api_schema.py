"""What the OpenAPI document says is so: schemathesis sends what it allows, and what it does not."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette

from tests.web.api import GROUP, OWN_KEY, inside
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.store.engine import Store
from wa_integrasi.web.api.rates import Rates

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LIMITS = settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


def test_the_api_is_as_it_is_described(api: Starlette) -> None:
    minutes = itertools.count(step=60.0)
    inside(api).state.door.rates = Rates(lambda: next(minutes))  # no request of this test comes too often
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", api)
    operations = [found.ok() for found in schema.get_all_operations()]
    answered: dict[str, set[int]] = {operation.label: set() for operation in operations}
    for operation, mode in itertools.product(operations, GenerationMode):

        @LIMITS
        @given(operation.as_strategy(generation_mode=mode))
        def hold(case: Any) -> None:
            answer = case.call_and_validate(headers={"X-API-Key": OWN_KEY}, checks=CHECKS)
            answered[case.operation.label].add(answer.status_code)

        hold()
    assert len(answered) == 7
    assert [label for label, statuses in answered.items() if not statuses & {200, 404, 422}] == []


async def test_the_examples_of_the_document_are_taken(api: Starlette, bot: httpx.AsyncClient, store: Store) -> None:
    team = {"version": 1, "groups": {"tim-produksi": {"chat_id": GROUP}}}
    apply_catalog(store, Catalog.model_validate(team))
    document = (await bot.get("/openapi.json")).json()
    taken = []
    for path, methods in document["paths"].items():
        if "post" in methods:
            body = methods["post"]["requestBody"]["content"]["application/json"]["schema"]
            examples = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]["examples"]
            taken += [await bot.post(path.replace("{name}", "stok"), json=example) for example in examples]
    assert sorted(answer.status_code for answer in taken) == [201, 202, 202, 202]


async def test_every_status_that_a_request_may_get_is_in_the_document(bot: httpx.AsyncClient) -> None:
    document = (await bot.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            statuses = set(operation["responses"])
            assert {"401", "403", "429", "503"} <= statuses, path
            assert method != "post" or {"400", "409", "413", "415", "422"} <= statuses, path
            [[scope]] = [requirement["ApiKey"] for requirement in operation["security"]]
            assert scope in {"send", "run", "read"}
    assert document["components"]["securitySchemes"]["ApiKey"]["in"] == "header"
