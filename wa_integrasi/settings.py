"""The only reader of the environment: every `WA_…` variable, checked once, with one clear line for each mistake."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "WA_"
_GRAPH = "https://graph.facebook.com"
_GROUP_VARIABLE = re.compile(rf"{PREFIX}GROUP_([A-Z0-9_]+)_ID")
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}


class SettingsError(ValueError):
    """The environment is wrong. Its message has one line for each variable: name, what was found, what is valid."""


class ProviderName(StrEnum):
    """The channels that the account `default` may use."""

    SIMULATOR = "simulator"
    META = "meta"


@dataclass(frozen=True)
class MetaAccount:
    """What the account `default` needs to speak to the Cloud API, or to the simulator that stands in for it."""

    phone_number_id: str
    access_token: SecretStr
    app_secret: SecretStr
    verify_token: SecretStr
    waba_id: str | None
    api_url: str


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter quotes what stands at the port: part of the password, at times
        raise ValueError("a database URL: sqlite:///folder/wa.db or postgresql://user:password@host/name") from None
    dialect = url.get_backend_name()
    if dialect not in _DRIVERS:
        raise ValueError("a database URL that begins with sqlite:// or postgresql://")
    if dialect == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise ValueError("a database in a file: several processes share the store")
        url = url.set(database=str(Path(str(url.database)).absolute()))
    return url.set(drivername=_DRIVERS[dialect]).render_as_string(hide_password=False)


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("an IANA zone: Asia/Jakarta, Asia/Makassar, Asia/Jayapura … (WIB is no zone)")
    return text


def _secret_key(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError("at least 32 characters; make one with: openssl rand -hex 32")
    return secret


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 32):
        raise ValueError("the id from the provider's dashboard: digits only")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ValueError("an address that begins with http:// or https://")
    return text.rstrip("/")


def _cron(text: str) -> str:
    if len(text.split()) != 5:
        raise ValueError("five fields: minute, hour, day of month, month, day of week")
    return text


_DatabaseUrl = Annotated[SecretStr, AfterValidator(lambda url: SecretStr(_database_url(url.get_secret_value())))]
_Digits = Annotated[str, AfterValidator(_digits)]
_Url = Annotated[str, AfterValidator(_url)]
_Cron = Annotated[str, AfterValidator(_cron)]


class Settings(BaseModel):
    """Every setting with its default. `.env.example` explains them to people."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: _DatabaseUrl = Field(default=SecretStr("sqlite:///.wa/wa.db"), validate_default=True)
    secret_key: Annotated[SecretStr, AfterValidator(_secret_key)] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Jakarta"

    provider: ProviderName = ProviderName.SIMULATOR
    api_key: SecretStr | None = None
    api_url: _Url | None = None
    app_secret: SecretStr | None = None
    verify_token: SecretStr | None = None
    phone_number_id: _Digits | None = None
    waba_id: _Digits | None = None

    rekap_daily_cron: _Cron = "0 7 * * *"
    rekap_weekly_cron: _Cron = "0 7 * * 1"
    rekap_monthly_cron: _Cron = "0 7 1 * *"
    gateway_poll_cron: _Cron = "*/2 * * * *"

    group_ids: dict[str, str] = Field(default_factory=dict)
    """`WA_GROUP_<NAME>_ID`, by name in lower case with dashes."""

    def meta_account(self) -> MetaAccount:
        """The account `default`, complete. Raises `SettingsError` that names every variable still missing."""
        key, secret, token, number = self.api_key, self.app_secret, self.verify_token, self.phone_number_id
        url = self.api_url or (_GRAPH if self.provider is ProviderName.META else None)
        if key is None or secret is None or token is None or number is None or url is None:
            needed = {"API_KEY": key, "APP_SECRET": secret, "VERIFY_TOKEN": token, "PHONE_NUMBER_ID": number}
            missing = [name for name, value in {**needed, "API_URL": url}.items() if value is None]
            lines = [f"{PREFIX}{name}: not set; WA_PROVIDER={self.provider} needs it" for name in missing]
            raise SettingsError("\n".join(lines))
        return MetaAccount(number, key, secret, token, self.waba_id, url)


def wa_variables(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> dict[str, str]:
    """Every `WA_…` variable of the `.env` file of the working folder and, above it, of the environment."""
    file = Path(".env") if env_file is None else env_file
    values = {name: value for name, value in dotenv_values(file).items() if value is not None}
    values |= os.environ if environment is None else environment
    return {name: value for name, value in values.items() if name.startswith(PREFIX)}


def load_settings(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read the environment and, below it, the `.env` file of the working folder. Raises `SettingsError`."""
    values = wa_variables(environment, env_file)
    known = {
        field: values[name]
        for field in Settings.model_fields
        if (name := f"{PREFIX}{field.upper()}") in values and values[name].strip()
    }
    groups = {
        match[1].lower().replace("_", "-"): value
        for name, value in values.items()
        if (match := _GROUP_VARIABLE.fullmatch(name)) and value.strip()
    }
    try:
        return Settings.model_validate({**known, "group_ids": groups})
    except ValidationError as error:
        raise SettingsError("\n".join(_line(problem, known) for problem in error.errors())) from None


def _line(problem: ErrorDetails, found: Mapping[str, str]) -> str:
    field = str(problem["loc"][0])
    secret = "SecretStr" in str(Settings.model_fields[field].annotation)
    shown = "(a secret)" if secret else repr(found.get(field, ""))
    valid = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{PREFIX}{field.upper()}: found {shown}, must be {valid.removeprefix('should be ')}"
