"""The only reader of the environment: every `WA_…` variable, checked once, with one clear line for each mistake."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "WA_"
_GROUP_VARIABLE = re.compile(rf"{PREFIX}GROUP_([A-Z0-9_]+)_ID")
_STORES = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}


class SettingsError(ValueError):
    """The environment is wrong. Its message has one line for each variable: name, what was found, what is valid."""


class ProviderName(StrEnum):
    """The channels the account `default` may use."""

    SIMULATOR = "simulator"
    META = "meta"


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ValueError("a database URL such as sqlite:///wa.db or postgresql://user:password@host/name") from error
    dialect = url.get_backend_name()
    if dialect not in _STORES:
        raise ValueError("a database URL that begins with sqlite:// or postgresql://")
    if dialect == "sqlite" and url.database and url.database != ":memory:":
        url = url.set(database=str(Path(url.database).absolute()))
    if dialect == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("a database in a file: several processes share the store")
    return url.set(drivername=_STORES[dialect]).render_as_string(hide_password=False)


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("an IANA zone name such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura (not WIB)")
    return text


def _locale(text: str) -> str:
    if text not in ("id_ID", "en_US", "en_GB"):
        raise ValueError("id_ID, en_US or en_GB")
    return text


def _secret_key(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError("at least 32 characters; make one with: openssl rand -hex 32")
    return secret


class Settings(BaseSettings):
    """Every setting with its default. `.env.example` explains them to people."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: Annotated[SecretStr, AfterValidator(lambda s: SecretStr(_database_url(s.get_secret_value())))] = (
        Field(default=SecretStr("sqlite:///.wa/wa.db"), validate_default=True)
    )
    secret_key: Annotated[SecretStr, AfterValidator(_secret_key)] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Jakarta"
    locale: Annotated[Literal["id_ID", "en_US", "en_GB"], AfterValidator(_locale)] = "id_ID"

    provider: ProviderName = ProviderName.SIMULATOR
    api_key: SecretStr | None = None
    api_url: HttpUrl | None = None
    app_secret: SecretStr | None = None
    verify_token: SecretStr | None = None
    phone_number_id: Annotated[str, Field(pattern=r"^\d{1,32}$")] | None = None
    waba_id: Annotated[str, Field(pattern=r"^\d{1,32}$")] | None = None
