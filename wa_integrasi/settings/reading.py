"""The only reader of the environment: every `WA_…` variable, checked once, with one clear line for each mistake."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from wa_integrasi.settings import checks
from wa_integrasi.settings.channels import NEEDED, OPTIONAL, SHORT_NAMES, Account, MetaAccount, ProviderName
from wa_integrasi.settings.checks import Cron, Digits, Url, Word

PREFIX = "WA_"
_GRAPH = "https://graph.facebook.com"
_GROUP_VARIABLE = re.compile(rf"{PREFIX}GROUP_([A-Z0-9_]+)_ID")


class SettingsError(ValueError):
    """The environment is wrong. Its message has one line for each variable: name, what was found, what is valid."""


class Settings(BaseModel):
    """Every setting with its default. `.env.example` explains them to people."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: checks.DatabaseUrl = Field(default=SecretStr("sqlite:///.wa/wa.db"), validate_default=True)
    secret_key: checks.SecretKey | None = None
    former_secret_keys: checks.FormerKeys | None = None
    timezone: checks.Zone = "Asia/Jakarta"

    provider: ProviderName = ProviderName.SIMULATOR
    api_key: Word | None = None
    api_url: Url | None = None
    app_secret: SecretStr | None = None
    verify_token: SecretStr | None = None
    phone_number_id: str | None = None
    waba_id: Digits | None = None
    account_sid: checks.AccountSid | None = None
    number_key: Word | None = None
    session_name: checks.SessionName = "default"
    public_url: Url | None = None
    status_file: checks.FilePath | None = None
    bot_api_key: checks.BotKey | None = None

    clamav: checks.ClamAvAddress | None = None
    media_path: checks.FolderPath = Field(default=Path(".wa/media"), validate_default=True)
    media_days: int = Field(default=90, ge=1, le=36_500)
    files_path: checks.FolderPath = Field(default=Path(".wa/files"), validate_default=True)
    csv_path: checks.FolderPath = Field(default=Path(".wa/csv"), validate_default=True)
    archive_path: checks.FolderPath = Field(default=Path(".wa/archive"), validate_default=True)
    archive_days: int = Field(default=180, ge=62, le=36_500)
    """At least two months: the bill of the last one is always whole."""
    event_days: int = Field(default=30, ge=8, le=36_500)
    """More than the week for which a channel sends a webhook again."""
    audit_days: int = Field(default=730, ge=31, le=36_500)

    owner_notice_urls: checks.NoticeUrls | None = None
    owner_notice_minutes: int = Field(default=15, ge=1, le=1_440)

    rekap_daily_cron: Cron = "0 7 * * *"
    rekap_weekly_cron: Cron = "0 7 * * 1"
    rekap_monthly_cron: Cron = "0 7 1 * *"
    gateway_poll_cron: Cron = "*/2 * * * *"
    upkeep_cron: Cron = "17 * * * *"
    complaint_cron: Cron = "*/5 * * * *"
    task_delivery_cron: Cron = "*/30 * * * *"
    watch_cron: Cron = "* * * * *"
    missed_after_minutes: int = Field(default=45, ge=1, le=1_440)

    group_ids: dict[str, str] = Field(default_factory=dict)
    """`WA_GROUP_<NAME>_ID`, by name in lower case with dashes."""

    @field_validator("phone_number_id")
    @classmethod
    def _names_a_number(cls, text: str | None, info: ValidationInfo) -> str | None:
        twilio = info.data.get("provider") is ProviderName.TWILIO
        return text if text is None else checks.sender_number(text, twilio=twilio)

    @field_validator("verify_token")
    @classmethod
    def _protects_enough(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        watzap = info.data.get("provider") is ProviderName.WATZAP
        return checks.watzap_token(secret) if watzap and secret is not None else secret

    @property
    def former_keys(self) -> list[str]:
        """What `WA_SECRET_KEY` was before."""
        given = self.former_secret_keys.get_secret_value() if self.former_secret_keys else ""
        return [key.strip() for key in given.split(",") if key.strip()]

    @property
    def account_fields(self) -> dict[str, str]:
        """The fields of the account's block that the environment decides on, each with its setting."""
        needed = {field: setting for field, (setting, _) in NEEDED[self.provider].items()}
        return {**needed, **OPTIONAL[self.provider]}

    def account(self) -> Account:
        """The account `default`, complete. Raises `SettingsError` that names every variable still missing."""
        missing = [
            f"{PREFIX}{setting.upper()}: not set; WA_PROVIDER={self.provider} needs it: {purpose}"
            for setting, purpose in NEEDED[self.provider].values()
            if getattr(self, setting) is None
        ]
        if missing:
            raise SettingsError("\n".join(missing))
        fields: dict[str, Any] = {field: getattr(self, name) for field, name in self.account_fields.items()}
        if self.provider is ProviderName.TWILIO:
            fields["webhook_url"] = f"{self.public_url}/webhooks/twilio/default"
        channel = "meta" if self.provider is ProviderName.SIMULATOR else str(self.provider)
        return Account(channel, {name: value for name, value in fields.items() if value is not None})

    def unusable(self, problem: str) -> SettingsError:
        """What to say when the account's channel refuses a field; `problem` begins with the field's name."""
        field, _, rest = problem.partition(" ")
        setting = self.account_fields.get(SHORT_NAMES.get(field, field))
        return SettingsError(
            f"{PREFIX}{setting.upper()}: {rest}" if setting else f"WA_PROVIDER={self.provider}: {problem}"
        )

    def meta_account(self) -> MetaAccount:
        """The account `default` of the Cloud API or the simulator, complete. Raises `SettingsError`."""
        if self.provider not in (ProviderName.SIMULATOR, ProviderName.META):
            raise SettingsError(f"WA_PROVIDER: found {str(self.provider)!r}, must be 'simulator' or 'meta' here")
        return MetaAccount(**{"waba_id": None, "api_url": _GRAPH, **cast(dict[str, Any], self.account().fields)})


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
