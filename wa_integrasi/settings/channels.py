"""The channels that the account `default` may use, and which variables each cannot do without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr


class ProviderName(StrEnum):
    """The channels that the account `default` may use."""

    SIMULATOR = "simulator"
    META = "meta"
    TWILIO = "twilio"
    WATZAP = "watzap"
    WAHA = "waha"
    WWEBJS = "wwebjs"


@dataclass(frozen=True)
class Account:
    """The account `default` as the environment has it: its channel, and what that channel's block is made of.

    A field that no variable says is left to the block's own default.
    """

    channel: str
    fields: Mapping[str, SecretStr | str]

    def in_clear(self) -> dict[str, str]:
        """The fields as the channel takes them, secrets and all."""
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.fields.items()
        }


@dataclass(frozen=True)
class MetaAccount:
    """What the account `default` needs to speak to the Cloud API, or to the simulator that stands in for it."""

    phone_number_id: str
    access_token: SecretStr
    app_secret: SecretStr
    verify_token: SecretStr
    waba_id: str | None
    api_url: str


_META = {
    "access_token": ("api_key", "the access token"),
    "app_secret": ("app_secret", "the secret of the app, which signs the webhooks"),
    "verify_token": ("verify_token", "the word that Meta repeats when the webhook is subscribed"),
    "phone_number_id": ("phone_number_id", "Meta's id of the sending number"),
}
NEEDED: Mapping[ProviderName, Mapping[str, tuple[str, str]]] = {
    ProviderName.SIMULATOR: {**_META, "api_url": ("api_url", "the address of the simulator")},
    ProviderName.META: _META,
    ProviderName.TWILIO: {
        "account_sid": ("account_sid", "the id of the Twilio account, AC…"),
        "auth_token": ("api_key", "the auth token of the account, which also signs the webhooks"),
        "sender_id": ("phone_number_id", "the WhatsApp number as +62…, or the MG… of a messaging service"),
        "webhook_url": ("public_url", "where Twilio reaches 'wa serve'; it is part of what Twilio signs"),
    },
    ProviderName.WATZAP: {
        "api_key": ("api_key", "the API key of the Watzap account"),
        "number_key": ("number_key", "the key of the paired number"),
        "webhook_token": ("verify_token", "the secret that ends the webhook's address, …?token="),
    },
    ProviderName.WAHA: {
        "api_url": ("api_url", "the address of the WAHA server, such as http://waha:3000"),
        "api_key": ("api_key", "the key that the server wants (WAHA_API_KEY)"),
        "hmac_key": ("app_secret", "the key that signs the webhooks (hmac.key of the session's webhook)"),
    },
    ProviderName.WWEBJS: {
        "api_url": ("api_url", "the address of the wwebjs-api server, such as http://wwebjs:3000"),
        "api_key": ("api_key", "the key that the server wants and sends along with its webhooks (API_KEY)"),
    },
}
"""What each channel's block cannot do without: by its field the setting, and what that is here."""

OPTIONAL: Mapping[ProviderName, Mapping[str, str]] = {
    ProviderName.SIMULATOR: {"waba_id": "waba_id"},
    ProviderName.META: {"waba_id": "waba_id", "api_url": "api_url"},
    ProviderName.TWILIO: {"api_url": "api_url"},
    ProviderName.WATZAP: {"api_url": "api_url"},
    ProviderName.WAHA: {"session": "session_name"},
    ProviderName.WWEBJS: {"session": "session_name"},
}

SHORT_NAMES: Mapping[str, str] = {"sender": "sender_id", "secret": "auth_token", "token": "webhook_token"}
"""What the channels themselves call some of these fields when they refuse one."""
