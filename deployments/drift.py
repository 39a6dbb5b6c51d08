"""Whether Prefect has what `wa deploy` would register: what is missing, what is different, what is there besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr, ValidationError

from blocks.gateways import KINDS
from deployments.accounts import DEFAULT
from deployments.automations import OURS, registered, same
from deployments.register import (
    POOL,
    PREFECT_YAML,
    block_kinds,
    schedule_settings,
    second_channel_of,
    wanted_automations,
)
from wa_integrasi.settings import Settings

_ROOM = "flows."
"""Begins the entrypoint of every deployment of ours."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that Prefect does not have as it should."""

    kind: str
    name: str
    is_: str
    """`missing`, `different` or `extra`."""
    what: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.is_}" + (f" ({self.what})" if self.what else "")


async def drift(settings: Settings, prefect_yaml: Path = PREFECT_YAML) -> list[Drift]:
    """Compare Prefect with what `wa deploy` would make of it; changes nothing. Values of secrets are not shown."""
    async with get_client() as client:
        found = [*await _blocks(client), *await _pool(client)]
        found += await _account(client, settings)
        found += _deployed(wanted_deployments(prefect_yaml), await deployments_of(client))
        return found + await _automations(client, settings)


def wanted_deployments(prefect_yaml: Path = PREFECT_YAML) -> dict[str, dict[str, Any]]:
    """The deployments of `prefect.yaml` by flow and name, with what the environment decides on."""
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema
    from prefect.utilities.templating import apply_values

    filled = apply_values(yaml.safe_load(prefect_yaml.read_text())["deployments"], {"wa": schedule_settings()})
    wanted = {}
    for each in filled:
        flow: Flow[Any, Any] = load_flow_from_entrypoint(each["entrypoint"])
        schema = parameter_schema(flow).model_dump_for_openapi()
        wanted[f"{flow.name}/{each['name']}"] = {**each, "schema": schema, "about": flow.description}
    return wanted


def _deployed(wanted: Mapping[str, dict[str, Any]], there: Mapping[str, DeploymentResponse]) -> Iterator[Drift]:
    for name, config in wanted.items():
        if name not in there:
            yield Drift("deployment", name, "missing")
        elif different := _different(_of_config(config), _of_server(there[name])):
            yield Drift("deployment", name, "different", different)
    for name in there.keys() - wanted.keys():
        if (there[name].entrypoint or "").startswith(_ROOM):
            yield Drift("deployment", name, "extra", "prefect.yaml does not have it")


def _of_config(config: Mapping[str, Any]) -> dict[str, Any]:
    limit = config.get("concurrency_limit")
    limit = limit if isinstance(limit, dict) else {"limit": limit}
    return {
        "entrypoint": config["entrypoint"],
        "work pool": config["work_pool"]["name"],
        "description": config.get("description") or config["about"],
        "parameters": config.get("parameters") or {},
        "tags": sorted(config.get("tags") or []),
        "concurrency": (limit.get("limit"), limit.get("collision_strategy")),
        "schedules": sorted((s["slug"], s["cron"], s["timezone"]) for s in config.get("schedules") or []),
        "parameter form": _filled(config["schema"]),
    }


def _of_server(found: DeploymentResponse) -> dict[str, Any]:
    limit, options = found.global_concurrency_limit, found.concurrency_options
    schedules = [
        (s.slug, getattr(s.schedule, "cron", None), getattr(s.schedule, "timezone", None)) for s in found.schedules
    ]
    return {
        "entrypoint": found.entrypoint,
        "work pool": found.work_pool_name,
        "description": found.description,
        "parameters": found.parameters,
        "tags": sorted(found.tags),
        "concurrency": (limit.limit if limit else None, str(options.collision_strategy.value) if options else None),
        "schedules": sorted(schedules, key=str),
        "parameter form": _filled(found.parameter_openapi_schema or {}),
    }


def _filled(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if value != {}}


def _different(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    long = ("parameter form", "description")
    said = [
        name if name in long else f"{name}: is {found[name]}, should be {wanted[name]}"
        for name in wanted
        if wanted[name] != found[name]
    ]
    return "; ".join(said)


async def deployments_of(client: PrefectClient) -> dict[str, DeploymentResponse]:
    """Every deployment of the server by flow and name."""
    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(limit=200, offset=len(found)):
        found += page
    flows = {each.id: each.name for each in await client.read_flows(limit=200)}
    return {f"{flows.get(each.flow_id, '?')}/{each.name}": each for each in found}


async def _blocks(client: PrefectClient) -> list[Drift]:
    found = []
    for kind in block_kinds():
        slug = kind.get_block_type_slug()
        try:
            await client.read_block_type_by_slug(slug)
        except ObjectNotFound:
            found.append(Drift("block type", slug, "missing"))
            continue
        try:
            await client.read_block_schema_by_checksum(kind._calculate_schema_checksum())  # noqa: SLF001 - Prefect has no other name for it
        except ObjectNotFound:
            found.append(Drift("block type", slug, "different", "its fields"))
    return found


async def _pool(client: PrefectClient) -> list[Drift]:
    try:
        pool = await client.read_work_pool(POOL)
    except ObjectNotFound:
        return [Drift("work pool", POOL, "missing")]
    problems = [f"type: is {pool.type}, should be process"] if pool.type != "process" else []
    problems += ["it is paused"] if pool.is_paused else []
    return [Drift("work pool", POOL, "different", "; ".join(problems))] if problems else []


async def _account(client: PrefectClient, settings: Settings) -> list[Drift]:
    account = settings.account()
    kind: Any = KINDS[account.channel]
    name = f"{kind.get_block_type_slug()}/{DEFAULT}"
    try:
        block = await kind.aload(DEFAULT, client=client)
    except ValueError:
        return [Drift("block", name, "missing")]
    except ValidationError:
        return [Drift("block", name, "different", "it cannot be read")]
    other = [field for field, value in account.fields.items() if _clear(getattr(block, field)) != _clear(value)]
    return [Drift("block", name, "different", ", ".join(other))] if other else []


async def _automations(client: PrefectClient, settings: Settings) -> list[Drift]:
    there = {each.name: each for each in await registered(client)}
    block = await second_channel_of(client)
    found = []
    if (settings.owner_notice_urls is None) != (block is None):
        found.append(Drift("block", f"owner-notice/{DEFAULT}", "missing" if block is None else "extra"))
    try:
        wanted = await wanted_automations(client, block)
    except ObjectNotFound:  # what they run is missing, and so are they
        return [*found, Drift("automation", f"{OURS}…", "missing", "the deployment alarm/alarm, which they run, is")]
    for each in wanted:
        if each.name not in there:
            found.append(Drift("automation", each.name, "missing"))
        elif not same(each, there[each.name]):
            found.append(Drift("automation", each.name, "different"))
    extra = there.keys() - {each.name for each in wanted}
    return found + [Drift("automation", name, "extra") for name in sorted(extra)]


def _clear(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
